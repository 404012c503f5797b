# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents of a workload contain: the stream's own fields, and a body. Pure."""
from __future__ import annotations

import json
from hashlib import shake_128
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from .attachments.files import Files
from .bodies import values
from .bodies.body import body_of
from .content import Content, Document, Reading, TimeStamp, any_time, invalid_field
from .document_ids import DIGITS
from .laps import CREATES, DELETES
from .limits import EXACT, is_integer
from .workload import FIELDS as WITH_FIELDS

if TYPE_CHECKING:
    from .workload_stream import WorkloadStream

DIGEST = 16  # bytes, as in CouchDB's own revisions
OF_COUCHDB = ("_id", "_rev", "_conflicts", "_losing")


class TypedContent(Content):
    """Documents with the name of their type, the number of the update, its time stamp, and a body."""

    def __init__(self, seed: int, stream: WorkloadStream) -> None:
        self._seed = seed
        self._stream = stream
        self._types = stream.workload.types
        self._ids = ['{"_id":"' + _pattern(each.prefix) + f'%0{DIGITS}d"' for each in self._types]
        self._id_lengths = [len(pattern % 0) for pattern in self._ids]
        self._named = [f',"type":"{_pattern(each.name)}","update":%d,"ts":%d' for each in self._types]
        self._bodies = [body_of(each.body, *each.bounds) for each in self._types]
        self.files = Files(seed, stream) if any(each.attachments for each in self._types) else None

    def render(self, update: int, ts: int, rev: str | None = None) -> str:
        """As in Content; without ``rev`` the text has the size of its type, or is as short as the other fields allow.

        A deletion requires ``rev``.
        """
        kind, index, operation = self._stream.step(update)
        tail = "" if rev is None else f',"_rev":{encode_basestring_ascii(rev)}'
        head = self._ids[kind] % self._stream.digits(kind, index)
        if operation != DELETES:
            head += self._named[kind] % (update, ts)
            return head + self._body(update, ts, kind, len(head), is_kept=False) + tail + "}"
        if self._types[kind].tombstone == WITH_FIELDS:
            head += self._named[kind] % (update, ts)
        return f'{head}{tail},"_deleted":true}}'

    def has_first_revision(self, update: int) -> bool:
        """As in Content."""
        kind, __, operation = self._stream.step(update)
        return operation == CREATES and self._types[kind].delete > 0

    def first_revision(self, update: int, ts: int) -> str:
        """As in Content."""
        return "1-" + shake_128(b"%d/%d/%d/first revision" % (self._seed, update, ts)).hexdigest(DIGEST)

    def read(self, document: Document, ts_of: TimeStamp = any_time) -> Reading:
        """As in Content."""
        for name in ("update", "ts"):
            if name not in document:
                return Reading(-1, f"has no field {name}")
            if not is_integer(document[name]) or not 0 <= document[name] < EXACT:
                return Reading(-1, invalid_field(name, document[name]))
        update, ts = document["update"], document["ts"]
        kind, index, operation = self._stream.step(update)
        own_id = self._stream.id_in(kind, index)
        if document["_id"] != own_id:
            return Reading(-1, f"holds update {update}, which belongs to {own_id!a}")
        if document.get("type") != self._types[kind].name:
            return Reading(-1, invalid_field("type", document["type"]) if "type" in document else "has no field type")
        if operation == DELETES:
            return Reading(-1, f"holds update {update}, which deletes it")
        stamp = ts_of(update)
        if stamp is not None and ts != stamp:
            return Reading(-1, f"holds update {update} with time stamp {ts}; its claim has time stamp {stamp}")
        return self._compared(document, update, ts, kind)

    def _compared(self, document: Document, update: int, ts: int, kind: int) -> Reading:
        """Whether the body of a document is that of its update."""
        named = self._named[kind] % (update, ts)
        used = self._id_lengths[kind] + len(named)
        text = f"{{{named[1:]}{self._body(update, ts, kind, used, is_kept=True)}}}"
        found = dict(document)
        for name in OF_COUCHDB:
            found.pop(name, None)
        if self.files:  # attachments/faults.py looks at them
            found.pop("_attachments", None)
        if values.dumped(found) == text:
            return Reading(update)
        expected = json.loads(text)
        if values.are_same(found, expected):
            return Reading(update)
        difference = values.difference(found, expected)
        if values.differ_by_rounding(found, expected):
            return Reading(update, f"{difference}, as JavaScript makes it", is_rounded=True)
        return Reading(-1, f"{difference}; compared with update {update} with time stamp {ts}")

    def _body(self, update: int, ts: int, kind: int, used: int, is_kept: bool) -> str:
        """The members of the body, in a document of which ``used`` bytes are the stream's own."""
        body = self._bodies[kind]
        source = b"%d/%d/%d/%d" % (self._seed, update, ts, kind)
        visits = self._stream.visits(update) if body.counts_visits else 0
        return (body.kept if is_kept else body.written)(source, visits, used + 1)


def _pattern(text: str) -> str:
    """A text for a pattern of JSON, without quotes."""
    return encode_basestring_ascii(text)[1:-1].replace("%", "%%")
