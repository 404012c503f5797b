# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A glance at a database: its ledger and its latest runs. Two small requests, so it may be done every other second."""
from __future__ import annotations

from typing import Any

from . import figures, history
from .client import Client
from .ledger import Ledger

LATEST = 60  # runs


def glance(client: Client) -> dict[str, Any]:
    """How things are going.

    Returns ``{"name": of the database, "ts": the server's time, "runs": the latest run records, oldest first,
    "total", "position", "laps", "lap_done", "seconds_left": until the lap is done (None: nobody can tell),
    "open_claims", "all_runs": how many runs there have been}``.
    """
    ledger = Ledger(client)
    state = ledger.read()
    total, position = state["total"], state["position"]
    runs = history.read(client, state["runs"], LATEST)
    pace = figures.pace(runs)
    left = total - position % total
    return {"name": client.address.database, "ts": client.now(), "runs": runs, "all_runs": state["runs"],
            "total": total, "position": position, "laps": position // total, "lap_done": position % total,
            "seconds_left": round(left / pace) if pace else None, "open_claims": len(state["claims"])}
