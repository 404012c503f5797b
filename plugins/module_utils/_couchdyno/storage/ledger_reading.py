# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a ledger: find the names that apply in its database, and the document that holds its state now.

The ids of its documents are adjacent, so one range read finds them. On a cluster, such a read shows a single replica,
which may have missed a write; so all replicas are then asked for the newest state document.
"""
from __future__ import annotations

from typing import Any, Dict, NamedTuple

from ..couchdb.bulk import Row
from ..couchdb.client import Client
from ..couchdb.source import AFTER, FLAWED, Source
from ..errors import CouchdynoError, NoDatabase, NoLedger, NotFound, StateMissing, TwoLedgers, command
from ..model import legacy
from ..model.classic_stream import ClassicStream
from ..model.ledger import Ledger
from ..model.names import PARTITION, PARTITIONED, PLAIN, STATE_DIGITS, Names
from ..model.state_document import NESTED, identity_of
from ..model.stream import Stream

PAGE = 1000  # documents
FEW = 20  # documents; a ledger usually has fewer
LAST = "\ufff0"  # appended to a prefix, it sorts after the ids of all documents of couchdyno
MOST = 10 ** STATE_DIGITS  # state documents
STEPS = tuple(2 ** power for power in range(20))  # to look ahead for state documents that a replica has missed

Document = Dict[str, Any]


class Found(NamedTuple):
    """The documents of a ledger, by their ``names``.

    ``meta`` is None if it does not exist; ``states`` are by number, ``strays`` do not belong to this database.
    """

    names: Names
    meta: Document | None
    states: dict[int, Document]
    strays: tuple[Document, ...]

    @property
    def has_state(self) -> bool:
        """Whether there is a state, in a document of its own or in ``meta``."""
        return bool(self.states) or self.meta is None or bool({NESTED, FLAWED} & set(self.meta)) or legacy.has_state(
            self.meta)


def read_ledger(source: Source, known: Ledger | None = None) -> Ledger:
    """The ledger of a database; raises NoDatabase, NoLedger, StateMissing, LedgerDamaged or TwoLedgers.

    ``known`` is the ledger as it was read before, which has the names that apply.
    """
    found = _read(source, known)
    if not found.has_state:  # perhaps it went on in another document while the range was read
        found = _read(source, known)
    if found.meta is None:
        raise _absence(source, found.names)
    if not found.has_state:
        raise missing_state(source, found.meta)
    ledger = _load(found, found.meta)
    while ledger.sealed and isinstance(source, Client) and _is_gone(source, ledger):
        before, ledger = ledger, _load(_read(source, ledger), found.meta)
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
    leaves = client.leaves(sealed.names.state_id((sealed.number or 0) + 1), client.replicas())
    return bool(leaves) and all(leaf.get("_deleted") or not _is_own(sealed.meta, leaf) for leaf in leaves)


def read_meta(source: Source) -> Document:
    """The document with the constants of a ledger, whatever has become of its state; ``{}`` if it does not exist."""
    return _read(source).meta or {}


def read_names(source: Source, stream: Stream) -> Names:
    """The names that apply in a database: those of its ledger; without one, those of its other documents."""
    found = _read(source)
    if found.meta is not None or found.names.is_partitioned:
        return found.names
    prefixes = [PARTITION, PARTITIONED.document] if isinstance(stream, ClassicStream) else [PARTITION]
    is_copy = any(source.rows_before(prefix, prefix + LAST, 1, include_docs=False) for prefix in prefixes)
    return Names.of_database(is_copy)


def _read(source: Source, known: Ledger | None = None) -> Found:
    """What there is of a ledger; NoDatabase or TwoLedgers."""
    try:
        by_names = [_range(source, known.names)] if known else _ranges(source)
    except NotFound:
        raise _absence(source) from None
    if known and by_names[0].meta is None:  # the database was recreated
        return _read(source)
    if isinstance(source, Client) and source.replicas() > 1:
        by_names = [_read_newest(source, found) for found in by_names]
    ledgers = [found for found in by_names if found.meta is not None]
    if len(ledgers) > 1:
        raise TwoLedgers(f"the database {source.place} has two ledgers, {PLAIN.meta} and {PARTITIONED.meta}: it is a "
                         "mixture of two databases; restore each to a database of its own")
    return (ledgers or by_names)[0]


def _ranges(source: Source) -> list[Found]:
    """What there is of a ledger by all names that may apply.

    Between ``couchdyno:meta`` and ``couchdyno_meta``, an unpartitioned database only has the ledger, unless it is a
    copy of a partitioned one. So one small request usually suffices.
    """
    if source.is_partitioned():
        return [_range(source, PARTITIONED)]
    rows, is_all = next(source.pages(PARTITIONED.meta, PLAIN.meta + AFTER, FEW))
    ids = {row["id"] for row in rows}
    if is_all and PLAIN.meta in ids and PARTITIONED.meta not in ids:
        return [_found(PLAIN, rows)]
    return [_range(source, PLAIN), _range(source, PARTITIONED)]


def _range(source: Source, names: Names) -> Found:
    """What there is of a ledger; usually one request."""
    pages = source.pages(names.state, names.meta + AFTER, PAGE)
    return _found(names, [row for rows, __ in pages for row in rows])


def _found(names: Names, rows: list[Row]) -> Found:
    """The documents of a ledger among rows."""
    documents = {row["id"]: row["doc"] for row in rows if row.get("doc")}
    numbers = {document_id: names.state_number(document_id) for document_id in documents}
    states = {number: documents[document_id] for document_id, number in numbers.items() if number is not None}
    return _sorted_out(names, documents.get(names.meta), states)


def _sorted_out(names: Names, meta: Document | None, states: dict[int, Document]) -> Found:
    """Separate the states of this database from those left by drivers of an earlier database with the same name.

    CouchDB 3.5 accepts a write under any revision if the document does not exist.
    """
    own = {number: state for number, state in states.items() if meta is None or _is_own(meta, state)}
    strays = tuple({**state, "sealed": False} for number, state in states.items() if number not in own)
    return Found(names, meta, own, strays)


def _is_own(meta: Document, state: Document) -> bool:
    return identity_of(meta) == identity_of(state)


def _read_newest(client: Client, found: Found) -> Found:
    """The same, as all replicas of a cluster together show it."""
    names, newest = found.names, max(found.states, default=-1)
    meta = client.get(names.meta) if newest < 0 or found.meta is None else found.meta
    state = client.get(names.state_id(newest)) if newest >= 0 else None
    while meta and (state is None or state.get("sealed")):
        client.check_stop()
        following = client.get(names.state_id(newest + 1))
        if following and _is_own(meta, following):
            newest, state = newest + 1, following
            continue
        ahead = _look_ahead(client, names, newest)
        if ahead == newest:
            break
        newest, state = ahead, client.get(names.state_id(ahead))
    states = {number: document for number, document in found.states.items() if number < newest}
    if meta and state and _is_own(meta, state):
        states[newest] = state
    return Found(names, meta, states, found.strays)


def newest_number(client: Client, names: Names) -> int:
    """The greatest number of a state document that ever existed, -1 if there was none."""
    newest, ahead = -1, _look_ahead(client, names, -1)
    while ahead > newest:
        newest, ahead = ahead, _look_ahead(client, names, ahead)
    return newest


def _look_ahead(client: Client, names: Names, number: int) -> int:
    """The number of a later state document that any replica has, even if deleted; the same number if there is none.

    Its steps double, so it may skip later documents: call it again from its result until nothing changes.
    """
    ids = {names.state_id(number + step): number + step for step in STEPS if number + step < MOST}
    ahead = client.leaves_of(list(ids), client.replicas())
    return max((ids[document_id] for document_id in ahead), default=number)


def _absence(source: Source, names: Names = PLAIN) -> CouchdynoError:
    """The error for a missing ledger."""
    if source.document_count() is None:
        return NoDatabase(f"there is no database {source.place}; create it with ", command("setup"))
    return NoLedger(f"the database {source.place} was not set up by couchdyno: it has no document {names.meta}; "
                    "check the URL, or restore the document")


def missing_state(source: Source, meta: Document) -> CouchdynoError:
    """The error for a ledger without its state."""
    prefix = Names.of(meta["_id"]).state
    return StateMissing(meta, f"the database {source.place} has lost the state of its ledger (a document {prefix}…); "
                        "restore that document, or derive the state from the other documents with ",
                        command("setup", "adopt"))
