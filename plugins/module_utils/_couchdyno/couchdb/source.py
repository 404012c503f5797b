# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents are read from to verify them: a database on a server, or anything else that holds a copy of one."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict

from .bulk import Row

Document = Dict[str, Any]


class Source(ABC):
    """Documents in the order of their ids; safe to use from several threads. Every method may raise ServerError.

    Documents have a field ``_conflicts`` if they have conflicting revisions. Deleted documents are left out.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """What to call it in a report: the plain name of a database."""

    @property
    @abstractmethod
    def place(self) -> str:
        """Where it is, in the words of an error: a URL, without credentials."""

    @abstractmethod
    def now(self) -> int:
        """The time in Unix seconds by the clock that its documents were stamped by."""

    @abstractmethod
    def document_count(self) -> int | None:
        """About how many documents it holds; None if it does not exist."""

    @abstractmethod
    def get(self, document_id: str) -> Document | None:
        """A document, None if there is none."""

    @abstractmethod
    def documents(self, ids: list[str]) -> dict[str, Document]:
        """Documents by their ids, without the missing ones."""

    @abstractmethod
    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """At most ``limit`` rows ``{"id", "doc"}`` from one id on to the one before another; None: no bound."""
