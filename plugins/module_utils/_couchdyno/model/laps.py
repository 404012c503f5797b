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
from typing import Iterator, NamedTuple

from . import ranges
from .ranges import Range, Ranges

CREATES, REWRITES, DELETES = "creates", "rewrites", "deletes"


class Step(NamedTuple):
    """What a visit does: the ``index`` of the document, and one of CREATES, REWRITES and DELETES."""

    index: int  # type: ignore[assignment]  # tuple.index is not needed
    operation: str


class Lap(NamedTuple):
    """A lap: its number, its visits from ``start`` up to, but not including, ``stop``, and what it does.

    It visits the documents from index ``first`` on. The ones below ``kept`` are deleted, the ones from ``created`` on
    are created.
    """

    number: int
    start: int
    stop: int
    first: int
    kept: int
    created: int


class Laps:
    """The visits of a type with ``documents`` at the start; each lap creates and deletes this many of them."""

    def __init__(self, documents: int, create: int = 0, delete: int = 0) -> None:
        self.documents = documents
        self.create = create
        self.delete = delete
        # Most visits belong to the lap of one of the last two that were asked for. Threads may share this.
        self._recent = (self._lap(0), self._lap(1))

    # -- visits, by number

    def step(self, visit: int) -> Step:
        """What a visit does, and to which document."""
        lap = self._lap_of(visit)
        index = lap.first + visit - lap.start
        if index < lap.kept:
            return Step(index, DELETES)
        return Step(index, REWRITES if index < lap.created else CREATES)

    def next(self, visit: int) -> int | None:
        """The next visit of the same document, None after its deletion."""
        lap = self._lap_of(visit)
        return None if lap.first + visit - lap.start < lap.kept else visit + self._distance(lap.number)

    def previous(self, visit: int) -> int | None:
        """The previous visit of the same document, None before its creation."""
        lap = self._lap_of(visit)
        is_first = lap.first + visit - lap.start >= lap.created
        return None if is_first else visit - self._distance(lap.number - 1)

    def visits(self, visit: int) -> int:
        """How many earlier visits of the same document there are."""
        lap = self._lap_of(visit)
        return lap.number - self._lap_of_creation(lap.first + visit - lap.start)

    def back(self, visit: int, visits: int) -> int:
        """The visit of the same document that is this many earlier; its creation, if there are fewer."""
        lap = self._lap_of(visit)
        index = lap.first + visit - lap.start
        return self._visit(max(lap.number - visits, self._lap_of_creation(index)), index)

    # -- documents, by index, when the visits below some number are done

    def created(self, done: int) -> int:
        """How many documents have been created; the index of the next one."""
        lap = self._lap_of(done)
        return max(lap.created, lap.first + done - lap.start)

    def deleted(self, done: int) -> int:
        """How many documents have been deleted; the index of the next one."""
        lap = self._lap_of(done)
        return min(lap.kept, lap.first + done - lap.start)

    def lap(self, done: int) -> int:
        """The number of the lap of the next visit."""
        return self._lap_of(done).number

    def last_visit(self, index: int, done: int) -> int | None:
        """The last visit of a document, None if it has not been created."""
        lap = self._lap_of(done)
        following = lap.first + done - lap.start
        if lap.first <= index < following:
            return lap.start + index - lap.first
        if index < lap.first:
            return self.deletion(index)
        return self._visit(lap.number - 1, index) if index < lap.created else None

    def last_visits(self, done: int) -> Range:
        """The last visits of all documents that exist, and of those that this lap has deleted."""
        lap = self._lap_of(done)
        if not lap.number:
            return 0, done
        before = self._lap(lap.number - 1)
        return min(before.start + done - lap.start + before.kept - before.first, lap.start), done

    def edges(self, done: int) -> tuple[int, int, int]:
        """The indexes of the oldest document, of the one that is visited next, and of the next new one."""
        lap = self._lap_of(done)
        return self.deleted(done), lap.first + done - lap.start, self.created(done)

    def creation(self, index: int) -> int | None:
        """The visit that creates a document, None if none does."""
        if index >= self.documents and not self.create:
            return None
        return self._visit(self._lap_of_creation(index), index)

    def deletion(self, index: int) -> int | None:
        """The visit that deletes a document, None if none does."""
        return self._visit(index // self.delete + 1, index) if self.delete else None

    def visit(self, index: int, number: int) -> int | None:
        """The visit of a document with this number of earlier ones, None if the document is deleted before it."""
        found = self._visit(self._lap_of_creation(index) + number, index)
        last = self.deletion(index)
        return None if last is not None and found > last else found

    # -- sets of visits

    def next_of(self, visits: Ranges) -> Ranges:
        """The next visit of each document that some visits concern; none after its deletion."""
        if self._is_constant:
            return ranges.shifted(visits, self.documents)
        return ranges.union(tuple((first + self._distance(lap.number), stop + self._distance(lap.number))
                                  for lap, first, stop in self._by_lap(visits, without_deletions=True)))

    def previous_of(self, visits: Ranges) -> Ranges:
        """The previous visit of each document that some visits concern; none before its creation."""
        if self._is_constant:
            return ranges.shifted(visits, -self.documents)
        found = []
        for lap, first, stop in self._by_lap(visits):
            created = lap.start + lap.created - lap.first
            if lap.number and first < min(stop, created):
                distance = self._distance(lap.number - 1)
                found.append((first - distance, min(stop, created) - distance))
        return ranges.union(tuple(found))

    def rewritten(self, visits: Ranges, done: int) -> Ranges:
        """The visits whose documents are visited again by a visit below ``done``."""
        before = ranges.both(visits, ranges.window(0, self.last_visits(done)[0]))
        if not self.delete:
            return before
        return ranges.union(tuple((first, stop) for __, first, stop in self._by_lap(before, without_deletions=True)))

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
        return first < stop and self._lap_of(stop - 1).start >= first

    @property
    def distance(self) -> int:
        """The least number of visits between two visits of one document, the first in lap 1 or later."""
        return self._distance(1)

    @property
    def _is_constant(self) -> bool:
        return not self.create

    def _lap(self, number: int) -> Lap:
        """A lap, by its number."""
        if not number:
            return Lap(0, 0, self.documents, 0, 0, 0)
        start = (number * self.documents + self.create * number * (number - 1) // 2
                 - self.delete * (number - 1) * (number - 2) // 2)
        first = self.delete * (number - 1)
        created = self.documents + self.create * (number - 1)
        return Lap(number, start, start + created + self.create - first, first, first + self.delete, created)

    def _lap_of(self, visit: int) -> Lap:
        """The lap of a visit."""
        recent = self._recent
        for lap in recent:
            if lap.start <= visit < lap.stop:
                return lap
        lap = self._lap_found(visit)
        self._recent = (lap, recent[0])
        return lap

    def _lap_found(self, visit: int) -> Lap:
        """The lap of a visit, computed.

        Lap ``x + 1`` starts when ``a x² + b x`` is twice the rest; floating point is off by one at most.
        """
        rest = visit - self.documents  # the number of the visit without lap 0
        if rest < 0:
            return self._lap(0)
        growth, twice = self.create - self.delete, 2 * self.documents + self.create + self.delete
        if not growth:
            return self._lap(2 * rest // twice + 1)
        lap = self._lap(int(4 * rest / (twice + math.sqrt(twice * twice + 8 * growth * rest))) + 1)
        while lap.start > visit:
            lap = self._lap(lap.number - 1)
        while lap.stop <= visit:
            lap = self._lap(lap.number + 1)
        return lap

    def _visit(self, number: int, index: int) -> int:
        """The visit of a document in a lap."""
        lap = self._lap(number)
        return lap.start + index - lap.first

    def _distance(self, number: int) -> int:
        """How many visits lie between a visit in this lap and the one of the same document in the next lap."""
        return self.documents + (self.create - self.delete) * number

    def _lap_of_creation(self, index: int) -> int:
        """The number of the lap in which a document is created."""
        return 0 if index < self.documents else (index - self.documents) // self.create + 1

    def _by_lap(self, visits: Ranges, without_deletions: bool = False) -> Iterator[tuple[Lap, int, int]]:
        """Ranges of visits split by lap, as ``(lap, first, stop)``."""
        for first, stop in visits:
            while first < stop:
                lap = self._lap_of(first)
                begin = max(first, lap.start + lap.kept - lap.first) if without_deletions else first
                if begin < min(stop, lap.stop):
                    yield lap, begin, min(stop, lap.stop)
                first = lap.stop
