# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The classic stream, that of the original tool: documents of one size, rewritten round robin, never deleted. Pure."""
from __future__ import annotations

from . import ranges
from .content import ClassicContent, Content
from .document_ids import AFTER_ALL, index_in, pattern_of
from .document_state import NOT_CREATED, DocumentState, holding
from .laps import CREATES, REWRITES
from .names import PLAIN, Names
from .ranges import Range, Ranges
from .stream import PLACES, Section, Stream


class ClassicStream(Stream):
    """``total`` documents of ``size`` bytes, with contents that depend on ``seed``; update k is at place k."""

    def __init__(self, seed: int, total: int, size: int, names: Names = PLAIN) -> None:
        self.names = names
        self.seed = seed
        self.total = total
        self.size = self.parsed_size = size
        self.deletes = False
        self.span = total
        self.content: Content = ClassicContent(seed, size, self.number, names)
        self._pattern = pattern_of(names.document)

    def named(self, names: Names) -> ClassicStream:
        """As in Stream."""
        return ClassicStream(self.seed, self.total, self.size, names)

    def number(self, update: int) -> int:
        """As in Stream; only this function knows the order within a lap."""
        return update % self.total

    def operation(self, update: int) -> str:
        """As in Stream."""
        return CREATES if update < self.total else REWRITES

    def previous(self, update: int) -> int | None:
        """As in Stream."""
        return update - self.total if update >= self.total else None

    def next(self, update: int) -> int:
        """As in Stream; there always is one."""
        return update + self.total

    def visits(self, update: int) -> int:
        """As in Stream."""
        return update // self.total

    def back(self, update: int, visits: int) -> int:
        """As in Stream."""
        return max(self.number(update), update - visits * self.total)

    def creation(self, number: int) -> int | None:
        """As in Stream."""
        return number if number < self.total else None

    def state_at(self, number: int, position: int) -> DocumentState:
        """As in Stream."""
        if number >= position:
            return NOT_CREATED
        return holding(position - 1 - (position - 1 - number) % self.total)

    def id_of(self, number: int) -> str:
        """As in Stream."""
        return self._pattern % number

    def number_of(self, document_id: str) -> int | None:
        """As in Stream."""
        return index_in(document_id, self.names.document, self.total)

    def existing_by_type(self, position: int) -> list[int]:
        """As in Stream."""
        return [min(position, self.total)]

    def sections(self, since: int, until: int | None) -> tuple[Section, ...]:
        """As in Stream."""
        return (Section(0, 0, self.total, self.id_of(0), self.names.document + AFTER_ALL),)

    def place(self, update: int) -> int:
        """As in Stream."""
        return update

    def update(self, place: int) -> int:
        """As in Stream."""
        return place

    def places_by_type(self) -> list[Range]:
        """As in Stream."""
        return [(0, PLACES)]

    def window(self, first: int, stop: int) -> Ranges:
        """As in Stream."""
        return ranges.window(first, stop)

    def next_of(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return ranges.shifted(places, self.total)

    def previous_of(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return ranges.shifted(places, -self.total)

    def rewritten(self, places: Ranges, stop: int) -> Ranges:
        """As in Stream."""
        return ranges.both(places, ranges.window(0, stop - self.total))

    def deletions(self, places: Ranges) -> Ranges:
        """As in Stream."""
        return ranges.NONE

    def due_again(self, places: Ranges, first: int, stop: int) -> Ranges:
        """As in Stream."""
        return ranges.NONE

    def latest(self, position: int) -> Ranges:
        """As in Stream."""
        return ranges.window(max(0, position - self.total), position)

    def edges(self, position: int) -> tuple[int, ...]:
        """As in Stream."""
        return (position if position < self.total else position % self.total,)

    def is_same(self, other: Stream) -> bool:
        """As in Stream."""
        return (isinstance(other, ClassicStream)
                and (self.seed, self.total, self.size, self.names)
                == (other.seed, other.total, other.size, other.names))
