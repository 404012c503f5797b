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

import json
import random
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Callable, Dict, Iterator, NamedTuple, Sequence

from .client import FINAL, Client, Row, rank, row_error, row_reason
from .errors import ServerError, TooLarge
from .ledger import Claim, Lease
from .stream import Stream

BATCH_DOCUMENTS = 1000
BATCH_BYTES = 4 * 10 ** 6
CONNECTIONS = 4
ROUNDS = 5  # how often a document is tried that was refused or could not be written
NO_ANSWER = {"error": "no answer"}
SAMPLES = 5  # how many of the documents that could not be written are named
TICK = 1.0  # seconds between two looks at the lease while batches are in flight

Revisions = Dict[int, str]  # by update; without those whose documents are not there


class Batch(NamedTuple):
    """Consecutive updates of one claim, written together."""

    claim: Claim
    first: int
    stop: int


class Seen:
    """Updates of a batch whose documents were ``foreign``, and those ``accepted`` by too few copies."""

    def __init__(self) -> None:
        self.foreign: set[int] = set()
        self.accepted: set[int] = set()


class Outcome:
    """What became of windows: counts of documents, and what is left to do.

    ``written`` (``accepted`` of them by fewer nodes than a quorum); ``current``: held their update or a later one
    already; ``conflicts`` met on the way; ``foreign``: were not as this program leaves documents, but gone or written
    by somebody else; ``errors``: could not be written, the first few with their reasons in ``samples``. ``latencies``
    are the seconds that each bulk request took. ``broken`` is what made the writer give up.
    """

    def __init__(self) -> None:
        self.written = self.accepted = self.current = self.conflicts = self.foreign = self.errors = 0
        self.samples: list[dict[str, Any]] = []
        self.latencies: list[float] = []
        self.broken: ServerError | None = None
        self._left: dict[Claim, tuple[int, int]] = {}

    @property
    def left_count(self) -> int:
        """How many updates remain to be done, with those that lie between them."""
        return sum(stop - first for first, stop in self._left.values())

    @property
    def left(self) -> list[Claim]:
        """What remains to be done, a part of each claim."""
        return [claim._replace(first=first, count=stop - first) for claim, (first, stop) in self._left.items()]

    def fail(self, claim: Claim, update: int, document_id: str, reason: str) -> None:
        """Note a document that could not be written."""
        self.errors += 1
        self.leave(claim, update, update + 1)
        if len(self.samples) < SAMPLES:
            self.samples.append({"id": document_id, "update": update, "reason": reason})

    def leave(self, claim: Claim, first: int, stop: int) -> None:
        """Note updates that remain to be done; of each claim, the window that spans them all is left."""
        low, high = self._left.get(claim, (first, stop))
        self._left[claim] = min(low, first), max(high, stop)

    def add(self, other: Outcome) -> None:
        """Take in the outcome of a batch."""
        for name in ("written", "accepted", "current", "conflicts", "foreign", "errors"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.samples = (self.samples + other.samples)[:SAMPLES]
        self.latencies += other.latencies
        self.broken = self.broken or other.broken
        for claim, (first, stop) in other._left.items():
            self.leave(claim, first, stop)


class Writer:
    """Writes the windows of a driver; make one for each set of claims.

    ``is_rewrite`` tells of an update whether its document must be there already, so that it is missed where it is not.
    """

    def __init__(self, client: Client, stream: Stream, lease: Lease, connections: int = CONNECTIONS,
                 is_rewrite: Callable[[int], bool] = lambda update: False) -> None:
        self._client = client
        self._stream = stream
        self._lease = lease
        self._connections = connections
        self._is_rewrite = is_rewrite
        self._batch_documents = batch_documents(stream.size)
        self._expect_nothing = True  # in lap 0, until a document turns up there

    def write(self, progress: Callable[[int], None] = lambda done: None) -> Outcome:
        """Write all claims of the lease; ``progress`` is told how many documents are done by now.

        What cannot be written is in the outcome. Raises ClaimLost when the lease ran out, after all requests in flight
        have ended.
        """
        outcome = Outcome()
        flying: set[Future[Outcome]] = set()
        with ThreadPoolExecutor(self._connections) as pool:
            for batch in self._batches():
                while len(flying) > self._connections:  # one more than connections: no connection waits for us
                    self._collect(flying, outcome, progress)
                if outcome.broken:
                    outcome.errors += batch.stop - batch.first
                if outcome.broken or self._client.stopping.is_set():
                    outcome.leave(*batch)
                else:
                    flying.add(pool.submit(self._write_batch, batch))
            while flying:
                self._collect(flying, outcome, progress)
        return outcome

    def _batches(self) -> Iterator[Batch]:
        for claim in list(self._lease.claims):
            first = claim.first
            while first < claim.stop:
                stop = min(first + self._batch_documents, claim.stop)
                yield Batch(claim, first, stop)
                first = stop

    def _collect(self, flying: set[Future[Outcome]], outcome: Outcome,
                 progress: Callable[[int], None]) -> None:
        """Take in the batches that are done, after waiting for one a moment; keep the lease alive meanwhile."""
        done, _ = wait(flying, timeout=TICK, return_when=FIRST_COMPLETED)
        for future in done:
            flying.remove(future)
            outcome.add(future.result())
            progress(outcome.written + outcome.current)
        try:
            self._lease.renew_when_due()
        except ServerError as error:
            outcome.broken = outcome.broken or error

    def _write_batch(self, batch: Batch) -> Outcome:
        """Write a batch, in a thread of the pool."""
        outcome = Outcome()
        todo = list(range(batch.first, batch.stop))
        try:
            self._write_rounds(batch.claim, todo, outcome)
        except ServerError as error:
            outcome.broken = error
            outcome.errors += len(todo) - outcome.written - outcome.current - outcome.errors
            outcome.leave(*batch)
        return outcome

    def _write_rounds(self, claim: Claim, todo: list[int], outcome: Outcome) -> None:
        reasons: dict[int, str] = {}
        seen = Seen()
        for attempt in range(ROUNDS):
            if claim.redo or attempt:
                todo, revisions = self._behind(todo, outcome, seen)
            elif self._expect_nothing and todo[-1] < self._stream.total:
                revisions = {}
            else:
                revisions = self._revisions(todo)
            if not claim.redo:  # whether the run that left this behind has met an empty place, nobody knows
                seen.foreign.update(update for update in todo if update not in revisions and self._is_rewrite(update))
            outcome.foreign = len(seen.foreign)
            reasons = self._post(claim, todo, revisions, outcome, seen) if todo else {}
            todo = list(reasons)
            if not todo:
                break
            self._expect_nothing = False
            self._lease.confirm()  # whoever wrote these documents may have been handed them
            self._client.stopping.wait(random.uniform(0, 0.1) * 2 ** attempt)
        for update, reason in reasons.items():
            outcome.fail(claim, update, self._stream.document_id(update), reason)

    def _revisions(self, updates: Sequence[int]) -> Revisions:
        found = {row["id"]: row["value"]["rev"] for row in self._rows(updates, include_docs=False)}
        ids = map(self._stream.document_id, updates)
        return {update: found[document_id] for update, document_id in zip(updates, ids) if document_id in found}

    def _behind(self, updates: Sequence[int], outcome: Outcome, seen: Seen) -> tuple[list[int], Revisions]:
        """Those of the updates whose documents do not hold them yet, and the revisions of these documents."""
        found = self._documents(updates)
        behind, revisions = [], {}
        for update in updates:
            document = found.get(self._stream.document_id(update))
            if document:
                held = self._held(document)
                if held is None:
                    seen.foreign.add(update)
                elif held >= update:
                    outcome.written += update in seen.accepted
                    outcome.accepted += update in seen.accepted
                    outcome.current += update not in seen.accepted
                    continue
                revisions[update] = document["_rev"]
            behind.append(update)
        return behind, revisions

    def _documents(self, updates: Sequence[int]) -> dict[str, Row]:
        """The documents of updates, by id; of a cluster, as they are when all copies are taken together.

        On a cluster a range read shows what one copy has, and that may have missed a write, or have taken one that the
        others refused. Leaves that lose are deleted, as they are nothing but the rest of such a write.
        """
        copies = self._client.copies()
        if copies == 1:
            return {row["id"]: row.get("doc") or {} for row in self._rows(updates, include_docs=True)}
        found = self._client.leaves_of(list(map(self._stream.document_id, updates)), copies)
        live = {document_id: sorted((leaf for leaf in leaves if not leaf.get("_deleted")),
                                    key=lambda leaf: rank(leaf["_rev"]))
                for document_id, leaves in found.items()}
        losing = [leaf for leaves in live.values() for leaf in leaves[:-1]]
        if losing:
            self._client.bulk_write(json.dumps({"_id": leaf["_id"], "_rev": leaf["_rev"], "_deleted": True})
                                    for leaf in losing)
        return {document_id: leaves[-1] for document_id, leaves in live.items() if leaves}

    def _held(self, document: Row) -> int | None:
        """The update that a document holds, None when it is not byte by byte what the update writes."""
        held, ts = document.get("update"), document.get("ts")
        if type(held) is not int or type(ts) is not int or held < 0:
            return None
        exact = json.loads(self._stream.text(held, ts))
        return held if dict(document, _rev=None) == dict(exact, _rev=None) else None

    def _rows(self, updates: Sequence[int], include_docs: bool) -> list[Row]:
        """The rows of the documents: as one range where they follow each other, by their ids elsewhere."""
        index, document_id = self._stream.index, self._stream.document_id
        if index(updates[-1]) - index(updates[0]) == len(updates) - 1:
            return self._client.rows_between(document_id(updates[0]), document_id(updates[-1]), include_docs)
        return self._client.rows(list(map(document_id, updates)), include_docs)

    def _post(self, claim: Claim, updates: list[int], revisions: Revisions, outcome: Outcome,
              seen: Seen) -> dict[int, str]:
        """Write documents under their revisions; returns those worth another try, with the reasons."""
        self._lease.check()
        text, ts, started = self._stream.text, claim.ts, time.monotonic()
        try:
            answers = self._client.bulk_write([text(update, ts, revisions.get(update)) for update in updates])
        except TooLarge as error:
            return self._post_halves(claim, updates, revisions, outcome, seen, error)
        outcome.latencies.append(time.monotonic() - started)
        again = {}
        by_id = {answer.get("id"): answer for answer in answers}
        for update in updates:
            answer = by_id.get(self._stream.document_id(update), NO_ANSWER)
            word = row_error(answer)
            if not word and "accepted" in answer:  # by copies that the others may disagree with
                seen.accepted.add(update)
                again[update] = "accepted by too few copies"
            elif not word:
                outcome.written += 1
            elif word in FINAL:
                outcome.fail(claim, update, self._stream.document_id(update), row_reason(answer))
            else:
                outcome.conflicts += word == "conflict"
                again[update] = row_reason(answer)
        return again

    def _post_halves(self, claim: Claim, updates: list[int], revisions: Revisions, outcome: Outcome, seen: Seen,
                     error: TooLarge) -> dict[int, str]:
        """Write in two requests what the server finds too large for one."""
        if len(updates) == 1:
            outcome.fail(claim, updates[0], self._stream.document_id(updates[0]), str(error))
            return {}
        half = len(updates) // 2
        self._batch_documents = min(self._batch_documents, half)
        again = self._post(claim, updates[:half], revisions, outcome, seen)
        again.update(self._post(claim, updates[half:], revisions, outcome, seen))
        return again


def batch_documents(size: int) -> int:
    """How many documents of a size to write in one request."""
    return max(1, min(BATCH_DOCUMENTS, BATCH_BYTES // size))
