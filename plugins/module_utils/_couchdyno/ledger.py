# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: the document ``couchdyno_meta``, which says what the database is and who is writing what.

The upper half are pure functions from ledger to ledger; ``Ledger`` below carries their results to the server. Any
number of drivers may work on one database, because each change is written under the revision that it was made from,
and because of what the functions keep true:

- every update below ``position`` was handed out exactly once, or is named by exactly one open claim;
- no two open claims name the same document (all of them lie within ``total`` updates), so a driver may overwrite
  whatever it finds in its documents while its lease lasts.
"""
from __future__ import annotations

import copy
import random
import threading
from typing import Any, Callable, Dict, NamedTuple, TypeVar

from .client import Client
from .driver import Driver, is_gone
from .errors import Busy, ClaimLost, Conflict, CouchdynoError, LedgerDamaged, NoDatabase, NoLedger, Unreachable
from .parameters import MAX_UPDATES, Parameters
from .register import Register
from .stream import MAX_SEED, MAX_SIZE, MAX_TOTAL, Stream, is_integer

LEDGER_ID = "couchdyno_meta"
VERSION = 1
LEASE = 60  # seconds after which a claim that was not renewed is anybody's
MARGIN = 5  # seconds before its end from which a driver no longer trusts its lease
MOST_LEFT = 32  # with so many claims left behind, cycles repair and hand out nothing new
TRIES = 200
LATEST = 253402300799  # the end of the year 9999, in Unix seconds
LIMITS = {
    "total": (1, MAX_TOTAL), "size": (1, MAX_SIZE), "updates": (1, MAX_UPDATES), "seed": (0, MAX_SEED),
    "start": (0, MAX_TOTAL), "position": (0, MAX_SEED), "origin": (0, MAX_SEED), "runs": (0, MAX_SEED),
    "torn_from": (0, MAX_SEED), "torn_until": (0, MAX_SEED),
    "created": (0, LATEST), "last_ts": (0, LATEST), "last_dt": (0, LATEST), "last_updates": (0, MAX_UPDATES),
    "last_errors": (0, MAX_UPDATES),
}

State = Dict[str, Any]
Answer = TypeVar("Answer")


class Claim(NamedTuple):
    """A window ``[first, first + count)`` of updates in the hands of a driver.

    ``ts`` is when it was first handed out and ``lease`` until when, both in Unix seconds of the server. ``driver``
    names one cycle of one ``process``, ``run`` is the number of its run record. ``redo`` says that another cycle had
    the window before.
    """

    first: int
    count: int  # type: ignore[assignment]  # tuple.count is not missed
    ts: int
    lease: int
    driver: str
    host: str
    process: str
    run: int
    redo: bool = False

    @property
    def stop(self) -> int:
        """The first update after the window."""
        return self.first + self.count


class Torn(NamedTuple):
    """Updates from ``first`` on were given up, unwritten, for later ones of the same documents, all below ``stop``.

    Until those are written, their documents may be older than an open claim lets expect.
    """

    first: int
    stop: int


class Result(NamedTuple):
    """What a driver reports when it settles: its time stamp, seconds, and counts of documents."""

    ts: int
    dt: float
    updates: int
    errors: int


# -- from ledger to ledger


def new(parameters: Parameters, now: int) -> State:
    """The ledger of a database in which nothing has happened yet."""
    return {
        "_id": LEDGER_ID, "version": VERSION, "created": now,
        "total": parameters.total, "size": parameters.size, "updates": parameters.updates, "seed": parameters.seed,
        "start": 0, "position": 0, "runs": 0, "claims": [],
        "last_ts": 0, "last_dt": 0, "last_updates": 0, "last_errors": 0,
    }


def check(state: State) -> State:
    """Return the ledger when its fields make sense, with those that the earlier tool did not know filled in.

    Raises LedgerDamaged otherwise.
    """
    optional = {"origin", "torn_from", "torn_until"}
    if "position" not in state:
        optional.add("seed")
        state.update(position=state.get("start"), origin=state.get("start"), runs=0, claims=[])
    for name in ("created", "last_ts", "last_dt", "last_updates", "last_errors"):
        state.setdefault(name, 0)
    for name, (least, most) in LIMITS.items():
        if name in state or name not in optional:
            _check_number(state, name, least, most)
    if not isinstance(state.get("claims"), list) or not all(_is_claim(entry, state) for entry in state["claims"]):
        raise _damaged("its claims cannot be read")
    return state


def claim(state: State, driver: Driver, count: int, now: int,
          is_gone: Callable[[str, str], bool] = is_gone) -> list[Claim]:
    """Hand the next ``count`` updates to ``driver``, and every claim whose lease has run out or whose driver is gone.

    Returns its claims. ``is_gone`` tells of a driver's name and process whether it writes no more. Raises Busy, and
    changes nothing, when documents of that window are still in the hands of another driver.
    """
    mine, others = _split(state, driver.name)
    if mine:  # the ledger was written, and the answer lost
        return mine
    left = [entry for entry in others if entry.lease <= now or is_gone(entry.driver, entry.process)]
    held = [entry for entry in others if entry not in left]
    first = state["position"]
    count = 0 if len(left) >= MOST_LEFT else min(count, state["total"])
    superseded = first + count - state["total"]  # updates below it write documents that the new window writes anew
    if count and any(entry.first < superseded for entry in held):
        raise Busy(f"the next {count} documents are still being written by other drivers; run it again later")
    given_up = [entry.first for entry in left if count and entry.first < superseded]
    left = [_from(entry, superseded) if count else entry for entry in left]
    run, lease = state["runs"], now + LEASE
    mine = [Claim(entry.first, entry.count, entry.ts, lease, *driver, run, redo=True) for entry in left if entry.count]
    if count:
        mine.append(Claim(first, count, now, lease, *driver, run))
    if mine:
        state.update(position=first + count, start=(first + count) % state["total"], runs=run + 1)
        if given_up:
            _tear(state, min(given_up), first + count)
        _store(state, held + mine)
    return mine


def renew(state: State, driver: str, now: int) -> list[Claim]:
    """Give the driver's claims a new lease; returns them. ClaimLost when it has none any more."""
    mine, others = _split(state, driver)
    if not mine:
        raise ClaimLost("the lease ran out and another driver took the window over; nothing is lost")
    mine = [entry._replace(lease=now + LEASE) for entry in mine]
    _store(state, others + mine)
    return mine


def settle(state: State, driver: str, left: list[Claim], result: Result) -> None:
    """Close the driver's claims; what is ``left`` of them stays open for whoever comes next.

    ClaimLost when the driver has none any more.
    """
    mine, others = _split(state, driver)
    if not mine:
        raise ClaimLost("the lease ran out before the cycle was settled; another driver redoes it, nothing is lost")
    _store(state, others + [entry._replace(lease=0) for entry in left])
    state.update(last_ts=result.ts, last_dt=int(result.dt), last_updates=result.updates, last_errors=result.errors)
    if not torn(state):
        state.pop("torn_from", None)
        state.pop("torn_until", None)


def open_claims(state: State) -> list[Claim]:
    """The windows that have been handed out and not been settled, in the order of the stream."""
    return [Claim(**entry) for entry in state["claims"]]


def torn(state: State) -> Torn | None:
    """What was given up and may not have been made good yet, None for nothing."""
    found = Torn(state.get("torn_from", 0), state.get("torn_until", 0))
    return found if any(entry.first < found.stop for entry in open_claims(state)) else None


def stream(state: State) -> Stream:
    """The update stream of the database."""
    return Stream(state["seed"], state["total"], state["size"])


def _from(entry: Claim, first: int) -> Claim:
    """The part of a claim from update ``first`` on."""
    first = max(entry.first, min(first, entry.stop))
    return entry._replace(first=first, count=entry.stop - first)


def _tear(state: State, first: int, stop: int) -> None:
    """Note that updates from ``first`` on are given up for those of a window that ends at ``stop``."""
    before = torn(state)
    state.update(torn_from=min(first, before.first) if before else first, torn_until=stop)


def _split(state: State, driver: str) -> tuple[list[Claim], list[Claim]]:
    claims = open_claims(state)
    return [c for c in claims if c.driver == driver], [c for c in claims if c.driver != driver]


def _store(state: State, claims: list[Claim]) -> None:
    state["claims"] = [entry._asdict() for entry in sorted(claims)]


def _check_number(state: State, name: str, least: int, most: int) -> None:
    value = state.get(name)
    if not (_is_count(value, least, most) or (name == "last_dt" and isinstance(value, float) and 0 <= value <= most)):
        raise _damaged(f"its field {name!r} is {value!r:.40}")


def _is_count(value: Any, least: int, most: int) -> bool:
    return is_integer(value) and least <= value <= most


def _is_claim(entry: Any, state: State) -> bool:
    """Whether an entry of the ledger is a claim on updates that have been handed out."""
    return (isinstance(entry, dict) and set(entry) == set(Claim._fields)
            and all(_is_count(entry[name], 0, LATEST) for name in ("ts", "lease", "run"))
            and all(isinstance(entry[name], str) for name in ("driver", "host", "process"))
            and isinstance(entry["redo"], bool)
            and _is_count(entry["first"], 0, state["position"])
            and _is_count(entry["count"], 1, min(state["total"], state["position"] - entry["first"])))


def _damaged(what: str) -> LedgerDamaged:
    return LedgerDamaged(f"the ledger (document {LEDGER_ID}) is damaged: {what}; "
                         "restore it, or set the database up anew with force")


# -- to the server and back


class Ledger:
    """The ledger of a database; ``state`` is what was last read or written."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._register = Register(client, LEDGER_ID)
        self.state: State = {}

    def read(self) -> State:
        """Read the ledger; raises NoDatabase, NoLedger or LedgerDamaged."""
        state = self._register.read()
        if state is None:
            raise self._absence()
        self.state = check(state)
        return self.state

    def create(self, parameters: Parameters) -> State:
        """Write the ledger of a fresh database; Conflict when there is one."""
        state = new(parameters, self._client.now())
        state["_rev"] = self._register.write(state)
        self.state = state
        return state

    def change(self, apply: Callable[[State], Answer], beside: State | None = None) -> Answer:
        """Apply a function to the ledger and write it back, anew from the start when somebody else was first.

        Starts from the ledger as it is known; what ``apply`` raises leaves it as it was, and a ledger that it does
        not change is not written. ``beside`` is another document to write in the same request, if it can be.
        """
        for attempt in range(TRIES):
            state = copy.deepcopy(self.state or self.read())
            answer = apply(state)
            try:
                if state == self.state:
                    self._register.confirm(state["_rev"])
                else:
                    state["_rev"] = self._register.write(state, beside)
            except Conflict:
                beside = None
                self._client.stopping.wait(random.uniform(0, 0.05) * 2 ** min(attempt, 5))
                self.read()
            else:
                self.state = state
                return answer
        raise Unreachable(f"too many drivers are changing the ledger of {self._client.address.url} at once; "
                          "run it again later")

    def settle(self, lease: Lease, left: list[Claim], result: Result, record: State) -> None:
        """Close the claims of a cycle, keep what is ``left`` of them open, and write its run record.

        ClaimLost when another driver has taken them over.
        """
        driver = lease.claims[0].driver
        try:
            self.change(lambda state: settle(state, driver, left, result), beside=record)
        except ClaimLost:
            # Nobody may take a claim over before its lease ends: it was settled, and only the answer was lost.
            if self._client.now() >= lease.end:
                raise

    def _absence(self) -> CouchdynoError:
        """What a missing ledger means."""
        url = self._client.address.url
        if self._client.database_info() is None:
            return NoDatabase(f"there is no database {url}; make one with setup")
        return NoLedger(f"the database {url} was not set up by couchdyno: it has no document {LEDGER_ID}; "
                        "restore that, or set the database up anew with force")


class Lease:
    """The claims of a driver for as long as they are its own; safe to use from several threads."""

    def __init__(self, client: Client, ledger: Ledger, claims: list[Claim]) -> None:
        self._client = client
        self._ledger = ledger
        self._lock = threading.Lock()
        self.claims = claims
        self.end = claims[0].lease
        self._is_missing = False

    def check(self) -> None:
        """Raise ClaimLost when another driver has taken the claims over."""
        self._renew_in(MARGIN)

    def confirm(self) -> None:
        """Raise ClaimLost when the ledger no longer names the driver, whatever the time.

        That happens within a lease when the ledger is edited, or the database deleted and made anew.
        """
        self.check()
        with self._lock:
            driver = self.claims[0].driver
            self._is_missing = not any(entry.driver == driver for entry in open_claims(self._ledger.read()))
        self.check()

    def renew_when_due(self) -> None:
        """Renew the lease when half of it has gone; raises ClaimLost as ``check`` does."""
        self._renew_in(LEASE // 2)

    def _renew_in(self, seconds: int) -> None:
        """Renew the lease when it ends in so many seconds or has ended: the ledger tells whether it is too late."""
        with self._lock:
            if self._is_missing:
                raise ClaimLost("the claim is no longer in the ledger; was the database made anew? run it again")
            now = self._client.now()
            if now >= self.end - seconds:
                driver = self.claims[0].driver
                self.end = self._ledger.change(lambda state: renew(state, driver, now))[0].lease
