# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashed ids: a bijection that scatters the documents of a type all over the range of its ids. Pure.

It depends on the seed and on the name of the type. It is a Feistel network over two numbers of six digits, so that a
number can be computed from an index as well as the index from the number; vectors of it are kept by a test.
"""
from __future__ import annotations

from hashlib import shake_128

from .document_ids import DIGITS

ROUNDS = 4
HALF: int = 10 ** (DIGITS // 2)
PRIME = 1073741789  # the greatest below 2^30, up to which Python computes fastest
KEY = 4  # bytes
MOST_KEY = 2 ** 29  # so that the sum of a half and a key is below 2^30, too


class Scatter:
    """The numbers in the ids of a type, which are 0 to 10^12 - 1, by the indexes of its documents."""

    def __init__(self, seed: int, name: str) -> None:
        source = shake_128(b"%d/ids/" % seed + name.encode("utf-8", "surrogatepass")).digest(2 * ROUNDS * KEY)
        keys = [int.from_bytes(source[start:start + KEY], "big") % MOST_KEY for start in range(0, len(source), KEY)]
        self._keys = tuple(zip(keys[::2], keys[1::2]))

    def number(self, index: int) -> int:
        """The number in the id of the document with an index."""
        left, right = divmod(index, HALF)
        for one, other in self._keys:
            left, right = right, (left + (right + one) * (right + other) % PRIME) % HALF
        return left * HALF + right

    def index(self, number: int) -> int:
        """The index of the document whose id has a number."""
        left, right = divmod(number, HALF)
        for one, other in reversed(self._keys):
            left, right = (right - (left + one) * (left + other) % PRIME) % HALF, left
        return left * HALF + right
