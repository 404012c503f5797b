# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer: claimed windows in, outcomes out.

Windows are cut into batches, a few of which are in flight at once: while one is being written, the revisions of the
next are read. Three things keep documents from going back to an older update, whatever dies or stalls:

- revisions are used only when they were read while the lease lasted, and nobody else may write the documents then;
- a write under an old revision is refused, and a refused document is read again: one that holds this update or a
  later one is done;
- windows that another driver had before are read with their documents, for the same reason.
"""
from __future__ import annotations

import random
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Callable, Iterator, NamedTuple

from .client import FINAL, Client, bulk_body, row_error, row_reason
from .documents import Revisions, documents, held, revisions
from .errors import ServerError, TooLarge
from .ledger import Claim, Lease
from .outcome import Outcome
from .pace import Pace
from .stream import Stream

ROUNDS = 5  # how often a document is tried that was refused or could not be written
NO_ANSWER = {"error": "no answer"}
TICK = 1.0  # seconds between two looks at the lease while batches are in flight


class Batch(NamedTuple):
    """Consecutive updates of one claim, written together; ``due`` is when to begin, on the monotonic clock."""

    claim: Claim
    first: int
    stop: int
    due: float


class Work:
    """A batch in the hands of a thread: its outcome by now, and of which updates the documents were ``foreign`` or were
    ``accepted`` by too few copies."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.claim = batch.claim
        self.outcome = Outcome()
        self.foreign: set[int] = set()
        self.accepted: set[int] = set()


class Writer:
    """Writes the windows of a driver; make one for each set of claims.

    ``expects`` tells of an update whether its document is there already, None where nobody can tell; by default there
    is none in lap 0. A document that is missed, or is where none should be, is counted as foreign.
    """

    def __init__(self, client: Client, stream: Stream, lease: Lease, pace: Pace | None = None,
                 expects: Callable[[int], bool | None] | None = None) -> None:
        self._client = client
        self._stream = stream
        self._lease = lease
        self._pace = pace or Pace()
        self._expects = expects or (lambda update: False if update < stream.total else None)
        self._slots = threading.Semaphore(self._pace.connections)  # of requests in flight; a thread more renders
        self._is_clear = True  # where no documents are expected none has turned up by now

    def write(self, progress: Callable[[int], None] = lambda done: None) -> Outcome:
        """Write all claims of the lease; ``progress`` is told how many documents are done by now.

        What cannot be written is in the outcome. Raises ClaimLost when the lease ran out, after all requests in flight
        have ended.
        """
        outcome = Outcome()
        flying: set[Future[Outcome]] = set()
        with ThreadPoolExecutor(self._pace.connections + 1) as pool:
            for batch in self._batches():
                while self._has_to_wait(batch, flying, outcome):
                    self._collect(flying, outcome, progress, batch.due)
                if outcome.broken:
                    outcome.errors += batch.stop - batch.first
                if outcome.broken or self._client.stopping.is_set():
                    outcome.leave(batch.claim, batch.first, batch.stop)
                else:
                    flying.add(pool.submit(self._write_batch, batch))
            while flying:
                self._collect(flying, outcome, progress)
        return outcome

    def _batches(self) -> Iterator[Batch]:
        for claim in list(self._lease.claims):
            first = claim.first
            while first < claim.stop:
                stop = min(first + self._pace.batch_documents(self._stream.size), claim.stop)
                yield Batch(claim, first, stop, self._pace.due(stop - first))
                first = stop

    def _has_to_wait(self, batch: Batch, flying: set[Future[Outcome]], outcome: Outcome) -> bool:
        if outcome.broken or self._client.stopping.is_set():
            return False
        return len(flying) >= self._pace.in_flight or batch.due > time.monotonic()

    def _collect(self, flying: set[Future[Outcome]], outcome: Outcome, progress: Callable[[int], None],
                 due: float = 0.0) -> None:
        """Take in the batches that are done, after waiting for one a moment; keep the lease alive meanwhile.

        The moment ends when the next batch is ``due``, where that is to come.
        """
        pause = due - time.monotonic()
        pause = min(TICK, pause) if pause > 0 else TICK
        if flying:
            done, __ = wait(flying, timeout=pause, return_when=FIRST_COMPLETED)
        else:
            done = set()
            self._client.stopping.wait(pause)
        for future in done:
            flying.remove(future)
            outcome.add(future.result())
            self._pace.throttle(self._client.throttled)
            progress(outcome.written + outcome.current)
        try:
            self._lease.renew_when_due()
        except ServerError as error:
            outcome.broken = outcome.broken or error

    def _write_batch(self, batch: Batch) -> Outcome:
        """Write a batch, in a thread of the pool."""
        work = Work(batch)
        outcome = work.outcome
        try:
            self._write_rounds(work)
        except ServerError as error:
            outcome.broken = error
            outcome.errors += batch.stop - batch.first - outcome.written - outcome.current - outcome.errors
            outcome.leave(batch.claim, batch.first, batch.stop)
        return outcome

    def _write_rounds(self, work: Work) -> None:
        claim, todo = work.claim, list(range(work.batch.first, work.batch.stop))
        reasons: dict[int, str] = {}
        for attempt in range(ROUNDS):
            if claim.redo or attempt:
                todo, found = self._behind(todo, work)
            elif self._is_clear and self._expects(todo[-1]) is False:
                found = {}
            else:
                with self._slots:
                    found = revisions(self._client, self._stream, todo)
            if not claim.redo:  # whether the run that left this behind has met an empty place, nobody knows
                work.foreign.update(update for update in todo if self._is_foreign(update, update in found))
            work.outcome.foreign = len(work.foreign)
            reasons = self._post(work, todo, found) if todo else {}
            todo = list(reasons)
            if not todo:
                break
            self._is_clear = False
            self._lease.confirm()  # whoever wrote these documents may have been handed them
            self._client.stopping.wait(random.uniform(0, 0.1) * 2 ** attempt)
        for update, reason in reasons.items():
            self._fail(work, update, reason)

    def _is_foreign(self, update: int, is_there: bool) -> bool:
        expected = self._expects(update)
        return expected is not None and expected != is_there

    def _behind(self, updates: list[int], work: Work) -> tuple[list[int], Revisions]:
        """Those of the updates whose documents do not hold them yet, and the revisions of these documents."""
        with self._slots:
            found = documents(self._client, self._stream, updates)
        outcome, behind, there = work.outcome, [], {}
        for update in updates:
            document = found.get(self._stream.document_id(update))
            if document:
                holds = held(self._stream, document)
                if holds is None:
                    if self._expects(update) is not None:
                        work.foreign.add(update)
                elif holds >= update:
                    outcome.written += update in work.accepted
                    outcome.accepted += update in work.accepted
                    outcome.current += update not in work.accepted
                    continue
                there[update] = document["_rev"]
            behind.append(update)
        return behind, there

    def _post(self, work: Work, updates: list[int], found: Revisions) -> dict[int, str]:
        """Write documents under their revisions; returns those worth another try, with the reasons."""
        text, ts = self._stream.text, work.claim.ts
        body = bulk_body(text(update, ts, found.get(update)) for update in updates)
        try:
            with self._slots:
                self._lease.check()
                started = time.monotonic()
                answers = self._client.bulk_post(body)
        except TooLarge as error:
            return self._post_halves(work, updates, found, error)
        ended = time.monotonic()
        self._pace.answered(len(updates), ended - started)
        # At a rate, what had to wait for a slow server counts as slow: see pace.due.
        work.outcome.latencies.append(ended - (work.batch.due if self._pace.rate else started))
        return self._sort(work, updates, answers)

    def _sort(self, work: Work, updates: list[int], answers: list[dict[str, Any]]) -> dict[int, str]:
        """Count what was written and what is refused for good; returns the others, with the reasons."""
        again = {}
        by_id = {answer.get("id"): answer for answer in answers}
        for update in updates:
            answer = by_id.get(self._stream.document_id(update), NO_ANSWER)
            word = row_error(answer)
            if not word and "accepted" in answer:  # by copies that the others may disagree with
                work.accepted.add(update)
                again[update] = "accepted by too few copies"
            elif not word:
                work.outcome.written += 1
            elif word in FINAL:
                self._fail(work, update, row_reason(answer))
            else:
                work.outcome.conflicts += word == "conflict"
                again[update] = row_reason(answer)
        return again

    def _post_halves(self, work: Work, updates: list[int], found: Revisions, error: TooLarge) -> dict[int, str]:
        """Write in two requests what the server finds too large for one."""
        if len(updates) == 1:
            self._fail(work, updates[0], str(error))
            return {}
        self._pace.too_large(len(updates))
        half = len(updates) // 2
        again = self._post(work, updates[:half], found)
        again.update(self._post(work, updates[half:], found))
        return again

    def _fail(self, work: Work, update: int, reason: str) -> None:
        work.outcome.fail(work.claim, update, self._stream.document_id(update), reason)
