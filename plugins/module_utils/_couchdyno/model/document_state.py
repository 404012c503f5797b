# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The states of a document in the course of the stream: not created yet, holding an update, deleted."""
from __future__ import annotations

from typing import NamedTuple

NOT_CREATED_YET, HOLDS, DELETED = "not created yet", "holds", "deleted"


class DocumentState(NamedTuple):
    """A document at a position; ``update`` is the one that it holds or that deleted it, -1 before its creation."""

    case: str
    update: int = -1

    @property
    def exists(self) -> bool:
        """Whether the document exists."""
        return self.case == HOLDS


NOT_CREATED = DocumentState(NOT_CREATED_YET)


def holding(update: int) -> DocumentState:
    """The state of a document that holds an update."""
    return DocumentState(HOLDS, update)


def deleted_by(update: int) -> DocumentState:
    """The state of a document that ``update`` has deleted."""
    return DocumentState(DELETED, update)
