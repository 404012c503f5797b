# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write what: functions from ledger to ledger that hand out updates and settle them. Pure.

Any number of drivers may work on one database, because each change of the ledger replaces the revision that it was
based on, and because of these rules:

- every update below ``position`` was handed out exactly once, and is written, refused, superseded, or named by exactly
  one open claim;
- a document has at most one open update, so a driver may overwrite its documents, whatever they contain, while its
  lease lasts: a window is handed out only if it writes no document of an open update of another driver;
- what drivers have left unfinished comes first, and is redone to the end. Only then, what still cannot be written and
  is written again by the next window, is superseded by it. A deletion is never written again, so never superseded;
- an update that the server refuses for good, or that has failed often, is not open. It is on record as refused until
  the next update of its document is written.
"""
from __future__ import annotations

from typing import Callable, List, NamedTuple

from ..errors import RETRY_LATER, Busy, ClaimLost
from . import missed, ranges
from .claim import Claim, Driver
from .ledger import Ledger
from .ranges import Ranges
from .stream import Stream

LEASE = 60  # seconds after which any driver may take over a claim that was not renewed
MOST_UNFINISHED = 32  # with this number of unfinished claims, a cycle finishes them before it claims a new window
MOST_FAILURES = 10  # cycles that try to write an update in vain; then it counts as refused

TAKEN_OVER = "another driver took over the window; no update is lost"

Claims = List[Claim]


class Result(NamedTuple):
    """What a driver reports when it settles: time stamp, duration in seconds, counts of documents."""

    ts: int
    dt: float
    updates: int
    errors: int


class Parts(NamedTuple):
    """What became of the claims of a driver: their ``unfinished`` parts, and ``refused`` updates; the rest is written.

    ``is_complete`` is true if all updates were tried, so that what is unfinished has failed.
    """

    unfinished: Claims
    refused: Ranges = ranges.NONE
    is_complete: bool = False

    @property
    def left(self) -> Claims:
        """The claims that stay open, which are nobody's."""
        return [entry for entry in self._failed() if entry.failures < MOST_FAILURES]

    @property
    def missed(self) -> Ranges:
        """The updates that are refused from now on, as the server refuses them or they have failed often."""
        given_up = (entry.updates for entry in self._failed() if entry.failures >= MOST_FAILURES)
        return ranges.union(self.refused, *given_up)

    def superseded(self, stream: Stream, stop: int) -> Ranges:
        """The places of the updates left whose documents are written again below ``stop``."""
        return ranges.union(*(stream.rewritten(entry.updates, stop) for entry in self.left))

    def _failed(self) -> Claims:
        """The unfinished claims, with one more failure if they were tried."""
        return [entry._replace(lease=0, driver="", process="", failures=entry.failures + self.is_complete)
                for entry in self.unfinished]


def window_size(ledger: Ledger, count: int) -> int:
    """How many updates the next window has, if it is to have ``count``: it must not write any document twice."""
    return min(count, max(ledger.span, ledger.total - ledger.position))


def nobody_is_gone(_driver: str, _process: str) -> bool:
    """Whether a driver is gone, if nothing is known about processes: False."""
    return False


def claim(ledger: Ledger, driver: Driver, count: int, now: int,
          is_gone: Callable[[str, str], bool] = nobody_is_gone) -> tuple[Ledger, Claims]:
    """Hand ``driver`` every claim whose lease has expired or whose driver is gone, and the next ``count`` updates.

    Returns the ledger and the driver's claims. If the next updates write documents of unfinished claims again, or there
    are many, only these are handed out; ``proceed`` goes on. ``is_gone`` decides from the name and process of a driver
    whether it has stopped writing. Raises Busy if another driver is still writing documents of that window.
    """
    mine, others = _split(ledger, driver.name)
    if mine:  # the ledger was written, but the answer was lost
        return ledger, mine
    unfinished = [entry for entry in others if entry.has_expired(now) or is_gone(entry.driver, entry.process)]
    held = [entry for entry in others if entry not in unfinished]
    stop = ledger.position + window_size(ledger, count)
    _check_free(ledger, held, stop)
    run, lease = ledger.runs, now + LEASE
    mine = [Claim(entry.updates, entry.ts, lease, *driver, run, redo=True, failures=entry.failures)
            for entry in unfinished]
    must_finish = len(unfinished) >= MOST_UNFINISHED or any(_rewritten(ledger, entry, stop) for entry in unfinished)
    if must_finish or not count:
        return ledger.with_claims(held + mine)._replace(runs=run + bool(mine)), mine
    ledger, new = _hand_out(ledger, driver, stop, now, run)
    ledger = ledger.with_claims([*held, *mine, *new])._replace(runs=run + 1)
    return ledger, _split(ledger, driver.name)[0]


def proceed(ledger: Ledger, driver: Driver, parts: Parts, count: int, now: int) -> tuple[Ledger, Claims]:
    """Close the claims of a driver that has only redone unfinished ones, and hand it the next ``count`` updates.

    These supersede updates that still could not be written. Raises ClaimLost if the driver no longer has its claims,
    Busy if other claims are in the way.
    """
    mine, others = _split(ledger, driver.name)
    if any(not entry.redo for entry in mine):  # the ledger was written, but the answer was lost
        return ledger, mine
    if not mine:
        raise ClaimLost(f"the lease expired and {TAKEN_OVER}")
    stop = ledger.position + window_size(ledger, count)
    _check_free(ledger, others, stop)
    superseded = parts.superseded(ledger.stream, stop)
    left = [entry.minus(superseded) for entry in parts.left]
    ledger = _close(ledger, others, mine, parts).with_missed(superseded=superseded)
    ledger, new = _hand_out(ledger, driver, stop, now, mine[0].run)
    ledger = ledger.with_claims([*others, *(entry for entry in left if entry.updates), *new])
    return ledger, _split(ledger, driver.name)[0]


def renew(ledger: Ledger, driver: str, now: int) -> tuple[Ledger, Claims]:
    """Give the driver's claims a new lease; returns the ledger and the claims. ClaimLost if it no longer has any."""
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost(f"the lease expired and {TAKEN_OVER}")
    mine = [entry._replace(lease=now + LEASE) for entry in mine]
    return ledger.with_claims(others + mine), mine


def settle(ledger: Ledger, driver: str, parts: Parts, result: Result) -> Ledger:
    """Close the driver's claims; what is unfinished stays open for the next cycle of any driver.

    ClaimLost if the driver no longer has any.
    """
    mine, others = _split(ledger, driver)
    if not mine:
        raise ClaimLost(f"the lease expired before the cycle was settled, and {TAKEN_OVER}")
    return _close(ledger, others, mine, parts)._replace(
        last_ts=result.ts, last_dt=int(result.dt), last_updates=result.updates, last_errors=result.errors)


def _close(ledger: Ledger, others: Claims, mine: Claims, parts: Parts) -> Ledger:
    """Record which updates of a driver's claims are written and refused; what is left of them stays open."""
    refused = parts.missed
    written = ranges.minus(ranges.union(*(entry.updates for entry in mine)),
                           ranges.union(refused, *(entry.updates for entry in parts.left)))
    ledger = ledger.with_claims([*others, *parts.left])
    return ledger.with_written(written).with_missed(refused=refused).without_made_up()


def _check_free(ledger: Ledger, held: Claims, stop: int) -> None:
    """Raise Busy if the window up to ``stop`` writes documents of claims that other drivers hold."""
    if any(_rewritten(ledger, entry, stop) for entry in held):
        raise Busy(f"other drivers are still writing some of the next {stop - ledger.position} documents; "
                   f"{RETRY_LATER}")


def _rewritten(ledger: Ledger, entry: Claim, stop: int) -> Ranges:
    """The updates of a claim whose documents are written again below ``stop``."""
    return ledger.stream.rewritten(entry.updates, stop)


def _hand_out(ledger: Ledger, driver: Driver, stop: int, now: int, run: int) -> tuple[Ledger, Claims]:
    """Hand out the updates from the position to ``stop``, and before them refused deletions that are tried again."""
    new = Claim(ledger.stream.window(ledger.position, stop), now, now + LEASE, *driver, run)
    again = ledger.stream.due_again(missed.as_ranges(ledger.refused), ledger.position, stop)
    ledger = ledger._replace(position=stop, start=stop % ledger.total)
    if not again:
        return ledger, [new]
    return (ledger._replace(refused=missed.reopened(ledger.refused, again, ledger.stream)),
            [new._replace(updates=again, redo=True), new])


def _split(ledger: Ledger, driver: str) -> tuple[Claims, Claims]:
    """The claims of a driver, those that it redoes first, and the others."""
    mine = [entry for entry in ledger.claims if entry.driver == driver]
    return (sorted(mine, key=lambda entry: not entry.redo),
            [entry for entry in ledger.claims if entry.driver != driver])
