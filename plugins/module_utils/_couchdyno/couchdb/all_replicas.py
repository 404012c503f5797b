# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All replicas of a database, read one by one and compared.

A cluster answers a range of ``_all_docs`` from one replica, and a read of a revision from whichever replica is first,
as a revision never changes. So rot in one replica only shows if each node is asked for what its own files contain.
Nothing is repaired by that, unlike by a read from several replicas.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, List

from ..errors import NameTaken, NotFound, Unreachable
from .bulk import Row
from .revisions import rank
from .source import UNREADABLE, Document, Source, document_of
from .wrapped_source import WrappedSource

REPLICAS = "_replicas"
NO_FILE = "no_db_file"  # the file of a replica is gone, and with it all of its documents

Ask = Callable[[Source], Any]
Pages = Dict[str, List[Row]]  # the answer of each node


class AllReplicas(WrappedSource):
    """All replicas of a source.

    Documents that are not the same in all of them have a field ``_replicas``: the document by node, None where it does
    not exist. Of those, the one that wins in CouchDB is shown. Raises UsageError if the replicas cannot be read.
    """

    def __init__(self, source: Source) -> None:
        super().__init__(source)
        self._shards = source.shards()

    def replicas(self) -> int:
        """One, as all of them are shown together."""
        return 1

    def documents(self, ids: list[str]) -> dict[str, Document]:
        """Documents by their ids, without the ones that no replica has."""
        found = {}
        for shard in self._shards:
            pages = {node: _rows_of(_ask(node, replica, lambda each: each.documents(ids)))
                     for node, replica in shard.items()}
            found.update({row["id"]: row["doc"] for row in _merged(pages)})
        return found

    def whole_documents(self, ids: list[str]) -> dict[str, Document]:
        """As in Source."""
        return self.documents(ids)

    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """As in Source; without ``include_docs``, only revisions are compared, and rows that differ have a document."""
        merged: list[Row] = []
        ends = []  # up to which id replicas with more rows have shown them
        for shard in self._shards:
            pages = {node: _ask(node, replica, lambda each: each.rows_before(first, before, limit, include_docs))
                     for node, replica in shard.items()}
            ends += [rows[-1]["id"] for rows in pages.values() if len(rows) >= limit]
            merged += _merged(pages)
        merged.sort(key=lambda row: row["id"])
        return [row for row in merged if not ends or row["id"] <= min(ends)][:limit]


def _ask(node: str, replica: Source, ask: Ask) -> Any:
    """The answer of a node about its replica; an empty one if that is gone."""
    try:
        return ask(replica)
    except NotFound as error:
        if NO_FILE not in str(error):
            raise
        return []
    except NameTaken:  # the status of {"error": "nodedown"}
        raise Unreachable(f"the node {node} is down, so its replicas cannot be read; start it, then retry") from None


def _rows_of(documents: dict[str, Document]) -> list[Row]:
    return [{"id": document_id, "doc": document} for document_id, document in dict(documents).items()]


def _merged(pages: Pages) -> list[Row]:
    """The rows of a shard, as all nodes together show them."""
    by_node = {node: {row["id"]: row for row in rows} for node, rows in pages.items()}
    ids = sorted(set().union(*by_node.values()))
    return [_row(document_id, {node: rows.get(document_id) for node, rows in by_node.items()}) for document_id in ids]


def _row(document_id: str, rows: dict[str, Row | None]) -> Row:
    """A row that shows the winner, together with all replicas if they differ."""
    replicas = {node: row and _document(row) for node, row in rows.items()}
    there = [document for document in replicas.values() if document]
    winner = max(there, key=lambda document: _merit(document, there))
    if there.count(winner) < len(replicas):
        return {"id": document_id, "doc": dict(winner, **{REPLICAS: replicas})}
    return next(row for row in rows.values() if row)


def _document(row: Row) -> Document:
    return document_of(row) if "doc" in row else {"_id": row["id"], "_rev": row["value"]["rev"]}


def _merit(document: Document, replicas: list[Document]) -> tuple[Any, ...]:
    """CouchDB shows the greatest revision; of differing ones with the same number, most likely the most frequent."""
    return rank(document["_rev"]), UNREADABLE not in document, replicas.count(document)
