# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verify reads documents from: a database on a server, or anything else that contains a copy of one."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict

from .bulk import Row

Document = Dict[str, Any]


class Source(ABC):
    """Documents in the order of their ids; safe to use from several threads. Every method may raise ServerError.

    Documents have a field ``_conflicts`` if they have conflicting revisions. Deleted documents are not included.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Its name in a report: the plain name of a database."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Its place in an error message: a URL, without credentials."""

    @abstractmethod
    def now(self) -> int:
        """The time in Unix seconds, by the clock of its documents' time stamps."""

    @abstractmethod
    def document_count(self) -> int | None:
        """About how many documents it has; None if it does not exist."""

    def replicas(self) -> int:
        """How many replicas of each document there are; ``rows_before`` only shows one of them."""
        return 1

    @abstractmethod
    def get(self, document_id: str) -> Document | None:
        """A document, None if it does not exist."""

    @abstractmethod
    def documents(self, ids: list[str]) -> dict[str, Document]:
        """Documents by their ids, without the missing ones."""

    @abstractmethod
    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """At most ``limit`` rows ``{"id", "doc"}`` with ids from ``first`` to below ``before``; None: no bound."""
