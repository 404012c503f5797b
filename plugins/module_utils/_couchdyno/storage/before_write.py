# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that updates are about to replace, as the server has them."""
from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Sequence

from ..couchdb.bulk import Row
from ..couchdb.client import Client
from ..couchdb.revisions import live_leaves, rank
from ..couchdb.source import AFTER, document_of
from ..errors import TooLarge
from ..model.branches import Branches
from ..model.ranges import ranges_of
from ..model.stream import Stream
from .branched_documents import branched_documents

SPARSE = 20  # reading one document by its id costs the server as much as this number in a range

Document = Dict[str, Any]
Revisions = Dict[int, str]  # by update; without updates whose documents do not exist


class Resolved(NamedTuple):
    """Documents by id, and the ids of those that had losing leaves, which have been deleted just now."""

    documents: dict[str, Document]
    split: set[str]


def revisions(client: Client, stream: Stream, updates: Sequence[int]) -> Revisions:
    """The revisions of the documents that updates will replace."""
    scattered = {update: stream.document_id(update) for update in updates
                 if not stream.is_ordered(stream.number(update))}
    found = _scattered_revisions(client, stream, scattered) if scattered else {}
    rest = [update for update in updates if update not in scattered] if scattered else updates
    if rest:
        known = {row["id"]: row["value"]["rev"] for row in _rows(client, stream, rest, include_docs=False)}
        ids = map(stream.document_id, rest)
        found.update({update: known[document_id] for update, document_id in zip(rest, ids) if document_id in known})
    return _with_winners(client, stream, updates, found, stream.branches) if stream.branches else found


def resolved_documents(client: Client, stream: Stream, updates: Sequence[int]) -> Resolved:
    """The documents that updates will replace, as ``_resolved``; those with losing branches have ``_conflicts``."""
    branches = stream.branches
    branched = [update for update in updates if branches.concerns(update)] if branches else []
    if not (branches and branched):
        return _resolved(client, stream, updates)
    rest = [update for update in updates if not branches.concerns(update)]
    documents, split = _resolved(client, stream, rest) if rest else Resolved({}, set())
    return Resolved({**documents, **branched_documents(client, stream, branches, branched)}, split)


def _resolved(client: Client, stream: Stream, updates: Sequence[int]) -> Resolved:
    """The documents that updates will replace; on a cluster, as all replicas together have them.

    On a cluster a range read shows only one replica, which may have missed a write or accepted one that the others
    refused. Losing leaves are deleted, as they only remain from such a write; of a hot document, the leaf with the
    latest update is kept. A document that the server cannot read has a field ``_unreadable``; with its revision it can
    still be overwritten.
    """
    replicas = client.replicas()
    if replicas == 1:
        rows = _rows(client, stream, updates, include_docs=True)
        return Resolved({row["id"]: document_of(row) for row in rows}, set())
    ids = {stream.document_id(update): update for update in updates}
    live = {document_id: live_leaves(leaves) for document_id, leaves in client.leaves_of(list(ids), replicas).items()}
    for document_id, leaves in live.items():
        if len(leaves) > 1 and stream.period(stream.place(ids[document_id])):
            leaves.sort(key=lambda leaf: _merit(stream, leaf))
    losing = [leaf for leaves in live.values() for leaf in leaves[:-1]]
    if losing:
        client.bulk_write(json.dumps({"_id": leaf["_id"], "_rev": leaf["_rev"], "_deleted": True}) for leaf in losing)
    return Resolved({document_id: leaves[-1] for document_id, leaves in live.items() if leaves},
                    {leaf["_id"] for leaf in losing})


def update_held(stream: Stream, document: Document) -> int | None:
    """The update that a document holds, None if it does not match any update byte for byte."""
    reading = stream.content.read(document)
    return None if reading.flaw else reading.update


def _merit(stream: Stream, leaf: Document) -> tuple[int, tuple[int, str]]:
    """By which a leaf of a hot document is kept: its update, then its revision."""
    held = update_held(stream, leaf)
    return -1 if held is None else held, rank(leaf["_rev"])


def _with_winners(client: Client, stream: Stream, updates: Sequence[int], found: Revisions,
                  branches: Branches) -> Revisions:
    """The revisions of documents, after a closer look at those with losing branches that are not as usual.

    On a cluster, a single replica is not enough to tell which revision to replace without a check by the server.
    """
    unusual = [update for update in updates if branches.concerns(update)
               and (branches.deletes(update) or not branches.is_current(update, found.get(update)))]
    documents = branched_documents(client, stream, branches, unusual) if unusual else {}
    winners = {update: documents.get(stream.document_id(update)) for update in unusual}
    usual = {update: rev for update, rev in found.items() if update not in winners}
    return {**usual, **{update: document["_rev"] for update, document in winners.items() if document}}


def _scattered_revisions(client: Client, stream: Stream, ids: dict[int, str]) -> Revisions:
    """The revisions of documents whose ids are not consecutive, by update.

    A single leaf is the current revision, unless it is a deletion by somebody else. Then it has more revisions than its
    document has had updates, so those are looked at; and so are conflicts, and documents without leaves.
    """
    leaves = client.leaf_revisions(list(ids.values()))
    found = {}
    for update, document_id in ids.items():
        revs = leaves.get(document_id, [])
        if stream.branches and stream.branches.concerns(update):
            revs = stream.branches.winner(update, revs)
        if len(revs) == 1 and rank(revs[0])[0] <= stream.visits(update):
            found[update] = revs[0]
    rest = {update: document_id for update, document_id in ids.items() if update not in found}
    if rest:
        known = {row["id"]: row["value"]["rev"] for row in client.rows(list(rest.values()))}
        found.update({update: known[document_id] for update, document_id in rest.items() if document_id in known})
    return found


def _rows(client: Client, stream: Stream, updates: Sequence[int], include_docs: bool) -> list[Row]:
    """The rows of the documents, and perhaps a few others: read as ranges where many are consecutive, else by ids."""
    runs = ranges_of(map(stream.number, updates))  # of documents that follow each other
    rows: list[Row] = []
    rest: list[str] = []
    for first, stop in runs:
        ids = list(map(stream.id_of, range(first, stop)))
        is_range = stream.is_ordered(first) and (len(ids) >= SPARSE or len(runs) == 1)
        found = _range(client, ids, include_docs) if is_range else None
        if found is None:
            rest += ids
        else:
            rows += found
    return rows + client.rows(rest, include_docs) if rest else rows


def _range(client: Client, ids: list[str], include_docs: bool) -> list[Row] | None:
    """The rows of documents with consecutive ids, None if there are other documents in between, or large ones."""
    try:
        rows = client.rows_before(ids[0], ids[-1] + AFTER, len(ids) + 1, include_docs)
    except TooLarge:
        return None
    return rows if len(rows) <= len(ids) else None
