# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the ledger in the reports of setup, execute and info."""
from __future__ import annotations

from ..forms import (
    ATTACHMENTS,
    BODY,
    COUNT,
    ID,
    IDENTIFIER,
    LEASE,
    LENGTH,
    LIST,
    MOMENT,
    PART,
    RANGE,
    SECONDS,
    SWITCH,
    TEXT,
    TIME,
    counted,
)
from ..paths import Data
from .rows import ALWAYS, IN_DATABASE, IN_PROGRESS, PAGE, Field, Metric, Section, Title

PROPERTIES = {"design": "views and an index", "validator": "a validator", "security": "entries in _security",
              "revs_limit": "revs_limit"}  # partitioned has a row of its own


def _types(config: Data) -> list[str]:
    types = config["workload"]["types"]
    turns = sum(each["updates"] for each in types)
    return [_type(each, 100 * each["updates"] / turns) for each in types]


def _database(config: Data) -> list[str]:
    found = config["workload"]["database"]
    named = [words if value is True else f"{words} {value}" for name, words in PROPERTIES.items()
             for value in (found.get(name),) if value]
    return [", ".join(named)] if named else []


def _type(each: Data, percent: float) -> str:
    changes = [f"{verb} {each[name]}" for verb, name in (("creates", "create"), ("deletes", "delete")) if each[name]]
    in_lap = f"; each lap {' and '.join(changes)}" if changes else ""
    noun = "hot document" if each["hot"] else "document"
    attached = f"; {ATTACHMENTS.text(each['attachments'])}" if "attachments" in each else ""
    return (f"{each['name']}: {counted(each['total'], noun)} of {RANGE.text(each['size'])} at the start, "
            f"{percent:.0f} % of the updates{in_lap}{attached}{_losing(each.get('conflicts', 0))}")


def _losing(every: int) -> str:
    return f"; {'each' if every == 1 else f'one in {every}'} has a losing revision" if every else ""


LEDGER = Section("dyno_config", heading="dyno_config", fields=(
    Field("created", MOMENT, "created", title=Title("created", 4, IN_DATABASE), needed=ALWAYS),
    Field("last_dt", SECONDS, "last_dt"),
    Field("last_errors", COUNT, "last_errors"),
    Field("last_ts", MOMENT, "last_ts"),
    Field("last_updates", COUNT, "last_updates"),
    Field("size", LENGTH, "size", title=Title("document size", 1, IN_DATABASE), needed=ALWAYS,
          metric=Metric("document_size_bytes", "Size of each document.", 10, only="info")),
    Field("start", COUNT, "start"),
    Field("total", COUNT, "total", needed=ALWAYS),
    Field("updates", COUNT, "updates", title=Title("updates per run", 2, IN_DATABASE), needed=ALWAYS),
    Field("version", COUNT, "version"),
    Field("seed", IDENTIFIER, "seed", title=Title("seed", 3, IN_DATABASE), needed=PAGE, optional=True),
    Field("position", COUNT, "position", title=Title("position", 7, IN_PROGRESS), needed=PAGE,
          metric=Metric("handed_out_updates_total", "Updates handed out to drivers since the database was set up.", 4)),
    Field("runs", COUNT, "runs", metric=Metric("runs_total", "Runs begun since the database was set up.", 5)),
    Field("claims", LIST, "claims", needed=PAGE,
          metric=Metric("open_claims", "Windows of updates that drivers have claimed and not settled.", 6)),
    Field("workload", PART, needed=PAGE, optional=True),
    Field("workload.types", LIST, "type", lines=_types, needed=PAGE, optional=True),
    Field("workload.database", PART, "database", lines=_database, optional=True),
    Field("partitioned", SWITCH, "partitioned", optional=True),
))
NEW_STATE = LEDGER._replace(path="new_state", heading="new_state", fields=tuple(
    field for field in LEDGER.fields if not field.path.startswith(("workload", "partitioned"))))
TYPE = Section("dyno_config.workload.types.*", title="Workload", optional=True, fields=(
    Field("name", ID, title=Title("type"), needed=PAGE),
    Field("total", COUNT, title=Title("documents at the start"), needed=PAGE),
    Field("updates", COUNT, title=Title("share of updates"), needed=PAGE),
    Field("create", COUNT, title=Title("created per lap"), needed=PAGE),
    Field("delete", COUNT, title=Title("deleted per lap"), needed=PAGE),
    Field("prefix", ID, title=Title("prefix of ids"), needed=PAGE),
    Field("size", RANGE, title=Title("document size"), needed=PAGE),
    Field("body", BODY, title=Title("body"), needed=PAGE),
    Field("tombstone", TEXT, title=Title("tombstones"), needed=PAGE),
    Field("ids", TEXT, title=Title("ids"), needed=PAGE),
    Field("hot", SWITCH, title=Title("hot"), needed=PAGE),
    Field("attachments", ATTACHMENTS, title=Title("attachments"), optional=True),
    Field("conflicts", COUNT, title=Title("conflicts"), needed=PAGE, optional=True),
))
CLAIM = Section("dyno_config.claims.*", title="Open claims", fields=(
    Field("host", TEXT, title=Title("host"), needed=PAGE),
    Field("first", COUNT, title=Title("first update"), needed=PAGE),
    Field("count", COUNT, title=Title("documents"), needed=PAGE),
    Field("ts", TIME, title=Title("since"), needed=PAGE),
    Field("lease", LEASE, title=Title("lease until"), needed=PAGE),
))
