# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that shows what another one has; subclasses change some of it."""
from __future__ import annotations

from .bulk import Row
from .source import Document, Source


class WrappedSource(Source):
    """All that a ``source`` has, as it shows it."""

    def __init__(self, source: Source) -> None:
        self._source = source

    @property
    def name(self) -> str:
        """As in Source."""
        return self._source.name

    @property
    def place(self) -> str:
        """As in Source."""
        return self._source.place

    def is_partitioned(self) -> bool:
        """As in Source."""
        return self._source.is_partitioned()

    def now(self) -> int:
        """As in Source."""
        return self._source.now()

    def document_count(self) -> int | None:
        """As in Source."""
        return self._source.document_count()

    def replicas(self) -> int:
        """As in Source."""
        return self._source.replicas()

    def shards(self) -> list[dict[str, Source]]:
        """As in Source."""
        return self._source.shards()

    def get(self, document_id: str) -> Document | None:
        """As in Source."""
        return self._source.get(document_id)

    def attachment(self, document_id: str, name: str, rev: str) -> bytes | None:
        """As in Source."""
        return self._source.attachment(document_id, name, rev)

    def documents(self, ids: list[str]) -> dict[str, Document]:
        """As in Source."""
        return self._source.documents(ids)

    def whole_documents(self, ids: list[str]) -> dict[str, Document]:
        """As in Source."""
        return self._source.whole_documents(ids)

    def deleted(self, ids: list[str]) -> set[str]:
        """As in Source."""
        return self._source.deleted(ids)

    def leaf_documents(self, leaves: list[tuple[str, str]]) -> dict[tuple[str, str], Document]:
        """As in Source."""
        return self._source.leaf_documents(leaves)

    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """As in Source."""
        return self._source.rows_before(first, before, limit, include_docs)

    def is_stopped(self) -> bool:
        """As in Source."""
        return self._source.is_stopped()
