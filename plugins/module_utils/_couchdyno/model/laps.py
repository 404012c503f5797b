# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laps of one document type: which document each of its visits concerns, and what it does to it. Pure.

A visit is an update of the type, numbered from 0. The first ``documents`` visits, lap 0, create the documents that
exist at the start. Each further lap visits all documents in the order of their indexes: it first deletes the ``delete``
oldest ones, then rewrites the others, then creates ``create`` new ones. No index is ever used again. So at any time the
documents that exist are those of a range of indexes, and the last visits of these are those of a range of visits.
"""
from __future__ import annotations

import math
from typing import Callable, Iterator, NamedTuple

from . import ranges
from .ranges import Range, Ranges

CREATES, REWRITES, DELETES = "creates", "rewrites", "deletes"


class Step(NamedTuple):
    """What a visit does: the ``index`` of the document, and one of CREATES, REWRITES and DELETES."""

    index: int  # type: ignore[assignment]  # tuple.index is not needed
    operation: str


class Place(NamedTuple):
    """Where a visit is: the ``offset`` in its ``lap``."""

    lap: int
    offset: int


class Laps(NamedTuple):
    """The visits of a type with ``documents`` at the start; each lap creates and deletes this many of them."""

    documents: int
    create: int = 0
    delete: int = 0

    # -- visits, by number

    def step(self, visit: int) -> Step:
        """What a visit does, and to which document."""
        lap, offset = self._place(visit)
        index = self._first_index(lap) + offset
        if offset < self._deleted_in(lap):
            return Step(index, DELETES)
        return Step(index, CREATES if index >= self._created_before(lap) else REWRITES)

    def next(self, visit: int) -> int | None:
        """The next visit of the same document, None after its deletion."""
        place = self._place(visit)
        return None if place.offset < self._deleted_in(place.lap) else visit + self._distance(place.lap)

    def previous(self, visit: int) -> int | None:
        """The previous visit of the same document, None before its creation."""
        place = self._place(visit)
        is_first = self._first_index(place.lap) + place.offset >= self._created_before(place.lap)
        return None if is_first else visit - self._distance(place.lap - 1)

    def visits(self, visit: int) -> int:
        """How many earlier visits of the same document there are."""
        return self._place(visit).lap - self._lap_of_creation(self.step(visit).index)

    def back(self, visit: int, visits: int) -> int:
        """The visit of the same document that is this many earlier; its creation, if there are fewer."""
        index = self.step(visit).index
        lap = max(self._place(visit).lap - visits, self._lap_of_creation(index))
        return self._start(lap) + index - self._first_index(lap)

    # -- documents, by index, when the visits below some number are done

    def created(self, done: int) -> int:
        """How many documents have been created; the index of the next one."""
        lap, offset = self._place(done)
        return max(self._created_before(lap), self._first_index(lap) + offset)

    def deleted(self, done: int) -> int:
        """How many documents have been deleted; the index of the next one."""
        lap, offset = self._place(done)
        return self._first_index(lap) + min(offset, self._deleted_in(lap))

    def lap(self, done: int) -> int:
        """The lap of the next visit."""
        return self._place(done).lap

    def last_visit(self, index: int, done: int) -> int | None:
        """The last visit of a document, None if it has not been created."""
        if index >= self.created(done):
            return None
        deletion = self.deletion(index)
        if deletion is not None and deletion < done:
            return deletion
        lap, offset = self._place(done)
        if index >= self._first_index(lap) + offset:
            lap -= 1
        return self._start(lap) + index - self._first_index(lap)

    def last_visits(self, done: int) -> Range:
        """The last visits of all documents that exist, and of those that this lap has deleted."""
        lap, offset = self._place(done)
        if not lap:
            return 0, done
        return min(self._start(lap - 1) + offset + self._deleted_in(lap - 1), self._start(lap)), done

    def edges(self, done: int) -> tuple[int, int, int]:
        """The indexes of the oldest document, of the one that is visited next, and of the next new one."""
        lap, offset = self._place(done)
        return self.deleted(done), self._first_index(lap) + offset, self.created(done)

    def creation(self, index: int) -> int | None:
        """The visit that creates a document, None if none does."""
        if index >= self.documents and not self.create:
            return None
        lap = self._lap_of_creation(index)
        return self._start(lap) + index - self._first_index(lap)

    def deletion(self, index: int) -> int | None:
        """The visit that deletes a document, None if none does."""
        if not self.delete:
            return None
        lap = index // self.delete + 1
        return self._start(lap) + index - self._first_index(lap)

    # -- sets of visits

    def next_of(self, visits: Ranges) -> Ranges:
        """The next visit of each document that some visits concern; none after its deletion."""
        if self._is_constant:
            return ranges.shifted(visits, self.documents)
        return ranges.union(tuple(
            (first + self._distance(lap), stop + self._distance(lap))
            for lap, first, stop in self._by_lap(visits, self._deleted_in)))

    def previous_of(self, visits: Ranges) -> Ranges:
        """The previous visit of each document that some visits concern; none before its creation."""
        if self._is_constant:
            return ranges.shifted(visits, -self.documents)
        found = []
        for lap, first, stop in self._by_lap(visits, _nothing):
            created = self._start(lap) + self._created_before(lap) - self._first_index(lap)
            if lap and first < min(stop, created):
                distance = self._distance(lap - 1)
                found.append((first - distance, min(stop, created) - distance))
        return ranges.union(tuple(found))

    def rewritten(self, visits: Ranges, done: int) -> Ranges:
        """The visits whose documents are visited again by a visit below ``done``."""
        before = ranges.both(visits, ranges.window(0, self.last_visits(done)[0]))
        if not self.delete:
            return before
        return ranges.union(tuple((first, stop) for __, first, stop in self._by_lap(before, self._deleted_in)))

    def deletions(self, visits: Ranges) -> Ranges:
        """The visits that delete their documents."""
        return ranges.minus(visits, self.previous_of(self.next_of(visits))) if self.delete else ranges.NONE

    def followed(self, visits: Ranges, others: Ranges) -> Ranges:
        """The visits after which one of the ``others`` concerns the same document, in a type with constant laps."""
        found: list[Ranges] = []
        distance, end = self.documents, others[-1][1] if others else 0
        while visits and visits[0][0] + distance < end:
            before = ranges.both(visits, ranges.shifted(others, -distance))
            found.append(before)
            visits = ranges.minus(visits, before)
            distance += self.documents
        return ranges.union(*found)

    # -- laps

    def begins_lap(self, first: int, stop: int) -> bool:
        """Whether a lap begins with one of the visits from ``first`` up to, but not including, ``stop``."""
        return first < stop and self._start(self._place(stop - 1).lap) >= first

    @property
    def distance(self) -> int:
        """The least number of visits between two visits of one document, the first in lap 1 or later."""
        return self._distance(1)

    @property
    def _is_constant(self) -> bool:
        return not self.create

    def _place(self, visit: int) -> Place:
        if visit < self.documents:
            return Place(0, visit)
        lap = self._lap(visit - self.documents)
        return Place(lap, visit - self._start(lap))

    def _lap(self, rest: int) -> int:
        """The lap of a visit; ``rest`` is its number without lap 0.

        Lap ``x + 1`` starts when ``a x² + b x`` is twice the rest; floating point is off by one at most.
        """
        growth, twice = self.create - self.delete, 2 * self.documents + self.create + self.delete
        if not growth:
            return 2 * rest // twice + 1
        lap = int(4 * rest / (twice + math.sqrt(twice * twice + 8 * growth * rest))) + 1
        while self._start(lap) > rest + self.documents:
            lap -= 1
        while self._start(lap + 1) <= rest + self.documents:
            lap += 1
        return lap

    def _start(self, lap: int) -> int:
        """The first visit of a lap."""
        if not lap:
            return 0
        return (lap * self.documents + self.create * lap * (lap - 1) // 2
                - self.delete * (lap - 1) * (lap - 2) // 2)

    def _first_index(self, lap: int) -> int:
        """The index of the first document that a lap visits."""
        return self.delete * (lap - 1) if lap else 0

    def _created_before(self, lap: int) -> int:
        """How many documents were created before a lap."""
        return self.documents + self.create * (lap - 1) if lap else 0

    def _deleted_in(self, lap: int) -> int:
        """How many documents a lap deletes."""
        return self.delete if lap else 0

    def _distance(self, lap: int) -> int:
        """How many visits lie between a visit in this lap and the one of the same document in the next lap."""
        return self.documents + (self.create - self.delete) * lap

    def _lap_of_creation(self, index: int) -> int:
        return 0 if index < self.documents else (index - self.documents) // self.create + 1

    def _by_lap(self, visits: Ranges, skipped: Callable[[int], int]) -> Iterator[tuple[int, int, int]]:
        """Ranges of visits split by lap, as ``(lap, first, stop)``, without the ``skipped`` first visits of each."""
        for first, stop in visits:
            while first < stop:
                lap = self._place(first).lap
                end = self._start(lap + 1)
                begin = max(first, self._start(lap) + skipped(lap))
                if begin < min(stop, end):
                    yield lap, begin, min(stop, end)
                first = end


def _nothing(_lap: int) -> int:
    return 0
