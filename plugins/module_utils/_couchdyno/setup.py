# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up: make a database with a ledger, fill it, remove it."""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, NamedTuple

from .client import Client
from .errors import Busy, Conflict, DatabaseExists, NameTaken, NoDatabase, NoLedger, NotAllowed
from .execute import cycle, public, sum_up
from .ledger import Ledger, State, new, open_claims
from .pace import Pace
from .parameters import MAX_COPIES, MAX_SHARDS, Parameters, check, check_count, draw_seed

PATIENCE = 10.0  # seconds to wait for another setup of the same database, or for a cluster to forget a deleted one
SETTLING = 1.0  # seconds after which the nodes of a cluster agree on which databases there are
FILL_BATCHES = 50  # how many batches a filling driver claims at once

Data = Dict[str, Any]
Progress = Callable[[int, int], None]  # is told the documents that are there, and all


class Layout(NamedTuple):
    """How a new database is laid out: ``q`` shards, ``n`` copies of each; None leaves it to the server."""

    q: int | None = None
    n: int | None = None


USUAL = Layout()


class Found(NamedTuple):
    """What is there before a setup.

    ``vacant`` is a database without any document, ``given`` one that an admin has made for this user, who is none.
    """

    exists: bool = False
    vacant: bool = False
    given: bool = False
    ledger: State | None = None


def setup(client: Client, wanted: Parameters, layout: Layout = USUAL, fill: bool = False, force: bool = False,
          idempotent: bool = False, dry_run: bool = False, pace: Pace | None = None,
          progress: Progress = lambda done, total: None) -> Data:
    """Set a database up with ``wanted`` parameters, and ``fill`` it with documents at a ``pace``.

    A database that exists is an error (DatabaseExists), but for

    - one with the same parameters that is not yet full, when ``fill`` goes on where it stopped;
    - one with the same parameters, when ``idempotent``;
    - an empty one, made by an admin for a user who is none;
    - any at all with ``force``, which deletes it and makes it anew.

    ``dry_run`` tells what would be done and changes nothing. Returns ``{"changed", "before", "dyno_config"}``, where
    ``before`` is the configuration that was there or None, and with ``fill`` also ``"fill"``: the counts that
    ``execute`` has under ``"after"``, summed up.
    """
    wanted = check(wanted)
    check_count("q", 1 if layout.q is None else layout.q, MAX_SHARDS)
    check_count("n", 1 if layout.n is None else layout.n, MAX_COPIES)
    ledger = Ledger(client)
    found = _find(client, ledger)
    state = None
    if force or not _is_taken(client, found, idempotent):
        state = new(wanted, client.now()) if dry_run else _make(client, ledger, found, wanted, layout, idempotent)
    report: Data = {"changed": state is not None, "before": found.ledger and public(found.ledger)}
    if state is None:
        state = found.ledger or _wait_for_ledger(client, ledger)
        _check_same(client, state, wanted, idempotent or (fill and _missing(state) > 0))
    if fill:
        missing = {"updates": _missing(state)}
        report["fill"] = missing if dry_run else _fill(client, ledger, pace or Pace(), progress)
        report["changed"] = report["changed"] or report["fill"]["updates"] > 0
    return dict(report, dyno_config=public(state if dry_run else ledger.state))


def remove(client: Client, force: bool = False, dry_run: bool = False) -> Data:
    """Delete a database that couchdyno has set up, or any with ``force``; returns ``{"changed", "before"}``."""
    try:
        before: Data | None = public(Ledger(client).read())
    except NoDatabase:
        return {"changed": False, "before": None}
    except NoLedger:
        if not force:
            raise
        before = None
    if not dry_run:
        client.delete_database()
    return {"changed": True, "before": before}


def _find(client: Client, ledger: Ledger) -> Found:
    info = client.database_info()
    if info is None:
        return Found()
    try:
        return Found(True, ledger=ledger.read())
    except NoLedger:
        vacant = not info.get("doc_count")
        return Found(True, vacant, vacant and not client.is_admin())


def _is_taken(client: Client, found: Found, idempotent: bool) -> bool:
    """Whether the database has a ledger or is about to get one; DatabaseExists when it is none of our business."""
    if found.ledger is not None:
        return True
    if not found.exists or found.given:
        return False
    if found.vacant and idempotent:  # perhaps another setup, started with this one, is about to write the ledger
        return True
    raise _exists(client, "and was not set up by couchdyno")


def _make(client: Client, ledger: Ledger, found: Found, wanted: Parameters, layout: Layout,
          idempotent: bool) -> State | None:
    """Make the database, in place of one that is there, and its ledger.

    Returns the ledger; None when another setup was faster and that is fine.
    """
    seed = draw_seed() if wanted.seed is None else wanted.seed
    try:
        if found.exists and not found.given:
            client.delete_database()
        if not found.given:
            _create(client, ledger, found, layout)
        return _write_ledger(client, ledger, wanted._replace(seed=seed))
    except (NameTaken, Conflict):
        if idempotent:
            return None
        raise _exists(client, "by now: another setup was faster") from None


def _write_ledger(client: Client, ledger: Ledger, parameters: Parameters) -> State:
    """Write the ledger of a database that was just made; Conflict when another setup was faster.

    When a database is made on several nodes of a cluster at once, all but one of them are given up a moment later, with
    what was written into them.
    """
    state = ledger.create(parameters)
    while client.copies() > 1:
        client.stopping.wait(SETTLING)
        try:
            if ledger.read()["seed"] != parameters.seed:
                raise Conflict("another setup was faster")
            break
        except (NoDatabase, NoLedger):
            state = ledger.create(parameters)
    return state


def _create(client: Client, ledger: Ledger, found: Found, layout: Layout) -> None:
    """Create the database; NameTaken when somebody else was faster.

    Clusters need a while to forget a database that was deleted. Of several setups at once, they may tell each one that
    another was faster: so those who saw that there was none go on with one that is empty, and the ledger decides.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return client.create_database(layout.q, layout.n)
        except (NameTaken, Conflict):
            now = Found() if found.exists else _find(client, ledger)
            if now.vacant:
                return None
            if now.exists or time.monotonic() >= deadline or client.stopping.wait(0.2):
                raise
        except NotAllowed as refused:
            raise NotAllowed(f"{refused}; creating a database takes an admin, who can also make an empty one for "
                             "this user", refused.status, refused.error) from None


def _wait_for_ledger(client: Client, ledger: Ledger) -> State:
    """The ledger that another setup is about to write."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return ledger.read()
        except (NoDatabase, NoLedger):
            if time.monotonic() >= deadline or client.stopping.wait(0.2):
                raise _exists(client, "and was not set up by couchdyno") from None


def _check_same(client: Client, state: State, wanted: Parameters, may_go_on: bool) -> None:
    """Raise DatabaseExists unless the database is the wanted one and the caller may go on with it."""
    same = (all(state[name] == getattr(wanted, name) for name in ("total", "size", "updates"))
            and wanted.seed in (None, state.get("seed")))
    if not (same and may_go_on):
        found = ", ".join(f"{name} {state.get(name)}" for name in ("total", "size", "updates", "seed"))
        raise _exists(client, f"and was set up with {found}")


def _exists(client: Client, how: str) -> DatabaseExists:
    return DatabaseExists(f"the database {client.address.url} exists already {how}; force deletes it and makes it anew")


def _fill(client: Client, ledger: Ledger, pace: Pace, progress: Progress) -> Data:
    """Write the documents of lap 0, chunk by chunk, together with whoever else does it; returns the counts."""
    total = int(ledger.state["total"])
    chunk = FILL_BATCHES * pace.batch_documents(ledger.state["size"])
    afters: list[Data] = []

    def count(state: State) -> int:
        return max(0, min(chunk, total - int(state["position"])))

    while _missing(ledger.state) and not any(after["errors"] for after in afters) and not client.stopping.is_set():
        there = total - _missing(ledger.state)

        def tell(done: int, there: int = there) -> None:
            progress(there + done, total)

        tell(0)
        try:
            afters.append(cycle(client, ledger, count, pace, "fill", tell))
        except Busy:
            pass
        if count(ledger.state) == 0 and _missing(ledger.state):  # the rest is in the hands of other drivers
            client.stopping.wait(0.5)
            ledger.read()
    return sum_up(afters)


def _missing(state: State) -> int:
    """How many documents are not known to be there: not handed out yet, or in open claims of lap 0."""
    total = int(state["total"])
    opened = sum(min(entry.stop, total) - entry.first for entry in open_claims(state) if entry.first < total)
    return max(0, total - int(state["position"])) + opened
