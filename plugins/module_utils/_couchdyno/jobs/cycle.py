# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A cycle: claim the next window, write it, settle it.

Times are Unix seconds of the server, durations are seconds.
"""
from __future__ import annotations

import random
import time
from typing import Any, Callable, Dict

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import Busy, ServerError
from ..model import legacy
from ..model.claim import Claim, Driver
from ..model.claiming import LEASE, Result, claim
from ..model.ledger import Ledger
from ..model.outcome import NOTHING, nonzero
from ..model.parameters import draw_seed
from ..model.run_record import CYCLE, RunRecord
from ..storage import run_records
from ..storage.lease import Lease
from ..storage.ledger_document import LedgerDocument
from .driver import abandon, is_gone, new_driver
from .pace import Pace
from .writer import Writer

PATIENCE = 2 * LEASE  # how long to wait for documents that other drivers are writing

Data = Dict[str, Any]
Progress = Callable[[int], None]  # called with the number of documents done so far
WindowSize = Callable[[Ledger], int]  # how many updates to claim next


def run_cycle(client: Client, document: LedgerDocument, window_size: WindowSize, pace: Pace, kind: str = CYCLE,
              progress: Progress = lambda done: None, stop: Stop = NEVER) -> Data:
    """Claim the next updates and the unfinished updates of other cycles, write them, settle them.

    Returns what ``execute`` has under ``"after"``. Raises Busy if other drivers are still writing the documents after
    PATIENCE.
    """
    driver = new_driver()
    try:
        claims, before = _claim(client, document, driver, window_size, stop)
        if not claims:
            return NOTHING.dump(0.0, document.ledger.position)
        return _write(client, document, claims, before, pace, kind, progress, stop)
    except BaseException:
        abandon(driver)
        raise


def _write(client: Client, document: LedgerDocument, claims: list[Claim], before: list[Claim], pace: Pace, kind: str,
           progress: Progress, stop: Stop) -> Data:
    """Write claimed windows and settle them; ``before`` are the claims that were open just before."""
    lease = Lease(client, document, claims)
    sizes = _sizes(client)
    started = time.monotonic()
    ledger = document.ledger
    outcome = Writer(client, ledger.stream, lease, pace, _expects(ledger, before), stop).write(progress)
    dt = time.monotonic() - started
    newest = claims[-1]
    record = RunRecord.of(claims, outcome, kind=kind, dt=round(dt, 4), connections=pace.connections,
                          limit=pace.rate or None, sizes=sizes or None)
    result = Result(newest.ts, dt, outcome.written, outcome.errors)
    lease.settle(outcome.left, result, run_records.place(client, record))
    return dict(outcome.dump(dt, newest.first), **nonzero(redone=sum(entry.count for entry in claims if entry.redo)))


def _sizes(client: Client) -> Data | None:
    """The sizes of the database if the server reports them; no cycle fails if it does not."""
    try:
        sizes = client.sizes() or {}
    except ServerError:
        return None
    return {name: sizes[name] for name in ("active", "file") if name in sizes}


def _expects(ledger: Ledger, before: list[Claim]) -> Callable[[int], bool | None]:
    """Whether the document of an update should exist already, None if that is not known.

    It should if the previous update of the document belongs to the stream and to no unfinished claim.
    """
    previous, origin = ledger.stream.previous, ledger.origin

    def expects(update: int) -> bool | None:
        earlier = previous(update)
        if earlier is None or earlier < (origin or 0):
            return False if origin is None else None
        return None if any(entry.holds(earlier) for entry in before) else True

    return expects


def _claim(client: Client, document: LedgerDocument, driver: Driver, window_size: WindowSize,
           stop: Stop) -> tuple[list[Claim], list[Claim]]:
    """Claim a window for a driver; waits for documents that other drivers are still writing.

    Returns its claims, and all claims that were open before.
    """
    def hand_out(ledger: Ledger) -> tuple[Ledger, tuple[list[Claim], list[Claim]]]:
        after, mine = claim(ledger, driver, window_size(ledger), client.now(), is_gone)
        return after, (mine, list(ledger.claims))

    deadline = time.monotonic() + PATIENCE
    if document.ledger.seed is None:
        _upgrade(client, document)
    while True:
        try:
            return document.change(hand_out)
        except Busy:
            if time.monotonic() > deadline or stop.wait(random.uniform(0.1, 0.5)):
                raise
            document.read()


def _upgrade(client: Client, document: LedgerDocument) -> None:
    """Upgrade a database of the original tool: draw a seed, and move the history into a separate document."""
    stored = document.ledger.stored
    if legacy.HISTORY in stored:
        client.put(legacy.history_document(client.get(legacy.HISTORY_ID), stored))

    def upgraded(ledger: Ledger) -> tuple[Ledger, None]:
        seed = draw_seed() if ledger.seed is None else ledger.seed  # another cycle may have come first
        return ledger._replace(seed=seed, stored=legacy.without_history(ledger.stored)), None

    document.change(upgraded)
