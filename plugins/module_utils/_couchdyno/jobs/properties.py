# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a database itself: setup gives them to it, verification compares them."""
from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Dict, NamedTuple

from ..couchdb.client import Client
from ..couchdb.security import CLOSED, Access
from ..couchdb.source import CONFLICTS
from ..errors import Conflict, NotFound, Refused
from ..model.bodies.values import are_same
from ..model.design_documents import design_documents
from ..model.properties import Properties, security_entries
from ..model.state_document import plain

KEPT, LOST, CHANGED = "kept", "lost", "changed"
PARTITIONED = "partitioned"  # of a database from its creation on, or never
TRIES = 5  # to write a design document that others write, too

Data = Dict[str, Any]


class State(NamedTuple):
    """What became of the property ``name``: one of KEPT, LOST and CHANGED.

    ``details`` says in words what was lost or changed, and which further entries there are.
    """

    name: str
    state: str = KEPT
    details: str = ""

    @property
    def is_kept(self) -> bool:
        """Whether it is as the workload asks."""
        return self.state == KEPT


class Property(ABC):
    """One property of a database; every method may raise ServerError."""

    name: str

    @abstractmethod
    def state(self, client: Client) -> State:
        """What became of it."""

    @abstractmethod
    def write(self, client: Client) -> None:
        """Give it to the database; NotAllowed if the user is not an admin of that."""


class SecurityEntries(Property):
    """Entries in the ``_security`` object; others are nobody's business."""

    name = "security"

    def __init__(self, seed: int) -> None:
        self._access = Access.of(security_entries(seed))

    def state(self, client: Client) -> State:
        """As in Property."""
        security = client.security()
        lacking = self._access.lacking(security)
        if not lacking:
            more = Access.of(Access.of(CLOSED).removed_from(self._access.removed_from(security))).lacking({})
            return State(self.name, KEPT, f"_security also has {', '.join(more)}" if more else "")
        if len(lacking) == sum(map(len, self._access)):
            return State(self.name, LOST, "_security has none of the entries that setup gave it")
        return State(self.name, CHANGED, f"_security lacks {', '.join(lacking)}")

    def write(self, client: Client) -> None:
        """As in Property."""
        client.set_security(self._access.added_to(client.security(), may_close=True))


class RevsLimit(Property):
    """How many revisions of each document the database remembers."""

    name = "revs_limit"

    def __init__(self, limit: int) -> None:
        self._limit = limit

    def state(self, client: Client) -> State:
        """As in Property."""
        try:
            found = client.revs_limit()
        except NotFound:
            return State(self.name, LOST, "the server has no revs_limit")
        return State(self.name) if found == self._limit else State(
            self.name, CHANGED, f"the revs_limit is {found} instead of {self._limit}")

    def write(self, client: Client) -> None:
        """As in Property."""
        try:
            client.revs_limit()
            client.set_revs_limit(self._limit)
        except NotFound:
            raise Refused(f"the server of {client.place} has no revs_limit; leave it out of the workload") from None


class DesignDocument(Property):
    """A design document, which is there as it was written."""

    def __init__(self, name: str, document: Data) -> None:
        self.name = name
        self._document = document

    def state(self, client: Client) -> State:
        """As in Property."""
        return self._state(self._found(client))

    def write(self, client: Client) -> None:
        """As in Property."""
        for attempt in range(TRIES):
            found = self._found(client)
            if found and self._state(found).is_kept:
                return
            try:
                client.put_design(dict(self._document, **({"_rev": found["_rev"]} if found else {})))
                return
            except Conflict:
                if attempt + 1 == TRIES:
                    raise

    def _state(self, found: Data | None) -> State:
        document_id = self._document["_id"]
        if found is None:
            return State(self.name, LOST, f"{document_id} is missing")
        if not are_same(plain(found), plain(self._document)):
            return State(self.name, CHANGED, f"{document_id} was changed")
        return State(self.name, CHANGED, f"{document_id} has conflicting revisions") if found.get(CONFLICTS) else State(
            self.name)

    def _found(self, client: Client) -> Data | None:
        document_id = self._document["_id"]
        return client.whole_documents([document_id]).get(document_id)


def properties_of(wanted: Properties, seed: int) -> list[Property]:
    """The properties that a workload asks for and that can be written, in an order in which they can."""
    found: list[Property] = []
    if wanted.security:
        found.append(SecurityEntries(seed))
    if wanted.revs_limit is not None:
        found.append(RevsLimit(wanted.revs_limit))
    return found + [DesignDocument(name, document) for name, document in design_documents(wanted).items()]


def states(client: Client, wanted: Properties, seed: int) -> list[State]:
    """What became of the properties of a database."""
    found = [each.state(client) for each in properties_of(wanted, seed)]
    if wanted.partitioned:
        found.append(State(PARTITIONED) if client.is_partitioned() else
                     State(PARTITIONED, LOST, "the database is not partitioned"))
    return found


def lacking(client: Client, wanted: Properties, seed: int) -> list[Property]:
    """The properties that a database lacks and can be given."""
    return [each for each in properties_of(wanted, seed) if not each.state(client).is_kept]


def give(client: Client, wanted: Properties, seed: int) -> list[str]:
    """Give a database the properties that it lacks; returns their names."""
    given = lacking(client, wanted, seed)
    for each in given:
        each.write(client)
    return [each.name for each in given]
