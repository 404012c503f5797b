# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Info: parameters, progress and statistics of a database. Read-only, and needs no admin rights."""
from __future__ import annotations

from typing import Any, Callable, Dict, Iterable, NamedTuple

from .. import REPORT_FORMAT
from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..model import legacy, missed
from ..model.common_lap import common_lap
from ..model.design_documents import design_documents
from ..model.existence import existing, existing_by_type
from ..model.ledger import Ledger
from ..model.limits import MAX_RUNS, check_count
from ..model.outcome import nonzero
from ..model.run_record import CYCLE, KINDS, RunRecord
from ..model.workload_stream import WorkloadStream
from ..statistics import runs
from ..statistics.missed_cycles import gaps
from ..storage import run_records
from ..storage.ledger_reading import read_ledger
from ..storage.restored import why_outdated
from .conflicts import conflicts

GAPS = 20  # latest gaps to list

Data = Dict[str, Any]


class Wanted(NamedTuple):
    """Optional parts: the number of ``latest`` run records, updates per day, conflicts, points to draw."""

    latest: int = 0
    census: bool = False
    conflicts: bool = False
    series: bool = False


USUAL = Wanted()


def info(client: Client, wanted: Wanted = USUAL, progress: Callable[[int], None] = lambda done: None,
         stop: Stop = NEVER) -> Data:
    """Parameters, progress and statistics of a database.

    Returns::

        {"format": of this report,
         "dyno_config": the public part of the ledger,
         "database": {"name", "url", "server_version", "doc_count", "sizes", "q", "n", "connections", "limits",
                      with a workload: "expected_count",
                      if it or its source was set up as a partitioned database: "partitioned": whether it is one},
         "progress": {"present", "total", "laps", "open_claims", "open_hosts", "expired_claims", "expired_hosts",
                      "settled", "refused", "lap_done", "lap_left", "pace", "seconds_left", "ts",
                      with a workload: "types": [{"name", "present", "deleted", "lap"}],
                      if an earlier ledger was restored, so that cycles stop: "outdated": True},
         "statistics": {"cycle": runs.summary, "fill": the same},
         "hosts": runs.hosts,
         "gaps": {"missed", "count", "latest": [missed_cycles.gaps]},
         "growth": runs.growth,
         "ring": {"runs", "since"}: how many run records there are, and the time of the oldest,
                 if some make no sense: "skipped": how many,
         "runs": the ``latest`` run records, oldest first,
         if wanted: "census": runs.census, "series": runs.series of the cycles (without cycles, of the fill),
                    "conflicts": conflicts.conflicts,
         "earlier": the history of the original tool, if there is one}

    ``sizes`` (bytes), ``q`` and ``n`` are None if the server does not report them; ``connections`` and ``limits``
    (documents per second) are the different settings of the runs. ``present`` is how many of ``total`` documents
    exist, by the ledger; ``open_claims`` includes ``expired_claims``, which the next cycle finishes; ``settled`` is the
    position below which everything is written or refused; ``pace`` is as in runs.pace, and ``seconds_left`` the time
    until the lap is done at that pace; ``ts`` is the server's time. After the fill of a workload, whose types have laps
    of their own, all values about the lap are None; ``types`` says how many documents of each type exist, and how many
    are deleted when all updates handed out so far are written, and ``expected_count`` is the ``doc_count`` that follows
    from the ledger. ``progress`` is called with the number of documents searched for conflicts so far.
    """
    check_count("history", wanted.latest, MAX_RUNS, least=0)
    ledger = read_ledger(client)
    records, skipped = run_records.read(client, ledger)
    by_kind = {kind: [record for record in records if record.kind == kind] for kind in KINDS}
    cycles = by_kind[CYCLE]
    database = dict(_database(client, records), **_expected(ledger, len(records) + skipped),
                    **_partitioned(client, ledger))
    pace = runs.pace(records, ledger.position >= ledger.total)
    report = {
        "format": REPORT_FORMAT,
        "dyno_config": ledger.shown(),
        "database": database,
        "progress": dict(_progress(ledger, pace, client.now()), **_types(ledger), **_outdated(client, ledger)),
        "statistics": {kind: runs.summary(own, client.now()) for kind, own in by_kind.items()},
        "hosts": runs.hosts(cycles, client.now()),
        "gaps": _gaps(cycles, client.now()),
        "growth": runs.growth(cycles, database["sizes"], client.now()),
        "ring": {"runs": len(records), "since": records[0].ts if records else None, **nonzero(skipped=skipped)},
        "runs": [record.shown() for record in records[-wanted.latest:]] if wanted.latest else [],
    }
    if wanted.census:
        report["census"] = runs.census(records)
    if wanted.series:
        report["series"] = runs.series(cycles or records)
    if wanted.conflicts:
        report["conflicts"] = conflicts(client, progress, stop, ledger.stream if ledger.workload else None)
    if ledger.origin is not None:
        report["earlier"] = legacy.history_in(ledger.meta) or legacy.history_in(client.get(ledger.names.history))
    return report


def _database(client: Client, records: list[RunRecord]) -> Data:
    found = client.database_info() or {}
    cluster = found.get("cluster", {})
    return {"name": client.name, "url": client.place, "server_version": client.server_version(),
            "doc_count": found.get("doc_count"), "sizes": found.get("sizes"), "q": cluster.get("q"),
            "n": cluster.get("n"), "connections": _different(record.connections for record in records),
            "limits": _different(record.limit for record in records)}


def _different(values: Iterable[Any]) -> list[Any]:
    """The different values, sorted."""
    return sorted({value for value in values if value is not None})


def _progress(ledger: Ledger, pace: float | None, now: int) -> Data:
    lap = common_lap(ledger)
    expired = [claim for claim in ledger.claims if claim.has_expired(now)]
    return {"present": existing(ledger), "total": ledger.total, "laps": lap and lap.number,
            "open_claims": len(ledger.claims), "open_hosts": sorted({claim.host for claim in ledger.claims}),
            "expired_claims": len(expired), "expired_hosts": sorted({claim.host for claim in expired}),
            "settled": ledger.settled, "refused": missed.count(ledger.refused),
            "lap_done": lap and lap.done, "lap_left": lap and lap.left,
            "pace": round(pace, 6) if pace else None, "seconds_left": lap and lap.seconds_left(pace), "ts": now}


def _types(ledger: Ledger) -> Data:
    """How far the updates of each type have come, if there is a workload."""
    stream, position = ledger.stream if ledger.workload else None, ledger.position
    if not isinstance(stream, WorkloadStream):
        return {}
    figures = zip(stream.workload.types, existing_by_type(ledger), stream.deleted_of(position),
                  stream.laps_of(position))
    return {"types": [{"name": each.name, "present": present, "deleted": deleted, "lap": lap}
                      for each, present, deleted, lap in figures]}


def _expected(ledger: Ledger, records: int) -> Data:
    """How many documents the server should count, if there is a workload: its own, the ledger, and run records."""
    if not ledger.workload:
        return {}
    of_ledger = 1 + bool(ledger.state) + len(ledger.older)
    designs = len(design_documents(ledger.workload.database))
    return {"expected_count": existing(ledger) + of_ledger + designs + records}


def _partitioned(client: Client, ledger: Ledger) -> Data:
    """Whether a database is partitioned; a copy of one that is need not be."""
    return {"partitioned": client.is_partitioned()} if ledger.names.is_partitioned else {}


def _outdated(client: Client, ledger: Ledger) -> Data:
    return nonzero(outdated=bool(why_outdated(client, ledger, lambda: read_ledger(client))))


def _gaps(cycles: list[RunRecord], now: int) -> Data:
    found = gaps(cycles, now)
    return {"missed": sum(gap["missed"] for gap in found), "count": len(found), "latest": found[-GAPS:]}
