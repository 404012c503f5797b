# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The update stream: an endless, fixed series of updates, as a pure function.

``(seed, k)`` decides which document update k rewrites, and ``(seed, k, ts)`` every byte that it writes, so whatever
a database should hold can be computed and never needs to be kept.
"""
from __future__ import annotations

from hashlib import shake_128
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

ID_PREFIX = "cdyno_"
ID_DIGITS = 12
ID = f"{ID_PREFIX}%0{ID_DIGITS}d"
HEAD = '{"_id":"' + ID + '","ts":%d,"update":%d,"data":"'
MAX_TOTAL = 10 ** ID_DIGITS
MAX_SIZE = 100 * 10 ** 6
MAX_SEED = 2 ** 53 - 1  # what every JSON parser keeps exact


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a value in JSON is an integer; true and false are integers to Python alone."""
    return isinstance(value, int) and not isinstance(value, bool)


class Stream:
    """The updates of one database: ``total`` documents of ``size`` bytes, told from others by ``seed``."""

    def __init__(self, seed: int, total: int, size: int) -> None:
        self.seed = seed
        self.total = total
        self.size = size

    def index(self, update: int) -> int:
        """The index of the document that an update rewrites: the one place that knows the order within a lap."""
        return update % self.total

    def document_id(self, update: int) -> str:
        """The id of the document that an update rewrites."""
        return ID % self.index(update)

    def held(self, index: int, position: int) -> int | None:
        """The update that document ``index`` holds when all updates below ``position`` are done, None for none."""
        if index >= position:
            return None
        return position - 1 - (position - 1 - index) % self.total

    def index_of(self, document_id: str) -> int | None:
        """The index of the document with an id, None for an id that is not of the stream."""
        digits = document_id[len(ID_PREFIX):]
        if len(digits) != ID_DIGITS or not (digits.isascii() and digits.isdigit()):
            return None
        return int(digits) if document_id.startswith(ID_PREFIX) and int(digits) < self.total else None

    def text(self, update: int, ts: int, rev: str | None = None) -> str:
        """The document that an update writes, as JSON text of ASCII characters.

        ``ts`` is the time of the claim in Unix seconds. Without ``rev`` the text is exactly ``size`` bytes long, or as
        short as the other fields allow; ``rev`` comes on top.
        """
        head = self._head(update, ts)
        tail = '"}' if rev is None else f'","_rev":"{rev}"}}'
        return head + self.data(update, ts, self.size - len(head) - 2) + tail

    def content(self, update: int, ts: int) -> str:
        """The field ``data`` of the document that an update writes."""
        return self.data(update, ts, self.size - len(self._head(update, ts)) - 2)

    def data(self, update: int, ts: int, length: int) -> str:
        """``length`` hexadecimal digits (none for a negative length) of SHAKE-128 over seed, update and ts."""
        if length <= 0:
            return ""
        return shake_128(b"%d/%d/%d" % (self.seed, update, ts)).hexdigest((length + 1) // 2)[:length]

    def _head(self, update: int, ts: int) -> str:
        return HEAD % (self.index(update), ts, update)
