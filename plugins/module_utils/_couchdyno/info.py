# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Info: what is there, and how it has been going. It only reads, and asks for nothing that takes an admin."""
from __future__ import annotations

from typing import Any, Callable, Dict, NamedTuple

from . import figures, history
from .client import Client
from .conflicts import conflicts
from .execute import public
from .gaps import gaps
from .history import Record
from .ledger import Ledger, State, open_claims
from .parameters import check_count
from .proof import settled

MOST_RUNS = 10 ** 9
GAPS = 20  # of the latest are listed
KINDS = ("cycle", "fill")

Data = Dict[str, Any]


class Wanted(NamedTuple):
    """What to tell beside the usual: the ``latest`` so many run records, updates a day, conflicts, points to draw."""

    latest: int = 0
    census: bool = False
    conflicts: bool = False
    series: bool = False


USUAL = Wanted()


def info(client: Client, wanted: Wanted = USUAL, progress: Callable[[int], None] = lambda done: None) -> Data:
    """What is there and how it has been going.

    Returns::

        {"dyno_config": the public part of the ledger,
         "database": {"name", "url", "server_version", "doc_count", "sizes", "q", "n", "connections", "limits"},
         "progress": {"present", "total", "laps", "open_claims", "open_hosts", "expired_claims", "expired_hosts",
                      "settled", "lap_done", "lap_left", "pace", "seconds_left", "ts"},
         "statistics": {"cycle": figures.statistics, "fill": the same},
         "hosts": figures.hosts,
         "gaps": {"missed", "count", "latest": [gaps.gaps]},
         "growth": figures.growth,
         "ring": {"runs", "since"}: how many run records there are, and from when on,
         "runs": the ``latest`` run records, oldest first,
         where wanted: "census": figures.census, "series": figures.series of the cycles (of filling, without any),
                       "conflicts": conflicts.conflicts,
         "earlier": the history of the earlier tool, where there is one}

    ``sizes`` (bytes), ``q`` and ``n`` are None on servers that do not tell; ``connections`` and ``limits`` (documents
    a second) are those that runs had. ``present`` is how many of ``total`` documents have been handed out to be
    written; ``open_claims`` counts ``expired_claims``, which the next cycle repairs, too; ``settled`` is the position
    up to which everything is known to be written; ``pace`` is updates a second, the time between runs included, and
    ``seconds_left`` until the lap is done at that; ``ts`` is the server's time. ``progress`` is told how many documents
    have been looked through for conflicts.
    """
    check_count("history", wanted.latest, MOST_RUNS, least=0)
    ledger = Ledger(client)
    state = ledger.read()
    records = history.read(client, state["runs"])
    by_kind = {kind: [record for record in records if record["kind"] == kind] for kind in KINDS}
    cycles = by_kind["cycle"]
    database = _database(client, records)
    report = {
        "dyno_config": public(state),
        "database": database,
        "progress": _progress(state, figures.pace(records), client.now()),
        "statistics": {kind: figures.statistics(own, client.now()) for kind, own in by_kind.items()},
        "hosts": figures.hosts(cycles, client.now()),
        "gaps": _gaps(cycles, client.now()),
        "growth": figures.growth(cycles, database["sizes"], client.now()),
        "ring": {"runs": len(records), "since": records[0]["ts"] if records else None},
        "runs": records[-wanted.latest:] if wanted.latest else [],
    }
    if wanted.census:
        report["census"] = figures.census(records)
    if wanted.series:
        report["series"] = figures.series(cycles or records)
    if wanted.conflicts:
        report["conflicts"] = conflicts(client, progress)
    if "origin" in state:
        report["earlier"] = state.get("history") or history.read_earlier(client)
    return report


def _database(client: Client, records: list[Record]) -> Data:
    there = client.database_info() or {}
    cluster = there.get("cluster", {})
    return {"name": client.address.database, "url": client.address.url, "server_version": client.server_version(),
            "doc_count": there.get("doc_count"), "sizes": there.get("sizes"), "q": cluster.get("q"),
            "n": cluster.get("n"), "connections": _settings(records, "connections"),
            "limits": _settings(records, "limit")}


def _settings(records: list[Record], name: str) -> list[Any]:
    return sorted({record[name] for record in records if name in record})


def _progress(state: State, pace: float | None, now: int) -> Data:
    total, position = state["total"], state["position"]
    claims = open_claims(state)
    expired = [claim for claim in claims if claim.lease <= now]
    left = total - position % total
    return {"present": min(position, total), "total": total, "laps": position // total,
            "open_claims": len(claims), "open_hosts": sorted({claim.host for claim in claims}),
            "expired_claims": len(expired), "expired_hosts": sorted({claim.host for claim in expired}),
            "settled": settled(state),
            "lap_done": position % total, "lap_left": left,
            "pace": round(pace, 3) if pace else None, "seconds_left": round(left / pace) if pace else None, "ts": now}


def _gaps(cycles: list[Record], now: int) -> Data:
    found = gaps(cycles, now)
    return {"missed": sum(gap["missed"] for gap in found), "count": len(found), "latest": found[-GAPS:]}
