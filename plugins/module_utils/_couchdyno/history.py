# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history: what each settled cycle left behind, in a ring of small documents.

A run record is ``{"run", "ts", "dt", "first", "count", "updates", "errors", "kind", "host", "latency"}``: its number,
the time of its claim (Unix seconds of the server), its duration (seconds), the window that it was handed (0 updates
where it only repaired), documents written and not written, ``"fill"`` or ``"cycle"``, the driver's host, and
percentiles of the seconds that bulk requests took. Where there are such: ``"redone"``, the windows of earlier runs that
it took over, each as ``[first, count, ts]``; ``"classes"``, its errors by class; the ``"sizes"`` that the database had
at about the claim (bytes, ``active`` and ``file``); the ``"connections"`` that it wrote over, and its ``"limit"``
where it had one (documents a second). So the records of all runs together tell when each update was handed out, and
that none was handed out twice. Each cycle writes one of them, however many there are.
"""
from __future__ import annotations

from typing import Any, Dict, Sequence

from .client import Client

RING = 10000
ID_PREFIX = "couchdyno_run_"
EARLIER_ID = "couchdyno_history"  # what the earlier tool kept inside the ledger
PAGE = 1000
PERCENTILES = (50, 95, 99)

Record = Dict[str, Any]


def record_id(run: int) -> str:
    """The id of the document that holds the record of a run."""
    return f"{ID_PREFIX}{run % RING:05d}"


def place(client: Client, record: Record) -> Record:
    """Give a run record its place in the ring: id, and the revision of the record that it replaces there."""
    record["_id"] = record_id(record["run"])
    if record["run"] >= RING:
        for row in client.rows([record["_id"]]):
            record["_rev"] = row["value"]["rev"]
    return record


def read(client: Client, runs: int, limit: int = RING) -> list[Record]:
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


def read_earlier(client: Client) -> list[Any]:
    """The history of the earlier tool, as it was; empty where there was none."""
    return list((client.get(EARLIER_ID) or {}).get("history", []))


def latency(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles of latencies, by the nearest rank: ``{"p50", "p95", "p99", "max"}``, empty without any."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    ranks = {f"p{p}": ordered[-(-len(ordered) * p // 100) - 1] for p in PERCENTILES}
    return {name: round(value, 4) for name, value in dict(ranks, max=ordered[-1]).items()}


def _plain(record: Record) -> Record:
    return {name: value for name, value in record.items() if not name.startswith("_")}
