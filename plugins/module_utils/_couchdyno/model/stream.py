# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The update stream: an endless, fixed series of updates, as a pure function.

The workload and ``(seed, k)`` decide what update k does, and to which document, and ``(seed, k, ts)`` every byte of it
(content.py). So the expected contents of a database can be computed and need not be stored.

Three numbers tell where something is:

- an *update* is numbered in the whole stream;
- a *document* is numbered so that the documents of one type follow each other in the order in which they are created;
- the *place* of an update is numbered so that the updates of one type follow each other. Sets of updates that concern
  a few types, or the previous or next updates of documents, are few ranges of places, whatever the types in between.

In the classic stream all three orders are simple: place k is update k, which writes document k modulo ``total``.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

from .content import Content
from .document_ids import DIGITS
from .document_state import DocumentState
from .names import Names
from .ranges import NONE, Range, Ranges

PLACES = 2 ** 45  # of updates of a type; no database reaches it

if TYPE_CHECKING:
    from .branches import Branches


class Section(NamedTuple):
    """The documents of a type: those from ``live`` up to ``stop`` may exist; the ones from ``first`` on were deleted.

    The ids of all documents that the type can ever have are between two: ``begin`` is the first, ``before`` sorts after
    them. ``is_ordered``: they are in the order of the documents; otherwise they are scattered evenly.
    """

    first: int
    live: int
    stop: int
    begin: str
    before: str
    is_ordered: bool = True

    def id_at(self, part: int, parts: int) -> str:
        """The id that begins a part of the ids, which are divided into equal parts."""
        return f"{self.begin[:-DIGITS]}{part * 10 ** DIGITS // parts:0{DIGITS}d}"


class Stream(ABC):
    """The updates of one database. ``total`` documents exist at the start; ``size`` bytes is what a usual one has.

    ``names`` are the ids of couchdyno's own documents in it.
    """

    names: Names
    seed: int
    total: int
    size: int
    parsed_size: int  # of a usual document in memory, compared with a flat one of this many bytes
    content: Content
    deletes: bool  # whether any update deletes its document
    span: int  # how many consecutive updates write no document twice that is not hot, after the first ``total``
    branches: Branches | None = None  # of documents that have losing revisions; None if none has

    @abstractmethod
    def named(self, names: Names) -> Stream:
        """The stream of the same documents in a database with other names."""

    # -- single updates

    @abstractmethod
    def number(self, update: int) -> int:
        """The number of the document that an update concerns."""

    @abstractmethod
    def operation(self, update: int) -> str:
        """What an update does to its document: one of CREATES, REWRITES and DELETES of laps.py."""

    @abstractmethod
    def previous(self, update: int) -> int | None:
        """The previous update of the same document, None if there is none."""

    @abstractmethod
    def next(self, update: int) -> int | None:
        """The next update of the same document, None after its deletion."""

    @abstractmethod
    def visits(self, update: int) -> int:
        """How many earlier updates of the same document there are."""

    @abstractmethod
    def back(self, update: int, visits: int) -> int:
        """The update of the same document that is some visits earlier; its first one, if there are fewer."""

    # -- documents

    @abstractmethod
    def creation(self, number: int) -> int | None:
        """The update that creates a document, None if none does."""

    @abstractmethod
    def state_at(self, number: int, position: int) -> DocumentState:
        """The state of a document when all updates below ``position`` are done."""

    @abstractmethod
    def id_of(self, number: int) -> str:
        """The id of a document."""

    @abstractmethod
    def number_of(self, document_id: str) -> int | None:
        """The number of the document with an id, None if the id does not belong to the stream."""

    def is_ordered(self, number: int) -> bool:
        """Whether the ids of the documents of a type are in the order of their numbers."""
        return True

    def existing(self, position: int) -> int:
        """How many documents exist when all updates below ``position`` are done."""
        return sum(self.existing_by_type(position))

    @abstractmethod
    def existing_by_type(self, position: int) -> list[int]:
        """The same for each type of documents; classic has one type."""

    @abstractmethod
    def sections(self, since: int, until: int | None) -> tuple[Section, ...]:
        """The documents that may exist between two positions, by type and in the order of their ids."""

    def size_of(self, update: int) -> int:
        """The size of the document that an update writes, in bytes."""
        return self.size

    def document_id(self, update: int) -> str:
        """The id of the document that an update concerns."""
        return self.id_of(self.number(update))

    # -- sets of updates

    @abstractmethod
    def place(self, update: int) -> int:
        """The place of an update."""

    @abstractmethod
    def update(self, place: int) -> int:
        """The update at a place."""

    def period(self, place: int) -> int | None:
        """After how many places the documents of a hot type have their next turns; None if the type is not hot.

        A document of a hot type may have several open updates, and its updates may be written in any order, as each is
        only written if the document does not hold a later one.
        """
        return None

    @abstractmethod
    def places_by_type(self) -> list[Range]:
        """The places that updates of each type can have."""

    @abstractmethod
    def window(self, first: int, stop: int) -> Ranges:
        """The places of the updates from ``first`` up to, but not including, ``stop``."""

    @abstractmethod
    def next_of(self, places: Ranges) -> Ranges:
        """The place of the next update of each document that the updates at some places concern."""

    @abstractmethod
    def previous_of(self, places: Ranges) -> Ranges:
        """The place of the previous update of each document that the updates at some places concern."""

    @abstractmethod
    def rewritten(self, places: Ranges, stop: int) -> Ranges:
        """The places among some whose documents are written again by an update below ``stop``, without hot ones."""

    def made_up(self, places: Ranges, others: Ranges) -> Ranges:
        """The places among some of hot documents that are written again by one of the updates at ``others``."""
        return NONE

    @abstractmethod
    def deletions(self, places: Ranges) -> Ranges:
        """The places among some whose updates delete their documents."""

    @abstractmethod
    def due_again(self, places: Ranges, first: int, stop: int) -> Ranges:
        """The deletions at some places that are tried again with a window of updates: once a lap.

        Deletions are the last updates of their documents, so nothing makes up for them if they were refused.
        """

    @abstractmethod
    def latest(self, position: int) -> Ranges:
        """The places below ``position`` of the latest updates of all documents that exist, and of some deletions."""

    @abstractmethod
    def edges(self, position: int) -> tuple[int, ...]:
        """The documents at which states change at a position: between two of them, all are in the same lap."""

    def first(self, places: Ranges) -> int:
        """The first of the updates at places."""
        return min(self.update(place) for place, __ in places)

    def stop(self, places: Ranges) -> int:
        """The update after the last one of those at places."""
        return max(self.update(place - 1) for __, place in places) + 1

    @abstractmethod
    def is_same(self, other: Stream) -> bool:
        """Whether another stream has the same updates."""
