# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of run records. Pure.

Times are Unix seconds of the server, durations are seconds, rates are documents per second.
"""
from __future__ import annotations

import time
from collections import Counter, defaultdict
from itertools import islice
from statistics import median
from typing import Any, Dict, Iterable, Sequence

from ..model.latencies import pooled
from ..model.outcome import OTHER
from ..model.run_record import CYCLE, FILL, RunRecord
from .missed_cycles import gaps, schedule, starts_by_host
from .significance import BETTER, FEWEST, WORSE, change, judge, middle

HOUR, DAY = 3600, 86400
RECENT = {"hour": HOUR, "day": DAY}
PACED_BY = 100  # latest runs that the pace is computed from
POINTS = 240  # in a series, at most

Data = Dict[str, Any]


def summary(records: Sequence[RunRecord], now: int) -> Data:
    """A summary of run records of one kind.

    Counts of ``runs``, ``updates``, ``errors``; ``error_classes`` (documents that were not written, by CouchDB's word
    for the error); ``throttled``, how often the server throttled the runs; ``first_ts`` and ``last_ts``; ``recent``,
    the counts of the last hour and day. From the runs that wrote something: ``rate`` and ``dt`` (min, median, max), the
    ``trend`` of the rate. ``latency`` as in ``latency``. Values that no record contains are None.
    """
    timed = [record for record in records if record.has_rate]
    rates = [record.rate for record in timed]
    return {
        **_counts(records),
        "error_classes": error_classes(records),
        "throttled": sum(record.throttled or 0 for record in records),
        "first_ts": records[0].ts if records else None,
        "last_ts": records[-1].ts if records else None,
        "recent": {name: _counts([record for record in records if record.ts > now - seconds])
                   for name, seconds in RECENT.items()},
        "rate": spread(rates, 1),
        "dt": spread([record.dt for record in timed], 3),
        "trend": trend(rates),
        "latency": latency(records),
    }


def latency(records: Iterable[RunRecord]) -> dict[str, float] | None:
    """``{"p50", "p95", "p99"}`` of the durations of bulk requests (seconds); None without requests.

    They are the percentiles of all requests of the runs together. That is not possible for runs of version 0.1.0, which
    recorded only percentiles of their own. If any of the runs is one of these, every run counts as they do, by its own
    percentiles: p50 and p95 are then the medians over the runs, and p99 is the highest.
    """
    recorded = list(records)
    if not any(record.percentiles for record in recorded):
        found = pooled(record.latencies for record in recorded).percentiles()
        return {name: found[name] for name in ("p50", "p95", "p99")} if found else None
    own = [record.latency for record in recorded if record.latency]
    return {"p50": round(median(each["p50"] for each in own), 4), "p95": round(median(each["p95"] for each in own), 4),
            "p99": max(each["p99"] for each in own)}


def error_classes(records: Iterable[RunRecord]) -> dict[str, int]:
    """How many documents could not be written, by class, most frequent first; without a class, as "other"."""
    found: Counter[str] = Counter()
    for record in records:
        classes = record.classes or {}
        found.update(classes)
        found[OTHER] += record.errors - sum(classes.values())
    return {name: count for name, count in found.most_common() if count > 0}


def trend(rates: Sequence[float]) -> Data | None:
    """The trend of the rate from the earlier to the later half of the runs; None if there are too few runs to tell.

    ``{"earlier", "later", "change", "is_noise"}``: the medians, the change in percent, and whether it is within noise.
    """
    half = len(rates) // 2
    if half < FEWEST:
        return None
    earlier, later = middle(rates[:half]), middle(rates[-half:])
    return {"earlier": round(earlier.median, 1), "later": round(later.median, 1),
            "change": change(earlier.median, later.median),
            "is_noise": judge(earlier, later, 0.0, more_is_better=True) not in (WORSE, BETTER)}


def hosts(records: Sequence[RunRecord], now: int) -> list[Data]:
    """Statistics per host, sorted by name.

    ``{"host", "runs", "updates", "errors", "first_ts", "last_ts", "rate", "latency", "interval", "missed"}``: as in
    ``summary``; ``interval`` is the usual one between two runs (None if there is no usual one), and ``missed`` how many
    expected runs did not happen.
    """
    by_host: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        by_host[record.host].append(record)
    missed: Counter[str] = Counter()
    for gap in gaps(records, now):
        missed[gap["host"]] += gap["missed"]
    starts = starts_by_host(records)
    return [{"host": host, **_counts(own), "first_ts": own[0].ts, "last_ts": own[-1].ts,
             "rate": spread([record.rate for record in own if record.has_rate], 1),
             "latency": latency(own), "interval": _interval(starts[host]), "missed": missed[host]}
            for host, own in sorted(by_host.items())]


def growth(records: Iterable[RunRecord], sizes: Data | None, now: int) -> Data | None:
    """How the sizes of the database (bytes) have changed until now; None if no record contains earlier sizes.

    ``{"since", "until", "file", "active"}``, each size as ``{"first", "last", "per_day"}``; ``per_day`` is None if less
    than an hour has passed.
    """
    first = next((record for record in records if record.sizes and record.ts < now), None)
    if first is None or not sizes:
        return None
    seconds = now - first.ts
    grown: Data = {"since": first.ts, "until": now}
    before = first.sizes or {}
    for name in ("file", "active"):
        if name in before and name in sizes:
            initial, last = before[name], sizes[name]
            grown[name] = {"first": initial, "last": last,
                           "per_day": round((last - initial) * DAY / seconds) if seconds >= HOUR else None}
    return grown


def pace(records: Sequence[RunRecord], is_full: bool) -> float | None:
    """Updates per second of the latest cycles, including the time between them; None if there are too few cycles.

    While a fill goes on, so that the latest run is part of it and the database is not full, its pace counts instead.
    """
    kind = FILL if records and not is_full and records[-1].kind == FILL else CYCLE
    latest = [record for record in records if record.kind == kind][-PACED_BY:]
    seconds = latest[-1].ts - latest[0].ts if latest else 0
    return sum(record.updates for record in latest[:-1]) / seconds if seconds > 0 else None


def census(records: Iterable[RunRecord]) -> list[Data]:
    """The counts of each day (UTC) with runs: ``{"day": "2026-11-24", "runs", "updates", "errors"}``."""
    by_day: dict[str, list[RunRecord]] = defaultdict(list)
    for record in records:
        by_day[time.strftime("%Y-%m-%d", time.gmtime(record.ts))].append(record)
    return [{"day": day, **_counts(own)} for day, own in sorted(by_day.items())]


def series(records: Sequence[RunRecord], points: int = POINTS) -> list[Data]:
    """The runs as at most ``points`` points to draw, each for the same number of consecutive runs.

    ``{"ts", "until", "runs", "updates", "errors", "rate": spread, "latency", "sizes"}``. Outliers stay visible, as the
    rates keep their min and max. ``sizes`` (bytes) are the latest that these runs have read, None if they read none.
    """
    each = -(-len(records) // points) or 1
    return [_point(list(islice(records, start, start + each))) for start in range(0, len(records), each)]


def spread(values: Sequence[float], digits: int) -> dict[str, float] | None:
    """The min, median and max of values; None without values."""
    if not values:
        return None
    return {"min": round(min(values), digits), "median": round(median(values), digits),
            "max": round(max(values), digits)}


def _point(records: Sequence[RunRecord]) -> Data:
    sizes = [record.sizes for record in records if record.sizes]
    return {"ts": records[0].ts, "until": records[-1].ts, **_counts(records),
            "rate": spread([record.rate for record in records if record.has_rate], 1),
            "latency": latency(records), "sizes": sizes[-1] if sizes else None}


def _counts(records: Sequence[RunRecord]) -> dict[str, int]:
    return {"runs": len(records), "updates": sum(record.updates for record in records),
            "errors": sum(record.errors for record in records)}


def _interval(starts: Sequence[int]) -> float | None:
    expected = schedule(starts)
    return expected.usual if expected else None
