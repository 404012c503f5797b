# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a ledger: find the document that holds its state now.

Their ids are adjacent, so one range read finds them. On a cluster, such a read shows a single replica, which may have
missed a write; so all replicas are then asked for the newest state document.
"""
from __future__ import annotations

from typing import Any, Dict, NamedTuple

from ..couchdb.client import Client
from ..couchdb.source import AFTER, FLAWED, Source
from ..errors import CouchdynoError, NoDatabase, NoLedger, NotFound, StateMissing, command
from ..model import legacy
from ..model.ledger import Ledger
from ..model.state_document import DIGITS, META_ID, NESTED, STATE_PREFIX, identity_of, number_of, state_id

PAGE = 1000  # documents
MOST = 10 ** DIGITS  # state documents
STEPS = tuple(2 ** power for power in range(20))  # to look ahead for state documents that a replica has missed

Document = Dict[str, Any]


class Found(NamedTuple):
    """The documents of a ledger: ``meta`` is None if it does not exist; ``states`` are by number, ``strays`` do not
    belong to this database.
    """

    meta: Document | None
    states: dict[int, Document]
    strays: tuple[Document, ...]

    @property
    def has_state(self) -> bool:
        """Whether there is a state, in a document of its own or in ``meta``."""
        return bool(self.states) or self.meta is None or bool({NESTED, FLAWED} & set(self.meta)) or legacy.has_state(
            self.meta)


def read_ledger(source: Source) -> Ledger:
    """The ledger of a database; raises NoDatabase, NoLedger, StateMissing or LedgerDamaged."""
    found = _read(source)
    if not found.has_state:  # perhaps it went on in another document while the range was read
        found = _read(source)
    if found.meta is None:
        raise _absence(source)
    if not found.has_state:
        raise missing_state(source, found.meta)
    ledger = _load(found, found.meta)
    while ledger.sealed and isinstance(source, Client) and _is_gone(source, ledger):
        before, ledger = ledger, _load(_read(source), found.meta)
        if ledger.holder == before.holder:  # else others have moved on by several documents meanwhile
            raise missing_state(source, found.meta)
    return ledger


def _load(found: Found, meta: Document) -> Ledger:
    """The ledger in the documents that were found."""
    if not found.states:
        return Ledger.load(meta)
    newest = max(found.states)
    older = tuple(state for number, state in sorted(found.states.items()) if number < newest)
    return Ledger.load(meta, found.states[newest])._replace(older=older + found.strays)


def _is_gone(client: Client, sealed: Ledger) -> bool:
    """Whether somebody has deleted or replaced the successor of a sealed document, the newest one that exists."""
    leaves = client.leaves(state_id((sealed.number or 0) + 1), client.replicas())
    return bool(leaves) and all(leaf.get("_deleted") or not _is_own(sealed.meta, leaf) for leaf in leaves)


def _read(source: Source) -> Found:
    try:
        documents = _range(source)
    except NotFound:
        raise _absence(source) from None
    numbers = {document_id: number_of(document_id) for document_id in documents}
    states = {number: documents[document_id] for document_id, number in numbers.items() if number is not None}
    found = _sorted_out(documents.get(META_ID), states)
    if isinstance(source, Client) and source.replicas() > 1:
        return _read_newest(source, found)
    return found


def _range(source: Source) -> dict[str, Document]:
    """The documents of a ledger by id, without others between them; usually one request."""
    pages = source.pages(STATE_PREFIX, META_ID + AFTER, PAGE)
    return {row["id"]: row["doc"] for rows, __ in pages for row in rows
            if row.get("doc") and (row["id"] == META_ID or number_of(row["id"]) is not None)}


def _sorted_out(meta: Document | None, states: dict[int, Document]) -> Found:
    """Separate the states of this database from those left by drivers of an earlier database with the same name.

    CouchDB 3.5 accepts a write under any revision if the document does not exist.
    """
    own = {number: state for number, state in states.items() if meta is None or _is_own(meta, state)}
    return Found(meta, own, tuple({**state, "sealed": False} for number, state in states.items() if number not in own))


def _is_own(meta: Document, state: Document) -> bool:
    return identity_of(meta) == identity_of(state)


def _read_newest(client: Client, found: Found) -> Found:
    """The same, as all replicas of a cluster together show it."""
    newest = max(found.states, default=-1)
    meta = client.get(META_ID) if newest < 0 or found.meta is None else found.meta
    state = client.get(state_id(newest)) if newest >= 0 else None
    while meta and (state is None or state.get("sealed")):
        client.check_stop()
        following = client.get(state_id(newest + 1))
        if following and _is_own(meta, following):
            newest, state = newest + 1, following
            continue
        ahead = _look_ahead(client, newest)
        if ahead == newest:
            break
        newest, state = ahead, client.get(state_id(ahead))
    states = {number: document for number, document in found.states.items() if number < newest}
    if meta and state and _is_own(meta, state):
        states[newest] = state
    return Found(meta, states, found.strays)


def newest_number(client: Client) -> int:
    """The greatest number of a state document that ever existed, -1 if there was none."""
    newest, ahead = -1, _look_ahead(client, -1)
    while ahead > newest:
        newest, ahead = ahead, _look_ahead(client, ahead)
    return newest


def _look_ahead(client: Client, number: int) -> int:
    """The number of a later state document that any replica has, even if deleted; the same number if there is none.

    Its steps double, so it may skip later documents: call it again from its result until nothing changes.
    """
    ids = {state_id(number + step): number + step for step in STEPS if number + step < MOST}
    ahead = client.leaves_of(list(ids), client.replicas())
    return max((ids[document_id] for document_id in ahead), default=number)


def _absence(source: Source) -> CouchdynoError:
    """The error for a missing ledger."""
    if source.document_count() is None:
        return NoDatabase(f"there is no database {source.place}; create it with ", command("setup"))
    return NoLedger(f"the database {source.place} was not set up by couchdyno: it has no document {META_ID}; "
                    "check the URL, or restore the document")


def missing_state(source: Source, meta: Document) -> CouchdynoError:
    """The error for a ledger without its state."""
    return StateMissing(meta, f"the database {source.place} has lost the state of its ledger (a document "
                        f"{STATE_PREFIX}…); restore that document, or derive the state from the other documents with ",
                        command("setup", "adopt"))
