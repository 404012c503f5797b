# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history: what each settled cycle left behind, in a ring of small documents.

A run record is ``{"run", "ts", "dt", "first", "updates", "errors", "kind", "host", "latency"}``: its number, the time
of its claim (Unix seconds of the server), its duration (seconds), the first update of its window, documents written and not
written, ``"fill"`` or ``"cycle"``, the driver's host, and percentiles of the seconds that bulk requests took. Each
cycle writes one of them, however many there are.
"""
from __future__ import annotations

from statistics import median
from typing import Any, Dict, List, Optional, Sequence

from .client import Client

RING = 10000
ID_PREFIX = "couchdyno_run_"
EARLIER_ID = "couchdyno_history"  # what the earlier tool kept inside the ledger
PAGE = 1000
PERCENTILES = (50, 95, 99)

Record = Dict[str, Any]


def record_id(run: int) -> str:
    """The id of the document that holds the record of a run."""
    return ID_PREFIX + "%05d" % (run % RING)


def place(client: Client, record: Record) -> Record:
    """Give a run record its place in the ring: id, and the revision of the record that it replaces there."""
    record["_id"] = record_id(record["run"])
    if record["run"] >= RING:
        for row in client.rows([record["_id"]]):
            record["_rev"] = row["value"]["rev"]
    return record


def read(client: Client, runs: int, limit: int = RING) -> List[Record]:
    """The latest ``limit`` records, oldest first, of a database that has handed out ``runs`` run numbers."""
    oldest = max(0, runs - min(limit, RING))
    records = []
    for first in range(oldest - oldest % PAGE, runs, PAGE):  # a page never spans the end of the ring
        rows = client.rows_between(record_id(max(first, oldest)), record_id(min(first + PAGE, runs) - 1), True)
        records += [row["doc"] for row in rows if row.get("doc")]
    return sorted((_plain(record) for record in records if oldest <= record.get("run", -1) < runs),
                  key=lambda record: record["run"])


def keep_earlier(client: Client, earlier: Any) -> None:
    """Save the history that the earlier tool kept inside the ledger, before it is taken out there."""
    document = client.get(EARLIER_ID) or {"_id": EARLIER_ID}
    document["history"] = earlier
    client.put(document)


def read_earlier(client: Client) -> List[Any]:
    """The history of the earlier tool, as it was; empty where there was none."""
    return (client.get(EARLIER_ID) or {}).get("history", [])


def latency(seconds: Sequence[float]) -> Dict[str, float]:
    """Percentiles of latencies, by the nearest rank: ``{"p50", "p95", "p99", "max"}``, empty without any."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    ranks = {"p%d" % p: ordered[-(-len(ordered) * p // 100) - 1] for p in PERCENTILES}
    return {name: round(value, 4) for name, value in dict(ranks, max=ordered[-1]).items()}


def statistics(records: Sequence[Record]) -> Dict[str, Any]:
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


def _spread(values: List[float], digits: int) -> Optional[Dict[str, float]]:
    if not values:
        return None
    return {"min": round(min(values), digits), "median": round(median(values), digits),
            "max": round(max(values), digits)}


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if not name.startswith("_")}
