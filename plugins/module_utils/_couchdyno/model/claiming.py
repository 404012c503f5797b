# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write what: functions from ledger to ledger that hand out updates and settle them. Pure.

Any number of drivers may work on one database, because each change of the ledger replaces the revision that it was
based on, and because these functions keep two invariants:

- every update below ``position`` was handed out exactly once, and is settled, superseded or named by exactly one
  open claim;
- no two open claims name the same document (all of them lie within ``total`` updates), so a driver may overwrite its
  documents, whatever they contain, while its lease lasts.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple

from ..errors import RETRY_LATER, Busy, ClaimLost
from .claim import Claim, Driver
from .ledger import Ledger

LEASE = 60  # seconds after which any driver may take over a claim that was not renewed
MOST_UNFINISHED = 32  # with this number of unfinished claims, cycles finish them and hand out nothing new

TAKEN_OVER = "another driver took over the window; no update is lost"

Claims = List[Claim]


class Result(NamedTuple):
    """What a driver reports when it settles: time stamp, duration in seconds, counts of documents."""

    ts: int
    dt: float
    updates: int
    errors: int


def nobody_is_gone(_driver: str, _process: str) -> bool:
    """Whether a driver is gone, if nothing is known about processes: False."""
    return False


def claim(ledger: Ledger, driver: Driver, count: int, now: int,
          is_gone: Callable[[str, str], bool] = nobody_is_gone) -> tuple[Ledger, Claims]:
    """Hand the next ``count`` updates to ``driver``, and every claim whose lease has expired or whose driver is gone.

    Returns the ledger and the driver's claims. ``is_gone`` decides from the name and process of a driver whether it has
    stopped writing. Raises Busy if another driver is still writing documents of that window.
    """
    mine, others = _split(ledger, driver.name)
    if mine:  # the ledger was written, but the answer was lost
        return ledger, mine
    unfinished = [entry for entry in others if entry.lease <= now or is_gone(entry.driver, entry.process)]
    held = [entry for entry in others if entry not in unfinished]
    first = ledger.position
    count = 0 if len(unfinished) >= MOST_UNFINISHED else min(count, ledger.total)
    oldest_kept = first + count - ledger.total  # the new window rewrites the documents of all updates below this one
    if count and any(entry.first < oldest_kept for entry in held):
        raise Busy(f"other drivers are still writing some of the next {count} documents; {RETRY_LATER}")
    superseded = [entry.first for entry in unfinished if count and entry.first < oldest_kept]
    unfinished = [entry.from_update(oldest_kept) if count else entry for entry in unfinished]
    run, lease = ledger.runs, now + LEASE
    mine = [Claim(entry.first, entry.count, entry.ts, lease, *driver, run, redo=True)
            for entry in unfinished if entry.count]
    if count:
        mine.append(Claim(first, count, now, lease, *driver, run))
    if not mine:
        return ledger, mine
    ledger = ledger._replace(position=first + count, start=(first + count) % ledger.total, runs=run + 1)
    if superseded:
        ledger = _supersede(ledger, min(superseded), first + count)
    return ledger.with_claims(held + mine), mine


def renew(ledger: Ledger, driver: str, now: int) -> tuple[Ledger, Claims]:
    """Give the driver's claims a new lease; returns the ledger and the claims. ClaimLost if it no longer has any."""
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost(f"the lease expired and {TAKEN_OVER}")
    mine = [entry._replace(lease=now + LEASE) for entry in mine]
    return ledger.with_claims(others + mine), mine


def settle(ledger: Ledger, driver: str, unfinished: Claims, result: Result) -> Ledger:
    """Close the driver's claims; their ``unfinished`` parts stay open for the next cycle of any driver.

    ClaimLost if the driver no longer has any.
    """
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost(f"the lease expired before the cycle was settled, and {TAKEN_OVER}")
    ledger = ledger.with_claims(others + [entry._replace(lease=0) for entry in unfinished])
    ledger = ledger._replace(last_ts=result.ts, last_dt=int(result.dt), last_updates=result.updates,
                             last_errors=result.errors)
    return ledger if ledger.superseded else ledger._replace(torn_from=None, torn_until=None)


def _supersede(ledger: Ledger, first: int, stop: int) -> Ledger:
    """Record that a window that ends at ``stop`` supersedes unfinished updates from ``first`` on."""
    before = ledger.superseded
    return ledger._replace(torn_from=min(first, before.first) if before else first, torn_until=stop)


def _split(ledger: Ledger, driver: str) -> tuple[Claims, Claims]:
    return ([entry for entry in ledger.claims if entry.driver == driver],
            [entry for entry in ledger.claims if entry.driver != driver])
