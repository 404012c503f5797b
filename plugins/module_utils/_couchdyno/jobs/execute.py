# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Execute: run update cycles, and report what they did.

Times in the data are Unix seconds of the server, durations are seconds.
"""
from __future__ import annotations

from typing import Any, Dict, Iterable

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import Busy
from ..model.claiming import window_size
from ..model.ledger import Ledger
from ..model.limits import MAX_UPDATES, check_count
from ..model.outcome import NOTHING, rate
from ..storage.ledger_document import LedgerDocument
from ..storage.ledger_reading import read_ledger
from .cycle import run_cycle
from .pace import Pace

Data = Dict[str, Any]


def execute(client: Client, updates: int | None = None, pace: Pace | None = None, stop: Stop = NEVER) -> Data:
    """Execute one cycle of ``updates`` documents (by default as many as the ledger says; at most all documents).

    Consecutive cycles share a ``pace``.

    Returns::

        {"before": {"total", "size", "start", "updating"},
         "after": {"updates", "dt", "rate", "errors", "first"},
         "new_state": the public part of the ledger}

    ``first`` is the first update of the window. ``after`` has further counts if they are not 0: ``redone`` (documents
    of unfinished windows of other cycles), ``accepted`` (by fewer nodes than a quorum), ``conflicts`` (writes that were
    refused at first because the document had just changed), ``foreign`` (documents that others had deleted, or had
    written during the cycle, and that were overwritten; earlier edits are overwritten without being read), ``left``
    (not written because of a signal; the next cycle writes them), ``throttled`` (how often the server answered 429 or
    503 before the cycle settled) and ``busy`` (1: nothing was written, as other drivers were still writing some of the
    documents); ``samples``, the first few documents that could not be written: ``{"id", "update", "reason"}``; and
    ``reason``, what ended the writing early.
    """
    document = LedgerDocument(client)
    _check(updates)
    ledger = document.read()
    count = window_size(ledger, updates or ledger.updates)
    try:
        after = run_cycle(client, document, lambda _ledger: count, pace or Pace(), stop=stop)
    except Busy:
        after = NOTHING.dump(0.0, document.ledger.position)
        if not stop.is_requested():
            after["busy"] = 1
    return _report(document.ledger, after["first"], count, after)


def plan(client: Client, updates: int | None = None, cycles: int = 1) -> list[Data]:
    """What ``execute`` would return for each of some ``cycles`` if all went well; changes nothing."""
    _check(updates)
    ledger, reports = read_ledger(client), []
    for __ in range(cycles):
        first, count = ledger.position, window_size(ledger, updates or ledger.updates)
        ledger = ledger._replace(position=first + count, start=(first + count) % ledger.total)
        after = {"updates": count, "dt": 0.0, "rate": 0.0, "errors": 0, "first": first}
        reports.append(_report(ledger, first, count, after))
    return reports


def sum_up(afters: Iterable[Data]) -> Data:
    """Several cycles as one: the sums of counts and durations, the overall rate, the first samples and reason."""
    whole: Data = {"updates": 0, "dt": 0.0, "rate": 0.0, "errors": 0}
    for after in afters:
        for name, value in after.items():
            if name in ("samples", "reason", "unrecorded", "undeleted"):
                whole.setdefault(name, value)
            elif name not in ("rate", "first"):
                whole[name] = whole.get(name, 0) + value
    return dict(whole, dt=round(whole["dt"], 3), rate=rate(whole["updates"], whole["dt"]))


def _report(ledger: Ledger, first: int, count: int, after: Data) -> Data:
    before = {"total": ledger.total, "size": ledger.size, "start": first % ledger.total, "updating": count}
    return {"before": before, "after": after, "new_state": ledger.shown()}


def _check(updates: int | None) -> None:
    if updates is not None:
        check_count("updates_per_run", updates, MAX_UPDATES)
