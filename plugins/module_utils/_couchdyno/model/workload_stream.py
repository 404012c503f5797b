# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream of a workload: documents of several types, created and deleted as time goes on. Pure.

The schedule (schedule.py) says which type has which update, the laps of the type (laps.py) what that does to which of
its documents.
"""
from __future__ import annotations

from functools import lru_cache
from typing import Callable, Iterator

from .branches import Branches
from .content import Content
from .document_ids import AFTER_ALL, DIGITS
from .document_state import NOT_CREATED, DocumentState, deleted_by, holding
from .laps import DELETES, Laps
from .limits import REACHABLE
from .names import PLAIN, Names
from .ranges import NONE, Range, Ranges
from .scatter import Scatter
from .schedule import Schedule
from .stream import PLACES, Section, Stream
from .typed_content import TypedContent
from .workload import HASHED, Workload

NUMBERS: int = 10 ** DIGITS  # of documents of a type, which is how many ids it has
REMEMBERED = 10000  # updates, as a driver asks several times for each update of the batches that it is writing
NESTED = 4  # times as much memory as flat documents is what bodies with many members take


class WorkloadStream(Stream):
    """The updates of a database with a ``workload``, with contents that depend on ``seed``."""

    def __init__(self, seed: int, workload: Workload, names: Names = PLAIN) -> None:
        self.names = names
        self.seed = seed
        self.workload = workload
        self.total = workload.total
        self.size = workload.size
        self.parsed_size = NESTED * self.size
        self.deletes = any(each.delete for each in workload.types)
        self._types = workload.types
        self._sizes = [each.mean_size for each in self._types]
        self._laps = [Laps(each.total, each.create, each.delete) for each in self._types]
        self._schedule = Schedule([each.total for each in self._types], [each.updates for each in self._types])
        self._kinds = {each.prefix: kind for kind, each in enumerate(self._types)}
        self._by_id = sorted(range(len(self._types)), key=lambda kind: self._types[kind].prefix.encode("utf-8"))
        self._scatters = [Scatter(seed, each.name) if each.ids == HASHED else None for each in self._types]
        self.spans = [None if each.hot else self._span(kind) for kind, each in enumerate(self._types)]
        self.span = min((span for span in self.spans if span is not None), default=REACHABLE)
        self.step = lru_cache(REMEMBERED)(self._step)
        self.content: Content = TypedContent(seed, self)
        self.branches = Branches(seed, self) if any(each.conflicts for each in self._types) else None

    def named(self, names: Names) -> WorkloadStream:
        """As in Stream."""
        return WorkloadStream(self.seed, self.workload, names)

    # -- single updates

    def _step(self, update: int) -> tuple[int, int, str]:
        """The number of the type that an update belongs to, the index of its document, and what it does to that."""
        kind, visit = self._schedule.visit(update)
        index, operation = self._laps[kind].step(visit)
        return kind, index, operation

    def number(self, update: int) -> int:
        """As in Stream."""
        kind, index, __ = self.step(update)
        return kind * NUMBERS + index

    def document_id(self, update: int) -> str:
        """As in Stream."""
        kind, index, __ = self.step(update)
        return self.id_in(kind, index)

    def operation(self, update: int) -> str:
        """As in Stream."""
        return self.step(update)[2]

    def size_of(self, update: int) -> int:
        """As in Stream."""
        return self._sizes[self._schedule.visit(update).kind]

    def previous(self, update: int) -> int | None:
        """As in Stream."""
        kind, visit = self._schedule.visit(update)
        return self._update(kind, self._laps[kind].previous(visit))

    def next(self, update: int) -> int | None:
        """As in Stream."""
        kind, visit = self._schedule.visit(update)
        return self._update(kind, self._laps[kind].next(visit))

    def visits(self, update: int) -> int:
        """As in Stream."""
        kind, visit = self._schedule.visit(update)
        return self._laps[kind].visits(visit)

    def back(self, update: int, visits: int) -> int:
        """As in Stream."""
        kind, visit = self._schedule.visit(update)
        return self._schedule.update(kind, self._laps[kind].back(visit, visits))

    # -- documents

    def visit(self, number: int, visits: int) -> int | None:
        """The update of a document with this number of earlier ones, None if the document is deleted before it."""
        kind, index = self.in_type(number)
        if self._laps[kind].creation(index) is None:
            return None
        return self._update(kind, self._laps[kind].visit(index, visits))

    def in_type(self, number: int) -> tuple[int, int]:
        """The number of the type of a document, and its index there."""
        return divmod(number, NUMBERS)

    def creation(self, number: int) -> int | None:
        """As in Stream."""
        kind, index = divmod(number, NUMBERS)
        return self._update(kind, self._laps[kind].creation(index))

    def state_at(self, number: int, position: int) -> DocumentState:
        """As in Stream."""
        kind, index = divmod(number, NUMBERS)
        laps = self._laps[kind]
        visit = laps.last_visit(index, self._schedule.done(kind, position))
        if visit is None:
            return NOT_CREATED
        update = self._schedule.update(kind, visit)
        return deleted_by(update) if laps.step(visit).operation == DELETES else holding(update)

    def id_of(self, number: int) -> str:
        """As in Stream."""
        return self.id_in(*divmod(number, NUMBERS))

    def id_in(self, kind: int, index: int) -> str:
        """The id of a document of a type, by its index."""
        return f"{self._types[kind].prefix}{self.digits(kind, index):0{DIGITS}d}"

    def digits(self, kind: int, index: int) -> int:
        """The digits in the id of a document of a type, as a number."""
        scatter = self._scatters[kind]
        return index if scatter is None else scatter.number(index)

    def number_of(self, document_id: str) -> int | None:
        """As in Stream."""
        prefix, digits = document_id[:-DIGITS], document_id[-DIGITS:]
        kind = self._kinds.get(prefix)
        if kind is None or len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
            return None
        scatter = self._scatters[kind]
        return kind * NUMBERS + (int(digits) if scatter is None else scatter.index(int(digits)))

    def is_ordered(self, number: int) -> bool:
        """As in Stream."""
        return self._scatters[number // NUMBERS] is None

    def existing_by_type(self, position: int) -> list[int]:
        """As in Stream."""
        done = [self._schedule.done(kind, position) for kind in range(len(self._laps))]
        return [laps.created(visits) - laps.deleted(visits) for laps, visits in zip(self._laps, done)]

    def deleted_of(self, position: int) -> list[int]:
        """How many documents of each type have been deleted when all updates below ``position`` are done."""
        return [laps.deleted(self._schedule.done(kind, position)) for kind, laps in enumerate(self._laps)]

    def laps_of(self, position: int) -> list[int]:
        """The lap of each type when all updates below ``position`` are done; the fill is lap 0 of all."""
        if position < self.total:
            return [0] * len(self._laps)
        return [laps.lap(self._schedule.done(kind, position)) for kind, laps in enumerate(self._laps)]

    def sections(self, since: int, until: int | None) -> tuple[Section, ...]:
        """As in Stream."""
        return tuple(self._section(kind, since, until) for kind in self._by_id)

    # -- sets of updates

    def place(self, update: int) -> int:
        """As in Stream."""
        kind, visit = self._schedule.visit(update)
        return kind * PLACES + visit

    def update(self, place: int) -> int:
        """As in Stream."""
        return self._schedule.update(*divmod(place, PLACES))

    def period(self, place: int) -> int | None:
        """As in Stream."""
        each = self._types[place // PLACES]
        return each.total if each.hot else None

    def places_by_type(self) -> list[Range]:
        """As in Stream."""
        return [(kind * PLACES, (kind + 1) * PLACES) for kind in range(len(self._laps))]

    def window(self, first: int, stop: int) -> Ranges:
        """As in Stream."""
        done = ((kind, self._schedule.done(kind, first), self._schedule.done(kind, stop))
                for kind in range(len(self._laps)))
        return tuple((kind * PLACES + low, kind * PLACES + high) for kind, low, high in done if low < high)

    def next_of(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return self._each(places, lambda kind, visits: self._laps[kind].next_of(visits))

    def previous_of(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return self._each(places, lambda kind, visits: self._laps[kind].previous_of(visits))

    def rewritten(self, places: Ranges, stop: int) -> Ranges:
        """As in Stream."""
        def again(kind: int, visits: Ranges) -> Ranges:
            if self._types[kind].hot:
                return NONE
            return self._laps[kind].rewritten(visits, self._schedule.done(kind, stop))

        return self._each(places, again)

    def made_up(self, places: Ranges, others: Ranges) -> Ranges:
        """As in Stream."""
        by_kind = dict(self._by_kind(others))
        return self._each(places, lambda kind, visits: self._laps[kind].followed(visits, by_kind.get(kind, NONE))
                          if self._types[kind].hot else NONE)

    def deletions(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return self._each(places, lambda kind, visits: self._laps[kind].deletions(visits))

    def due_again(self, places: Ranges, first: int, stop: int) -> Ranges:
        """As in Stream."""
        def due(kind: int, visits: Ranges) -> Ranges:
            begins = self._laps[kind].begins_lap(self._schedule.done(kind, first), self._schedule.done(kind, stop))
            return self._laps[kind].deletions(visits) if begins else NONE

        return self._each(places, due)

    def latest(self, position: int) -> Ranges:
        """As in Stream."""
        found = ((kind, laps.last_visits(self._schedule.done(kind, position))) for kind, laps in enumerate(self._laps))
        return tuple((kind * PLACES + first, kind * PLACES + stop) for kind, (first, stop) in found if first < stop)

    def edges(self, position: int) -> tuple[int, ...]:
        """As in Stream."""
        found = ((kind, laps.edges(self._schedule.done(kind, position))) for kind, laps in enumerate(self._laps))
        return tuple(kind * NUMBERS + index for kind, indexes in found for index in indexes)

    def is_same(self, other: Stream) -> bool:
        """As in Stream."""
        return isinstance(other, WorkloadStream) and (self.seed, self._types) == (other.seed, other.workload.types)

    # -- types

    def _span(self, kind: int) -> int:
        """How many consecutive updates never concern a document of a type twice."""
        laps, first = self._laps[kind], self._types[kind].total
        in_fill = self._schedule.update(kind, first) - self._schedule.update(kind, 0)
        return min(in_fill, self._schedule.least_distance(kind, laps.distance))

    def _section(self, kind: int, since: int, until: int | None) -> Section:
        laps = self._laps[kind]
        before = self._schedule.done(kind, since)
        after = before if until is None else max(before, self._schedule.done(kind, until))
        first, prefix = kind * NUMBERS, self._types[kind].prefix
        return Section(first, first + laps.deleted(before), first + laps.created(after), prefix + DIGITS * "0",
                       prefix + AFTER_ALL, self._scatters[kind] is None)

    def _update(self, kind: int, visit: int | None) -> int | None:
        return None if visit is None else self._schedule.update(kind, visit)

    def _each(self, places: Ranges, change: Callable[[int, Ranges], Ranges]) -> Ranges:
        """Places after a change to the visits of each type."""
        found: list[Range] = []
        for kind, visits in self._by_kind(places):
            found += ((kind * PLACES + first, kind * PLACES + stop) for first, stop in change(kind, visits))
        return tuple(found)

    def _by_kind(self, places: Ranges) -> Iterator[tuple[int, Ranges]]:
        """The visits of each type among some places; no range spans several types."""
        visits: dict[int, list[Range]] = {}
        for first, stop in places:
            kind = first // PLACES
            visits.setdefault(kind, []).append((first - kind * PLACES, stop - kind * PLACES))
        for kind, found in visits.items():
            yield kind, tuple(found)
