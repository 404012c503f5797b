# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up: create a database with a ledger, fill it, remove it. What is to be done is planned first, then applied."""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, NamedTuple

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import Conflict, DatabaseExists, NameTaken, NoDatabase, NoLedger, NotAllowed
from ..model.ledger import Ledger
from ..model.limits import MAX_REPLICAS, MAX_SHARDS, check_count
from ..model.parameters import Parameters, draw_seed
from ..storage.ledger_document import LedgerDocument, read_ledger
from .fill import fill, missing
from .pace import Pace

PATIENCE = 10.0  # seconds to wait for another setup of the same database, or for a cluster to forget a deleted one
SETTLING = 1.0  # seconds after which the nodes of a cluster agree on which databases there are
KEEP, CREATE, REPLACE, ADOPT = "keep", "create", "replace", "adopt"  # what a plan does with the database

Data = Dict[str, Any]
Progress = Callable[[int, int], None]  # is told how many documents there are, and of how many


class Sharding(NamedTuple):
    """How a cluster spreads a new database: ``q`` shards, ``n`` replicas of each; None leaves it to the server."""

    q: int | None = None
    n: int | None = None


class Request(NamedTuple):
    """What is to be set up.

    A database that exists is an error, except

    - one with the same parameters that is not yet full, which ``fill`` goes on filling;
    - one with the same parameters, if the request is ``idempotent``;
    - an empty one, created by an admin for a user who is none;
    - any at all with ``force``, which deletes and recreates it.
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

    ``vacant`` is a database without any document, ``given`` one that an admin has created for this user, who is none.
    """

    exists: bool = False
    vacant: bool = False
    given: bool = False
    ledger: Ledger | None = None


class Plan(NamedTuple):
    """What a setup does: one of KEEP, CREATE, REPLACE and ADOPT (write a ledger into an empty database).

    ``ledger`` is the one that will be there, as far as is known; its seed is None until it is drawn.
    """

    action: str
    found: Found
    ledger: Ledger

    @property
    def is_change(self) -> bool:
        """Whether the database or its ledger is created."""
        return self.action != KEEP

    def report(self) -> Data:
        """The part of a report that tells what was found and what is changed."""
        return {"changed": self.is_change, "before": self.found.ledger and self.found.ledger.shown()}


def setup(client: Client, request: Request, pace: Pace | None = None,
          progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Set a database up, and fill it with documents at a ``pace`` if that is requested.

    Returns ``{"changed", "before", "dyno_config"}``, where ``before`` is the configuration that was there or None, and
    with ``fill`` also ``"fill"``: the counts that ``execute`` has under ``"after"``, summed up. Raises UsageError,
    DatabaseExists or ServerError.
    """
    request = request.check()
    document = LedgerDocument(client)
    plan = _apply(client, document, request, _plan(client, document, request, stop), stop)
    report = plan.report()
    if request.fill:
        report["fill"] = fill(client, document, pace or Pace(), progress, stop)
        report["changed"] = plan.is_change or report["fill"]["updates"] > 0
    return dict(report, dyno_config=document.ledger.shown())


def preview(client: Client, request: Request, stop: Stop = NEVER) -> Data:
    """What ``setup`` would return, were all to go well; changes nothing."""
    request = request.check()
    plan = _plan(client, LedgerDocument(client), request, stop)
    report = plan.report()
    if request.fill:
        report["fill"] = {"updates": missing(plan.ledger)}
        report["changed"] = plan.is_change or report["fill"]["updates"] > 0
    config = plan.ledger.shown()
    return dict(report, dyno_config=dict(config, seed=None) if plan.is_change and plan.ledger.seed is None else config)


def remove(client: Client, force: bool = False, dry_run: bool = False) -> Data:
    """Delete a database that couchdyno has set up, or any with ``force``; returns ``{"changed", "before"}``."""
    try:
        before: Data | None = read_ledger(client).shown()
    except NoDatabase:
        return {"changed": False, "before": None}
    except NoLedger:
        if not force:
            raise
        before = None
    if not dry_run:
        client.delete_database()
    return {"changed": True, "before": before}


# -- planning


def _plan(client: Client, document: LedgerDocument, request: Request, stop: Stop) -> Plan:
    """What to do about the database as it is; DatabaseExists when that is none of our business."""
    found = _find(client, document)
    action = _action(client, found, request)
    if action != KEEP:
        return Plan(action, found, Ledger.new(request.parameters, client.now()))
    ledger = found.ledger or _wait_for_ledger(client, document, stop)
    _check_same(client, ledger, request)
    return Plan(KEEP, found, ledger)


def _find(client: Client, document: LedgerDocument) -> Found:
    info = client.database_info()
    if info is None:
        return Found()
    try:
        return Found(True, ledger=document.read())
    except NoLedger:
        vacant = not info.get("doc_count")
        return Found(True, vacant, vacant and not client.is_admin())


def _action(client: Client, found: Found, request: Request) -> str:
    if not found.exists:
        return CREATE
    if found.given:
        return ADOPT
    if request.force:
        return REPLACE
    # A vacant one: perhaps another setup, started with this one, is about to write the ledger.
    if found.ledger is not None or (found.vacant and request.idempotent):
        return KEEP
    raise _exists(client, "and was not set up by couchdyno")


def _wait_for_ledger(client: Client, document: LedgerDocument, stop: Stop) -> Ledger:
    """The ledger that another setup is about to write."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return document.read()
        except (NoDatabase, NoLedger):
            if time.monotonic() >= deadline or stop.wait(0.2):
                raise _exists(client, "and was not set up by couchdyno") from None


def _check_same(client: Client, ledger: Ledger, request: Request) -> None:
    """Raise DatabaseExists unless the database is the requested one and the request may go on with it."""
    wanted = request.parameters
    is_same = ((ledger.total, ledger.size, ledger.updates) == (wanted.total, wanted.size, wanted.updates)
               and wanted.seed in (None, ledger.seed))
    may_go_on = request.idempotent or (request.fill and missing(ledger) > 0)
    if not (is_same and may_go_on):
        found = ", ".join(f"{name} {getattr(ledger, name)}" for name in ("total", "size", "updates", "seed"))
        raise _exists(client, f"and was set up with {found}")


def _exists(client: Client, how: str) -> DatabaseExists:
    return DatabaseExists(f"the database {client.place} exists already {how}; force deletes it and makes it anew")


# -- applying


def _apply(client: Client, document: LedgerDocument, request: Request, plan: Plan, stop: Stop) -> Plan:
    """Do what is planned; returns the plan as it came to pass, which another setup may have been faster with."""
    if plan.action == KEEP:
        return plan
    try:
        if plan.action == REPLACE:
            client.delete_database()
        if plan.action != ADOPT:
            _create(client, document, request.sharding, plan, stop)
        seed = draw_seed() if request.parameters.seed is None else request.parameters.seed
        _write_ledger(client, document, request.parameters._replace(seed=seed), stop)
        return plan
    except (NameTaken, Conflict):
        if not request.idempotent:
            raise _exists(client, "by now: another setup was faster") from None
    _check_same(client, _wait_for_ledger(client, document, stop), request)
    return plan._replace(action=KEEP)


def _write_ledger(client: Client, document: LedgerDocument, parameters: Parameters, stop: Stop) -> None:
    """Write the ledger of a database that was just created; Conflict when another setup was faster.

    When a database is created on several nodes of a cluster at once, all but one of them are given up a moment later,
    with what was written into them.
    """
    document.create(parameters)
    while client.replicas() > 1:
        stop.wait(SETTLING)
        try:
            if document.read().seed != parameters.seed:
                raise Conflict("another setup was faster")
            break
        except (NoDatabase, NoLedger):
            document.create(parameters)


def _create(client: Client, document: LedgerDocument, sharding: Sharding, plan: Plan, stop: Stop) -> None:
    """Create the database; NameTaken when somebody else was faster.

    Clusters need a while to forget a database that was deleted. Of several setups at once, they may tell each one that
    another was faster: so those who saw that there was none go on with one that is empty, and the ledger decides.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.create_database(sharding.q, sharding.n)
        except (NameTaken, Conflict):
            now = Found() if plan.action == REPLACE else _find(client, document)
            if now.vacant:
                return None
            if now.exists or time.monotonic() >= deadline or stop.wait(0.2):
                raise
        except NotAllowed as refused:
            raise NotAllowed(f"{refused}; creating a database takes an admin, who can also make an empty one for "
                             "this user", refused.status, refused.error) from None
