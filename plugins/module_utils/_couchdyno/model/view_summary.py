# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the views of a database must say of its documents. Pure.

Rows without a reduce function are summed up as the sum of their digests, whatever their order, so memory does not grow
with the database.
"""
from __future__ import annotations

from hashlib import shake_128
from typing import Any, Dict, Iterable

from .bodies.values import dumped
from .design_documents import nested_row

DIGEST = 8  # bytes

Document = Dict[str, Any]
Statistics = Dict[str, int]


class Rows:
    """Some rows of a view, in any order: how many, and the sum of their digests."""

    def __init__(self) -> None:
        self.count = 0
        self._digests = 0

    def add(self, row: Any) -> None:
        """Add a row."""
        self.count += 1
        self._digests += int.from_bytes(shake_128(dumped(row).encode("ascii")).digest(DIGEST), "big")

    def merge(self, other: Rows) -> None:
        """Add the rows of another part."""
        self.count += other.count
        self._digests += other._digests

    def are_same(self, other: Rows) -> bool:
        """Whether others are the same rows."""
        return (self.count, self._digests) == (other.count, other._digests)


class ViewSummary:
    """What the views must say of some documents: of each type the ``statistics`` of its updates, and all rows."""

    def __init__(self) -> None:
        self.statistics: dict[str, Statistics] = {}
        self.nested = Rows()
        self.index = Rows()

    @property
    def counts(self) -> dict[str, int]:
        """How many documents of each type there are."""
        return {kind: each["count"] for kind, each in self.statistics.items()}

    def add(self, document: Document) -> None:
        """Add a document that holds an update."""
        document_id, kind, update, ts = (document[name] for name in ("_id", "type", "update", "ts"))
        self._add_statistics(kind, {"sum": update, "count": 1, "min": update, "max": update, "sumsqr": update * update})
        self.nested.add(nested_row(document_id, kind, update, ts))
        self.index.add([kind, update])

    def merge(self, other: ViewSummary) -> None:
        """Add the summary of other documents."""
        for kind, statistics in other.statistics.items():
            self._add_statistics(kind, statistics)
        self.nested.merge(other.nested)
        self.index.merge(other.index)

    def _add_statistics(self, kind: str, more: Statistics) -> None:
        found = self.statistics.get(kind)
        if found is None:
            self.statistics[kind] = dict(more)
            return
        self.statistics[kind] = {name: (min if name == "min" else max if name == "max" else _plus)(value, more[name])
                                 for name, value in found.items()}


def rows_of(found: Iterable[Any]) -> Rows:
    """Some rows that a server has returned."""
    rows = Rows()
    for row in found:
        rows.add(row)
    return rows


def _plus(one: int, other: int) -> int:
    return one + other
