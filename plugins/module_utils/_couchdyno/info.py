# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Info: what is there, and how it has been going. It only reads."""
from __future__ import annotations

from typing import Any, Dict

from . import history
from .client import Client
from .execute import public
from .ledger import Ledger


def info(client: Client, latest: int = 0) -> Dict[str, Any]:
    """What is there and how it has been going.

    Returns::

        {"dyno_config": the public part of the ledger,
         "database": {"name", "server_version", "doc_count", "sizes", "q", "n"},
         "progress": {"present", "total", "laps", "open_claims", "ts"},
         "statistics": {"cycle": history.statistics, "fill": the same},
         "runs": the ``latest`` run records, oldest first,
         "earlier": the history of the earlier tool, where there is one}

    ``sizes`` (bytes), ``q`` and ``n`` are None on servers that do not tell; ``present`` is how many of ``total``
    documents have been handed out to be written; ``ts`` is the server's time.
    """
    ledger = Ledger(client)
    state = ledger.read()
    there = client.database_info() or {}
    cluster = there.get("cluster", {})
    records = history.read(client, state["runs"])
    report = {
        "dyno_config": public(state),
        "database": {"name": client.address.database, "server_version": client.server_version(),
                     "doc_count": there.get("doc_count"), "sizes": there.get("sizes"),
                     "q": cluster.get("q"), "n": cluster.get("n")},
        "progress": {"present": min(state["position"], state["total"]), "total": state["total"],
                     "laps": state["position"] // state["total"], "open_claims": len(state["claims"]),
                     "ts": client.now()},
        "statistics": {kind: history.statistics([record for record in records if record["kind"] == kind])
                       for kind in ("cycle", "fill")},
        "runs": records[-latest:] if latest else [],
    }
    if "origin" in state:
        report["earlier"] = state.get("history") or history.read_earlier(client)
    return report
