# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that updates are about to replace, as the server has them."""
from __future__ import annotations

import json
from typing import Dict, Sequence

from .client import Client, Row, rank
from .stream import Stream, is_integer

Revisions = Dict[int, str]  # by update; without those whose documents are not there


def revisions(client: Client, stream: Stream, updates: Sequence[int]) -> Revisions:
    """The revisions of the documents of updates."""
    found = {row["id"]: row["value"]["rev"] for row in _rows(client, stream, updates, include_docs=False)}
    ids = map(stream.document_id, updates)
    return {update: found[document_id] for update, document_id in zip(updates, ids) if document_id in found}


def documents(client: Client, stream: Stream, updates: Sequence[int]) -> dict[str, Row]:
    """The documents of updates, by id; of a cluster, as they are when all copies are taken together.

    On a cluster a range read shows what one copy has, and that may have missed a write, or have taken one that the
    others refused. Leaves that lose are deleted, as they are nothing but the rest of such a write.
    """
    copies = client.copies()
    if copies == 1:
        return {row["id"]: row.get("doc") or {} for row in _rows(client, stream, updates, include_docs=True)}
    found = client.leaves_of(list(map(stream.document_id, updates)), copies)
    live = {document_id: sorted((leaf for leaf in leaves if not leaf.get("_deleted")),
                                key=lambda leaf: rank(leaf["_rev"]))
            for document_id, leaves in found.items()}
    losing = [leaf for leaves in live.values() for leaf in leaves[:-1]]
    if losing:
        client.bulk_write(json.dumps({"_id": leaf["_id"], "_rev": leaf["_rev"], "_deleted": True}) for leaf in losing)
    return {document_id: leaves[-1] for document_id, leaves in live.items() if leaves}


def held(stream: Stream, document: Row) -> int | None:
    """The update that a document holds, None when it is not byte by byte what the update writes."""
    update, ts = document.get("update"), document.get("ts")
    if not is_integer(update) or not is_integer(ts) or update < 0:
        return None
    exact = json.loads(stream.text(update, ts))
    return update if dict(document, _rev=None) == dict(exact, _rev=None) else None


def _rows(client: Client, stream: Stream, updates: Sequence[int], include_docs: bool) -> list[Row]:
    """The rows of the documents: as one range where they follow each other, by their ids elsewhere."""
    index, document_id = stream.index, stream.document_id
    if index(updates[-1]) - index(updates[0]) == len(updates) - 1:
        return client.rows_between(document_id(updates[0]), document_id(updates[-1]), include_docs)
    return client.rows(list(map(document_id, updates)), include_docs)
