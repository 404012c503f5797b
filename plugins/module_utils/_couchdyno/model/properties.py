# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a database itself that a workload can ask for. Pure."""
from __future__ import annotations

from hashlib import shake_128
from typing import Any, NamedTuple

from .limits import is_count
from .refusal import OBJECT, boolean, check_keys, integer, refused

LEAST_REVS = 30  # with fewer, two drivers could change the ledger at once on a cluster (docs/reliability.md)
MOST_REVS = 10 ** 9
USUAL_REVS = 1000  # the revs_limit of a database for which none was set


class Properties(NamedTuple):
    """What a database has beside its documents.

    ``design``: design documents with views and an index; ``validator``: a design document whose validation lets all
    updates through; ``security``: entries in the ``_security`` object; ``revs_limit`` (None: that of the server).
    ``partitioned``: the type of a document is its partition.
    """

    design: bool = False
    validator: bool = False
    security: bool = False
    revs_limit: int | None = None
    partitioned: bool = False

    def dump(self) -> dict[str, Any]:
        """The properties that a database has, as the ledger keeps them and reports show them."""
        return {name: value for name, value in self._asdict().items() if value}

    @classmethod
    def load(cls, value: Any) -> Properties | None:
        """The properties from the ledger, None if they make no sense."""
        if not (isinstance(value, dict) and set(value) <= set(cls._fields)):
            return None
        limit = value.get("revs_limit")
        is_sound = all(isinstance(each, bool) for name, each in value.items() if name != "revs_limit")
        return cls(**value) if is_sound and (limit is None or is_count(limit, 1, MOST_REVS)) else None

    @classmethod
    def resolve(cls, written: Any) -> Properties:
        """The properties as users write them; raises UsageError, which names the place of an error."""
        if not isinstance(written, dict):
            raise refused("database", "must be ", OBJECT)
        check_keys("database.", written, cls._fields)
        limit = None
        if "revs_limit" in written:
            limit = integer("database", written, "revs_limit", LEAST_REVS, LEAST_REVS, MOST_REVS)
        switches = {name: boolean("database", written, name) for name in cls._fields if name != "revs_limit"}
        return cls(revs_limit=limit, **switches)


PLAIN = Properties()


def security_entries(seed: int) -> dict[str, dict[str, list[str]]]:
    """The members and admins in the ``_security`` object of a database that asks for them; no such users exist."""
    name = f"couchdyno-{shake_128(b'%d/security' % seed).hexdigest(8)}"
    return {group: {"names": [f"{name}-{group[:-1]}"], "roles": [f"{name}-{group}"]} for group in ("members", "admins")}
