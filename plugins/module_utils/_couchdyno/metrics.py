# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics: what a script has found, for Prometheus. Pure.

Each script has names of its own, so that files of several of them can lie in one directory. Times are Unix seconds of
the server.
"""
from __future__ import annotations

from typing import Any, Dict, Iterator, NamedTuple, Tuple

Data = Dict[str, Any]
Sample = Tuple[Dict[str, str], float]

OUTCOMES = ("redone", "accepted", "conflicts", "foreign", "left")


class Metric(NamedTuple):
    """A metric with its samples; a name that ends in ``_total`` is a counter, any other a gauge."""

    name: str
    help: str
    samples: list[Sample]


def ended(script: str, code: int, now: int) -> Iterator[Metric]:
    """What every script tells, however it ended."""
    yield _one(f"{script}_exit_code", "How the script ended. 0: all is well; 1 to 3: it could not do it; "
               "4: not all is right; 130: interrupted.", code)
    yield _one(f"{script}_end_timestamp_seconds", "When the script ended.", now)


def execute(report: Data) -> Iterator[Metric]:
    """What couchdyno-execute tells of its latest cycle."""
    after, state = report["after"], report["new_state"]
    yield _one("execute_duration_seconds", "How long the latest cycle took.", after["dt"])
    yield _one("execute_updates_per_second", "The rate of the latest cycle.", after["rate"])
    documents = {"written": after["updates"], "errors": after["errors"]}
    documents.update((name, after.get(name, 0)) for name in OUTCOMES)
    yield _many("execute_documents", "What became of documents in the latest cycle, by outcome.", "outcome", documents)
    yield from _state("execute", state)


def info(report: Data) -> Iterator[Metric]:
    """What couchdyno-info tells."""
    database, progress, config = report["database"], report["progress"], report["dyno_config"]
    yield from _state("info", config)
    yield _many("info_server_info", "The version of the server.", "version", {database["server_version"]: 1})
    yield _one("info_documents", "How many documents the database was set up for.", progress["total"])
    yield _one("info_present_documents", "How many of them have been handed out to be written.", progress["present"])
    yield _one("info_document_size_bytes", "The size of each document.", config["size"])
    yield _one("info_database_documents", "All documents of the database.", database["doc_count"])
    yield _many("info_database_size_bytes", "The sizes of the database, as the server tells them.", "size",
                database["sizes"] or {})
    yield _one("info_expired_claims", "Windows of updates that no driver works on any more, to be repaired by the next "
               "cycle.", progress["expired_claims"])
    yield _one("info_pace_updates_per_second", "The rate of the latest runs, the time between them included.",
               progress["pace"])
    yield _one("info_lap_remaining_seconds", "The time until all documents have been updated once more.",
               progress["seconds_left"])
    yield _one("info_missed_runs", "Cycles that were to be expected and did not run, as far as run records go back.",
               report["gaps"]["missed"])
    yield from _statistics(report["statistics"])
    yield from _drivers(report["hosts"])


def verify(report: Data) -> Iterator[Metric]:
    """What couchdyno-verify tells."""
    yield _one("verify_right", "Whether the database is right.", report["verdict"] == "right")
    yield _one("verify_duration_seconds", "How long it took.", report["dt"])
    yield _many("verify_documents", "Documents, by what was found.", "kind", report["counts"])
    for name, what in (("low", "Every update below it is present."), ("high", "No update from there on is present.")):
        yield _one(f"verify_{name}_position", what, report[name])
    lag = report.get("lag", {})
    yield _one("verify_lag_updates", "The updates that would be lost by going back to this copy.", lag.get("updates"))
    yield _one("verify_lag_seconds", "The time in which they were claimed.", lag.get("seconds"))


OF = {"execute": execute, "info": info, "verify": verify}


def _state(script: str, state: Data) -> Iterator[Metric]:
    yield _one(f"{script}_handed_out_updates_total", "Updates handed out since the database was set up.",
               state["position"])
    yield _one(f"{script}_runs_total", "Runs since the database was set up.", state["runs"])
    yield _one(f"{script}_open_claims", "Windows of updates that have been handed out and not been settled.",
               len(state["claims"]))


def _statistics(statistics: Data) -> Iterator[Metric]:
    kinds = {kind: figures for kind, figures in statistics.items() if figures["runs"]}
    yield Metric("couchdyno_info_last_run_timestamp_seconds", "When the latest run was begun, by kind.",
                 [({"kind": kind}, figures["last_ts"]) for kind, figures in kinds.items()])
    for name, what in (("runs", "Runs"), ("updates", "Documents written"), ("errors", "Documents not written")):
        yield Metric(f"couchdyno_info_recent_{name}", f"{what} in the last hour and day, by kind.",
                     [({"kind": kind, "last": last}, counts[name])
                      for kind, figures in kinds.items() for last, counts in figures["recent"].items()])
    yield Metric("couchdyno_info_updates_per_second", "The min, median and max rate of the runs on record, by kind.",
                 [({"kind": kind, "statistic": name}, value)
                  for kind, figures in kinds.items() for name, value in (figures["rate"] or {}).items()])
    yield Metric("couchdyno_info_bulk_latency_seconds", "The time that bulk requests took, by kind: the medians of the "
                 "percentiles 50 and 95 of the runs on record, and the worst 99.",
                 [({"kind": kind, "percentile": name[1:]}, value)
                  for kind, figures in kinds.items() for name, value in (figures["latency"] or {}).items()])
    yield Metric("couchdyno_info_errors", "Documents not written in the runs on record, by kind and class.",
                 [({"kind": kind, "class": name}, count)
                  for kind, figures in kinds.items() for name, count in figures["error_classes"].items()])


def _drivers(hosts: list[Data]) -> Iterator[Metric]:
    for name, field, what in (
            ("last_run_timestamp_seconds", "last_ts", "When the latest cycle of a driver was begun."),
            ("interval_seconds", "interval", "The usual time between two cycles of a driver."),
            ("missed_runs", "missed", "Cycles of a driver that were to be expected and did not run.")):
        yield Metric(f"couchdyno_info_driver_{name}", what,
                     [({"driver": host["host"]}, host[field]) for host in hosts if host[field] is not None])


def _one(name: str, what: str, value: float | None) -> Metric:
    return Metric("couchdyno_" + name, what, [] if value is None else [({}, value)])


def _many(name: str, what: str, label: str, values: dict[str, float]) -> Metric:
    return Metric("couchdyno_" + name, what, [({label: key}, value) for key, value in values.items()])
