# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents may hold, according to a ledger or to the span of updates during which a copy was created. Pure."""
from __future__ import annotations

from typing import Iterator, NamedTuple

from . import missed
from .claim import Claim
from .document_state import NOT_CREATED, DocumentState, holding
from .history import NO_HISTORY, History
from .ledger import Ledger
from .missed import Entries
from .ranges import Range
from .stream import Stream


class Expectation(NamedTuple):
    """Which updates documents may hold: the one that each held at position ``since``, or a later one below ``until``.

    Updates of the open ``claims`` may be missing; if present, they have the time stamps of these claims. ``missed``
    updates are missing, or were written after all. ``until`` is None if nothing is known. In a database of the original
    tool, documents belong to the stream from position ``origin`` on. The ``history`` knows the time stamps of updates;
    any update may also have that of an adoption, one of ``adopted``, which rewrites what documents lack.
    """

    since: int = 0
    until: int | None = None
    claims: tuple[Claim, ...] = ()
    origin: int | None = None
    missed: Entries = ()
    history: History = NO_HISTORY
    adopted: frozenset[int] = frozenset()

    @classmethod
    def of(cls, ledger: Ledger, history: History = NO_HISTORY) -> Expectation:
        """What the documents of a database with this ledger may hold."""
        return cls(ledger.position, ledger.position, ledger.claims, ledger.origin, ledger.missed, history,
                   ledger.adopted)

    def oldest(self, stream: Stream, index: int) -> DocumentState:
        """The oldest state that a document may be in."""
        state = stream.state_at(index, self.since)
        if state == NOT_CREATED or not (self.claims or self.missed):
            return state
        update: int | None = state.update
        while update is not None:
            visits = self._visits_back(update)
            if not visits:
                return state if update == state.update else holding(update)
            for __ in range(visits):
                if update is None:
                    break
                update = stream.previous(update)
        return NOT_CREATED

    def low(self, stream: Stream, index: int, held: int | None) -> int:
        """The first update of a document after the one that it holds (None: none) that it should get and has not."""
        update = stream.creation(index) if held is None else stream.next(held)
        while update < self.since and self.is_missed(update):
            update = stream.next(update)
        latest = stream.state_at(index, self.since)
        if not (self.missed and latest.exists):
            return update
        for anchor in (stream.previous(latest.update), latest.update):  # the latest may be open, and have superseded
            entry = None if anchor is None else missed.entry_of(self.missed, anchor)
            if anchor is not None and entry and stream.back(anchor, entry.visits - 1) <= update <= anchor:
                update = stream.next(anchor)
        return update

    def alike(self, stream: Stream, first: int, stop: int) -> Iterator[Range]:
        """Documents ``[first, stop)`` in ranges: within each, what may be missing is the same for all documents.

        It changes only where a claim or missed updates begin or end, in whatever lap, or at position ``since``.
        """
        ranges = len(self.missed) + sum(len(claim.updates) for claim in self.claims)
        if stop - first <= 2 * ranges:  # then it is faster to look at each document
            yield from ((index, index + 1) for index in range(first, stop))
            return
        edges = {self.since, *(edge for claim in self.claims for pair in claim.updates for edge in pair),
                 *(edge for entry in self.missed for edge in (entry.first, entry.stop))}
        indexes = {index for index in map(stream.index, edges) if first < index < stop}
        starts = sorted(indexes | {first})
        yield from zip(starts, [*starts[1:], stop]) if first < stop else ()

    def is_missed(self, update: int) -> bool:
        """Whether it is on record that an update was not written."""
        return missed.entry_of(self.missed, update) is not None

    def claim_of(self, update: int) -> Claim | None:
        """The open claim that contains an update, None if there is none."""
        for claim in self.claims:
            if claim.holds(update):
                return claim
        return None

    def time_stamp(self, update: int) -> int | None:
        """The time stamp that an update must have; None: any."""
        claim = self.claim_of(update)
        return claim.ts if claim and claim.ts not in self.adopted else None

    def wrong_time(self, update: int, ts: int) -> str:
        """What is wrong with the time stamp of an update, ``""`` if nothing is known to be."""
        times = self.history.times(update) - self.adopted
        if not times or ts in times or ts in self.adopted:
            return ""
        return f"holds update {update} with time stamp {ts}; by the run records, it was claimed at {max(times)}"

    def _visits_back(self, update: int) -> int:
        """How many updates of its document, from this one back, may be missing; 0 if this one must be there."""
        if self.claim_of(update):
            return 1
        entry = missed.entry_of(self.missed, update)
        return entry.visits if entry else 0
