# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification that nothing was lost: compares a database at rest with its update stream and its history."""

from __future__ import annotations

import json
from typing import NamedTuple

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute

CYCLES = 6  # the first takes over unfinished claims; more of them only wait for leases


class Figures(NamedTuple):
    """``lost``: updates without a run; ``twice``: updates handed out twice; ``wrong``: wrong documents of all kinds."""

    lost: int
    twice: int
    wrong: int
    updates: int
    runs: int

    def __str__(self):
        return (
            f"{self.updates} updates in {self.runs} runs: {self.lost} updates lost, {self.twice} handed out twice, "
            f"{self.wrong} documents wrong"
        )


def assert_nothing_lost(database, recorded=True):
    """Run cycles until no claim is open, and check that nothing was lost on the way; returns the figures.

    Without ``recorded`` the history is not checked, for databases whose ledger was edited by hand.
    """
    come_to_rest(database)
    figures = audit(database, recorded)
    print(figures)
    assert (figures.lost, figures.twice, figures.wrong) == (0, 0, 0), figures
    return figures


def come_to_rest(database):
    """Run cycles of one document until no claim is open, and a lap if documents were refused.

    The first of them shows that cycles still work.
    """
    client = database.client()
    for __ in range(CYCLES):
        assert execute(client, 1)["after"]["errors"] == 0
        if not database.ledger["claims"]:
            break
    else:
        raise AssertionError(f"claims are still open after {CYCLES} cycles: {database.ledger['claims']}")
    if database.ledger.get("refused"):
        assert execute(client, database.ledger["total"])["after"]["errors"] == 0
        assert "refused" not in database.ledger


def audit(database, recorded=True):
    """The figures of a database without open claims."""
    ledger = database.book()
    assert ledger.claims == ()
    records = database.records() if recorded else []
    fresh = [(each["first"], each["count"], each["ts"]) for each in records]
    redone = [tuple(window) for each in records for window in each.get("redone", [])]
    times = {update: ts for first, count, ts in fresh + redone for update in range(first, first + count)}
    lost = ledger.position - (ledger.origin or 0) - len(times) if recorded else 0
    return Figures(lost, _overlaps(fresh), _wrong(database, ledger, times), ledger.position, len(records))


def _overlaps(windows):
    updates = [update for first, count, __ in windows for update in range(first, first + count)]
    return len(updates) - len(set(updates))


def _wrong(database, ledger, times):
    """How many documents are missing, unexpected, or not byte for byte as computed."""
    updates, documents, wrong = ledger.stream, database.documents(), 0
    for index in range(ledger.total):
        state = updates.state_at(index, ledger.position)
        document = documents.pop(updates.document_id(index), None)
        is_right = document is None
        if state.exists:
            is_right = _is(document, updates, state.update, times.get(state.update))
        wrong += not is_right
    return wrong + len(documents)


def _is(document, updates, held, ts):
    """Whether a document contains the update ``held``, with the time stamp of the window that contained it."""
    if document is None or document.get("ts") is None or document["ts"] != (ts or document["ts"]):
        return False
    return dict(document, _rev="") == dict(json.loads(updates.content.render(held, document["ts"])), _rev="")
