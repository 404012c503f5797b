# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up: create a database with a ledger, fill it, remove it. A plan is made first, then applied."""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, NamedTuple

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import (
    Conflict,
    DatabaseExists,
    LedgerDamaged,
    NameTaken,
    NoDatabase,
    NoLedger,
    NotAllowed,
    StateMissing,
    switch,
)
from ..model.ledger import Ledger
from ..model.limits import MAX_REPLICAS, MAX_SHARDS, check_count
from ..model.parameters import Parameters, draw_seed
from ..storage.ledger_document import LedgerDocument
from ..storage.ledger_reading import read_ledger
from .fill import fill, missing
from .pace import Pace

PATIENCE = 10.0  # seconds to wait for another setup of the same database, or for a cluster to forget a deleted one
SETTLING = 1.0  # seconds after which the nodes of a cluster agree on which databases exist
KEEP, CREATE, REPLACE, USE_EMPTY = "keep", "create", "replace", "use empty"  # what a plan does with the database
FOREIGN = "was not set up by couchdyno"

Data = Dict[str, Any]
Progress = Callable[[int, int], None]  # called with the number of documents so far and in total


class Sharding(NamedTuple):
    """How a cluster spreads a new database: ``q`` shards, ``n`` replicas of each; None leaves it to the server."""

    q: int | None = None
    n: int | None = None


class Request(NamedTuple):
    """What to set up.

    An existing database is an error, except

    - one with the same parameters that is not full yet: ``fill`` continues to fill it;
    - one with the same parameters, if the request is ``idempotent``;
    - an empty one, which an admin has created for a user without admin rights;
    - any database with ``force``, which deletes and recreates it.
    """

    parameters: Parameters
    sharding: Sharding = Sharding()
    fill: bool = False
    force: bool = False
    idempotent: bool = False

    def check(self) -> Request:
        """The request with its parameters checked; raises UsageError if it makes no sense."""
        checked = self._replace(parameters=self.parameters.check())
        check_count("q", 1 if self.sharding.q is None else self.sharding.q, MAX_SHARDS)
        check_count("n", 1 if self.sharding.n is None else self.sharding.n, MAX_REPLICAS)
        return checked


class Found(NamedTuple):
    """What exists before a setup.

    ``vacant``: a database without any document; ``given``: a vacant one, and this user is not an admin.
    """

    exists: bool = False
    vacant: bool = False
    given: bool = False
    ledger: Ledger | None = None


class Plan(NamedTuple):
    """What a setup does: one of KEEP, CREATE, REPLACE and USE_EMPTY (write a ledger into an empty database).

    ``ledger`` is the one after the setup, as far as it is known; its seed is None until it is drawn.
    """

    action: str
    found: Found
    ledger: Ledger

    @property
    def is_change(self) -> bool:
        """Whether the database or its ledger is created."""
        return self.action != KEEP

    def report(self, filled: Data | None) -> Data:
        """The part of a report about what was found and whether it changes; ``filled`` are the counts of a fill."""
        before = self.found.ledger and self.found.ledger.shown()
        if filled is None:
            return {"changed": self.is_change, "before": before}
        return {"changed": self.is_change or filled["updates"] > 0, "before": before, "fill": filled}


def setup(client: Client, request: Request, pace: Pace | None = None,
          progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Set up a database, and fill it with documents at a ``pace`` if requested.

    Returns ``{"changed", "before", "dyno_config"}``; ``before`` is the previous configuration or None. With ``fill``
    also ``"fill"``: the counts that ``execute`` has under ``"after"``, summed up. Raises UsageError, DatabaseExists or
    ServerError.
    """
    request = request.check()
    document = LedgerDocument(client)
    plan = _apply(client, document, request, _plan(client, document, request, stop), stop)
    filled = fill(client, document, pace or Pace(), progress, stop) if request.fill else None
    return dict(plan.report(filled), dyno_config=document.ledger.shown())


def preview(client: Client, request: Request, stop: Stop = NEVER) -> Data:
    """What ``setup`` would return if all went well; changes nothing."""
    request = request.check()
    plan = _plan(client, LedgerDocument(client), request, stop)
    config = plan.ledger.shown()
    if plan.is_change:
        config.setdefault("seed", None)  # not drawn yet
    return dict(plan.report({"updates": missing(plan.ledger)} if request.fill else None), dyno_config=config)


def remove(client: Client, force: bool = False, dry_run: bool = False) -> Data:
    """Delete a database that couchdyno has set up, or any one with ``force``; returns ``{"changed", "before"}``.

    Raises NoLedger or LedgerDamaged without ``force``, or ServerError.
    """
    try:
        before: Data | None = read_ledger(client).shown()
    except NoDatabase:
        return {"changed": False, "before": None}
    except (NoLedger, LedgerDamaged):
        if not force:
            raise
        before = None
    if not dry_run:
        client.delete_database()
    return {"changed": True, "before": before}


# -- planning


def _plan(client: Client, document: LedgerDocument, request: Request, stop: Stop) -> Plan:
    """What to do with the database as it is; DatabaseExists if the request does not allow changing it."""
    found = _find(client, document, request.force)
    action = _action(client, found, request)
    if action != KEEP:
        return Plan(action, found, Ledger.new(request.parameters, client.now()))
    ledger = found.ledger or _wait_for_ledger(client, document, stop)
    _check_same(client, ledger, request)
    return Plan(KEEP, found, ledger)


def _find(client: Client, document: LedgerDocument, force: bool) -> Found:
    info = client.database_info()
    if info is None:
        return Found()
    try:
        return Found(True, ledger=document.read())
    except (LedgerDamaged, StateMissing):
        if not force:
            raise
        return Found(True)
    except NoLedger:
        vacant = not info.get("doc_count")
        return Found(True, vacant, vacant and not client.is_admin())


def _action(client: Client, found: Found, request: Request) -> str:
    if not found.exists:
        return CREATE
    if found.given:
        return USE_EMPTY
    if request.force:
        return REPLACE
    # If vacant: perhaps another setup, started at the same time, is about to write the ledger.
    if found.ledger is not None or (found.vacant and request.idempotent):
        return KEEP
    raise _exists(client, f", but {FOREIGN}")


def _wait_for_ledger(client: Client, document: LedgerDocument, stop: Stop) -> Ledger:
    """The ledger that another setup is about to write."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return document.read()
        except (NoDatabase, NoLedger):
            if time.monotonic() >= deadline or stop.wait(0.2):
                raise _exists(client, f", but {FOREIGN}") from None


def _check_same(client: Client, ledger: Ledger, request: Request) -> None:
    """Raise DatabaseExists unless the database is as requested and the request may continue with it."""
    wanted = request.parameters
    is_same = ((ledger.total, ledger.size, ledger.updates) == (wanted.total, wanted.size, wanted.updates)
               and wanted.seed in (None, ledger.seed))
    may_go_on = request.idempotent or (request.fill and missing(ledger) > 0)
    if not (is_same and may_go_on):
        found = ", ".join(f"{name} {getattr(ledger, name)}" for name in ("total", "size", "updates", "seed"))
        raise _exists(client, f" and was set up with {found}")


def _exists(client: Client, how: str) -> DatabaseExists:
    return DatabaseExists(f"the database {client.place} already exists{how}; use ", switch("force"),
                          " to delete and recreate it")


# -- applying


def _apply(client: Client, document: LedgerDocument, request: Request, plan: Plan, stop: Stop) -> Plan:
    """Apply a plan; returns the plan as it was carried out, as another setup may have come first."""
    if plan.action == KEEP:
        return plan
    try:
        if plan.action == REPLACE:
            client.delete_database()
        if plan.action != USE_EMPTY:
            _create(client, document, request.sharding, plan, stop)
        seed = draw_seed() if request.parameters.seed is None else request.parameters.seed
        _write_ledger(client, document, request.parameters._replace(seed=seed), stop)
        return plan
    except (NameTaken, Conflict):
        if not request.idempotent:
            raise _exists(client, ": another setup has just created it") from None
    _check_same(client, _wait_for_ledger(client, document, stop), request)
    return plan._replace(action=KEEP)


def _write_ledger(client: Client, document: LedgerDocument, parameters: Parameters, stop: Stop) -> None:
    """Write the ledger of a database that was just created; Conflict if another setup came first.

    If a database is created on several nodes of a cluster at once, the cluster drops all but one of them a moment
    later, with everything in them.
    """
    document.create(parameters)
    while client.replicas() > 1:
        stop.wait(SETTLING)
        try:
            if document.read().seed != parameters.seed:
                raise Conflict("another setup came first")
            break
        except (NoDatabase, NoLedger):
            document.create(parameters)


def _create(client: Client, document: LedgerDocument, sharding: Sharding, plan: Plan, stop: Stop) -> None:
    """Create the database; NameTaken if another setup came first.

    A cluster needs a while to forget a deleted database. To several setups at once, it may answer each that another
    came first. So a setup that found no database continues with an empty one, and the ledger decides.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.create_database(sharding.q, sharding.n)
        except (NameTaken, Conflict):
            now = Found() if plan.action == REPLACE else _find(client, document, force=False)
            if now.vacant:
                return None
            if now.exists or time.monotonic() >= deadline or stop.wait(0.2):
                raise
        except NotAllowed as refused:
            raise NotAllowed(*refused.parts, ", or let an admin create an empty database with this name",
                             status=refused.status, error=refused.error) from None
