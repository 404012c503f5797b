# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify reads documents from: a database on a server, or anything else that contains a copy of one."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, Iterator

from ..errors import Interrupted, TooLarge, UsageError, option
from .bulk import Row

CONFLICTS = "_conflicts"
# CouchDB refuses documents with such fields, so no stored document can have them.
UNREADABLE = "_unreadable"
LOSING = "_losing"  # losing leaves by their revisions, None where a leaf cannot be read (with_losing.py)
FLAWED = "_flawed"  # why a document is not shown as it is: no document of ours can be like that
FEWER = 16  # times fewer documents are asked for after a page that was too large: the server assembled it for nothing
PAGE_BYTES = 4 * 10 ** 6  # of a page of large documents
AFTER = "\0"  # appended to an id, it makes the next one

Document = Dict[str, Any]


class Source(ABC):
    """Documents in the order of their ids; safe to use from several threads. Every method may raise ServerError.

    Documents have a field ``_conflicts`` if they have conflicting revisions. Deleted documents are not included. One
    that exists, but cannot be read, is None in a row; elsewhere ``document_of`` stands in for it. One that is too large
    or nested too deeply has a field ``_flawed``, and lacks others.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in a report: the plain name of a database."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Its place in an error message: a URL, without credentials."""

    def is_partitioned(self) -> bool:
        """Whether it is a partitioned database, whose ids all begin with a partition and a colon."""
        return False

    @abstractmethod
    def now(self) -> int:
        """The time in Unix seconds, by the clock of its documents' time stamps."""

    @abstractmethod
    def document_count(self) -> int | None:
        """About how many documents it has; None if it does not exist."""

    def replicas(self) -> int:
        """How many replicas of each document there are; ``rows_before`` only shows one of them."""
        return 1

    def shards(self) -> list[dict[str, Source]]:
        """The replicas of each shard by node, each as a source of its own; UsageError if they cannot be read."""
        raise UsageError(option("replicas"), f" requires a cluster: {self.place} has only one replica")

    @abstractmethod
    def get(self, document_id: str) -> Document | None:
        """A document, None if it does not exist."""

    @abstractmethod
    def attachment(self, document_id: str, name: str, rev: str) -> bytes | None:
        """The bytes of an attachment of a revision, None if it does not exist any more, or if it cannot be read."""

    @abstractmethod
    def documents(self, ids: list[str]) -> dict[str, Document]:
        """Documents by their ids, without the missing ones."""

    def whole_documents(self, ids: list[str]) -> dict[str, Document]:
        """The same, as all replicas together have them."""
        return self.documents(ids)

    def deleted(self, ids: list[str]) -> set[str]:
        """Which of the documents are known to be deleted; without the ones that it does not know, deleted or not."""
        return set()

    @abstractmethod
    def leaf_documents(self, leaves: list[tuple[str, str]]) -> dict[tuple[str, str], Document]:
        """Leaves by the ids of their documents and their revisions, without those that it cannot read."""

    @abstractmethod
    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """At most ``limit`` rows ``{"id", "value", "doc"}`` with ids from ``first`` to below ``before``.

        None: no bound.
        """

    def is_stopped(self) -> bool:
        """Whether a stop is requested."""
        return False

    def check_stop(self) -> None:
        """Raise Interrupted if a stop is requested; called between pages."""
        if self.is_stopped():
            raise Interrupted(f"interrupted while reading {self.place}")

    def pages(self, first: str | None, before: str | None, limit: int,
              include_docs: bool = True) -> Iterator[tuple[list[Row], bool]]:
        """The same rows, at most ``limit`` at a time, and whether that is the last page.

        While documents turn out to be large, there are fewer at a time.
        """
        size, is_reduced, more = limit, False, True
        while more:
            asked = size if is_reduced else limit + 1  # to know whether there are more, unless that would cost much
            try:
                rows = self.rows_before(first, before, asked, include_docs)
            except TooLarge:
                if asked == 1:
                    raise
                size, is_reduced = max(1, asked // FEWER), True
                continue
            more = len(rows) == asked
            if more and is_reduced:
                first = rows[-1]["id"] + AFTER
                size = max(1, min(limit, 2 * size, PAGE_BYTES * len(rows) // _weight(rows)))
                is_reduced = size < limit
            elif more:
                first = rows.pop()["id"]
            yield rows, not more
            if more:
                self.check_stop()


def _weight(rows: list[Row]) -> int:
    """About how many bytes rows with large documents have."""
    documents = [row.get("doc") or {} for row in rows]
    return sum(100 + sum(len(value) for value in document.values() if isinstance(value, str)) for document in documents)


def document_of(row: Row) -> Document:
    """The document of a row; if the server cannot read it, one that only has ``_id``, ``_rev`` and ``_unreadable``."""
    document: Document | None = row.get("doc")
    return {"_id": row["id"], "_rev": row["value"]["rev"], UNREADABLE: True} if document is None else document
