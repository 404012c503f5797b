# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Detects an earlier ledger that was restored over a newer database.

If the earlier state has taken the place of the current one, the next updates already exist. Run records show this, but
reading them costs requests. So each change of the ledger records the generation of its revision and the instance of the
database; if both still match, only drivers have written the ledger.

If the ledger had moved on to another document, that one still counts, but documents may have been restored together
with the earlier state. Drivers leave no earlier state document unsealed, so one that is not sealed has come back.
"""
from __future__ import annotations

from ..couchdb.client import Client
from ..couchdb.revisions import rank
from ..errors import LedgerOutdated, command
from ..model.ledger import Ledger
from ..model.state_document import identity_of
from . import run_records
from .ledger_document import LedgerDocument

STOP, AGREE = "stop all drivers and use", " to make ledger and documents agree"


def check_not_outdated(client: Client, document: LedgerDocument) -> None:
    """Raise LedgerOutdated if an earlier state is back, or if runs are on record that the ledger knows nothing of."""
    returned = returned_state(client, document.ledger)
    if returned:
        raise LedgerOutdated(
            f"an earlier state of the ledger of {client.place} has come back (document {returned}); if an earlier "
            f"backup was restored, {STOP} ", command("setup", "adopt"), AGREE)
    if _was_written_here(client, document.ledger):
        return
    latest = run_records.latest_run(client)
    if latest < document.ledger.runs:
        return
    ledger = document.read()  # other drivers may have settled runs since it was read
    if latest >= ledger.runs:
        raise LedgerOutdated(
            f"the ledger of {client.place} is older than its run records: its next run is {ledger.runs}, but run "
            f"{latest} is on record; if an earlier ledger was restored, {STOP} ", command("setup", "adopt"), AGREE)


def is_outdated(client: Client, ledger: Ledger) -> bool:
    """Whether the next cycle would stop because an earlier ledger was restored."""
    if returned_state(client, ledger):
        return True
    return not _was_written_here(client, ledger) and run_records.latest_run(client) >= ledger.runs


def returned_state(client: Client, ledger: Ledger) -> str:
    """The id of an earlier state document that is not sealed, ``""`` if there is none."""
    for older in ledger.older:
        if identity_of(older) == ledger.identity and not older.get("sealed"):
            # The range may have been read while drivers were sealing this document.
            now = client.get(older["_id"])
            if now and not now.get("sealed"):
                return str(older["_id"])
    return ""


def _was_written_here(client: Client, ledger: Ledger) -> bool:
    """Whether drivers, and nobody else, have written the ledger of this database."""
    is_nested = ledger.number is None
    return ledger.instance == client.instance() and (is_nested or ledger.generation == rank(ledger.rev)[0])
