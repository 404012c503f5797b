# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents contain: how an update is rendered, and which update a document contains. Pure functions.

The code that writes documents, the code that reads them before a write and the code that verifies them all use this one
interface, so that they cannot disagree.
"""
from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import shake_128
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterable, NamedTuple

from .bodies.values import differing, where_they_differ
from .document_ids import pattern_of
from .limits import EXACT, is_integer
from .names import PLAIN, Names

if TYPE_CHECKING:
    from .attachments.files import Files

Document = Dict[str, Any]
TimeStamp = Callable[[int], "int | None"]  # the time stamp that an update must have; None: any

FIELDS = frozenset(("_id", "_rev", "ts", "update", "data"))


class Reading(NamedTuple):
    """What a document contains: an ``update``, byte for byte, or the ``flaw`` that shows that it does not match any.

    If it ``is_rounded``, it has a flaw, and is an update all the same: its numbers went through JavaScript.
    """

    update: int
    flaw: str = ""
    is_rounded: bool = False


def any_time(_update: int) -> int | None:
    """The time stamp of an update if nothing is known about it: any."""
    return None


class Content(ABC):
    """The contents of the documents of one stream; ``files`` are their attachments, None if none can have any."""

    files: Files | None = None

    @abstractmethod
    def render(self, update: int, ts: int, rev: str | None = None) -> str:
        """The document that an update writes, as JSON text of ASCII characters.

        ``ts`` is the time of the claim in Unix seconds, ``rev`` the revision that the document replaces.
        """

    def has_first_revision(self, update: int) -> bool:
        """Whether an update creates its document under a computed revision; otherwise the server may choose it.

        Documents that are deleted later are created like this: whoever repeats the creation after the deletion, because
        he was stopped for so long, changes nothing then.
        """
        return False

    def first_revision(self, update: int, ts: int) -> str:
        """The computed revision under which an update creates its document."""
        raise NotImplementedError

    @abstractmethod
    def read(self, document: Document, ts_of: TimeStamp = any_time) -> Reading:
        """Which update a document contains; ``document`` is as CouchDB returns it."""


class ClassicContent(Content):
    """``size`` bytes of JSON: id, time stamp, number of the update, and hexadecimal digits computed from these.

    ``index`` returns the index of the document that an update writes.
    """

    def __init__(self, seed: int, size: int, index: Callable[[int], int], names: Names = PLAIN) -> None:
        self._seed = seed
        self._size = size
        self._index = index
        self._id = pattern_of(names.document)
        self._head = f'{{"_id":"{self._id}","ts":%d,"update":%d,"data":"'

    def render(self, update: int, ts: int, rev: str | None = None) -> str:
        """As in Content; without ``rev`` the text is ``size`` bytes long, or as short as the other fields allow."""
        head, data = self._parts(update, ts)
        # Replication can bring revisions that are not hexadecimal.
        return head + data + ('"}' if rev is None else f'","_rev":{encode_basestring_ascii(rev)}}}')

    def read(self, document: Document, ts_of: TimeStamp = any_time) -> Reading:
        """As in Content."""
        names = document.keys() - {"_conflicts"} if "_conflicts" in document else document.keys()
        if names != FIELDS:
            return Reading(-1, _wrong_fields(names))
        update, ts, data = document["update"], document["ts"], document["data"]
        for name, value in (("update", update), ("ts", ts)):
            if not is_integer(value) or not 0 <= value < EXACT:
                return Reading(-1, invalid_field(name, value))
        own_id = self._id % self._index(update)
        if document["_id"] != own_id:
            return Reading(-1, f"holds update {update}, which belongs to {own_id}")
        stamp = ts_of(update)
        if stamp is not None and ts != stamp:
            return Reading(-1, f"holds update {update} with time stamp {ts}; its claim has time stamp {stamp}")
        __, expected = self._parts(update, ts)
        if data != expected:
            return Reading(-1, _wrong_data(data, expected, f"update {update} with time stamp {ts}"))
        return Reading(update)

    def digits(self, update: int, ts: int, length: int) -> str:
        """``length`` hexadecimal digits (none for a negative length) of SHAKE-128 over seed, update and ts."""
        if length <= 0:
            return ""
        return shake_128(b"%d/%d/%d" % (self._seed, update, ts)).hexdigest((length + 1) // 2)[:length]

    def _parts(self, update: int, ts: int) -> tuple[str, str]:
        """The text of the document that an update writes, up to the field ``data``, and that field."""
        head = self._head % (self._index(update), ts, update)
        return head, self.digits(update, ts, self._size - len(head) - 2)


def _wrong_fields(names: Iterable[str]) -> str:
    """How the fields of a document differ from what they should be."""
    lost, more = FIELDS.difference(names), sorted(set(names) - FIELDS)
    return "; ".join([f"has no field {name}" for name in sorted(lost)]
                     + [f"has an unexpected field: {name!a:.40}" for name in more])


def invalid_field(name: str, value: Any) -> str:
    """What is wrong with a field that no update writes like this."""
    return f"has an invalid field {name}: {value!a:.40}"


def _wrong_data(data: Any, expected: str, what: str) -> str:
    """How the data of a document differs from what it should be."""
    if not isinstance(data, str):
        return invalid_field("data", data)
    if len(data) != len(expected):
        return f"has {len(data)} characters of data; {what} has {len(expected)}"
    different = differing(data, expected)
    if 2 * len(different) > len(data):
        return f"has data that does not match {what}: data, update or time stamp was changed"
    return f"has data that differs from {what} {where_they_differ(different)}"
