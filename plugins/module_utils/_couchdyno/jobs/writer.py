# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer: writes claimed windows and returns their outcome.

Windows are split into batches, a few of them in flight at once: while one is written, the revisions of the next are
read. Three rules keep documents from going back to an older update, whatever dies or stalls:

- revisions are used only if they were read during the lease, when no other driver may write the documents;
- a write under an old revision is refused, and a refused document is read again: if it holds this update or a later
  one, it is done;
- for windows that another driver had before, whole documents are read, for the same reason.
"""
from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import Any, Callable, Dict, Iterator, NamedTuple, Sequence

from ..couchdb.bulk import FINAL, bulk_body, row_error, row_reason
from ..couchdb.client import NONE, TOO_SLOW, Client
from ..couchdb.source import UNREADABLE
from ..couchdb.stop import NEVER, Stop
from ..errors import ServerError, TooLarge, TooSlow
from ..model.claim import Claim
from ..model.latencies import Latencies
from ..model.outcome import NOTHING, SAMPLES, Failure, Outcome, error_class
from ..model.ranges import ranges_of, updates
from ..model.stream import Stream
from ..storage.before_write import Revisions, resolved_documents, revisions, update_held
from ..storage.lease import Lease
from .pace import Pace

ROUNDS = 5  # attempts to write a document that was refused or could not be written
TOO_FEW_REPLICAS = "accepted by too few replicas"
TOO_LARGE = "too_large"
NO_ANSWER = {"error": "no answer"}
TICK = 1.0  # seconds between two checks of the lease while batches are in flight

Reasons = Dict[int, str]  # by update: why its document was not written


class Batch(NamedTuple):
    """Updates of one claim, in order, written together; ``due`` is when to start, on the monotonic clock."""

    claim: Claim
    updates: Sequence[int]
    due: float

    @property
    def size(self) -> int:
        """The number of updates."""
        return len(self.updates)


class Work:
    """A batch that a thread is writing, and the state of its updates so far.

    ``accepted``: too few replicas have accepted the update; ``foreign``: the document was deleted or written by others;
    ``refused``: for good; ``failed``: for now.
    """

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.claim = batch.claim
        self.written: set[int] = set()
        self.current: set[int] = set()
        self.accepted: set[int] = set()
        self.foreign: set[int] = set()
        self.refused: Reasons = {}
        self.failed: Reasons = {}
        self.conflicts = 0
        self.latencies: list[float] = []

    def outcome(self, stream: Stream, broken: ServerError | None = None) -> Outcome:
        """The outcome of the batch; ``broken`` is an error that ended it early."""
        reasons = {**self.refused, **self.failed}
        done = self.written | self.current | self.refused.keys()
        unfinished = ranges_of(update for update in self.batch.updates if update not in done)
        errors = self.batch.size - len(self.written) - len(self.current)
        samples = [Failure(stream.document_id(update), update, reason) for update, reason in reasons.items()]
        return Outcome(
            written=len(self.written), accepted=len(self.written & self.accepted), current=len(self.current),
            conflicts=self.conflicts, foreign=len(self.foreign), errors=errors, samples=tuple(samples[:SAMPLES]),
            failed=Counter(map(error_class, reasons.values())), latencies=Latencies.of(self.latencies), broken=broken,
            refused=ranges_of(self.refused), unfinished={self.claim: unfinished} if unfinished else {})


class Writer:
    """Writes the windows of a driver; create one for each set of claims.

    ``expects`` returns whether the document of an update should exist already, None if that is not known; by default
    none should in lap 0. A document that is missing or should not exist is counted as foreign.
    """

    def __init__(self, client: Client, stream: Stream, lease: Lease, pace: Pace | None = None,
                 expects: Callable[[int], bool | None] | None = None, stop: Stop = NEVER) -> None:
        self._client = client
        self._stream = stream
        self._lease = lease
        self._pace = pace or Pace()
        self._expects = expects or (lambda update: False if update < stream.total else None)
        self._stop = stop
        self._slots = threading.Semaphore(self._pace.connections)  # for requests in flight; one more thread renders
        self._is_clear = True  # so far, no document has existed unexpectedly

    def write(self, progress: Callable[[int], None] = lambda done: None) -> Outcome:
        """Write all claims of the lease; ``progress`` is called with the number of documents done so far.

        Documents that cannot be written are in the outcome. If the lease runs out, raises ClaimLost after all requests
        in flight have ended.
        """
        outcome = NOTHING
        flying: set[Future[Outcome]] = set()
        claim: Claim | None = None
        with ThreadPoolExecutor(self._pace.connections + 1) as pool:
            for batch in self._batches():
                while flying and claim and claim.redo and batch.claim != claim:  # a redo ends before what follows
                    outcome = self._collect(flying, outcome, progress)
                claim = batch.claim
                while self._has_to_wait(batch, flying, outcome):
                    outcome = self._collect(flying, outcome, progress, batch.due)
                if outcome.broken or self._stop.is_requested():
                    outcome = outcome.plus(_not_started(batch, is_error=outcome.broken is not None))
                else:
                    flying.add(pool.submit(self._write_batch, batch))
            while flying:
                outcome = self._collect(flying, outcome, progress)
        return outcome

    def _batches(self) -> Iterator[Batch]:
        for claim in list(self._lease.claims):
            todo = updates(claim.updates)
            while True:
                batch = list(islice(todo, self._pace.batch_documents(self._stream.size)))
                if not batch:
                    break
                yield Batch(claim, batch, self._pace.due(len(batch)))

    def _has_to_wait(self, batch: Batch, flying: set[Future[Outcome]], outcome: Outcome) -> bool:
        if outcome.broken or self._stop.is_requested():
            return False
        return len(flying) >= self._pace.in_flight or batch.due > time.monotonic()

    def _collect(self, flying: set[Future[Outcome]], outcome: Outcome, progress: Callable[[int], None],
                 due: float = 0.0) -> Outcome:
        """Wait a moment for a batch, and add the outcomes of all finished ones; renews the lease meanwhile.

        The moment ends when the next batch is ``due``, if there is one.
        """
        pause = due - time.monotonic()
        pause = min(TICK, pause) if pause > 0 else TICK
        if flying:
            done, __ = wait(flying, timeout=pause, return_when=FIRST_COMPLETED)
        else:
            done = set()
            self._stop.wait(pause)
        for future in done:
            flying.remove(future)
            outcome = outcome.plus(future.result())
            self._pace.throttle(self._client.throttled)
            progress(outcome.written + outcome.current)
        try:
            self._lease.renew_when_due()
        except ServerError as error:
            outcome = outcome._replace(broken=outcome.broken or error)
        return outcome

    def _write_batch(self, batch: Batch) -> Outcome:
        """Write a batch, in a thread of the pool."""
        work = Work(batch)
        try:
            self._write_rounds(work)
        except ServerError as error:
            return work.outcome(self._stream, error)
        return work.outcome(self._stream)

    def _write_rounds(self, work: Work) -> None:
        """Write a batch, and retry what was refused or could not be written."""
        todo = list(work.batch.updates)
        reasons: Reasons = {}
        for attempt in range(ROUNDS):
            todo, found = self._look(todo, work, attempt)
            if not work.claim.redo:  # in a redo, the earlier run may have created the document
                work.foreign.update(update for update in todo if self._is_foreign(update, update in found))
            reasons = self._post(work, todo, found) if todo else {}
            todo = list(reasons)
            if not todo:
                break
            self._is_clear = False
            self._lease.confirm()  # another driver may have taken over these documents
            self._client.pause(random.uniform(0, 0.1) * 2 ** attempt)
        work.failed.update(reasons)

    def _look(self, updates: list[int], work: Work, attempt: int) -> tuple[list[int], Revisions]:
        """The updates that still need writing, and the revisions of their documents.

        Documents are read whole if they may hold their update already, and not at all if none should exist.
        """
        if work.claim.redo or attempt:
            return self._behind(updates, work)
        if self._is_clear and self._expects(updates[-1]) is False:
            return updates, {}
        with self._slots:
            return updates, revisions(self._client, self._stream, updates)

    def _is_foreign(self, update: int, exists: bool) -> bool:
        expected = self._expects(update)
        return expected is not None and expected != exists

    def _behind(self, updates: list[int], work: Work) -> tuple[list[int], Revisions]:
        """The updates whose documents do not hold them yet, and the revisions of these documents."""
        with self._slots:
            found = resolved_documents(self._client, self._stream, updates)
        behind, present = [], {}
        for update in updates:
            document = found.get(self._stream.document_id(update))
            held = update_held(self._stream, document) if document else None
            if held is not None and held >= update:
                (work.written if update in work.accepted else work.current).add(update)
                continue
            behind.append(update)
            if document:
                present[update] = document["_rev"]
                if held is None and UNREADABLE not in document and self._expects(update) is not None:
                    work.foreign.add(update)
        return behind, present

    def _post(self, work: Work, updates: list[int], found: Revisions) -> Reasons:
        """Write documents under their revisions; returns those worth another try, with the reasons."""
        render, ts = self._stream.content.render, work.claim.ts
        body = bulk_body(render(update, ts, found.get(update)) for update in updates)
        try:
            with self._slots:
                self._lease.check()
                started = time.monotonic()
                answers = self._client.bulk_post(body, final=TOO_SLOW if len(updates) > 1 else NONE)
        except TooLarge as error:
            if len(updates) == 1:
                work.refused[updates[0]] = f"{error.error or TOO_LARGE}: {error}"
                return {}
            self._pace.too_large(len(updates))
            return self._post_halves(work, updates, found)
        except TooSlow:  # the server may still be writing, which counts as a conflict
            self._pace.too_slow(len(updates))
            self._client.pause(random.uniform(0.1, 0.3))
            return self._post_halves(work, updates, found)
        ended = time.monotonic()
        self._pace.answered(len(updates), ended - started)
        # At a rate, the time that a batch had to wait for a slow server counts as latency: see pace.due.
        work.latencies.append(ended - (work.batch.due if self._pace.rate else started))
        return self._take_answers(work, updates, answers)

    def _take_answers(self, work: Work, updates: list[int], answers: list[dict[str, Any]]) -> Reasons:
        """Record what was written and what is refused for good; returns the other updates, with the reasons."""
        again = {}
        by_id = {answer.get("id"): answer for answer in answers}
        for update in updates:
            answer = by_id.get(self._stream.document_id(update), NO_ANSWER)
            word = row_error(answer)
            if not word and "accepted" in answer:  # by replicas that others may overrule
                work.accepted.add(update)
                again[update] = TOO_FEW_REPLICAS
            elif not word:
                work.accepted.discard(update)
                work.written.add(update)
            elif word in FINAL:
                work.refused[update] = row_reason(answer)
            else:
                if word == "conflict":
                    work.conflicts += 1
                again[update] = row_reason(answer)
        return again

    def _post_halves(self, work: Work, updates: list[int], found: Revisions) -> Reasons:
        """Split a request that is too large or too slow for the server into two."""
        half = len(updates) // 2
        again = self._post(work, updates[:half], found)
        again.update(self._post(work, updates[half:], found))
        return again


def _not_started(batch: Batch, is_error: bool) -> Outcome:
    """The outcome of a batch that was not started because of an error or a stop."""
    return Outcome(errors=batch.size if is_error else 0, unfinished={batch.claim: ranges_of(batch.updates)})
