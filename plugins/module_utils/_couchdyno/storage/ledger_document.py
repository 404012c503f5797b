# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its documents: any number of drivers change it, each change based on the revision that was read.

``state_document.py`` says which documents there are, and why. Every step from one to the next can be repeated, by any
process, if the one that began it dies:

- a state in ``couchdyno_meta`` is first copied into a document of its own, then removed from ``couchdyno_meta``. In a
  database of an earlier version, it is nested first (field ``state``), which stops all drivers of that version;
- a sealed document is succeeded before the next change, and deleted when its successor is sealed in turn.
"""
from __future__ import annotations

import json
import random
from typing import Any, Callable, Dict, Tuple, TypeVar

from ..couchdb.bulk import FINAL, row_error, row_reason
from ..couchdb.client import Client
from ..couchdb.revisions import rank
from ..couchdb.shared_document import CHECK_VALIDATORS, SharedDocument
from ..errors import (
    RETRY_LATER,
    Busy,
    ClaimLost,
    Conflict,
    LedgerDamaged,
    Refused,
    ServerError,
    StateMissing,
    Unreachable,
)
from ..model import legacy
from ..model.ledger import Ledger
from ..model.names import BOTH, Names
from ..model.outcome import nonzero
from ..model.parameters import Parameters, draw_identity, draw_seed
from ..model.state_document import NESTED, SEALED_AT, first_state, successor, tombstone
from .ledger_reading import newest_number, read_ledger

TRIES = 200

Answer = TypeVar("Answer")
Change = Callable[[Ledger], Tuple[Ledger, Answer]]
Document = Dict[str, Any]


class LedgerDocument:
    """The ledger of a database; create one for each thread that changes it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._metas = {names: SharedDocument(client, names.meta) for names in BOTH}
        self._states: dict[str, SharedDocument] = {}  # by id, the one that was used last
        self._known: Ledger | None = None
        self._is_succeeded = False  # whether this process has created the successor of the known document
        self.unwritten = ""  # why the companion of the latest change was not written
        self.undeleted = ""  # why an earlier state document was not deleted

    @property
    def ledger(self) -> Ledger:
        """The ledger as last read or written; reads it if necessary."""
        return self._known or self.read()

    def read(self) -> Ledger:
        """Read the ledger; raises NoDatabase, NoLedger or LedgerDamaged."""
        self._known = read_ledger(self._client, self._known)
        self._is_succeeded = False
        return self._known

    def create(self, parameters: Parameters, identity: str = "") -> Ledger:
        """Write the ledger of a new database, under an ``identity`` (by default, a random one).

        Conflict if it already has a ledger with another identity; one with this identity was written by an earlier
        attempt whose answer was lost.
        """
        names = Names.of_database(self._client.is_partitioned())
        ledger = Ledger.new(parameters, self._client.now(), identity or draw_identity(), names)
        ledger = ledger._replace(instance=self._client.instance())
        meta = ledger.dump_nested()
        # Emptied databases may keep tombstones of state documents.
        meta[NESTED].update(nonzero(number=newest_number(self._client, names) + 1))
        try:
            rev = self._meta(ledger).write(meta)
        except Conflict:
            found = self.read()
            if found.identity != ledger.identity:
                raise
            self._meta(found).confirm(found.meta["_rev"])
            return found
        self._known = ledger._replace(rev=rev, meta=dict(meta, _rev=rev))
        return self._known

    def change(self, apply: Change[Answer], companion: Document | None = None) -> Answer:
        """Apply a function to the ledger and write the result; starts over if another process was first.

        The function receives the last known ledger, and returns the new one and an answer; the answer is returned. An
        unchanged ledger is not written; if the function raises an error, the ledger stays as it was. ``companion`` is
        another document to write in the same request, if possible.
        """
        self.unwritten = ""
        for attempt in range(TRIES):
            try:
                before = self._open()
                after, answer = self._apply(apply, before)
                if after == before:
                    self._state(before).confirm(before.rev)
                else:
                    self._write(after, companion)
                return answer
            except Conflict:
                companion = None
                self._client.pause(random.uniform(0, 0.05) * 2 ** min(attempt, 5))
                self.read()
        url = self._client.address.url
        raise Unreachable(f"too many drivers are changing the ledger of {url} at once; {RETRY_LATER}")

    def adopt(self, before: Ledger | None, after: Ledger) -> None:
        """Replace the state, and mark the fork; ``before`` is the ledger as it was read, None if it had lost its state.

        Busy if it has changed since.
        """
        def replaced(now: Ledger) -> tuple[Ledger, None]:
            self._check_unchanged(before, now)
            return now._replace(position=after.position, start=after.start, runs=after.runs, claims=after.claims,
                                refused=after.refused, superseded=after.superseded), None

        meta = self._unchanged_meta(before, after)
        try:
            self._meta(after).write(after._replace(meta=meta).dump_meta())
        except Conflict:
            raise self._is_busy() from None
        if before is None:
            self._write_new_state(after)
        else:
            self.change(replaced)
        # Earlier state documents that have come back would stop the next cycle.
        returned = [tombstone(dict(older, sealed=True)) for older in self.read().older if not older.get("sealed")]
        for answer in self._client.bulk_write([json.dumps(document) for document in returned]) if returned else ():
            if row_error(answer) in FINAL:
                raise Refused(f"{answer.get('id')} in {self._client.address.url} was not deleted: "
                              f"{row_reason(answer)}; {CHECK_VALIDATORS}")

    def _unchanged_meta(self, before: Ledger | None, after: Ledger) -> Document:
        """The document of the constants; Busy if the ledger is not as it was before."""
        try:
            self.read()
        except (StateMissing, LedgerDamaged):
            if before is not None:
                raise
            return self._meta(after).read() or {}
        if before is None:  # its state has come back, or another process has adopted it
            raise self._is_busy()
        ledger = self._open()
        self._check_unchanged(before, ledger)
        return ledger.meta

    def _check_unchanged(self, before: Ledger | None, now: Ledger) -> None:
        if before and (now.position, now.runs, now.claims) != (before.position, before.runs, before.claims):
            raise self._is_busy()

    def _is_busy(self) -> Busy:
        return Busy(f"other processes are changing the ledger of {self._client.place}; stop them and {RETRY_LATER}")

    def _write_new_state(self, ledger: Ledger) -> None:
        """Write a state into a document that never existed."""
        document = {"_id": ledger.names.state_id(newest_number(self._client, ledger.names) + 1)}
        ledger = ledger._replace(state=document, rev="", sealed=False, generation=1, instance=self._client.instance())
        SharedDocument(self._client, document["_id"]).write(ledger.dump())

    def _apply(self, apply: Change[Answer], before: Ledger) -> tuple[Ledger, Answer]:
        """Apply a function; Conflict if the claim is missing only from a revision that does not win."""
        try:
            return apply(before)
        except ClaimLost:
            self._state(before).confirm(before.rev)
            raise

    # -- one document after the other

    def _open(self) -> Ledger:
        """The ledger in a document that may be changed; Conflict if there is none yet."""
        ledger = self.ledger
        if ledger.number is None or ledger.is_nested:
            return self._hand_over(ledger)
        if not ledger.sealed:
            return ledger
        if not self._is_succeeded:
            self._succeed(ledger)
        return self._reopen()

    def _write(self, ledger: Ledger, companion: Document | None) -> None:
        """Write the state under its revision, which may seal it."""
        generation = rank(ledger.rev)[0] + 1
        ledger = ledger._replace(generation=generation, sealed=generation >= SEALED_AT,
                                 instance=self._client.instance())
        companions = [] if companion is None else [companion]
        if ledger.sealed:
            companions += [tombstone(older) for older in ledger.older]
        document, shared = ledger.dump(), self._state(ledger)
        try:
            rev = shared.write(document, companions)
        finally:
            if companion is not None:
                self.unwritten = shared.refused.get(companion["_id"], "")
            if ledger.sealed:
                # If it conflicts, another driver has deleted it.
                reasons = (shared.refused.get(older["_id"], "conflict") for older in ledger.older)
                self.undeleted = next((reason for reason in reasons if not reason.startswith("conflict")), "")
        self._known = ledger._replace(rev=rev, state=dict(document, _rev=rev))
        if ledger.sealed:
            self._succeed_early(self._known)

    def _succeed(self, sealed: Ledger) -> None:
        """Create the successor of a sealed document; Conflict if a revision other than this one was sealed."""
        self._state(sealed).confirm(sealed.rev)
        following = successor(sealed.state)
        SharedDocument(self._client, following["_id"]).plant(following)

    def _succeed_early(self, sealed: Ledger) -> None:
        """Create the successor right after sealing, to save the next process the work; if this fails, it does it."""
        try:
            self._succeed(sealed)
            self._is_succeeded = True
        except ServerError:
            pass

    def _hand_over(self, ledger: Ledger) -> Ledger:
        """Take the state out of ``couchdyno_meta``."""
        if ledger.is_nested:
            self._meta(ledger).confirm(ledger.meta["_rev"])
        else:
            ledger = self._nest(ledger)
        if ledger.number is None:
            first = first_state(ledger.meta)
            SharedDocument(self._client, first["_id"]).plant(first)
        self._meta(ledger).write(ledger.dump_meta())
        return self._reopen()

    def _nest(self, ledger: Ledger) -> Ledger:
        """Rewrite ``couchdyno_meta`` of an earlier version; from then on, that version considers it damaged."""
        if legacy.HISTORY in ledger.meta:
            self._client.put(legacy.history_document(self._client.get(ledger.names.history), ledger.meta))
        seed = draw_seed() if ledger.seed is None else ledger.seed
        ledger = ledger._replace(seed=seed, identity=draw_identity(), meta=legacy.without_history(ledger.meta))
        meta = ledger.dump_nested()
        return Ledger.load(dict(meta, _rev=self._meta(ledger).write(meta)))

    def _reopen(self) -> Ledger:
        """Read the ledger again: the new document may not have been stored, or others may have changed the ledger."""
        ledger = self.read()
        if ledger.number is None or ledger.is_nested or ledger.sealed:
            raise Conflict(f"the ledger of {self._client.address.url} is moving to another document")
        return ledger

    def _meta(self, ledger: Ledger) -> SharedDocument:
        """The document that holds the constants."""
        return self._metas[ledger.names]

    def _state(self, ledger: Ledger) -> SharedDocument:
        """The document that holds the state."""
        if ledger.holder not in self._states:
            self._states = {ledger.holder: SharedDocument(self._client, ledger.holder)}
        return self._states[ledger.holder]
