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

from typing import Callable

from ..couchdb.client import Client
from ..couchdb.revisions import rank
from ..errors import LedgerOutdated, command
from ..model.ledger import Ledger
from ..model.state_document import Document, identity_of
from . import run_records
from .ledger_document import LedgerDocument
from .run_records import Latest


def check_not_outdated(client: Client, document: LedgerDocument) -> None:
    """Raise LedgerOutdated if an earlier state is back, or if runs are on record that the ledger knows nothing of."""
    why = why_outdated(client, document.ledger, document.read)
    if why:
        raise LedgerOutdated(f"{why}, stop all drivers and use ", command("setup", "adopt"),
                             " to make ledger and documents agree")


def why_outdated(client: Client, ledger: Ledger, read: Callable[[], Ledger]) -> str:
    """What shows that a ledger is outdated, and what may have been restored; ``""`` if nothing does.

    ``read`` reads it again, as other drivers may have settled runs since it was read.
    """
    returned = returned_state(client, ledger)
    if returned:
        return (f"an earlier state of the ledger of {client.place} has come back (document {returned}); if an earlier "
                "backup was restored")
    if _was_written_here(client, ledger):
        return ""
    latest = run_records.latest(client, ledger.names)
    newer = _newer(latest, ledger) and _newer(latest, read())
    return newer and (f"the ledger of {client.place} is older than its run records: {newer}; if an earlier ledger was "
                      "restored")


def returned_state(client: Client, ledger: Ledger) -> str:
    """The id of an earlier state document that is not sealed, ``""`` if there is none."""
    suspects = (older["_id"] for older in ledger.older
                if identity_of(older) == ledger.identity and not older.get("sealed"))
    return next((str(each) for each in suspects if _has_returned(client.leaves(each, client.replicas()))), "")


def _has_returned(leaves: list[Document]) -> bool:
    """Whether an earlier state document is live and not sealed.

    The range may have been read while drivers were sealing it. On a cluster, a write that came too late may have left a
    live leaf next to the deletion of the sealed document; a restored document has replaced that deletion.
    """
    return not any(leaf.get("sealed") for leaf in leaves) and any(not leaf.get("_deleted") for leaf in leaves)


def _was_written_here(client: Client, ledger: Ledger) -> bool:
    """Whether drivers, and nobody else, have certainly written the ledger of this database last.

    A state document that is sealed, or none yet, may mean that later ones are gone.
    """
    may_have_been_later = ledger.number is None or ledger.sealed
    return (not may_have_been_later and ledger.instance == client.instance()
            and ledger.generation == rank(ledger.rev)[0])


def _newer(latest: Latest, ledger: Ledger) -> str:
    """What the run records know and the ledger does not, in words; ``""`` if there is nothing."""
    if latest.run >= ledger.runs:
        return f"its next run is {ledger.runs}, but run {latest.run} is on record"
    if latest.position > ledger.position:
        return f"its next update is {ledger.position}, but update {latest.position - 1} is on record"
    return ""
