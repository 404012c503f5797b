# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Info: what is there, and how it has been going. It only reads."""
from __future__ import annotations

from statistics import median
from typing import Any, Sequence

from . import history
from .client import Client
from .execute import public
from .history import Record
from .ledger import Ledger
from .parameters import check_count
from .proof import settled

MOST_RUNS = 10 ** 9


def info(client: Client, latest: int = 0) -> dict[str, Any]:
    """What is there and how it has been going.

    Returns::

        {"dyno_config": the public part of the ledger,
         "database": {"name", "server_version", "doc_count", "sizes", "q", "n"},
         "progress": {"present", "total", "laps", "open_claims", "settled", "ts"},
         "statistics": {"cycle": statistics, "fill": the same},
         "runs": the ``latest`` run records, oldest first,
         "earlier": the history of the earlier tool, where there is one}

    ``sizes`` (bytes), ``q`` and ``n`` are None on servers that do not tell; ``present`` is how many of ``total``
    documents have been handed out to be written; ``settled`` is the position up to which everything is known to be
    written; ``ts`` is the server's time.
    """
    check_count("history", latest, MOST_RUNS, least=0)
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
                     "settled": settled(state), "ts": client.now()},
        "statistics": {kind: statistics([record for record in records if record["kind"] == kind])
                       for kind in ("cycle", "fill")},
        "runs": records[-latest:] if latest else [],
    }
    if "origin" in state:
        report["earlier"] = state.get("history") or history.read_earlier(client)
    return report


def statistics(records: Sequence[Record]) -> dict[str, Any]:
    """What run records have in common.

    Counts of runs, updates and errors, first and last time stamp, and of the runs that wrote something: the rate
    (documents a second: min, median, max), the duration (seconds: min, median, max), and the latency of bulk requests
    (seconds: the median of p50, the worst p99). Parts that no record can tell are None.
    """
    timed = [record for record in records if record["updates"] and record["dt"] > 0]
    latencies = [record["latency"] for record in records if record.get("latency")]
    return {
        "runs": len(records),
        "updates": sum(record["updates"] for record in records),
        "errors": sum(record["errors"] for record in records),
        "first_ts": records[0]["ts"] if records else None,
        "last_ts": records[-1]["ts"] if records else None,
        "rate": _spread([record["updates"] / record["dt"] for record in timed], 1),
        "dt": _spread([record["dt"] for record in timed], 3),
        "latency": {"p50": median(entry["p50"] for entry in latencies),
                    "p99": max(entry["p99"] for entry in latencies)} if latencies else None,
    }


def _spread(values: list[float], digits: int) -> dict[str, float] | None:
    if not values:
        return None
    return {"min": round(min(values), digits), "median": round(median(values), digits),
            "max": round(max(values), digits)}
