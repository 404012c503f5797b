# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use a database: the names and roles in its ``_security`` object."""
from __future__ import annotations

from typing import Any, Dict, NamedTuple

from ..errors import UsageError, option

PLACES = (("members", "names"), ("members", "roles"), ("admins", "names"), ("admins", "roles"))  # as in Access

Security = Dict[str, Any]


def _part(security: Security, group: str) -> Security:
    part = security.get(group)
    return part if isinstance(part, dict) else {}


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


class Access(NamedTuple):
    """The members of a database, who may read and write its documents, and its admins."""

    member_names: tuple[str, ...] = ()
    member_roles: tuple[str, ...] = ()
    admin_names: tuple[str, ...] = ()
    admin_roles: tuple[str, ...] = ()

    @classmethod
    def of(cls, security: Security) -> Access:
        """The access that a security object grants."""
        return cls(*(_texts(_part(security, group).get(kind)) for group, kind in PLACES))

    def check(self) -> Access:
        """The access itself; raises UsageError if a name or role is empty."""
        for field, texts in self._asdict().items():
            if not all(text.strip() for text in texts):
                raise UsageError(option(field), " must not be empty")
        return self

    @property
    def is_for_all(self) -> bool:
        """Whether everybody may use the database, because it has no members."""
        return not (self.member_names or self.member_roles)

    def added_to(self, security: Security, may_close: bool = False) -> Security:
        """A security object that also grants this access.

        A database that is open to everybody, because it has no members, stays so unless the grant ``may_close`` it.
        """
        found = Access.of(security)
        is_open = found.is_for_all and not may_close
        wanted = self._replace(member_names=(), member_roles=()) if is_open else self
        result = dict(security)
        for (group, kind), texts, more in zip(PLACES, found, wanted):
            new = [text for text in dict.fromkeys(more) if text not in texts]
            if new:
                result[group] = {**_part(result, group), kind: [*texts, *new]}
        return result

    def removed_from(self, security: Security) -> Security:
        """A security object without this access."""
        result = dict(security)
        for (group, kind), texts, less in zip(PLACES, Access.of(security), self):
            if set(texts) & set(less):
                result[group] = {**_part(result, group), kind: [text for text in texts if text not in less]}
        return result

    def lacking(self, security: Security) -> list[str]:
        """What a security object lacks of this access, in words."""
        return [f"the {group[:-1]} {kind[:-1]} {text}" for (group, kind), wanted, texts
                in zip(PLACES, self, Access.of(security)) for text in wanted if text not in texts]


NO_ACCESS = Access()
CLOSED = {"members": {"roles": ["_admin"]}, "admins": {"roles": ["_admin"]}}  # of a new database in CouchDB 3
USUAL = (NO_ACCESS, Access.of(CLOSED))  # of a new database in any version
