# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The body of an answer: read until a deadline, and up to a limit."""
from __future__ import annotations

import time
import zlib
from typing import Iterator

try:
    import requests
except ImportError:  # client.py reports it
    requests = None  # type: ignore[assignment]

from .deadline import cut_at

CHUNK = 1 << 16
ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS


class TooMuch(Exception):
    """The body is larger than the limit."""


def body_of(response: requests.Response, deadline: float, most: int) -> bytes:
    """The whole body, of at most this number of bytes; TooMuch if it is larger.

    One that is not complete at the deadline (monotonic clock) counts as no answer.
    """
    broken: requests.exceptions.RequestException | None = None
    pieces: list[bytes] = []
    with cut_at(deadline, response.raw):
        try:
            for piece in _pieces(response, most):
                pieces.append(piece)
                most -= len(piece)
                if most < 0:
                    raise TooMuch
        except requests.exceptions.RequestException as error:
            broken = error
    if time.monotonic() >= deadline:  # checked first: a cut connection looks like a normal end or like an error
        raise requests.exceptions.ReadTimeout("the answer was too slow")
    if broken:
        raise broken
    return b"".join(pieces)


def _pieces(response: requests.Response, most: int) -> Iterator[bytes]:
    """The pieces of a body; if it is compressed, which was not asked for, none is larger than allowed.

    urllib3 would decompress each piece as a whole, to a thousand times its size.
    """
    headers = getattr(response.raw, "headers", {})
    is_compressed = headers.get("Content-Encoding", "").lower() in ("gzip", "x-gzip", "deflate")
    if not is_compressed:
        yield from response.iter_content(CHUNK)
        return
    del headers["Content-Encoding"]
    decoder = zlib.decompressobj(ZLIB_OR_GZIP)
    try:
        for piece in response.iter_content(CHUNK):
            yield decoder.decompress(piece, most + 1)
    except zlib.error as error:
        raise requests.exceptions.ContentDecodingError(error) from None
