# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents may hold, according to a ledger or to the span of updates during which a copy was created. Pure."""
from __future__ import annotations

from typing import Iterator, NamedTuple

from . import missed
from .claim import Claim
from .document_state import DELETED, NOT_CREATED, DocumentState, holding
from .history import NO_HISTORY, History
from .ledger import Ledger
from .limits import REACHABLE
from .missed import Entries
from .ranges import Range
from .stream import Stream


class Expectation(NamedTuple):
    """Which updates documents may hold: the one that each held at position ``since``, or a later one below ``until``.

    Updates of the open ``claims`` may be missing; if present, they have the time stamps of these claims. ``missed``
    updates are missing, or were written after all. ``until`` is None if nothing is known. In a database of the original
    tool, documents belong to the stream from position ``origin`` on. The ``history`` knows the time stamps of updates;
    any update may also have that of an adoption, one of ``adopted``, which rewrites what documents lack. With
    ``reads_files``, only the bytes of an attachment show that it is right.
    """

    since: int = 0
    until: int | None = None
    claims: tuple[Claim, ...] = ()
    origin: int | None = None
    missed: Entries = ()
    history: History = NO_HISTORY
    adopted: frozenset[int] = frozenset()
    reads_files: bool = False

    @classmethod
    def of(cls, ledger: Ledger, history: History = NO_HISTORY) -> Expectation:
        """What the documents of a database with this ledger may hold."""
        return cls(ledger.position, ledger.position, ledger.claims, ledger.origin, ledger.missed, history,
                   ledger.adopted)

    def oldest(self, stream: Stream, number: int) -> DocumentState:
        """The oldest state that a document may be in."""
        state = stream.state_at(number, self.since)
        if state == NOT_CREATED or not (self.claims or self.missed):
            return state
        update = state.update
        while True:
            visits = self._visits_back(stream.place(update))
            if not visits:
                return state if update == state.update else holding(update)
            if visits > stream.visits(update):
                return NOT_CREATED
            update = stream.back(update, visits)

    def newest(self, stream: Stream, number: int) -> DocumentState:
        """The newest state that a document may be in; if nothing is known, that of the far future."""
        return stream.state_at(number, REACHABLE if self.until is None else max(self.since, self.until))

    def may_be_lost(self, stream: Stream, number: int) -> bool:
        """Whether a document that need not exist may have been lost with others: a fill was creating it meanwhile.

        What a fill had created until then cannot be told from what a copy has lost, and an empty copy would be right.
        Once the database is filled, all documents that existed at the beginning must exist, unless they were deleted
        since, and a copy need not have the few ones that were created since.
        """
        if stream.state_at(number, self.since) != NOT_CREATED or self.newest(stream, number) == NOT_CREATED:
            return False
        creation = stream.creation(number)
        return creation is not None and creation < stream.total

    def deleted_meanwhile(self, stream: Stream, number: int) -> int | None:
        """The update that may have deleted a document between the two positions, None if none may."""
        return None if stream.state_at(number, self.since).case == DELETED else self.deletion(stream, number)

    def _is_deleted_meanwhile(self, stream: Stream, number: int) -> bool:
        """Whether a document existed, or had been deleted, and an update may have deleted it."""
        return (self.deletion(stream, number) is not None
                and stream.state_at(number, self.since) != NOT_CREATED)

    def deletion(self, stream: Stream, number: int) -> int | None:
        """The update that may have deleted a document, None if none may."""
        newest = self.newest(stream, number)
        return newest.update if newest.case == DELETED else None

    def low(self, stream: Stream, number: int, held: int | None) -> int | None:
        """The first update of a document after the one that it holds (None: none) that it should get and has not.

        None if there is none. A document that existed at one of the two positions and does not exist now counts as
        deleted if an update may have deleted it.
        """
        if held is None and self._is_deleted_meanwhile(stream, number):
            return None
        update = stream.creation(number) if held is None else stream.next(held)
        if not self.missed:
            return update
        while update is not None and update < self.since and self.is_missed(stream, update):
            update = stream.next(update)
        latest = stream.state_at(number, self.since)
        if not latest.exists:
            return update
        for anchor in (stream.previous(latest.update), latest.update):  # the latest may be open, and have superseded
            entry = None if anchor is None else missed.entry_of(self.missed, stream.place(anchor))
            if anchor is None or entry is None or update is None:
                continue
            if stream.back(anchor, entry.visits - 1) <= update <= anchor:
                update = stream.next(anchor)
        return update

    def alike(self, stream: Stream, first: int, stop: int) -> Iterator[Range]:
        """Documents ``[first, stop)`` of one type in ranges: within each, the same is known about all documents.

        That changes only where a claim or missed updates begin or end, at one of the positions, and where documents
        were created or deleted at different times.
        """
        ranges = len(self.missed) + sum(len(claim.updates) for claim in self.claims)
        if stop - first <= 2 * ranges:  # then it is faster to look at each document
            yield from ((number, number + 1) for number in range(first, stop))
            return
        edges = set(stream.edges(self.since))
        for places in (*(pair for claim in self.claims for pair in claim.updates),
                       *((entry.first, entry.stop) for entry in self.missed)):
            edges.update(edge for pair in _documents(stream, *places) for edge in pair)
        starts = sorted({first, *(edge for edge in edges if first < edge < stop)})
        for start, end in zip(starts, [*starts[1:], stop]) if first < stop else ():
            yield from self._of_one_case(stream, start, end)

    def _of_one_case(self, stream: Stream, first: int, stop: int) -> Iterator[Range]:
        """A range of documents in ranges whose documents are all in the same cases.

        Older ones are deleted before younger ones, and younger ones are created later; so if the first and the last
        are in the same cases, all are.
        """
        if stop - first == 1 or self._cases(stream, first) == self._cases(stream, stop - 1):
            yield first, stop
            return
        middle = (first + stop) // 2
        yield from self._of_one_case(stream, first, middle)
        yield from self._of_one_case(stream, middle, stop)

    def _cases(self, stream: Stream, number: int) -> tuple[str, str, str, bool]:
        return (self.oldest(stream, number).case, stream.state_at(number, self.since).case,
                self.newest(stream, number).case, self.may_be_lost(stream, number))

    def is_missed(self, stream: Stream, update: int) -> bool:
        """Whether it is on record that an update was not written."""
        return missed.entry_of(self.missed, stream.place(update)) is not None

    def time_stamp(self, stream: Stream, update: int) -> int | None:
        """The time stamp that an update must have; None: any."""
        claim = self._claim_of(stream.place(update)) if self.claims else None
        return claim.ts if claim and claim.ts not in self.adopted else None

    def wrong_time(self, stream: Stream, update: int, ts: int) -> str:
        """What is wrong with the time stamp of an update, ``""`` if nothing is known to be."""
        times = self.history.times(stream.place(update)) - self.adopted
        if not times or ts in times or ts in self.adopted:
            return ""
        return f"holds update {update} with time stamp {ts}; by the run records, it was claimed at {max(times)}"

    def _claim_of(self, place: int) -> Claim | None:
        """The open claim that contains the update at a place, None if there is none."""
        for claim in self.claims:
            if claim.holds(place):
                return claim
        return None

    def _visits_back(self, place: int) -> int:
        """How many updates of its document, from the one at a place back, may be missing; 0 if that must be there."""
        if self._claim_of(place):
            return 1
        entry = missed.entry_of(self.missed, place)
        return entry.visits if entry else 0


def _documents(stream: Stream, first: int, stop: int) -> Iterator[Range]:
    """The documents that the updates at places ``[first, stop)`` concern, in ranges."""
    begin, end = stream.number(stream.update(first)), stream.number(stream.update(stop - 1))
    if end - begin == stop - 1 - first:
        yield begin, end + 1
        return
    middle = (first + stop) // 2
    yield from _documents(stream, first, middle)
    yield from _documents(stream, middle, stop)
