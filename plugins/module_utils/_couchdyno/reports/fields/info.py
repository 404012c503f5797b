# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the report of info."""
from __future__ import annotations

from ..forms import (
    ANYTHING,
    BYTES,
    COUNT,
    FAULTS,
    ID,
    LIST,
    MOMENT,
    PART,
    RATE,
    SECONDS,
    SWITCH,
    TEXT,
    byte_size,
    counted,
    duration,
    measured,
    quoted,
)
from ..paths import Data
from .ledger import CLAIM, LEDGER, TYPE
from .rows import ALWAYS, IN_DATABASE, IN_PROGRESS, PAGE, Field, Metric, Section, Title
from .runs import CENSUS, GAP, GAPS, HOST, KINDS, POINT, RING, RUN


def _present(progress: Data) -> list[str]:
    if "types" in progress:
        return [f"{progress['present']}, {progress['total']} at the start"]
    return [_share(progress["present"], progress["total"])]


def _lap(progress: Data) -> list[str]:
    done = _share(progress["lap_done"], progress["total"])
    if progress["seconds_left"] is not None:
        done += f", {duration(progress['seconds_left'])} left at {measured(progress['pace'])} updates/s"
    return [done]


def _open_claims(progress: Data) -> list[str]:
    hosts = ", ".join(progress["open_hosts"])
    return [f"{progress['open_claims']}, held by {hosts}" if hosts else "0"]


def _expired_claims(progress: Data) -> list[str]:
    if not progress["expired_claims"]:
        return []
    hosts = ", ".join(progress["expired_hosts"])
    return [f"{progress['expired_claims']}, held by {hosts}; the next cycle finishes their updates"]


def _refused(progress: Data) -> list[str]:
    refused = progress.get("refused", 0)
    return [f"{counted(refused, 'document')}, older until the next turn"] if refused else []


def _outdated(progress: Data) -> list[str]:
    return ["an earlier ledger was restored, so cycles stop; see couchdyno-setup --adopt"]


def _types(progress: Data) -> list[str]:
    return [f"{each['name']}: {counted(each['present'], 'document')}, {each['deleted']} deleted, in lap {each['lap']}"
            for each in progress["types"]]


def _type_label(each: Data) -> dict[str, str]:
    return {"type": each["name"]}


def _active_growth(report: Data) -> list[str]:
    return [_growth(report["growth"], "active")]


def _file_growth(report: Data) -> list[str]:
    return [_growth(report["growth"], "file")]


def _conflicts(found: Data) -> list[str]:
    return [f"{quoted(sample['id'])} has {counted(sample['revisions'], 'losing revision')}"
            for sample in found["samples"]]


def _share(part: int, total: int) -> str:
    return f"{part} of {total} ({100 * part // total} %)"


def _growth(growth: Data, name: str) -> str:
    size = growth[name]
    by_day = "" if size["per_day"] is None else f", {_signed(size['per_day'])} per day"
    return f"{_signed(size['last'] - size['first'])} in {duration(growth['until'] - growth['since'])}{by_day}"


def _signed(number: float) -> str:
    return f"{'-' if number < 0 else '+'}{byte_size(abs(number))}"


DATABASE = Section("", heading="database", fields=(
    Field("database", PART, needed=ALWAYS),
    Field("database.name", TEXT, "name", needed=ALWAYS),
    Field("database.url", TEXT, needed=ALWAYS, optional=True),
    Field("database.server_version", TEXT, "server_version", title=Title("server version", 5, IN_DATABASE),
          overview=Title("version", 1), metric=Metric("server_info", "Version of the server.", 7, by="version"),
          needed=ALWAYS, nullable=True, none="None"),
    Field("database.doc_count", COUNT, "doc_count", title=Title("documents stored", 8, IN_DATABASE),
          metric=Metric("database_documents", "Documents in the database, including couchdyno's own.", 11), needed=PAGE,
          nullable=True, none="None"),
    Field("database.expected_count", COUNT, "expected_count", title=Title("documents expected", 9, IN_DATABASE),
          needed=PAGE, optional=True),
    Field("database.sizes", PART, needed=PAGE, nullable=True, metric=Metric(
        "database_size_bytes", "Sizes of the database, as the server reports them.", 12, by="size")),
    Field("database.sizes.active", BYTES, "size_active", title=Title("active size", 11, IN_DATABASE), needed=PAGE,
          optional=True),
    Field("growth", PART, needed=PAGE, nullable=True),
    Field("growth.active", PART, "growth_active", lines=_active_growth, optional=True),
    Field("database.sizes.external", BYTES, "size_external", optional=True),
    Field("database.sizes.file", BYTES, "size_file", title=Title("file size", 10, IN_DATABASE),
          overview=Title("size", 10), needed=PAGE, optional=True),
    Field("growth.file", PART, "growth_file", lines=_file_growth, needed=PAGE, optional=True),
    Field("growth.file.per_day", BYTES, title=Title("file growth per day", 12, IN_DATABASE), needed=PAGE,
          nullable=True),
    Field("database.q", ANYTHING, "q", title=Title("shards", 6, IN_DATABASE), optional=True, nullable=True),
    Field("database.n", ANYTHING, "n", title=Title("replicas", 7, IN_DATABASE), optional=True, nullable=True),
    Field("database.partitioned", SWITCH, "partitioned", title=Title("partitioned", 14, IN_DATABASE), needed=PAGE,
          optional=True),
))
PROGRESS = Section("progress", heading="progress", fields=(
    Field("present", COUNT, "documents", lines=_present, title=Title("documents", 1, IN_PROGRESS),
          overview=Title("documents", 2), needed=PAGE,
          metric=Metric("present_documents", "Documents that exist, according to the ledger.", 9)),
    Field("total", COUNT, title=Title("documents at the start", 2, IN_PROGRESS), needed=PAGE,
          metric=Metric("documents", "Number of documents that the database was set up with.", 8)),
    Field("laps", COUNT, "laps", title=Title("laps", 3, IN_PROGRESS), overview=Title("laps", 3), needed=PAGE,
          nullable=True),
    Field("lap_done", COUNT, "lap", lines=_lap, title=Title("updates in this lap", 4, IN_PROGRESS), needed=PAGE,
          nullable=True),
    Field("open_claims", COUNT, "open_claims", lines=_open_claims, title=Title("open claims", 9, IN_PROGRESS),
          needed=PAGE),
    Field("expired_claims", FAULTS, "expired_claims", lines=_expired_claims,
          title=Title("expired claims", 10, IN_PROGRESS), needed=PAGE, metric=Metric(
              "expired_claims", "Open claims whose lease has expired; the next cycle finishes their updates.", 13)),
    Field("settled", COUNT, "settled", title=Title("settled", 8, IN_PROGRESS), needed=PAGE),
    Field("refused", FAULTS, "refused", lines=_refused, title=Title("refused documents", 14, IN_PROGRESS),
          needed=PAGE, optional=True, metric=Metric(
              "refused_documents", "Documents whose latest update the server refused; they are older until their "
              "next turn.", 27)),
    Field("outdated", ANYTHING, "outdated", lines=_outdated, optional=True),
    Field("types", LIST, "type", lines=_types, needed=PAGE, optional=True),
    Field("ts", MOMENT, "server_time", needed=PAGE),
    Field("pace", RATE, title=Title("pace", 6, IN_PROGRESS), needed=PAGE, nullable=True, metric=Metric(
        "pace_updates_per_second", "Updates per second in the latest cycles, including the time between them; during "
        "a fill, the updates per second of that fill.", 14)),
    Field("seconds_left", SECONDS, title=Title("time left in this lap", 5, IN_PROGRESS), needed=PAGE, nullable=True,
          metric=Metric("lap_remaining_seconds", "Time until the current lap is done, at the current pace.", 15)),
))
TYPE_PROGRESS = Section("progress.types.*", title="Document types", optional=True, labels=_type_label, fields=(
    Field("name", ID, title=Title("type"), needed=PAGE),
    Field("present", COUNT, title=Title("documents"), needed=PAGE, metric=Metric(
        "type_present_documents", "Documents of a type that exist, according to the ledger.", 29)),
    Field("deleted", COUNT, title=Title("deleted"), needed=PAGE, metric=Metric(
        "type_deleted_documents_total", "Documents of a type that are deleted when all updates handed out are written.",
        30)),
    Field("lap", COUNT, title=Title("lap"), needed=PAGE),
))
CONFLICTS = Section("conflicts", heading="conflicts", optional=True, fields=(
    Field("documents", FAULTS, "documents", title=Title("documents in conflict", 13, IN_DATABASE), needed=PAGE),
    Field("revisions", COUNT, "revisions"),
    Field("samples", LIST, "conflict", lines=_conflicts, needed=PAGE),
))
CONFLICT = Section("conflicts.samples.*", title="Conflicts", optional=True, fields=(
    Field("id", ID, title=Title("document"), needed=PAGE),
    Field("revisions", COUNT, title=Title("losing revisions"), needed=PAGE),
))
EARLIER = Section("", heading="earlier_history", fields=(
    Field("earlier", LIST, "entries", optional=True),
))

INFO = (LEDGER, TYPE, CLAIM, DATABASE, POINT, PROGRESS, TYPE_PROGRESS, *KINDS, HOST, GAPS, GAP, RING, RUN, CENSUS,
        CONFLICTS, CONFLICT, EARLIER)
