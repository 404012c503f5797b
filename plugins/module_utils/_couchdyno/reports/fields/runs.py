# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields computed from run records: statistics, hosts, gaps, the runs themselves, their series and census."""
from __future__ import annotations

from ..forms import (
    BYTES,
    COUNT,
    COUNTS,
    DAY,
    DURATION,
    FAULTS,
    IDENTIFIER,
    LATENCY,
    LIST,
    MOMENT,
    NUMBER,
    PART,
    RATE,
    TEXT,
    TIME,
    TOOK,
    TREND,
    UNTIL,
    counted,
    percent,
    run_rate,
    utc,
)
from ..paths import Data
from .rows import ALWAYS, IN_PROGRESS, PAGE, Field, Metric, Section, Title

SHOWN_GAPS = 5


def _error_classes(figures: Data) -> list[str]:
    return [", ".join(f"{name} {n}" for name, n in figures["error_classes"].items())] if figures["errors"] else []


def _counts(recent: Data) -> str:
    return ", ".join(counted(recent[name], name[:-1]) for name in ("runs", "updates", "errors"))


def _spread(values: Data) -> str:
    return ", ".join(f"{name} {_plain(values[name])}" for name in ("min", "median", "max"))


def _percentiles(latency: Data) -> str:
    return ", ".join(f"{name} {_plain(latency[name])}" for name in ("p50", "p95", "p99"))


def _throttled(figures: Data) -> list[str]:
    return [f"{counted(figures['throttled'], 'time')} (429 or 503)"] if figures["throttled"] else []


def _plain(number: float) -> str:
    """A number as it was rounded when it was computed, without an exponent."""
    return f"{number:.4f}".rstrip("0").rstrip(".")


def _trend(figures: Data) -> list[str]:
    change = figures["trend"]["change"]
    if change is None:
        return []
    certainty = "within the noise" if figures["trend"]["is_noise"] else "beyond the noise"
    return [f"{percent(change)} from the earlier to the later half of the runs, {certainty}"]


def _missed(gaps: Data) -> list[str]:
    return [f"{gaps['missed']} in {counted(gaps['count'], 'gap')}"]


def _latest_gaps(gaps: Data) -> list[str]:
    return [f"{utc(gap['since'])} to {'now' if gap['until'] is None else utc(gap['until'])}, "
            f"{counted(gap['missed'], 'cycle')} missed on {gap['host']}" for gap in gaps["latest"][-SHOWN_GAPS:]]


def _run_rate(run: Data) -> str:
    return f"{run_rate(run):.0f}"


def _skipped(ring: Data) -> list[str]:
    return [f"{counted(ring['skipped'], 'record')} that {'makes' if ring['skipped'] == 1 else 'make'} no sense"]


POINT = Section("series.*", optional=True, fields=(
    Field("ts", TIME, needed=ALWAYS),
    Field("until", TIME, needed=ALWAYS),
    Field("runs", COUNT, needed=ALWAYS),
    Field("updates", COUNT, needed=ALWAYS),
    Field("errors", COUNT, needed=ALWAYS),
    Field("rate", PART, needed=ALWAYS, nullable=True),
    Field("rate.min", NUMBER, needed=ALWAYS),
    Field("rate.median", NUMBER, needed=ALWAYS),
    Field("rate.max", NUMBER, needed=ALWAYS),
    Field("latency", PART, needed=ALWAYS, nullable=True),
    Field("latency.p50", NUMBER, needed=ALWAYS),
    Field("latency.p95", NUMBER, needed=ALWAYS),
    Field("latency.p99", NUMBER, needed=ALWAYS),
    Field("sizes", PART, needed=ALWAYS, nullable=True),
    Field("sizes.file", BYTES, needed=ALWAYS, optional=True),
    Field("sizes.active", BYTES, needed=ALWAYS, optional=True),
))

RECENT_RUNS = Metric("recent_runs", "Runs in the last hour or day, by kind.", 18)
RECENT_UPDATES = Metric("recent_updates", "Documents written in the last hour or day, by kind.", 19)
RECENT_ERRORS = Metric("recent_errors", "Documents that could not be written in the last hour or day, by kind.", 20)
RATES = Metric("updates_per_second", "Lowest, median and highest rate of the runs on record, by kind.", 21)
LATENCIES = Metric("bulk_latency_seconds", "Percentiles of the duration of all bulk requests of the runs on record, by "
                   "kind. While runs of version 0.1.0 are on record: the medians of the runs' 50th and 95th "
                   "percentiles, and their highest 99th percentile.", 22)

OF_KIND = (
    Field("runs", COUNT, "runs", title=Title("runs", 1), overview=Title("cycles", 4), needed=PAGE),
    Field("updates", COUNT, "updates", title=Title("updates", 2), overview=Title("updates", 5), needed=PAGE),
    Field("errors", FAULTS, "errors", title=Title("errors", 3), overview=Title("errors", 6), needed=PAGE),
    Field("first_ts", MOMENT, "first_ts", title=Title("first", 6), needed=PAGE, nullable=True),
    Field("last_ts", MOMENT, "last_ts", title=Title("last", 7), overview=Title("last cycle", 11), needed=PAGE,
          nullable=True, metric=Metric(
              "last_run_timestamp_seconds", "When the latest run began, by kind.", 17)),
    Field("error_classes", COUNTS, "errors_by_class", lines=_error_classes, needed=PAGE, metric=Metric(
        "errors", "Documents that the runs on record could not write, by kind and class of error.", 23, by="class")),
    Field("throttled", COUNT, "throttled", lines=_throttled, title=Title("throttled", 16), needed=PAGE, optional=True,
          metric=Metric("throttled_answers", "How often the server throttled the runs on record (answers 429 and 503), "
                        "by kind.", 28)),
    Field("recent", PART, needed=PAGE),
    Field("recent.hour", PART._replace(text=_counts), "last_hour", needed=PAGE),
    Field("recent.hour.runs", COUNT, title=Title("runs in the last hour", 4), metric=RECENT_RUNS.of(last="hour"),
          needed=PAGE),
    Field("recent.hour.updates", COUNT, metric=RECENT_UPDATES.of(last="hour"), needed=PAGE),
    Field("recent.hour.errors", COUNT, metric=RECENT_ERRORS.of(last="hour"), needed=PAGE),
    Field("recent.day", PART._replace(text=_counts), "last_day", needed=PAGE),
    Field("recent.day.runs", COUNT, title=Title("runs in the last day", 5), metric=RECENT_RUNS.of(last="day"),
          needed=PAGE),
    Field("recent.day.updates", COUNT, metric=RECENT_UPDATES.of(last="day"), needed=PAGE),
    Field("recent.day.errors", COUNT, metric=RECENT_ERRORS.of(last="day"), needed=PAGE),
    Field("rate", PART._replace(text=_spread), "rate (/sec)", needed=PAGE, nullable=True),
    Field("rate.min", RATE, title=Title("rate, lowest", 8), metric=RATES.of(statistic="min"), needed=PAGE),
    Field("rate.median", RATE, title=Title("rate, median", 9), overview=Title("rate", 8),
          metric=RATES.of(statistic="median"), needed=PAGE),
    Field("rate.max", RATE, title=Title("rate, highest", 10), metric=RATES.of(statistic="max"), needed=PAGE),
    Field("trend", PART, "rate_trend", lines=_trend, needed=PAGE, nullable=True, none=TREND.none),
    Field("trend.change", TREND, title=Title("rate trend", 11), needed=PAGE, nullable=True),
    Field("dt", PART._replace(text=_spread), "dt (sec)", needed=PAGE, nullable=True),
    Field("dt.min", NUMBER, needed=PAGE),
    Field("dt.median", LATENCY, title=Title("duration, median", 12), needed=PAGE),
    Field("dt.max", NUMBER, needed=PAGE),
    Field("latency", PART._replace(text=_percentiles), "bulk_latency (sec)", needed=PAGE, nullable=True),
    Field("latency.p50", LATENCY, title=Title("latency p50", 13), metric=LATENCIES.of(percentile="50"),
          needed=PAGE),
    Field("latency.p95", LATENCY, title=Title("latency p95", 14), metric=LATENCIES.of(percentile="95"),
          needed=PAGE),
    Field("latency.p99", LATENCY, title=Title("latency p99", 15), overview=Title("latency p99", 9),
          metric=LATENCIES.of(percentile="99"), needed=PAGE),
)
CYCLES = Section("statistics.cycle", OF_KIND, heading="cycle_statistics", title="Cycles",
                 labels=lambda part: {"kind": "cycle"}, shown=lambda part: part["runs"])
FILLING = CYCLES._replace(path="statistics.fill", fields=tuple(field._replace(overview=None) for field in OF_KIND),
                          heading="fill_statistics", title="Filling", labels=lambda part: {"kind": "fill"})
KINDS = (CYCLES, FILLING)

HOST = Section("hosts.*", heading="hosts", title="Hosts", labels=lambda host: {"driver": host["host"]}, fields=(
    Field("host", TEXT, "host", "<20", title=Title("host"), needed=PAGE),
    Field("runs", COUNT, "runs", ">6", title=Title("cycles"), needed=PAGE),
    Field("updates", COUNT, "updates", ">9", title=Title("updates"), needed=PAGE),
    Field("errors", FAULTS, "errors", ">8", title=Title("errors"), needed=PAGE),
    Field("rate", PART, needed=PAGE, nullable=True),
    Field("rate.min", NUMBER, needed=PAGE),
    Field("rate.median", RATE, "rate", ">9", title=Title("rate"), needed=PAGE),
    Field("rate.max", NUMBER, needed=PAGE),
    Field("latency", PART, needed=PAGE, nullable=True),
    Field("latency.p50", NUMBER, needed=PAGE),
    Field("latency.p95", NUMBER, needed=PAGE),
    Field("latency.p99", LATENCY, title=Title("latency p99"), needed=PAGE),
    Field("interval", DURATION, "interval", ">10", title=Title("interval"), needed=PAGE, nullable=True,
          metric=Metric("driver_interval_seconds", "Usual time between two cycles of a driver.", 25)),
    Field("missed", FAULTS, "missed", ">6", title=Title("missed"), needed=PAGE, metric=Metric(
        "driver_missed_runs", "Cycles of a driver that were due and did not run.", 26)),
    Field("last_ts", TIME, "last run (UTC)", "<", title=Title("last"), needed=PAGE, metric=Metric(
        "driver_last_run_timestamp_seconds", "When the latest cycle of a driver began.", 24)),
))
GAPS = Section("gaps", heading="gaps", fields=(
    Field("missed", FAULTS, "missed_runs", lines=_missed, title=Title("missed cycles", 11, IN_PROGRESS),
          overview=Title("missed", 7), needed=PAGE, metric=Metric(
              "missed_runs", "Cycles that were due and did not run, as far back as run records go.", 16)),
    Field("latest", LIST, "gap", lines=_latest_gaps, needed=PAGE),
))
GAP = Section("gaps.latest.*", title="Gaps", fields=(
    Field("host", TEXT, title=Title("host"), needed=PAGE),
    Field("since", TIME, title=Title("since"), needed=PAGE),
    Field("until", UNTIL, title=Title("until"), needed=PAGE, nullable=True),
    Field("missed", FAULTS, title=Title("missed"), needed=PAGE),
))
RING = Section("ring", heading="run_records", fields=(
    Field("runs", COUNT, title=Title("runs on record", 12, IN_PROGRESS), needed=PAGE),
    Field("since", TIME, title=Title("on record since", 13, IN_PROGRESS), needed=PAGE, nullable=True),
    Field("skipped", FAULTS, "skipped", lines=_skipped, title=Title("skipped run records", 15, IN_PROGRESS),
          needed=PAGE, optional=True),
))
RUN = Section("runs.*", heading="latest runs", title="Latest runs", fields=(
    Field("run", IDENTIFIER, "run", ">6", title=Title("run"), needed=PAGE),
    Field("ts", TIME, "time (UTC)", "<19", title=Title("time"), needed=PAGE),
    Field("kind", TEXT, "kind", "<5", title=Title("kind"), needed=PAGE),
    Field("updates", COUNT, "updates", ">9", title=Title("updates"), needed=PAGE),
    Field("errors", FAULTS, "errors", ">8", title=Title("errors"), needed=PAGE),
    Field("dt", TOOK, "dt", ">7", title=Title("duration"), needed=PAGE),
    Field("", PART._replace(text=_run_rate), "rate", ">9"),
    Field("host", TEXT, "host", "<20", title=Title("host"), needed=PAGE),
    Field("refused", FAULTS, "refused", ">7", title=Title("refused"), needed=PAGE, optional=True),
    Field("throttled", COUNT, "throttled", ">9", title=Title("throttled"), needed=PAGE, optional=True),
))
CENSUS = Section("census.*", heading="census (updates per day, UTC)", optional=True, fields=(
    Field("day", DAY, needed=PAGE),
    Field("runs", COUNT, needed=PAGE),
    Field("updates", COUNT, needed=PAGE),
    Field("errors", COUNT, needed=PAGE),
))
