# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filling: write the documents of lap 0, together with any other drivers."""
from __future__ import annotations

from typing import Any, Callable, Dict

from ..couchdb.client import Client
from ..couchdb.stop import Stop
from ..errors import Busy
from ..model.ledger import Ledger
from ..model.ranges import NONE, both, size
from ..model.run_record import FILL
from ..storage.ledger_document import LedgerDocument
from .cycle import run_cycle
from .execute import sum_up
from .pace import Pace

BATCHES = 50  # how many batches a filling driver claims at once

Data = Dict[str, Any]


def fill(client: Client, document: LedgerDocument, pace: Pace, progress: Callable[[int, int], None],
         stop: Stop) -> Data:
    """Write the missing documents, some batches at a time; returns the counts of ``execute``, summed up.

    ``progress`` is called with the number of documents so far and in total.
    """
    total = document.ledger.total
    chunk = BATCHES * pace.batch_documents(document.ledger.size)
    afters: list[Data] = []

    def next_chunk(ledger: Ledger) -> int:
        return max(0, min(chunk, total - ledger.position))

    while missing(document.ledger) and not any(after["errors"] for after in afters) and not stop.is_requested():
        present = total - missing(document.ledger)

        def report(done: int, present: int = present) -> None:
            progress(present + done, total)

        report(0)
        try:
            afters.append(run_cycle(client, document, next_chunk, pace, FILL, report, stop))
        except Busy:
            pass
        if next_chunk(document.ledger) == 0 and missing(document.ledger):  # others are writing the rest
            stop.wait(0.5)
            document.read()
    return sum_up(afters)


def missing(ledger: Ledger) -> int:
    """How many documents may not exist yet: not handed out, or in open claims of lap 0."""
    first = ledger.stream.window(0, ledger.total) if ledger.claims else NONE
    opened = sum(size(both(claim.updates, first)) for claim in ledger.claims)
    return max(0, ledger.total - ledger.position) + opened
