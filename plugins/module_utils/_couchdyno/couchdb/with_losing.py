# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that also shows losing leaves: those of documents that are supposed to have one, and only those.

``_all_docs`` shows the revisions of losing leaves, without what they contain.
"""
from __future__ import annotations

from typing import Callable

from .bulk import Row
from .source import LOSING, Document, Source
from .wrapped_source import WrappedSource

MOST = 200  # leaves that are read at once

Wanted = Callable[[Document], "list[str]"]  # which losing leaves of a document are to be read, by their revisions


class WithLosing(WrappedSource):
    """A source whose documents have a field ``_losing`` with their ``wanted`` losing leaves, if there are any."""

    def __init__(self, source: Source, wanted: Wanted) -> None:
        super().__init__(source)
        self._wanted = wanted

    def shards(self) -> list[dict[str, Source]]:
        """The replicas of the source, each with its own losing leaves."""
        return [{node: WithLosing(replica, self._wanted) for node, replica in shard.items()}
                for shard in super().shards()]

    def documents(self, ids: list[str]) -> dict[str, Document]:
        """As in Source, with losing leaves."""
        found = super().documents(ids)
        self._add(list(found.values()))
        return found

    def whole_documents(self, ids: list[str]) -> dict[str, Document]:
        """As in Source, with losing leaves."""
        found = super().whole_documents(ids)
        self._add(list(found.values()))
        return found

    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """As in Source, with losing leaves."""
        rows = super().rows_before(first, before, limit, include_docs)
        if include_docs:
            self._add([row["doc"] for row in rows if row.get("doc")])
        return rows

    def _add(self, documents: list[Document]) -> None:
        """Read the losing leaves of documents."""
        leaves = [(document, rev) for document in documents for rev in self._wanted(document)]
        for start in range(0, len(leaves), MOST):
            some = leaves[start:start + MOST]
            found = self._source.leaf_documents([(document["_id"], rev) for document, rev in some])
            for document, rev in some:
                document.setdefault(LOSING, {})[rev] = found.get((document["_id"], rev))
