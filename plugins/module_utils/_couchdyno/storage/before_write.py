# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that updates are about to replace, as the server has them."""
from __future__ import annotations

import json
from typing import Any, Dict, Sequence

from ..couchdb.bulk import Row
from ..couchdb.client import Client
from ..couchdb.revisions import live_leaves
from ..couchdb.source import AFTER, document_of
from ..errors import TooLarge
from ..model.ranges import ranges_of
from ..model.stream import Stream

SPARSE = 20  # reading one document by its id costs the server as much as this number in a range

Document = Dict[str, Any]
Revisions = Dict[int, str]  # by update; without updates whose documents do not exist


def revisions(client: Client, stream: Stream, updates: Sequence[int]) -> Revisions:
    """The revisions of the documents that updates will replace."""
    found = {row["id"]: row["value"]["rev"] for row in _rows(client, stream, updates, include_docs=False)}
    ids = map(stream.document_id, updates)
    return {update: found[document_id] for update, document_id in zip(updates, ids) if document_id in found}


def resolved_documents(client: Client, stream: Stream, updates: Sequence[int]) -> dict[str, Document]:
    """The documents that updates will replace, by id; on a cluster, as all replicas together have them.

    On a cluster a range read shows only one replica, which may have missed a write or accepted one that the others
    refused. Losing leaves are deleted, as they only remain from such a write. A document that the server cannot read
    has a field ``_unreadable``; with its revision it can still be overwritten.
    """
    replicas = client.replicas()
    if replicas == 1:
        return {row["id"]: document_of(row) for row in _rows(client, stream, updates, include_docs=True)}
    found = client.leaves_of(list(map(stream.document_id, updates)), replicas)
    live = {document_id: live_leaves(leaves) for document_id, leaves in found.items()}
    losing = [leaf for leaves in live.values() for leaf in leaves[:-1]]
    if losing:
        client.bulk_write(json.dumps({"_id": leaf["_id"], "_rev": leaf["_rev"], "_deleted": True}) for leaf in losing)
    return {document_id: leaves[-1] for document_id, leaves in live.items() if leaves}


def update_held(stream: Stream, document: Document) -> int | None:
    """The update that a document holds, None if it does not match any update byte for byte."""
    reading = stream.content.read(document)
    return None if reading.flaw else reading.update


def _rows(client: Client, stream: Stream, updates: Sequence[int], include_docs: bool) -> list[Row]:
    """The rows of the documents, and perhaps a few others: read as ranges where many are consecutive, else by ids."""
    runs = ranges_of(map(stream.number, updates))  # of documents that follow each other
    rows: list[Row] = []
    rest: list[str] = []
    for first, stop in runs:
        ids = list(map(stream.id_of, range(first, stop)))
        found = _range(client, ids, include_docs) if len(ids) >= SPARSE or len(runs) == 1 else None
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
