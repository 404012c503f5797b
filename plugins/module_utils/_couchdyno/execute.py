# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute: claim the next window, write it, settle it.

Times in the data are Unix seconds of the server, durations are seconds.
"""
from __future__ import annotations

import random
import time
from typing import Any, Callable, Dict, Iterable

from . import history
from .client import Client
from .driver import Driver
from .driver import new as new_driver
from .errors import Busy, ServerError
from .ledger import LEASE, Claim, Lease, Ledger, Result, State, claim, open_claims, stream
from .outcome import Outcome
from .pace import Pace
from .parameters import MAX_UPDATES, check_count, draw_seed
from .writer import Writer

PATIENCE = 2 * LEASE  # how long to wait for documents that are in the hands of other drivers
PUBLIC = ("created", "last_dt", "last_errors", "last_ts", "last_updates", "size", "start", "total", "updates",
          "version", "seed", "position", "runs")

Data = Dict[str, Any]
Progress = Callable[[int], None]  # is told how many documents are done by now


def execute(client: Client, updates: int | None = None, pace: Pace | None = None) -> Data:
    """Execute one cycle of ``updates`` documents (as many as the ledger says by default, at most all of them).

    Cycles that follow each other share a ``pace``.

    Returns::

        {"before": {"total", "size", "start", "updating"},
         "after": {"updates", "dt", "rate", "errors", "first"},
         "new_state": the public part of the ledger}

    ``first`` is the first update of the window. ``after`` has further counts where they are not 0: ``redone``
    (documents of windows that other cycles had left), ``accepted`` (by fewer nodes than a quorum), ``conflicts``
    (writes that were refused at first because the document had just changed), ``foreign`` (documents that somebody else
    had deleted, or was seen to have written, and that were overwritten; what was edited before the cycle is overwritten
    without being looked at), ``left`` (not written because of a signal; the next cycle does it) and ``busy`` (1: all
    that could be written is in the hands of other drivers), ``samples``, the first few documents that could not be
    written: ``{"id", "update", "reason"}``, and ``reason``, what ended the writing before its time.
    """
    ledger = Ledger(client)
    count = _count(updates, ledger)
    try:
        after = cycle(client, ledger, lambda _state: count, pace or Pace())
    except Busy:
        after = dict(_summary(Outcome(), 0.0, ledger.state["position"]), busy=1)
    return _report(ledger.state, after["first"], count, after)


def plan(client: Client, updates: int | None = None, cycles: int = 1) -> list[Data]:
    """What ``execute`` would return for each of so many cycles, were all to go well; changes nothing."""
    ledger = Ledger(client)
    count = _count(updates, ledger)
    state, reports = ledger.state, []
    for __ in range(cycles):
        first = state["position"]
        state = dict(state, position=first + count, start=(first + count) % state["total"])
        after = {"updates": count, "dt": 0.0, "rate": 0.0, "errors": 0, "first": first}
        reports.append(_report(state, first, count, after))
    return reports


def sum_up(afters: Iterable[Data]) -> Data:
    """What several cycles did, as one: counts and durations summed, the rate over all, the first samples and reason."""
    whole: Data = {"updates": 0, "dt": 0.0, "rate": 0.0, "errors": 0}
    for after in afters:
        for name, value in after.items():
            if name in ("samples", "reason"):
                whole.setdefault(name, value)
            elif name not in ("rate", "first"):
                whole[name] = whole.get(name, 0) + value
    return dict(whole, dt=round(whole["dt"], 3), rate=_rate(whole["updates"], whole["dt"]))


def cycle(client: Client, ledger: Ledger, count: Callable[[State], int], pace: Pace, kind: str = "cycle",
          progress: Progress = lambda done: None) -> Data:
    """Claim the next ``count(ledger)`` updates and whatever other cycles have left, write them, settle them.

    Returns what ``execute`` has under ``"after"``. Raises Busy when other drivers do not let go of the documents in
    time.
    """
    driver = new_driver()
    try:
        claims, before = _claim(client, ledger, driver, count)
        if not claims:
            return _summary(Outcome(), 0.0, ledger.state["position"])
        return _write(client, ledger, claims, before, pace, kind, progress)
    except BaseException:
        driver.abandon()
        raise


def public(state: State) -> Data:
    """The ledger as it is shown: without the fields of CouchDB and without drivers' names in its claims."""
    shown = {name: state[name] for name in PUBLIC if name in state}
    shown["claims"] = [{name: entry[name] for name in ("first", "count", "ts", "lease", "host")}
                       for entry in state["claims"]]
    return shown


def _write(client: Client, ledger: Ledger, claims: list[Claim], before: list[Claim], pace: Pace, kind: str,
           progress: Progress) -> Data:
    """Write claimed windows and settle them; ``before`` are the claims that were open when these were made."""
    lease = Lease(client, ledger, claims)
    sizes = _sizes(client)
    started = time.monotonic()
    writer = Writer(client, stream(ledger.state), lease, pace, _expects(ledger.state, before))
    outcome = writer.write(progress)
    dt = time.monotonic() - started
    newest = claims[-1]
    redone = [entry for entry in claims if entry.redo]
    record = {"run": newest.run, "ts": newest.ts, "dt": round(dt, 4), "first": newest.first,
              "count": 0 if newest.redo else newest.count, "updates": outcome.written, "errors": outcome.errors,
              "kind": kind, "host": newest.host, "latency": history.latency(outcome.latencies)}
    record.update(_details(outcome, pace, sizes))
    if redone:
        record["redone"] = [[entry.first, entry.count, entry.ts] for entry in redone]
    result = Result(newest.ts, dt, outcome.written, outcome.errors)
    ledger.settle(lease, outcome.left, result, history.place(client, record))
    return dict(_summary(outcome, dt, newest.first), **_counts(redone=sum(entry.count for entry in redone)))


def _sizes(client: Client) -> Data | None:
    """The sizes of the database where it tells them; no cycle fails for want of them."""
    try:
        sizes = client.sizes() or {}
    except ServerError:
        return None
    return {name: sizes[name] for name in ("active", "file") if name in sizes}


def _details(outcome: Outcome, pace: Pace, sizes: Data | None) -> Data:
    """How a run was made, and what not every run has to tell."""
    details: Data = {"connections": pace.connections}
    if pace.rate:
        details["limit"] = pace.rate
    if sizes:
        details["sizes"] = sizes
    if outcome.errors:
        details["classes"] = outcome.classes
    return details


def _expects(state: State, before: list[Claim]) -> Callable[[int], bool | None]:
    """Whether an update finds its document there, None where nobody can tell.

    It does when the update a lap earlier was ours, and is not among what was left.
    """
    total, origin = state["total"], state.get("origin", 0)

    def expects(update: int) -> bool | None:
        earlier = update - total
        if earlier < origin:
            return None if "origin" in state else False
        return None if any(entry.first <= earlier < entry.stop for entry in before) else True

    return expects


def _claim(client: Client, ledger: Ledger, driver: Driver,
           count: Callable[[State], int]) -> tuple[list[Claim], list[Claim]]:
    """Claim a window for a driver; waits for documents that others still write.

    Returns its claims, and all that were open before.
    """
    before: list[Claim] = []

    def take(state: State) -> list[Claim]:
        before[:] = open_claims(state)
        return claim(state, driver, count(state), client.now())

    deadline = time.monotonic() + PATIENCE
    if "seed" not in ledger.state:
        _upgrade(client, ledger)
    while True:
        try:
            return ledger.change(take), before
        except Busy:
            if time.monotonic() > deadline or client.stopping.wait(random.uniform(0.1, 0.5)):
                raise
            ledger.read()


def _upgrade(client: Client, ledger: Ledger) -> None:
    """Take over a database of the earlier tool: give it a seed, and its history a document of its own."""
    seed = draw_seed()
    if "history" in ledger.state:
        history.keep_earlier(client, ledger.state["history"])

    def apply(state: State) -> None:
        state.setdefault("seed", seed)
        state.pop("history", None)

    ledger.change(apply)


def _counts(**counts: int) -> Data:
    return {name: value for name, value in counts.items() if value}


def _summary(outcome: Outcome, dt: float, first: int) -> Data:
    after: Data = {"updates": outcome.written, "dt": round(dt, 3), "rate": _rate(outcome.written, dt),
                   "errors": outcome.errors, "first": first}
    after.update(_counts(accepted=outcome.accepted, conflicts=outcome.conflicts, foreign=outcome.foreign,
                         left=0 if outcome.broken else outcome.left_count - outcome.errors))
    if outcome.samples:
        after["samples"] = outcome.samples
    if outcome.broken:
        after["reason"] = str(outcome.broken)
    return after


def _report(state: State, first: int, count: int, after: Data) -> Data:
    before = {"total": state["total"], "size": state["size"], "start": first % state["total"], "updating": count}
    return {"before": before, "after": after, "new_state": public(state)}


def _count(updates: int | None, ledger: Ledger) -> int:
    """How many documents a cycle is to update; reads the ledger."""
    if updates is not None:
        check_count("updates per run", updates, MAX_UPDATES)
    state = ledger.read()
    return min(updates or int(state["updates"]), int(state["total"]))


def _rate(updates: int, dt: float) -> float:
    return round(updates / dt, 1) if dt > 0 else 0.0
