# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A snapshot of a database, its ledger and its latest runs: two small requests, cheap enough for every second."""
from __future__ import annotations

from typing import Any

from ..couchdb.client import Client
from ..model.common_lap import common_lap
from ..model.outcome import nonzero
from ..statistics.runs import pace
from ..storage import run_records
from ..storage.ledger_reading import read_ledger

SHOWN_RUNS = 60  # the latest ones


def snapshot(client: Client) -> dict[str, Any]:
    """The progress and the latest runs of a database.

    Returns ``{"name": of the database, "ts": the server's time, "runs": the latest run records, oldest first,
    "total", "position", "laps", "lap_done", "seconds_left": until the lap is done (None: not known),
    "open_claims", "all_runs": how many runs there have been, if some run records make no sense: "skipped": how many}``.
    After the fill of a workload, whose types have laps of their own, ``laps`` and ``lap_done`` are None, too.
    """
    ledger = read_ledger(client)
    total, position = ledger.total, ledger.position
    runs, skipped = run_records.read(client, ledger, SHOWN_RUNS)
    speed = pace(runs, position >= total)
    lap = common_lap(ledger)
    return {"name": client.name, "ts": client.now(), "runs": [run.shown() for run in runs], "all_runs": ledger.runs,
            "total": total, "position": position, "laps": lap and lap.number, "lap_done": lap and lap.done,
            "seconds_left": lap and lap.seconds_left(speed), "open_claims": len(ledger.claims),
            **nonzero(skipped=skipped)}
