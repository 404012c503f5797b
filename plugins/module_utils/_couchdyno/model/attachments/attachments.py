# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attachments that the documents of a type have, as a workload asks for them. Pure."""
from __future__ import annotations

import re
from typing import Any, Dict, NamedTuple

from ..bodies import sizes
from ..bodies.sizes import Size
from ..limits import MAX_SIZE, MAX_TOTAL, is_count, pair_of
from ..refusal import OBJECT, check_keys, integer, refused

MOST_FILES = 100  # of a document
CONTENT_TYPE = re.compile("[A-Za-z0-9!#$&^_.+-]{1,60}/[A-Za-z0-9!#$&^_.+-]{1,60}")

Data = Dict[str, Any]


class Attachments(NamedTuple):
    """Documents whose index is divisible by ``every`` have ``count`` files.

    The ``size`` of a file is in bytes, one or the least and the most. The creation of a document writes its files, and
    every further visit whose number is divisible by ``renew`` renews all of them.
    """

    every: int = 1
    count: int = 1  # type: ignore[assignment]  # tuple.count is not missed
    size: Size = (1000, 200000)
    content_type: str = "image/png"
    renew: int = 1

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most bytes of a file."""
        return sizes.bounds_of(self.size)

    def dump(self) -> Data:
        """The attachments as the ledger keeps them and reports show them."""
        return dict(self._asdict(), size=sizes.dump(self.size))

    @classmethod
    def load(cls, kept: Any) -> Attachments | None:
        """The attachments from the ledger, None if they make no sense."""
        if not (isinstance(kept, dict) and set(kept) == set(cls._fields)):
            return None
        bounds = pair_of(kept["size"], 0, MAX_SIZE)
        is_sound = (is_count(kept["every"], 1, MAX_TOTAL) and is_count(kept["count"], 1, MOST_FILES)
                    and is_count(kept["renew"], 1, MAX_TOTAL) and _is_content_type(kept["content_type"]))
        return _of(kept, bounds) if bounds and is_sound and kept["count"] * bounds[1] <= MAX_SIZE else None

    @classmethod
    def resolve(cls, where: str, written: Any) -> Attachments:
        """The attachments as users write them; raises UsageError, which names the place of an error."""
        if not isinstance(written, dict):
            raise refused(where, "must be ", OBJECT)
        check_keys(where + ".", written, cls._fields)
        every, renew = (integer(where, written, name, 1, 1, MAX_TOTAL) for name in ("every", "renew"))
        count = integer(where, written, "count", 1, 1, MOST_FILES)
        entry = dict(cls._field_defaults, every=every, renew=renew, count=count)
        bounds = _bounds(where, written.get("size", entry["size"]), count)
        entry["content_type"] = written.get("content_type", entry["content_type"])
        if not _is_content_type(entry["content_type"]):
            raise refused(f"{where}.content_type", f"must be like image/png, not {entry['content_type']!r:.40}")
        return _of(entry, bounds)


def _bounds(where: str, value: Any, count: int) -> tuple[int, int]:
    """The least and the most bytes of a file."""
    bounds = pair_of(value, 0, MAX_SIZE)
    if bounds is None:
        raise refused(f"{where}.size", f"must be a whole number, or two in order, from 0 to {MAX_SIZE}, not "
                      f"{value!r:.40}")
    if count * bounds[1] > MAX_SIZE:
        raise refused(f"{where}.size", f"{count} files of {bounds[1]} bytes are more than {MAX_SIZE} bytes in a "
                      "document")
    return bounds


def _of(entry: Data, bounds: tuple[int, int]) -> Attachments:
    return Attachments(**dict(entry, size=sizes.size_of(bounds)))


def _is_content_type(value: Any) -> bool:
    return isinstance(value, str) and CONTENT_TYPE.fullmatch(value) is not None
