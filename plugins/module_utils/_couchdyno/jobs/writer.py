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

A document with a losing branch gets the losing leaf of an update before the update itself (branch_writer.py); both
leaves are deleted at once.

Hot documents may be written by several drivers at once. So they are always read whole, and an update is done if its
document holds a later one; batches of them follow each other, and none writes a document twice. On a cluster two
drivers can each succeed in a few replicas, so after a refusal, or in a redo, an update is done only when all replicas
show one leaf.

Documents keep their attachments between two renewals, without sending them again, if the previous update is certain to
have been written, and in the first attempt. In all other cases they are sent whole, as they may be missing or older.
"""
from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import Any, Callable, Dict, Iterator, NamedTuple, Sequence

from ..couchdb.bulk import FINAL, Text, bulk_body, row_error, row_reason
from ..couchdb.client import NONE, TOO_SLOW, Client
from ..couchdb.source import UNREADABLE, Document
from ..couchdb.stop import NEVER, Stop
from ..errors import NameTaken, ServerError, TooLarge, TooSlow
from ..model.claim import Claim
from ..model.laps import DELETES
from ..model.latencies import Latencies
from ..model.outcome import NOTHING, SAMPLES, Failure, Outcome, error_class
from ..model.ranges import ranges_of
from ..model.stream import Stream
from ..storage.before_write import Revisions, resolved_documents, revisions, update_held
from ..storage.lease import Lease
from . import attaching
from .branch_writer import BranchWriter
from .pace import Pace

ROUNDS = 5  # attempts to write a document that was refused or could not be written
HOT_ROUNDS = 20  # the same for a hot document, each refusal of which means that another driver has written it
TOO_FEW_REPLICAS = "accepted by too few replicas"
SPLIT = "not the same in all replicas"
TOO_LARGE = "too_large"
MISSING_STUB = "missing_stub"
NO_ANSWER = {"error": "no answer"}
TICK = 1.0  # seconds between two checks of the lease while batches are in flight

Reasons = Dict[int, str]  # by update: why its document was not written


class Batch(NamedTuple):
    """Updates of one claim that are written together, either all of them of hot documents or none.

    ``due`` is when to start, on the monotonic clock.
    """

    claim: Claim
    updates: Sequence[int]
    due: float
    is_hot: bool = False

    @property
    def size(self) -> int:
        """The number of updates."""
        return len(self.updates)


class Work:
    """A batch that a thread is writing, and the state of its updates so far.

    ``expected``: whether its document should exist, as far as that is known; ``accepted``: too few replicas have
    accepted the update; ``pushed``: it was written under a computed revision; ``superseded``: the document already
    holds a later one; ``foreign``: the document was deleted or written by others; ``refused``: for good; ``failed``:
    for now. ``attempts`` is how often that was tried.
    """

    def __init__(self, batch: Batch, expects: Callable[[int], bool | None]) -> None:
        self.batch = batch
        self.attempts = 0
        self.expected = {update: expects(update) for update in batch.updates}
        self.claim = batch.claim
        self.written: set[int] = set()
        self.current: set[int] = set()
        self.superseded: set[int] = set()
        self.accepted: set[int] = set()
        self.pushed: set[int] = set()
        self.foreign: set[int] = set()
        self.refused: Reasons = {}
        self.failed: Reasons = {}
        self.conflicts = 0
        self.latencies: list[float] = []

    def outcome(self, stream: Stream, broken: ServerError | None = None) -> Outcome:
        """The outcome of the batch; ``broken`` is an error that ended it early."""
        reasons = {**self.refused, **self.failed}
        done = self.written | self.current | self.refused.keys()
        unfinished = ranges_of(stream.place(update) for update in self.batch.updates if update not in done)
        errors = self.batch.size - len(self.written) - len(self.current)
        samples = [Failure(stream.document_id(update), update, reason) for update, reason in reasons.items()]
        return Outcome(
            written=len(self.written), accepted=len((self.written & self.accepted) - self.pushed),
            current=len(self.current), superseded=len(self.superseded), conflicts=self.conflicts,
            foreign=len(self.foreign), errors=errors, samples=tuple(samples[:SAMPLES]),
            failed=Counter(map(error_class, reasons.values())), latencies=Latencies.of(self.latencies), broken=broken,
            refused=ranges_of(map(stream.place, self.refused)),
            unfinished={self.claim: unfinished} if unfinished else {})


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
        self._files = stream.content.files
        self._most_bytes = self._pace.request_bytes(attaching.MOST_BYTES)
        self._branch_writer = BranchWriter(client, stream, lease, self._slots)
        self._is_clear = True  # so far, no document has existed unexpectedly

    def write(self, progress: Callable[[int], None] = lambda done: None) -> Outcome:
        """Write all claims of the lease; ``progress`` is called with the number of documents done so far.

        Documents that cannot be written are in the outcome. If the lease runs out, raises ClaimLost after all requests
        in flight have ended.
        """
        outcome = NOTHING
        flying: set[Future[Outcome]] = set()
        claim: Claim | None = None
        hot: Future[Outcome] | None = None  # the latest batch of hot documents
        with ThreadPoolExecutor(self._pace.connections + 1) as pool:
            for batch in self._batches():
                while flying and claim and claim.redo and batch.claim != claim:  # a redo ends before what follows
                    outcome = self._collect(flying, outcome, progress)
                claim = batch.claim
                while self._has_to_wait(batch, flying, outcome) or (batch.is_hot and hot in flying):
                    outcome = self._collect(flying, outcome, progress, batch.due)
                if outcome.broken or self._stop.is_requested():
                    outcome = outcome.plus(self._not_started(batch, is_error=outcome.broken is not None))
                else:
                    future = pool.submit(self._write_batch, batch)
                    flying.add(future)
                    hot = future if batch.is_hot else hot
            while flying:
                outcome = self._collect(flying, outcome, progress)
        return outcome

    def _batches(self) -> Iterator[Batch]:
        for claim in list(self._lease.claims):
            batch: list[int] = []
            for place, stop in claim.updates:  # of one type
                if self._stream.period(place):
                    yield from self._hot_batches(claim, place, stop)
                    continue
                size = self._stream.size_of(self._stream.update(place))
                while place < stop:
                    most = self._pace.batch_documents(size)
                    if len(batch) >= most:
                        yield from self._bounded(claim, batch)
                        batch = []
                    end = min(stop, place + most - len(batch))
                    batch += map(self._stream.update, range(place, end))
                    place = end
            if batch:
                yield from self._bounded(claim, batch)

    def _bounded(self, claim: Claim, updates: list[int]) -> Iterator[Batch]:
        """Batches of updates, none of which will send too many bytes of attachments if all goes well."""
        for part in attaching.parts(self._files, updates, self._keeps_attachments, self._most_bytes):
            yield self._batch(claim, part)

    def _hot_batches(self, claim: Claim, first: int, stop: int) -> Iterator[Batch]:
        """Batches of a hot type, none of which writes a document twice."""
        period = self._stream.period(first) or 1
        size = self._stream.size_of(self._stream.update(first))
        while first < stop:
            end = min(stop, first + min(period, self._pace.batch_documents(size)))
            yield self._batch(claim, list(map(self._stream.update, range(first, end))), is_hot=True)
            first = end

    def _batch(self, claim: Claim, batch: list[int], is_hot: bool = False) -> Batch:
        return Batch(claim, batch, self._pace.due(len(batch)), is_hot)

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
        work = Work(batch, self._expects)
        try:
            self._write_rounds(work)
        except ServerError as error:
            return work.outcome(self._stream, error)
        return work.outcome(self._stream)

    def _write_rounds(self, work: Work) -> None:
        """Write a batch, and retry what was refused or could not be written."""
        todo = list(work.batch.updates)
        is_hot = work.batch.is_hot
        reasons: Reasons = {}
        for attempt in range(HOT_ROUNDS if is_hot else ROUNDS):
            todo, found, unsettled = self._look(todo, work, attempt)
            todo = self._without_done_deletions(todo, found, work, attempt)
            if not work.claim.redo:  # in a redo, the earlier run may have created the document
                work.foreign.update(update for update in todo if _is_foreign(work.expected[update], update in found)
                                    and update not in work.pushed)
            reasons = {**unsettled, **(self._post(work, todo, found) if todo else {})}
            work.attempts += 1
            todo = list(reasons)
            if not todo or (unsettled and attempt + 1 >= ROUNDS):
                break
            if not is_hot:
                self._lease.confirm()  # another driver may have taken over these documents
            if attempt or not work.pushed.issuperset(todo):
                self._is_clear = self._is_clear and is_hot  # there, other drivers are a reason, too
                self._client.pause(random.uniform(0, 0.1) * 2 ** min(attempt, ROUNDS))
        work.failed.update(reasons)

    def _look(self, updates: list[int], work: Work, attempt: int) -> tuple[list[int], Revisions, Reasons]:
        """The updates that still need writing, the revisions of their documents, and what has to be looked at again.

        Documents are read whole if they may hold their update already, and not at all if none should exist.
        """
        if work.claim.redo or attempt:
            return self._behind(updates, work, is_sure=False)
        to_read = updates
        if self._is_clear:
            is_pushed = self._stream.content.has_first_revision  # these would not be refused if their documents exist
            to_read = [update for update in updates if work.expected[update] is not False or is_pushed(update)]
        if not to_read:
            return updates, {}, {}
        if work.batch.is_hot:
            return self._behind(updates, work, is_sure=True)
        with self._slots:
            return updates, revisions(self._client, self._stream, to_read), {}

    def _without_done_deletions(self, updates: list[int], found: Revisions, work: Work, attempt: int) -> list[int]:
        """The updates without deletions of documents that do not exist, which are done.

        At first, a cluster is asked again: the replica that was read may have missed that the document was created.
        """
        if not self._stream.deletes:
            return updates
        absent = [update for update in updates if update not in found and self._stream.operation(update) == DELETES]
        if absent and not (work.claim.redo or attempt) and self._client.replicas() > 1:
            with self._slots:
                documents = resolved_documents(self._client, self._stream, absent).documents
            ids = {update: self._stream.document_id(update) for update in absent}
            found.update({update: documents[name]["_rev"] for update, name in ids.items() if name in documents})
        done = {update for update in absent if update not in found}
        if not (work.claim.redo or attempt):  # later, it was this run that has deleted them
            work.foreign.update(update for update in done if work.expected[update])
        work.written.update(done & work.accepted)
        work.current.update(done - work.accepted)
        return [update for update in updates if update not in done]

    def _behind(self, updates: list[int], work: Work, is_sure: bool) -> tuple[list[int], Revisions, Reasons]:
        """The updates whose documents do not hold them yet, and the revisions of these documents.

        The third part are hot updates that are not done yet, as not all replicas show one leaf; ``is_sure``: they were
        not tried before, so a document that holds a later one needs nothing.
        """
        with self._slots:
            found, split = resolved_documents(self._client, self._stream, updates)
        behind, present, unsettled = [], {}, {}
        is_reached = work.pushed.isdisjoint(updates) or self._client.reaches(self._client.replicas() // 2 + 1)
        is_sure = is_sure or not work.batch.is_hot or self._is_everywhere()
        for update in updates:
            document_id = self._stream.document_id(update)
            document = found.get(document_id)
            held = update_held(self._stream, document) if document else None
            if document and held == update and not work.attempts and self._lacks_attachments(document, update):
                held = None  # then it is written once more
            is_known = is_reached or update not in work.pushed
            if held is not None and held >= update and is_known and self._is_whole(update, found[document_id]):
                if work.batch.is_hot and (document_id in split or not is_sure):
                    unsettled[update] = SPLIT if document_id in split else TOO_FEW_REPLICAS
                else:
                    self._is_done(work, update, held)
                continue
            behind.append(update)
            if document and (held != update or update not in work.pushed):  # what was pushed is pushed again
                present[update] = document["_rev"]
                if held is None and UNREADABLE not in document and work.expected[update] is not None:
                    work.foreign.add(update)
        return behind, present, unsettled

    def _lacks_attachments(self, document: Document, update: int) -> bool:
        """Whether a document that holds an update may not have the attachments of that."""
        return self._files is not None and not attaching.are_sound(self._files, document, update)

    def _is_whole(self, update: int, document: Document) -> bool:
        """Whether a document that holds an update has the losing leaf of that, too."""
        return not self._stream.branches or self._stream.branches.is_whole(update, document)

    def _is_everywhere(self) -> bool:
        """Whether all replicas have been read just now."""
        return self._client.replicas() == 1 or self._client.reaches(self._client.replicas())

    def _is_done(self, work: Work, update: int, held: int) -> None:
        """Record that a document holds an update or a later one."""
        if held > update and work.batch.is_hot:
            work.superseded.add(update)
        (work.written if update in work.accepted and update not in work.superseded else work.current).add(update)

    def _post(self, work: Work, updates: list[int], found: Revisions) -> Reasons:
        """Write documents under their revisions; returns those worth another try, with the reasons."""
        branches = self._stream.branches
        if not (self._stream.deletes or branches):
            return self._post_all(work, updates, found)
        content, ts = self._stream.content, work.claim.ts
        found, failed = self._branch_writer.prepare(updates, ts, found)
        again = self._take_answers(work, list(failed), list(failed.values()))
        updates = _without(updates, failed)
        pushed = {update: content.first_revision(update, ts) for update in updates
                  if update not in found and content.has_first_revision(update)}
        if branches:
            pushed.update({update: found[update] for update in updates if branches.deletes(update)})
        usual = _without(updates, pushed)
        again.update(self._post_all(work, usual, found) if usual else {})
        again.update(self._post_all(work, list(pushed), pushed, new_edits=False) if pushed else {})
        return again

    def _post_all(self, work: Work, updates: list[int], found: Revisions, new_edits: bool = True) -> Reasons:
        """Write documents in one request, or in several if they have large attachments."""
        is_first = not (work.claim.redo or work.attempts)

        def keeps(update: int) -> bool:
            return is_first and update in found and self._keeps_attachments(update)

        again: Reasons = {}
        for part in attaching.parts(self._files, updates, keeps, self._most_bytes):
            body = bulk_body(self._texts(work, part, found, keeps, new_edits), new_edits)
            again.update(self._send(work, part, found, body, new_edits))
        return again

    def _texts(self, work: Work, updates: list[int], found: Revisions, keeps: attaching.Keeps,
               new_edits: bool) -> Iterator[Text]:
        """The documents of a request; of losing leaves that are deleted, the tombstones of both leaves."""
        render, branches, ts = self._stream.content.render, None if new_edits else self._stream.branches, work.claim.ts
        for update in updates:
            if branches and branches.deletes(update):
                yield from branches.tombstones(update, ts, found[update])
            elif self._files is None:
                yield render(update, ts, found.get(update))
            else:
                yield attaching.with_files(self._files, update, render(update, ts, found.get(update)), keeps(update))

    def _keeps_attachments(self, update: int) -> bool:
        """Whether the document of an update should have the attachments already that it should have afterwards."""
        return self._files is not None and self._expects(update) is True and not self._files.are_renewed(update)

    def _send(self, work: Work, updates: list[int], found: Revisions, body: bytes, new_edits: bool) -> Reasons:
        """Send a request, or several if it is too large or too slow for the server."""
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
            return self._post_halves(work, updates, found, new_edits)
        except NameTaken as error:
            if error.error != MISSING_STUB:
                raise
            work.accepted.update(updates)  # a cluster may have written them all the same
            return dict.fromkeys(updates, MISSING_STUB)
        except TooSlow:  # the server may still be writing, which counts as a conflict
            self._pace.too_slow(len(updates))
            self._client.pause(random.uniform(0.1, 0.3))
            return self._post_halves(work, updates, found, new_edits)
        ended = time.monotonic()
        self._pace.answered(len(updates), ended - started)
        # At a rate, the time that a batch had to wait for a slow server counts as latency: see pace.due.
        work.latencies.append(ended - (work.batch.due if self._pace.rate else started))
        if not new_edits:
            answers = self._with_successes(work, updates, answers)
        return self._take_answers(work, updates, answers)

    def _with_successes(self, work: Work, updates: list[int], answers: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The answers for documents that were pushed, which do not name those that are stored.

        A cluster does not say how many replicas have stored them, so they have to be read back.
        """
        failed = {answer.get("id") for answer in answers}
        ids = (self._stream.document_id(update) for update in updates)
        stored: list[dict[str, Any]] = [{"id": name} for name in ids if name not in failed]
        if self._client.replicas() > 1:
            work.pushed.update(updates)
            stored = [dict(answer, accepted=True) for answer in stored]
        return [*answers, *stored]

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

    def _post_halves(self, work: Work, updates: list[int], found: Revisions, new_edits: bool) -> Reasons:
        """Split a request that is too large or too slow for the server into two."""
        half = len(updates) // 2
        again = self._post_all(work, updates[:half], found, new_edits)
        again.update(self._post_all(work, updates[half:], found, new_edits))
        return again

    def _not_started(self, batch: Batch, is_error: bool) -> Outcome:
        """The outcome of a batch that was not started because of an error or a stop."""
        places = ranges_of(map(self._stream.place, batch.updates))
        return Outcome(errors=batch.size if is_error else 0, unfinished={batch.claim: places})


def _without(updates: list[int], others: dict[int, Any]) -> list[int]:
    """The updates that are not among others."""
    return [update for update in updates if update not in others] if others else updates


def _is_foreign(expected: bool | None, exists: bool) -> bool:
    """Whether somebody else has created or deleted a document."""
    return expected is not None and expected != exists
