# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files the documents of a stream have after which update. Pure.

The bytes of a file follow from the update that renewed it, and from its name. In between, a document keeps its files.
"""
from __future__ import annotations

from hashlib import shake_128
from struct import unpack
from typing import TYPE_CHECKING, Iterator, NamedTuple

from ..bodies.sizes import Sizes
from ..laps import DELETES
from .attachments import MOST_FILES, Attachments
from .file import File

if TYPE_CHECKING:
    from ..workload_stream import WorkloadStream

# Names never change, so that documents remain verifiable. Some contain what has broken tools.
STEMS = ("cover", "front page", "résumé", "scans/back", "a+b", "notes", "photo", "plan")
NAMES = tuple(STEMS[number % len(STEMS)] + (f" {number // len(STEMS) + 1}" if number >= len(STEMS) else "")
              for number in range(MOST_FILES))


class Renewal(NamedTuple):
    """An update that renewed the files of its document, and these files."""

    update: int
    files: tuple[File, ...]


class Files:
    """The files of the documents of a stream."""

    def __init__(self, seed: int, stream: WorkloadStream) -> None:
        self._stream = stream
        self._types = [None if each.attachments is None else _OfType(seed, each.attachments)
                       for each in stream.workload.types]

    def of(self, update: int) -> tuple[File, ...]:
        """The files of a document that holds an update."""
        return next(self.renewals(update), NO_RENEWAL).files

    def are_renewed(self, update: int) -> bool:
        """Whether an update renews the files of its document."""
        of_type = self._of_type(update)
        return of_type is not None and self._stream.visits(update) % of_type.renew == 0

    def renewals(self, update: int) -> Iterator[Renewal]:
        """The renewals of the files of a document up to an update, the latest first; none if it has no files."""
        of_type = self._of_type(update)
        if of_type is None:
            return
        visits = self._stream.visits(update)
        for back in range(visits % of_type.renew, visits + 1, of_type.renew):
            renewing = self._stream.back(update, back)
            yield Renewal(renewing, of_type.made_by(renewing))

    def _of_type(self, update: int) -> _OfType | None:
        """What makes the files of a document that holds an update, None if it has none."""
        kind, index, operation = self._stream.step(update)
        of_type = self._types[kind]
        return None if of_type is None or index % of_type.every or operation == DELETES else of_type


class _OfType:
    """The files of the documents of a type."""

    def __init__(self, seed: int, attachments: Attachments) -> None:
        self.every = attachments.every
        self.renew = attachments.renew
        self._seed = seed
        self._content_type = attachments.content_type
        self._names = [(name, name.encode("utf-8")) for name in NAMES[:attachments.count]]
        least, most = attachments.bounds
        self._sizes = Sizes(least + 1, most + 1)  # as the law of sizes does not know 0

    def made_by(self, update: int) -> tuple[File, ...]:
        """The files that an update makes."""
        return tuple(self._file(name, b"%d/%d/file/%b" % (self._seed, update, encoded))
                     for name, encoded in self._names)

    def _file(self, name: str, source: bytes) -> File:
        numbers = unpack(">2I", shake_128(source + b"/size").digest(8))
        return File(name, self._content_type, self._sizes.draw(numbers) - 1, source)


NO_RENEWAL = Renewal(-1, ())
