# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong with the attachments of a document. Pure.

A server shows name, content type, length and digest of an attachment. What these cannot show has to be read.
"""
from __future__ import annotations

from itertools import islice
from typing import Any, Dict, Iterator, NamedTuple

from .file import File
from .files import Files, Renewal

DAMAGED, MISSING, EXTRA, OLDER = "damaged", "missing", "extra", "older"
KINDS = (DAMAGED, MISSING, EXTRA, OLDER)
COUNTS = ("expected", "checked", "read", *KINDS)
MOST_EARLIER = 16  # renewals of which damaged bytes may be
NAMED = 3  # faults of a document that are named

Document = Dict[str, Any]


class Fault(NamedTuple):
    """What is wrong with an attachment: a kind, and words."""

    kind: str
    name: str
    words: str

    def __str__(self) -> str:
        return f"attachment {self.name!a:.80} {self.words}"


class Checked(NamedTuple):
    """The attachments of a document that holds an ``update``: how many are ``expected``, what is wrong with them.

    ``unread`` are those about which only their bytes can tell, ``read`` is of how many the bytes were read.
    """

    update: int
    expected: int
    faults: tuple[Fault, ...] = ()
    unread: tuple[File, ...] = ()
    read: int = 0

    @property
    def words(self) -> str:
        """What is wrong, ``""`` if nothing is."""
        more = len(self.faults) - NAMED
        return "; ".join([*map(str, self.faults[:NAMED]), *([f"and {more} more"] if more > 0 else [])])

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of attachments for a report."""
        found = {kind: sum(fault.kind == kind for fault in self.faults) for kind in KINDS}
        return {"expected": self.expected, "checked": self.expected - found[MISSING], "read": self.read, **found}

    def with_bytes(self, files: Files, contents: dict[str, bytes | None]) -> Checked:
        """The same after the bytes of the unread ones, by name, were read; None if the server cannot read them."""
        faults = [fault for file in self.unread for fault in _faults_of(files, self.update, file, contents[file.name])]
        return self._replace(faults=(*self.faults, *faults), unread=(), read=len(contents))


def checked(files: Files, document: Document, update: int, reads_all: bool) -> Checked | None:
    """The attachments of a document that holds an update, None if it has none; ``reads_all``: digests do not count."""
    expected = files.of(update)
    found = document.get("_attachments", {})
    if not (expected or found):
        return None
    names = {file.name for file in expected}
    faults = [Fault(EXTRA, name, "is not in the stream") for name in found if name not in names]
    unread = []
    for file in expected:
        if file.name not in found:
            faults.append(Fault(MISSING, file.name, "is missing"))
            continue
        verdict = _verdict(files, update, file, found[file.name], reads_all)
        if isinstance(verdict, Fault):
            faults.append(verdict)
        elif verdict:
            unread.append(verdict)
    return Checked(update, len(expected), tuple(faults), tuple(unread))


def _verdict(files: Files, update: int, file: File, shown: Document, reads_all: bool) -> Fault | File | None:
    """What is wrong with an attachment as a server shows it; the file if only its bytes can tell."""
    if shown.get("content_type") != file.content_type:
        return Fault(DAMAGED, file.name, f"has the content type {shown.get('content_type')!a:.80} instead of "
                     f"{file.content_type}")
    length, digest = shown.get("length"), shown.get("digest")
    if length == file.length and reads_all:
        return file
    if length == file.length and file.has_digest(digest):
        return None
    candidates = [(renewal, older) for renewal, older in _earlier(files, update, file) if older.length == length]
    for renewal, older in candidates:
        if older.has_digest(digest):
            return _is_older(file, renewal)
    if candidates or length == file.length:
        return file
    return _wrong_length(file, length)


def _faults_of(files: Files, update: int, file: File, content: bytes | None) -> Iterator[Fault]:
    """What is wrong with the bytes of an attachment."""
    expected = file.content()
    if content == expected:
        return
    if content is None:
        yield Fault(DAMAGED, file.name, "cannot be read")
        return
    for renewal, older in _earlier(files, update, file):
        if older.length == len(content) and older.content() == content:
            yield _is_older(file, renewal)
            return
    if len(content) != file.length:
        yield _wrong_length(file, len(content))
    else:
        yield Fault(DAMAGED, file.name, f"differs from that of update {update} from byte "
                    f"{_first_difference(content, expected)} on")


def _earlier(files: Files, update: int, file: File) -> Iterator[tuple[Renewal, File]]:
    """A file as it was before it was last renewed, the latest first."""
    for renewal in islice(files.renewals(update), 1, 1 + MOST_EARLIER):
        for older in renewal.files:
            if older.name == file.name:
                yield renewal, older


def _is_older(file: File, renewal: Renewal) -> Fault:
    return Fault(OLDER, file.name, f"holds the bytes of update {renewal.update}")


def _wrong_length(file: File, length: Any) -> Fault:
    return Fault(DAMAGED, file.name, f"has {length!a:.40} bytes instead of {file.length}")


def _first_difference(one: bytes, other: bytes) -> int:
    """The first byte in which two of one length differ."""
    first, stop = 0, len(one)
    while stop - first > 1:
        middle = (first + stop) // 2
        if one[first:middle] == other[first:middle]:
            first = middle
        else:
            stop = middle
    return first
