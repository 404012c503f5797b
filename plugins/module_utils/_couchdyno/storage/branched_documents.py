# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents with losing branches that updates are about to replace: which leaf is the winner, and which are foreign.

All of their leaves are read, from all replicas. That is needed only when a document is not as its visits have left it,
or before it is deleted; usually the revision that CouchDB shows is the winner.
"""
from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple, Sequence

from ..couchdb.client import Client
from ..couchdb.revisions import live_leaves
from ..couchdb.source import CONFLICTS
from ..model.branches import Branches
from ..model.laps import DELETES
from ..model.stream import Stream

Document = Dict[str, Any]


class Leaves(NamedTuple):
    """The live leaves of a document: the ``winner``, the ``losing`` one of the stream, and the ``others``."""

    winner: Document | None
    losing: Document | None
    others: list[Document]


def branched_documents(client: Client, stream: Stream, branches: Branches,
                       updates: Sequence[int]) -> dict[str, Document]:
    """The winners of the documents of updates by id, with ``_conflicts`` if there is a losing leaf.

    All other leaves are deleted; so is a losing leaf without a winner, if its document is to be deleted.
    """
    ids = {stream.document_id(update): update for update in updates}
    found, foreign = {}, []
    for document_id, leaves in client.leaves_of(list(ids), client.replicas()).items():
        update = ids[document_id]
        winner, losing, others = sorted_out(branches, stream.number(update), live_leaves(leaves))
        foreign += others
        if winner:
            found[document_id] = dict(winner, **{CONFLICTS: [losing["_rev"]]}) if losing else winner
        elif losing and stream.operation(update) == DELETES:
            foreign.append(losing)
    if foreign:
        client.bulk_write(json.dumps({"_id": leaf["_id"], "_rev": leaf["_rev"], "_deleted": True}) for leaf in foreign)
    return found


def sorted_out(branches: Branches, number: int, leaves: list[Document]) -> Leaves:
    """The live leaves of a document, given in CouchDB's order."""
    losing = [leaf for leaf in leaves if branches.update_of(number, leaf["_rev"]) is not None]
    rest = [leaf for leaf in leaves if leaf not in losing]
    return Leaves(rest[-1] if rest else None, losing[-1] if losing else None, losing[:-1] + rest[:-1])
