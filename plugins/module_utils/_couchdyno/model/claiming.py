# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write what: functions from ledger to ledger that hand updates out, and take them back. Pure.

Any number of drivers may work on one database, because each change of the ledger is written under the revision that it
was made from, and because of what these functions keep true:

- every update below ``position`` was handed out exactly once, or is named by exactly one open claim;
- no two open claims name the same document (all of them lie within ``total`` updates), so a driver may overwrite
  whatever it finds in its documents while its lease lasts.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple

from ..errors import Busy, ClaimLost
from .claim import Claim, Driver
from .ledger import Ledger

LEASE = 60  # seconds after which a claim that was not renewed is anybody's
MOST_LEFT = 32  # with so many unfinished claims, cycles repair and hand out nothing new

Claims = List[Claim]


class Result(NamedTuple):
    """What a driver reports when it settles: its time stamp, seconds, and counts of documents."""

    ts: int
    dt: float
    updates: int
    errors: int


def nobody(_driver: str, _process: str) -> bool:
    """Whether a driver is gone, if nothing is known of processes."""
    return False


def claim(ledger: Ledger, driver: Driver, count: int, now: int,
          is_gone: Callable[[str, str], bool] = nobody) -> tuple[Ledger, Claims]:
    """Hand the next ``count`` updates to ``driver``, and every claim whose lease has run out or whose driver is gone.

    Returns the ledger and the driver's claims. ``is_gone`` says of a driver's name and process whether it writes no
    more. Raises Busy when documents of that window are still in the hands of another driver.
    """
    mine, others = _split(ledger, driver.name)
    if mine:  # the ledger was written, and the answer lost
        return ledger, mine
    left = [entry for entry in others if entry.lease <= now or is_gone(entry.driver, entry.process)]
    held = [entry for entry in others if entry not in left]
    first = ledger.position
    count = 0 if len(left) >= MOST_LEFT else min(count, ledger.total)
    superseded = first + count - ledger.total  # updates below it write documents that the new window writes again
    if count and any(entry.first < superseded for entry in held):
        raise Busy(f"the next {count} documents are still being written by other drivers; run it again later")
    given_up = [entry.first for entry in left if count and entry.first < superseded]
    left = [entry.from_update(superseded) if count else entry for entry in left]
    run, lease = ledger.runs, now + LEASE
    mine = [Claim(entry.first, entry.count, entry.ts, lease, *driver, run, redo=True) for entry in left if entry.count]
    if count:
        mine.append(Claim(first, count, now, lease, *driver, run))
    if not mine:
        return ledger, mine
    ledger = ledger._replace(position=first + count, start=(first + count) % ledger.total, runs=run + 1)
    if given_up:
        ledger = _supersede(ledger, min(given_up), first + count)
    return ledger.with_claims(held + mine), mine


def renew(ledger: Ledger, driver: str, now: int) -> tuple[Ledger, Claims]:
    """Give the driver's claims a new lease; returns the ledger and the claims. ClaimLost when it has none any more."""
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost("the lease ran out and another driver took the window over; nothing is lost")
    mine = [entry._replace(lease=now + LEASE) for entry in mine]
    return ledger.with_claims(others + mine), mine


def settle(ledger: Ledger, driver: str, left: Claims, result: Result) -> Ledger:
    """Close the driver's claims; what is ``left`` of them stays open for whoever comes next.

    ClaimLost when the driver has none any more.
    """
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost("the lease ran out before the cycle was settled; another driver redoes it, nothing is lost")
    ledger = ledger.with_claims(others + [entry._replace(lease=0) for entry in left])
    ledger = ledger._replace(last_ts=result.ts, last_dt=int(result.dt), last_updates=result.updates,
                             last_errors=result.errors)
    return ledger if ledger.superseded else ledger._replace(torn_from=None, torn_until=None)


def _supersede(ledger: Ledger, first: int, stop: int) -> Ledger:
    """Note that updates from ``first`` on are given up for those of a window that ends at ``stop``."""
    before = ledger.superseded
    return ledger._replace(torn_from=min(first, before.first) if before else first, torn_until=stop)


def _split(ledger: Ledger, driver: str) -> tuple[Claims, Claims]:
    return ([entry for entry in ledger.claims if entry.driver == driver],
            [entry for entry in ledger.claims if entry.driver != driver])
