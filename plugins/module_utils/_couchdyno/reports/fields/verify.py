# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the report of verify."""
from __future__ import annotations

from ..forms import (
    COUNT,
    COUNTS,
    FAULTS,
    IDENTIFIER,
    LIST,
    PART,
    RATE,
    REASONS,
    SECONDS,
    STATE,
    TEXT,
    TIME,
    VERDICT,
    counted,
    quoted,
    utc,
)
from ..paths import Data
from .rows import PAGE, Field, Metric, Section, Title


def _reasons(report: Data) -> list[str]:
    return list(report["reasons"])


def _checked(report: Data) -> list[str]:
    expected = report["documents"]["expected"] if "documents" in report else report["stream"]["total"]
    return [f"{report['checked']} of {expected}"]


def _types(report: Data) -> list[str]:
    hidden = ("name", "checked", "exact")
    return [", ".join([f"{quoted(each['name'])} {each['checked']}",
                       *(f"{count} {kind}" for kind, count in each.items() if kind not in hidden)])
            for each in report["types"]]


def _attachments(report: Data) -> list[str]:
    found = report["attachments"]
    wrong = [f"{found[kind]} {kind}" for kind in found if kind not in ("expected", "checked", "read") and found[kind]]
    return [", ".join([f"{found['checked']} of {found['expected']}", f"{found['read']} read", *wrong])]


def _tombstones(report: Data) -> list[str]:
    found = report["documents"]
    return [f"{found['tombstones']}, {counted(found['deleted'], 'document')} deleted by updates"]


def _properties(report: Data) -> list[str]:
    return [": ".join(filter(None, (f"{each['name']} {each['state']}", each["details"])))
            for each in report["properties"]]


def _catching_up(report: Data) -> list[str]:
    return [f"{counted(report['catching_up'], 'document')}, not in one of the replicas yet"]


def _unchecked(report: Data) -> list[str]:
    return [", ".join(report["unchecked"])]


def _low(report: Data) -> list[str]:
    return [_position(report["low"], report["low_ts"])]


def _high(report: Data) -> list[str]:
    return [_position(report["high"], report["high_ts"])]


def _ledger(found: Data) -> str:
    agrees = "agrees with the documents" if found["agrees"] else "disagrees with the documents"
    refused = f", {counted(found['refused'], 'refused document')}" if found.get("refused") else ""
    if found.get("tolerated"):
        refused += f" ({counted(found['tolerated'], 'other document')} may be older, too)"
    return f"{found['position']}, {counted(found['claims'], 'open claim')}{refused}, {agrees}"


def _span(positions: Data) -> str:
    end = positions["to_position"]
    return f"{positions['from_position']} to {'an unknown position' if end is None else end}"


def _source(found: Data) -> str:
    return _position(found["position"], found["ts"])


def _position(position: int, ts: int | None) -> str:
    return str(position) if ts is None else f"{position} (last update claimed at {utc(ts)})"


VERIFIED = Section("", heading="verify", fields=(
    Field("verdict", VERDICT, "verdict", title=Title("verdict", 3), needed=PAGE,
          metric=Metric("right", "1 if the database is right, 0 if it is wrong or the verdict is undecided.", 1)),
    Field("reasons", REASONS, "because", lines=_reasons, title=Title("reasons", 8), needed=PAGE),
    Field("dt", SECONDS, "dt (sec)", metric=Metric("duration_seconds", "How long the verification took.", 2)),
    Field("rate", RATE, "rate (/sec)"),
    Field("database", TEXT, title=Title("database", 1), needed=PAGE, optional=True),
    Field("ts", TIME, title=Title("verified at", 4), needed=PAGE, optional=True),
))
REASON = Section("reasons.*", (Field("", TEXT, needed=PAGE),))
CHECKED = Section("", heading="documents", fields=(
    Field("checked", COUNT, "checked", lines=_checked, title=Title("documents", 5), needed=PAGE),
    Field("documents", PART, optional=True),
    Field("properties", LIST, "property", lines=_properties, optional=True),
    Field("documents.tombstones", COUNT, "tombstones", optional=True, lines=_tombstones),
    Field("types", LIST, "type", lines=_types, optional=True),
    Field("attachments", COUNTS, "attachments", optional=True, lines=_attachments,
          metric=Metric("attachments", "Attachments: expected, checked and read ones, and wrong ones.", 11, by="kind")),
    Field("differing", FAULTS, title=Title("differing", 9), optional=True,
          metric=Metric("differing_documents", "Documents that differ between replicas.", 8)),
    Field("catching_up", COUNT, "catching up", optional=True, lines=_catching_up,
          metric=Metric("catching_up_documents", "Right documents that one replica does not have yet.", 9)),
    Field("unchecked", LIST, "not checked", lines=_unchecked, optional=True),
    Field("counts", COUNTS, metric=Metric("documents", "Documents of each kind.", 3, by="kind")),
    Field("stream", PART, title=Title("source", 2), needed=PAGE),
    Field("stream.seed", IDENTIFIER, needed=PAGE),
    Field("stream.total", COUNT, needed=PAGE),
    Field("stream.size", COUNT, needed=PAGE),
))
POSITION = Section("", heading="position", fields=(
    Field("low", COUNT, "low", lines=_low, nullable=True, none="unknown",
          metric=Metric("low_position", "The position below which every update is present.", 4)),
    Field("high", COUNT, "high", lines=_high,
          metric=Metric("high_position", "The position at and above which no update is present.", 5)),
    Field("ledger", PART._replace(text=_ledger), "ledger", nullable=True),
    Field("span", PART._replace(text=_span), "span", nullable=True),
    Field("source", PART._replace(text=_source), "source", optional=True),
    Field("lag", PART, needed=PAGE, optional=True),
    Field("lag.updates", COUNT, "lag (updates)", title=Title("lag (updates)", 6), needed=PAGE, nullable=True,
          none="unknown", metric=Metric(
              "lag_updates", "Updates that would be lost by reverting to this copy.", 6)),
    Field("lag.seconds", SECONDS, "lag (sec)", title=Title("lag (time)", 7), needed=PAGE, nullable=True,
          none="unknown", metric=Metric("lag_seconds", "Time span of the updates that would be lost.", 7)),
))

PROPERTY = Section("properties.*", optional=True, labels=lambda part: {"property": part["name"]}, fields=(
    Field("name", TEXT),
    Field("state", STATE, metric=Metric("property_kept", "1 if the database has kept this property, otherwise 0.", 10)),
    Field("details", TEXT),
))

VERIFY = (VERIFIED, REASON, CHECKED, PROPERTY, POSITION)
