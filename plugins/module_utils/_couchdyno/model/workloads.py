# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in workloads, as users would write them."""
from __future__ import annotations

import json
from typing import Any, NamedTuple

from ..errors import Term, UsageError, option


class BuiltIn(NamedTuple):
    """A built-in workload: what it ``stands_for``, and its types (None: classic, which has none)."""

    stands_for: str
    types: Any = None

    def dump(self, name: str) -> dict[str, Any]:
        """The workload in a list of them."""
        return {"name": name, "stands_for": self.stands_for, "types": self.types and self.types["types"]}


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
    return BUILT_IN[name].types
