# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detects an earlier ledger that was restored over a newer database, whose next updates already exist.

Run records show this, but reading them costs requests. So each change of the ledger records the generation of its
revision and the instance of the database; if both still match, only drivers have written the ledger.
"""
from __future__ import annotations

from ..couchdb.client import Client
from ..couchdb.revisions import rank
from ..errors import LedgerOutdated, command
from ..model.ledger import Ledger
from . import run_records
from .ledger_document import LedgerDocument


def check_not_outdated(client: Client, document: LedgerDocument) -> None:
    """Raise LedgerOutdated if there are records of runs that the ledger knows nothing of."""
    if _was_written_here(client, document.ledger):
        return
    latest = run_records.latest_run(client)
    if latest < document.ledger.runs:
        return
    ledger = document.read()  # other drivers may have settled runs since it was read
    if latest >= ledger.runs:
        raise LedgerOutdated(
            f"the ledger of {client.place} is older than its run records: its next run is {ledger.runs}, but run "
            f"{latest} is on record; if an earlier ledger was restored, use ", command("setup", "adopt"),
            " to make ledger and documents agree")


def _was_written_here(client: Client, ledger: Ledger) -> bool:
    """Whether drivers, and nobody else, have written the ledger of this database."""
    is_nested = ledger.number is None
    return ledger.instance == client.instance() and (is_nested or ledger.generation == rank(ledger.rev)[0])
