# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The update stream: an endless, fixed series of updates, as a pure function.

``(seed, k)`` decides which document update k writes, and ``(seed, k, ts)`` every byte of it (content.py). So the
expected contents of a database can be computed and need not be stored.
"""
from __future__ import annotations

from . import ranges
from .content import ClassicContent, Content
from .document_ids import id_of, index_in
from .document_state import NOT_CREATED, DocumentState, holding
from .ranges import Ranges


class Stream:
    """The updates of one database: ``total`` documents of ``size`` bytes, with contents that depend on ``seed``."""

    def __init__(self, seed: int, total: int, size: int) -> None:
        self.seed = seed
        self.total = total
        self.size = size
        self.content: Content = ClassicContent(seed, size, self.index)

    def index(self, update: int) -> int:
        """The index of the document that an update writes; only this function knows the order within a lap."""
        return update % self.total

    def previous(self, update: int) -> int | None:
        """The previous update of the same document, None if there is none."""
        return update - self.total if update >= self.total else None

    @property
    def span(self) -> int:
        """How many consecutive updates never write a document twice."""
        return self.total

    def creation(self, index: int) -> int:
        """The update that creates document ``index``."""
        return index

    def next(self, update: int) -> int:
        """The next update of the same document."""
        return update + self.total

    def previous_of(self, updates: Ranges, visits: int = 1) -> Ranges:
        """The update that is some visits earlier, of each document that some updates write, if there is one."""
        return ranges.shifted(updates, -visits * self.total)

    def next_of(self, updates: Ranges) -> Ranges:
        """The next update of each document that some updates write."""
        return ranges.shifted(updates, self.total)

    def rewritten(self, updates: Ranges, stop: int) -> Ranges:
        """The updates among some whose documents are written again by an update below ``stop``."""
        return ranges.both(updates, ranges.window(0, stop - self.total))

    def created(self, position: int) -> int:
        """How many documents exist when all updates below ``position`` are done."""
        return min(position, self.total)

    def visits(self, update: int) -> int:
        """How many earlier updates of the same document there are."""
        return update // self.total

    def back(self, update: int, visits: int) -> int:
        """The update of the same document that is some visits earlier; its first one, if there are fewer."""
        return max(self.index(update), update - visits * self.total)

    def document_id(self, update: int) -> str:
        """The id of the document that an update writes."""
        return id_of(self.index(update))

    def index_of(self, document_id: str) -> int | None:
        """The index of the document with an id, None if the id does not belong to the stream."""
        return index_in(document_id, self.total)

    def state_at(self, index: int, position: int) -> DocumentState:
        """The state of document ``index`` when all updates below ``position`` are done."""
        if index >= position:
            return NOT_CREATED
        return holding(position - 1 - (position - 1 - index) % self.total)

    def is_same(self, other: Stream) -> bool:
        """Whether another stream has the same updates."""
        return (self.seed, self.total, self.size) == (other.seed, other.total, other.size)
