# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words for replicas that differ."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.replicas import (
    difference,
    difference_of_other,
)

STREAM = ClassicStream(7, 10, 300)


def holding(update, rev="1-a", **fields):
    return dict(json.loads(STREAM.content.render(update, 1000)), _rev=rev, **fields)


DAMAGED = holding(3, data="x")
UNREADABLE = {"_id": DAMAGED["_id"], "_rev": "1-a", "_unreadable": True}


@pytest.mark.parametrize(
    "replicas, words",
    [
        ([holding(13), holding(13), holding(3)], "holds update 3 on n3, holds update 13 on the others"),
        ([None, holding(3), holding(3)], "is missing on n1, holds update 3 on the others"),
        ([UNREADABLE, DAMAGED, holding(3)], "is unreadable on n1, is damaged on n2, holds update 3 on n3"),
        ([holding(3), holding(3, "1-b"), holding(3)], "has revision 1-b on n2, has revision 1-a on the others"),
        ([holding(3), DAMAGED], "holds update 3 on n1, is damaged on n2"),
        ([DAMAGED, dict(DAMAGED, data="y")], "has revision 1-a everywhere, with different contents"),
        (
            [holding(3), holding(3, _conflicts=["1-0"]), holding(3)],
            "holds update 3 with conflicts on n2, holds update 3 on the others",
        ),
        (
            [None, None, holding(3), holding(3)],
            "is missing on n1 and n2, holds update 3 on n3 and n4",
        ),
    ],
)
def test_what_differs(replicas, words):
    assert difference(STREAM, None, {f"n{place}": each for place, each in enumerate(replicas, 1)}) == words


def test_documents_of_the_original_tool():
    words = "holds update 13 on b, was written by the original couchdyno on a"
    old = {"_id": DAMAGED["_id"], "_rev": "1-a", "ts": 1, "data": "x"}
    assert sorted(difference(STREAM, 10, {"a": old, "b": holding(13)}).split(", ")) == sorted(words.split(", "))


def test_other_documents_differ_by_revision():
    replicas = {"n1": {"_rev": "1-a"}, "n2": None, "n3": {"_rev": "1-a"}}
    assert difference_of_other(replicas) == "is missing on n2, exists on the others"
    replicas["n2"] = {"_rev": "2-b"}
    assert difference_of_other(replicas) == "has revision 2-b on n2, has revision 1-a on the others"
