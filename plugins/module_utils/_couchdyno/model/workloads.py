# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in workloads, as users would write them."""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..errors import Term, UsageError, option
from .bodies.built_in import BODIES, HOSTILE
from .workload import ODD


class BuiltIn(NamedTuple):
    """A built-in workload: what it ``stands_for``, and what users would write (None: classic)."""

    stands_for: str
    written: Any = None

    def dump(self, name: str) -> dict[str, Any]:
        """The workload in a list of them."""
        return {"name": name, "stands_for": self.stands_for, "types": None, **(self.written or {})}


# Texts, keys and containers that have broken real tools, without what JavaScript cannot keep.
_AWKWARD = {name: BODIES[HOSTILE][name] for name in ("texts", "empty", "doc", "rows", "id", "rev", "deep")}
_KEYS = {name: value for name, value in BODIES[HOSTILE]["keys"]["$literal"].items() if name != "__proto__"}
_ALL_TYPES: dict[str, Any] = {
    "report": {"documents": 14, "updates": 10, "create": 20, "size": [800, 4000], "ids": "hashed", "body": "report",
               "attachments": {"every": 10, "count": 2, "size": [1000, 100000], "renew": 3}},
    "person": {"documents": 25, "updates": 15, "create": 2, "delete": 1, "ids": "hashed", "body": "person",
               "conflicts": 20},
    "package": {"documents": 4, "updates": 5, "size": 4000, "body": "package"},
    "awkward": {"documents": 2, "updates": 2, "size": [1200, 4000], "prefix": f"awkward:{ODD}",
                "body": {**_AWKWARD, "keys": {"$literal": _KEYS}, "changing": "$name", "filling": {"$fill": "text"}}},
    "note": {"documents": 10, "updates": 8, "body": "chunk",
             "attachments": {"every": 5, "size": [500, 20000], "content_type": "text/plain"}},
    "log": {"documents": 10, "updates": 10, "create": 50, "delete": 50, "size": [200, 1000], "body": "log"},
    "order": {"documents": 30, "updates": 40, "create": 10, "delete": 9, "size": [400, 6000], "body": "order",
              "tombstone": "fields", "conflicts": 50,
              "attachments": {"every": 20, "size": [1000, 20000], "content_type": "application/pdf", "renew": 4}},
    "counter": {"documents": 5, "updates": 10, "size": 200, "hot": True, "body": "state"},
}
_ALL_PROPERTIES = {"design": True, "security": True, "revs_limit": 1200}

BUILT_IN = {
    "classic": BuiltIn("documents of one size, rewritten round robin; none is ever deleted"),
    "queue": BuiltIn("messages that come and go, first in, first out; each lap replaces half of them", {
        "types": {"message": {"updates": 1, "create": 50, "delete": 50}}}),
    "growing": BuiltIn("a journal: each lap rewrites all documents and adds a tenth of the initial number", {
        "types": {"entry": {"updates": 1, "create": 10}}}),
    "crm": BuiltIn("people, orders, reports and counters, with realistic bodies; orders come and go", {
        "types": {"report": {"documents": 10, "updates": 15, "create": 20, "size": [800, 4000], "ids": "hashed",
                             "body": "report"},
                  "person": {"documents": 40, "updates": 20, "create": 2, "delete": 1, "ids": "hashed",
                             "body": "person"},
                  "order": {"documents": 45, "updates": 50, "create": 10, "delete": 9, "size": [400, 6000],
                            "body": "order"},
                  "counter": {"documents": 5, "updates": 15, "size": 200, "hot": True, "body": "state"}}}),
    "hot": BuiltIn("accounts, and a few counters that have most of the updates, from several drivers at once", {
        "types": {"account": {"documents": 95, "updates": 20},
                  "counter": {"documents": 5, "updates": 80, "size": 150, "hot": True}}}),
    "backup": BuiltIn("all that a backup can lose: documents that come and go, attachments, losing revisions, views, "
                      "_security, revs_limit", {"types": _ALL_TYPES, "database": _ALL_PROPERTIES}),
    "backup-partitioned": BuiltIn("the same in a partitioned database", {
        "types": _ALL_TYPES, "database": {**_ALL_PROPERTIES, "partitioned": True}}),
}


def as_written(value: Any) -> Any:
    """A workload as users write it, from that, from its JSON text (ad hoc commands), or the name of a built-in one."""
    if not isinstance(value, str):
        return value
    if not value.lstrip().startswith("{"):
        return named(value)
    try:
        return json.loads(value)
    except (ValueError, RecursionError) as error:
        raise UsageError(option("workload"), f" is not JSON: {str(error)[:100]}") from None


def named(name: str) -> Any:
    """A built-in workload as users would write it, None for classic; raises UsageError if there is no such workload."""
    if name not in BUILT_IN:
        raise UsageError(option("workload"), f" must be one of {', '.join(BUILT_IN)}, or ",
                         Term("a file whose name ends in .json", "a dict"), f", not {name!a:.60}")
    return BUILT_IN[name].written
