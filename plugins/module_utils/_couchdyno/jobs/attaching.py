# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How documents with attachments are written: with which bytes, and how many of them in a request."""
from __future__ import annotations

from typing import Callable, Iterator

from ..couchdb.bulk import Text
from ..couchdb.source import Document
from ..model.attachments.faults import checked
from ..model.attachments.file import attached
from ..model.attachments.files import Files

MOST_BYTES = 8 * 10 ** 6  # of attachments in a request, unless a single document has more
OF_STUB = 100  # bytes, about

Keeps = Callable[[int], bool]  # whether the document of an update has the attachments already that it should have


def parts(files: Files | None, updates: list[int], keeps: Keeps, most: int) -> Iterator[list[int]]:
    """Updates in parts, each for a request with at most this number of bytes of attachments, or of one document."""
    if files is None:
        yield updates
        return
    part: list[int] = []
    total = 0
    for update in updates:
        size = _size(files, update, keeps)
        if part and total + size > most:
            yield part
            part, total = [], 0
        part.append(update)
        total += size
    if part:
        yield part


def are_sound(files: Files, document: Document, update: int) -> bool:
    """Whether a document that holds an update has its attachments, and the server shows that without their bytes."""
    found = checked(files, document, update, reads_all=False)
    return not found or not (found.faults or found.unread)


def with_files(files: Files, update: int, document: str, keeps: bool) -> Text:
    """The document that an update writes, with its attachments, or as it is if it has none."""
    of_document = files.of(update)
    return attached(document, of_document, is_whole=not keeps) if of_document else document


def _size(files: Files, update: int, keeps: Keeps) -> int:
    """About how many bytes the attachments of a document need in a request."""
    of_document = files.of(update)
    return sum(OF_STUB if keeps(update) else OF_STUB + file.encoded_length for file in of_document)
