# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lean client of the bench must recognize the end of answers, and errors."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
lean = importlib.import_module("lean")

ROWS = {"rows": [{"id": f"cdyno_{index:012}", "value": {"rev": f"1-{index:032x}"}} for index in range(20)]}


class Pieces:
    """A connection on which the bytes of an answer arrive in pieces, and then no more."""

    def __init__(self, answer, cuts):
        edges = [0, *sorted(cuts), len(answer)]
        self.pieces = [answer[start:stop] for start, stop in zip(edges, edges[1:]) if start < stop]

    def sendall(self, request):
        pass

    def recv_into(self, view):
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        view[: len(piece)] = piece
        return len(piece)


def chunked(body, length):
    parts = [body[start : start + length] for start in range(0, len(body), length)]
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in [*parts, b""])


def answer(body, chunk=None, status=b"200 OK"):
    if chunk is None:
        return b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body)
    return b"HTTP/1.1 %s\r\nTransfer-Encoding: chunked\r\n\r\n%s" % (status, chunked(body, chunk))


@given(st.none() | st.integers(1, 2000), st.lists(st.integers(0, 3000), max_size=30))
def test_an_answer_ends_where_it_ends_however_it_arrives(chunk, cuts):
    body = json.dumps(ROWS).encode()
    whole = answer(body, chunk)
    connection = lean.Connection(Pieces(whole, [cut for cut in cuts if cut < len(whole)]))
    assert connection.ask(b"") == ROWS
    with pytest.raises(lean.Broken, match="closed"):  # nothing is left
        connection.ask(b"")


@pytest.mark.parametrize(
    "bad",
    [
        answer(b'[{"ok":true,"id":"a"},{"id":"b","error":"conflict"}]'),
        answer(b'{"error":"unauthorized"}', status=b"401 Unauthorized"),
        answer(b'{"rows":[', 4)[:-9],
        b"HTTP/1.1 200",
    ],
)
def test_an_answer_that_is_none_is_broken(bad):
    with pytest.raises(lean.Broken):
        lean.Connection(Pieces(bad, [])).exchange(b"")
