# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schedule: which document type has which turn of the update stream. Pure.

The first updates create the documents of one type after the other. After these, the types take turns in a fixed
pattern, spread evenly by their weights.
"""
from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import NamedTuple, Sequence


class Visit(NamedTuple):
    """An update as a visit of a type: the number of the type, and the number of the visit among those of the type."""

    kind: int
    visit: int


class Schedule:
    """The turns of types with these ``weights``, which have ``documents`` at the start."""

    def __init__(self, documents: Sequence[int], weights: Sequence[int]) -> None:
        self._documents = documents
        self._starts = [0, *accumulate(documents)]
        self.filled = self._starts[-1]  # the first update after those that create the documents of the start
        self.pattern = _pattern(weights)
        self._turns: list[list[int]] = [[] for __ in weights]  # by type: its places in the pattern
        self._before: list[list[int]] = []  # by place in the pattern: how many turns each type had before
        for place, kind in enumerate(self.pattern):
            self._before.append([len(turns) for turns in self._turns])
            self._turns[kind].append(place)

    def visit(self, update: int) -> Visit:
        """The visit that an update is."""
        if update < self.filled:
            kind = bisect_right(self._starts, update) - 1
            return Visit(kind, update - self._starts[kind])
        lap, place = divmod(update - self.filled, len(self.pattern))
        kind = self.pattern[place]
        return Visit(kind, self._documents[kind] + lap * len(self._turns[kind]) + self._before[place][kind])

    def update(self, kind: int, visit: int) -> int:
        """The update that a visit of a type is."""
        rest = visit - self._documents[kind]
        if rest < 0:
            return self._starts[kind] + visit
        turns = self._turns[kind]
        lap, turn = divmod(rest, len(turns))
        return self.filled + lap * len(self.pattern) + turns[turn]

    def done(self, kind: int, position: int) -> int:
        """How many visits of a type there are below a position of the stream."""
        if position < self.filled:
            return min(max(0, position - self._starts[kind]), self._documents[kind])
        lap, place = divmod(position - self.filled, len(self.pattern))
        return self._documents[kind] + lap * len(self._turns[kind]) + self._before[place][kind]

    def least_distance(self, kind: int, visits: int) -> int:
        """The least number of updates between two visits of a type that are ``visits`` of it apart, after the fill."""
        first = self._documents[kind]
        return min(self.update(kind, visit + visits) - self.update(kind, visit)
                   for visit in range(first, first + len(self._turns[kind])))


def _pattern(weights: Sequence[int]) -> tuple[int, ...]:
    """The types in the order of their turns: each time, the one that is most behind its share (the first of these)."""
    total = sum(weights)
    sums = [0] * len(weights)
    pattern = []
    for __ in range(total):
        sums = [sum_ + weight for sum_, weight in zip(sums, weights)]
        kind = sums.index(max(sums))
        sums[kind] -= total
        pattern.append(kind)
    return tuple(pattern)
