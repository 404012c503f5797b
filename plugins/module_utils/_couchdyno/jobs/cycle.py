# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle: claim the next window, write it, settle it.

Times are Unix seconds of the server, durations are seconds.
"""
from __future__ import annotations

import random
import time
from typing import Any, Callable, Dict

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import Busy, ServerError
from ..model import ranges
from ..model.claim import Claim
from ..model.claiming import LEASE, Parts, Result, claim
from ..model.ledger import Ledger
from ..model.missed import as_ranges, bounded, entries_of, entry_of
from ..model.outcome import NOTHING, Outcome, nonzero
from ..model.ranges import Ranges
from ..model.run_record import CYCLE, SIZES, RunRecord
from ..storage import run_records
from ..storage.lease import Lease
from ..storage.ledger_document import LedgerDocument
from ..storage.restored import check_not_outdated
from .driver import abandon, is_gone, new_driver
from .pace import Pace
from .writer import Writer

PATIENCE = 2 * LEASE  # how long to wait for documents that other drivers are writing

Data = Dict[str, Any]
Progress = Callable[[int], None]  # called with the number of documents done so far
WindowSize = Callable[[Ledger], int]  # how many updates to claim next


def run_cycle(client: Client, document: LedgerDocument, window_size: WindowSize, pace: Pace, kind: str = CYCLE,
              progress: Progress = lambda done: None, stop: Stop = NEVER) -> Data:
    """Claim the next updates and the unfinished updates of other cycles, write them, settle them.

    Returns what ``execute`` has under ``"after"``. Raises Busy if other drivers are still writing the documents after
    PATIENCE.
    """
    cycle = Cycle(client, document, window_size, pace, stop)
    try:
        return cycle.run(kind, progress)
    except BaseException:
        abandon(cycle.driver)
        raise


class Cycle:
    """One cycle of a driver."""

    def __init__(self, client: Client, document: LedgerDocument, window_size: WindowSize, pace: Pace,
                 stop: Stop) -> None:
        self.driver = new_driver()
        self._client = client
        self._document = document
        self._window_size = window_size
        self._pace = pace
        self._stop = stop
        self._claimed = 0  # when it claimed
        self._throttled = client.throttled  # how often the server had throttled this process before

    def run(self, kind: str, progress: Progress) -> Data:
        """Claim, write, settle; returns the counts. ``kind`` is that of the run record."""
        claims, before = self._claim()
        if not claims:
            return NOTHING.dump(0.0, self._document.ledger.position)
        lease = Lease(self._client, self._document, claims)
        sizes = _sizes(self._client)
        started = time.monotonic()
        delay = self._client.now() - (self._claimed if claims[-1].redo else claims[-1].ts)
        claims, outcome, parts, not_written = self._write_all(lease, before, progress)
        dt = time.monotonic() - started
        throttled = self._client.throttled - self._throttled
        ledger = self._document.ledger
        record = RunRecord.of(ledger.stream, claims, outcome, self._claimed, kind=kind, dt=dt,
                              connections=self._pace.connections, limit=self._pace.rate or None, sizes=sizes or None,
                              throttled=throttled, delay=max(0, delay), missed=bounded(entries_of(not_written)))
        result = Result(claims[-1].ts, dt, outcome.written, outcome.errors)
        reason = lease.settle(parts, result, run_records.place(self._client, ledger.names, record))
        unrecorded = run_records.why_missing(self._client, ledger.names, record, reason) if reason else ""
        redone = sum(claim.count for claim in claims if claim.redo)
        after = dict(outcome.dump(dt, record.first), **nonzero(redone=redone, throttled=throttled))
        return dict(after, **nonzero(unrecorded=unrecorded, undeleted=self._document.undeleted))

    def _claim(self) -> tuple[list[Claim], list[Claim]]:
        """Claim a window; waits for documents that other drivers are still writing.

        Returns the claims, and all claims that were open before.
        """
        def hand_out(ledger: Ledger) -> tuple[Ledger, tuple[list[Claim], list[Claim]]]:
            self._claimed = self._client.now()
            after, mine = claim(ledger, self.driver, self._window_size(ledger), self._claimed, is_gone)
            return after, (mine, list(ledger.claims))

        deadline = time.monotonic() + PATIENCE
        check_not_outdated(self._client, self._document)
        while True:
            try:
                return self._document.change(hand_out)
            except Busy:
                if time.monotonic() > deadline or self._stop.wait(random.uniform(0.1, 0.5)):
                    raise
                self._document.read()

    def _write_all(self, lease: Lease, before: list[Claim],
                   progress: Progress) -> tuple[list[Claim], Outcome, Parts, Ranges]:
        """Write the claims, and if these were only unfinished updates, claim and write the next window, too.

        Returns all claims, the outcome, what became of the claims that are still to be settled, and the updates that
        are missed from now on.
        """
        claims = lease.claims
        known = _missed_before(self._document.ledger, claims)
        outcome = self._write(lease, before, progress)
        parts = outcome.parts
        if not self._proceeds(lease, outcome):
            return claims, outcome, parts, ranges.union(known, parts.missed)
        done = outcome.written + outcome.current
        others = [claim for claim in self._document.ledger.claims if claim.driver != self.driver.name]
        rest = self._write(lease, others, lambda more: progress(done + more))
        stream = self._document.ledger.stream
        superseded = parts.superseded(stream, stream.stop(lease.claims[-1].updates))
        not_written = ranges.union(known, parts.missed, superseded, rest.parts.missed)
        return [*claims, *lease.claims], outcome.plus(rest), rest.parts, not_written

    def _write(self, lease: Lease, before: list[Claim], progress: Progress) -> Outcome:
        """Write the claims of the lease; ``before`` are the claims that were open just before."""
        ledger = self._document.ledger
        return Writer(self._client, ledger.stream, lease, self._pace, _expects(ledger, before),
                      self._stop).write(progress)

    def _proceeds(self, lease: Lease, outcome: Outcome) -> bool:
        """Claim the next window if only unfinished updates were claimed so far; returns whether that was done."""
        if not all(claim.redo for claim in lease.claims) or outcome.broken or self._stop.is_requested():
            return False
        if not self._window_size(self._document.ledger):
            return False
        try:
            lease.proceed(self.driver, outcome.parts, self._window_size)
        except Busy:  # settle, and leave the window to the next cycle
            return False
        return True


def _missed_before(ledger: Ledger, claims: list[Claim]) -> Ranges:
    """The missed updates of documents that claims redo: the run that found them may have been killed.

    When this run has written the documents, they are in its record alone.
    """
    redone = ranges.union(*(claim.updates for claim in claims if claim.redo))
    return ranges.both(as_ranges(ledger.missed), ledger.stream.previous_of(redone)) if redone else redone


def _sizes(client: Client) -> Data | None:
    """The sizes of the database if they were read just now; no cycle fails if the server does not report them."""
    try:
        sizes = client.take_sizes() or {}
    except ServerError:
        return None
    return {name: sizes[name] for name in SIZES if name in sizes}


def _expects(ledger: Ledger, before: list[Claim]) -> Callable[[int], bool | None]:
    """Whether the document of an update should exist already, None if that is not known.

    It should if the previous update of the document belongs to the stream, and is neither unfinished nor missed. Hot
    documents exist from their creation on.
    """
    stream, origin, missed = ledger.stream, ledger.origin, ledger.missed

    def expects(update: int) -> bool | None:
        earlier = stream.previous(update)
        if earlier is None or earlier < (origin or 0):
            return False if origin is None else None
        place = stream.place(earlier)
        if stream.period(place) is not None:  # hot, so others may be writing the update before
            place = stream.place(stream.back(earlier, stream.visits(earlier)))
        is_certain = entry_of(missed, place) is None and not any(claim.holds(place) for claim in before)
        return True if is_certain else None

    return expects
