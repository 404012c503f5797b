# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents of a type were found: one bit for each. Pure."""
from __future__ import annotations

import threading
from typing import Iterable, Iterator

from .ranges import Range

ALL = 0xFF


class Found:
    """The documents of a type, from ``first`` on, that were found, by number; safe to use from several threads."""

    def __init__(self, first: int) -> None:
        self._first = first
        self._bits = bytearray()
        self._lock = threading.Lock()

    def add(self, numbers: Iterable[int]) -> None:
        """These documents were found."""
        with self._lock:
            for number in numbers:
                place, bit = divmod(number - self._first, 8)
                if place >= len(self._bits):
                    self._bits.extend(bytes(place + 1 - len(self._bits)))
                self._bits[place] |= 1 << bit

    def absent(self, first: int, stop: int) -> Iterator[Range]:
        """The documents from ``first`` to below ``stop`` that were not found, in ranges."""
        begin = None
        number = first
        while number < stop:
            byte = self._byte(number)
            if byte in (0, ALL):  # eight documents at once
                end = min(stop, number + 8 - (number - self._first) % 8)
                is_absent = byte == 0
            else:
                end = number + 1
                is_absent = not byte >> (number - self._first) % 8 & 1
            if is_absent and begin is None:
                begin = number
            elif not is_absent and begin is not None:
                yield begin, number
                begin = None
            number = end
        if begin is not None:
            yield begin, stop

    def next_absent(self, number: int) -> int:
        """The first document from ``number`` on that was not found."""
        while self._byte(number) >> (number - self._first) % 8 & 1:
            number += 1
        return number

    def _byte(self, number: int) -> int:
        place = (number - self._first) // 8
        return self._bits[place] if place < len(self._bits) else 0
