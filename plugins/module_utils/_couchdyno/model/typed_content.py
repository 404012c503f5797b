# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents of a workload contain: the stream's own fields, and a body. Pure."""
from __future__ import annotations

from hashlib import shake_128
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING

from .content import Content, Document, Reading, TimeStamp, any_time, invalid_field, wrong_data, wrong_fields
from .document_ids import DIGITS
from .laps import CREATES, DELETES
from .limits import EXACT, is_integer
from .workload import FIELDS as WITH_FIELDS

if TYPE_CHECKING:
    from .workload_stream import WorkloadStream

DIGEST = 16  # bytes, as in CouchDB's own revisions
FIELDS = frozenset(("_id", "_rev", "type", "update", "ts", "data"))


class TypedContent(Content):
    """Documents with the name of their type, the number of the update, its time stamp, and hexadecimal digits."""

    def __init__(self, seed: int, stream: WorkloadStream) -> None:
        self._seed = seed
        self._stream = stream
        self._types = stream.workload.types
        self._ids = ['{"_id":"' + _pattern(each.prefix) + f'%0{DIGITS}d"' for each in self._types]
        self._named = [f',"type":"{_pattern(each.name)}","update":%d,"ts":%d' for each in self._types]

    def render(self, update: int, ts: int, rev: str | None = None) -> str:
        """As in Content; without ``rev`` the text has the size of its type, or is as short as the other fields allow.

        A deletion requires ``rev``.
        """
        kind, index, operation = self._stream.step(update)
        tail = "" if rev is None else f',"_rev":{encode_basestring_ascii(rev)}'
        head = self._ids[kind] % index
        if operation != DELETES:
            head += self._named[kind] % (update, ts)
            return f'{head},"data":"{self._data(update, ts, kind, len(head))}"{tail}}}'
        if self._types[kind].tombstone == WITH_FIELDS:
            head += self._named[kind] % (update, ts)
        return f'{head}{tail},"_deleted":true}}'

    def first_revision(self, update: int, ts: int) -> str | None:
        """As in Content."""
        kind, __, operation = self._stream.step(update)
        if operation != CREATES or not self._types[kind].delete:
            return None
        return "1-" + shake_128(b"%d/%d/%d/first revision" % (self._seed, update, ts)).hexdigest(DIGEST)

    def read(self, document: Document, ts_of: TimeStamp = any_time) -> Reading:
        """As in Content."""
        names = document.keys() - {"_conflicts"} if "_conflicts" in document else document.keys()
        if names != FIELDS:
            return Reading(-1, wrong_fields(names, FIELDS))
        update, ts, data = document["update"], document["ts"], document["data"]
        for name, value in (("update", update), ("ts", ts)):
            if not is_integer(value) or not 0 <= value < EXACT:
                return Reading(-1, invalid_field(name, value))
        kind, index, operation = self._stream.step(update)
        own_id = self._stream.id_in(kind, index)
        if document["_id"] != own_id:
            return Reading(-1, f"holds update {update}, which belongs to {own_id!a}")
        if document["type"] != self._types[kind].name:
            return Reading(-1, invalid_field("type", document["type"]))
        if operation == DELETES:
            return Reading(-1, f"holds update {update}, which deletes it")
        stamp = ts_of(update)
        if stamp is not None and ts != stamp:
            return Reading(-1, f"holds update {update} with time stamp {ts}; its claim has time stamp {stamp}")
        expected = self._data(update, ts, kind, len(self._ids[kind] % index) + len(self._named[kind] % (update, ts)))
        if data != expected:
            return Reading(-1, wrong_data(data, expected, f"update {update} with time stamp {ts}"))
        return Reading(update)

    def _data(self, update: int, ts: int, kind: int, used: int) -> str:
        """The hexadecimal digits that fill a document up to its size, of which ``used`` characters precede them."""
        length = self._types[kind].size - used - len(',"data":""}')
        if length <= 0:
            return ""
        source = b"%d/%d/%d/%d" % (self._seed, update, ts, kind)
        return shake_128(source).hexdigest((length + 1) // 2)[:length]


def _pattern(text: str) -> str:
    """A text for a pattern of JSON, without quotes."""
    return encode_basestring_ascii(text)[1:-1].replace("%", "%%")
