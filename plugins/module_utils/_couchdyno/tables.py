# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a report: infos and verdicts as rows of cells. Pure."""
from __future__ import annotations

from functools import reduce
from typing import Any, Callable, Dict, Iterable, Iterator, NamedTuple, Sequence, Tuple

from .layout import duration, iso, quoted, short

Data = Dict[str, Any]
Form = Callable[[Any], str]


class Cell(NamedTuple):
    """A cell: its ``text``, where in the info the ``value`` behind it stands, what it is like, and what it links to."""

    text: str
    path: str = ""
    value: Any = None
    kind: str = ""
    link: str = ""


class Subject(NamedTuple):
    """A database of the page: what to call it, what to say beside that, and its info."""

    name: str
    note: str
    info: Data


def count(value: Any) -> str:
    """A whole number."""
    return f"{value:,}"


def number(value: Any) -> str:
    """A measured number."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def plain(value: Any) -> str:
    """A value that needs no form."""
    return str(value)


def size(value: Any) -> str:
    """A number of bytes."""
    return f"{short(value)}B"


Rows = Tuple[Tuple[str, str, Form], ...]

PROGRESS: Rows = (
    ("documents", "progress.present", count), ("of", "progress.total", count), ("laps", "progress.laps", count),
    ("done of this lap", "progress.lap_done", count), ("lap done in", "progress.seconds_left", duration),
    ("pace (updates/s)", "progress.pace", number), ("position", "dyno_config.position", count),
    ("settled", "progress.settled", count), ("open claims", "progress.open_claims", count),
    ("expired claims", "progress.expired_claims", count), ("missed cycles", "gaps.missed", count),
    ("runs on record", "ring.runs", count), ("on record since", "ring.since", iso))
PARAMETERS: Rows = (
    ("document size", "dyno_config.size", count), ("updates per run", "dyno_config.updates", count),
    ("seed", "dyno_config.seed", plain), ("created", "dyno_config.created", iso),
    ("server version", "database.server_version", plain), ("shards", "database.q", plain),
    ("copies", "database.n", plain), ("documents there", "database.doc_count", count),
    ("size of files", "database.sizes.file", size), ("active size", "database.sizes.active", size),
    ("growth of files a day", "growth.file.per_day", size), ("documents in conflict", "conflicts.documents", count))
OF_KIND: Rows = (
    ("runs", "runs", count), ("updates", "updates", count), ("errors", "errors", count),
    ("runs in the last hour", "recent.hour.runs", count), ("runs in the last day", "recent.day.runs", count),
    ("first", "first_ts", iso), ("last", "last_ts", iso), ("rate, lowest", "rate.min", number),
    ("rate, median", "rate.median", number), ("rate, highest", "rate.max", number),
    ("change of the rate (%)", "trend.change", number), ("seconds, median", "dt.median", number),
    ("latency p50 (s)", "latency.p50", number), ("latency p95 (s)", "latency.p95", number),
    ("latency p99 (s)", "latency.p99", number))
OVERVIEW: Rows = (
    ("version", "database.server_version", plain), ("documents", "progress.total", count),
    ("laps", "progress.laps", count), ("cycles", "statistics.cycle.runs", count),
    ("updates", "statistics.cycle.updates", count), ("errors", "statistics.cycle.errors", count),
    ("missed", "gaps.missed", count), ("rate", "statistics.cycle.rate.median", number),
    ("p99 (s)", "statistics.cycle.latency.p99", number), ("size", "database.sizes.file", size),
    ("last cycle", "statistics.cycle.last_ts", iso))
TROUBLE = frozenset(("errors", "missed", "missed cycles", "expired claims", "documents in conflict"))


def subjects(infos: Sequence[Data]) -> list[Subject]:
    """The databases that infos tell of, by name; of infos of the same database the latest."""
    merged: list[tuple[Data, list[str]]] = []
    for info in sorted(infos, key=lambda info: info["progress"]["ts"], reverse=True):
        labels = next((labels for other, labels in merged if _is_same(info, other)), None)
        if labels is None:
            labels = []
            merged.append((info, labels))
        if info.get("label"):
            labels.append(info["label"])
    names = [info["database"]["name"] for info, __ in merged]
    found = []
    for info, labels in merged:
        name, server = info["database"]["name"], (info["database"].get("url") or "").rpartition("/")[0]
        beside = ", ".join(sorted(labels)) or server
        found.append(Subject(name if names.count(name) == 1 else f"{name} ({beside})",
                             f"{server}{', seen from ' if labels else ''}{', '.join(sorted(labels))}", info))
    return sorted(found, key=lambda subject: subject.name)


def overview(subjects: Sequence[Subject]) -> Data:
    """A row for each database."""
    body = [[Cell(subject.name, link=f"database-{place}"), *_cells(subject.info, OVERVIEW)]
            for place, subject in enumerate(subjects)]
    return _table("", ["database", *(name for name, *__ in OVERVIEW)], body)


def verified(reports: Iterable[Data], subjects: Sequence[Subject]) -> Data:
    """A row for each proof, with the database that it is of, or of a copy of."""
    body = []
    for each in sorted(reports, key=lambda each: each.get("ts") or 0):
        right = each["verdict"] == "right"
        lag = each.get("lag") or {}
        body.append([Cell(each.get("database") or "-"), Cell(_origin(each, subjects)),
                     Cell(each["verdict"], kind="good" if right else "bad"),
                     Cell(iso(each["ts"]) if each.get("ts") else "-"), Cell(count(each["checked"])),
                     Cell("-" if lag.get("updates") is None else count(lag["updates"])),
                     Cell("-" if lag.get("seconds") is None else duration(lag["seconds"])),
                     Cell("; ".join(each["reasons"]), kind="text")])
    return _table("", ["verified", "updates of", "verdict", "when", "documents", "lag", "lag (time)", "because"], body)


def groups(info: Data) -> list[Data]:
    """Small tables of names and values."""
    statistics = [(title, tuple((name, f"statistics.{kind}.{path}", form) for name, path, form in OF_KIND))
                  for kind, title in (("cycle", "Cycles"), ("fill", "Filling")) if info["statistics"][kind]["runs"]]
    return [_group(title, info, rows)
            for title, rows in (("Progress", PROGRESS), ("Database", PARAMETERS), *statistics)]


def lists(info: Data) -> Iterator[Data]:
    """Tables of many rows: hosts, open claims, errors by class, gaps, conflicts, runs; those that have any."""
    if info["hosts"]:
        yield _table("Hosts", ["host", "cycles", "updates", "errors", "rate", "p99 (s)", "interval", "missed", "last"],
                     [_host(place, host) for place, host in enumerate(info["hosts"])])
    if info["dyno_config"].get("claims"):
        yield _table("Open claims", ["host", "first update", "documents", "since", "lease until"],
                     [_claim(claim, info["progress"]["ts"]) for claim in info["dyno_config"]["claims"]])
    classes = [(kind, name, n) for kind, figures in info["statistics"].items()
               for name, n in figures["error_classes"].items()]
    if classes:
        yield _table("Errors by class", ["class", "of", "documents"],
                     [[Cell(name), Cell(kind), Cell(count(n), kind="bad")] for kind, name, n in classes])
    if info["gaps"]["latest"]:
        yield _table("Gaps", ["host", "since", "until", "missed"],
                     [[Cell(gap["host"]), Cell(iso(gap["since"])),
                       Cell("now" if gap["until"] is None else iso(gap["until"])),
                       Cell(count(gap["missed"]), kind="bad")]
                      for gap in reversed(info["gaps"]["latest"])])
    if info.get("conflicts", {}).get("samples"):
        yield _table("Conflicts", ["document", "losing revisions"],
                     [[Cell(quoted(each["id"])), Cell(count(each["revisions"]))]
                      for each in info["conflicts"]["samples"]])
    if info["runs"]:
        yield _table("Latest runs", ["run", "time", "kind", "updates", "errors", "seconds", "host"],
                     [[Cell(str(run["run"])), Cell(iso(run["ts"])), Cell(run["kind"]), Cell(count(run["updates"])),
                       Cell(count(run["errors"]), kind="bad" if run["errors"] else ""), Cell(f"{run['dt']:.3f}"),
                       Cell(run["host"])] for run in reversed(info["runs"])])


def _is_same(one: Data, other: Data) -> bool:
    """Whether two infos are of one database. Fleets may be set up alike, so drivers in common have to tell."""
    alike = all(one["dyno_config"].get(name) == other["dyno_config"].get(name) for name in ("seed", "created"))
    drivers, others = ({host["host"] for host in info["hosts"]} for info in (one, other))
    same_place = one["database"].get("url") == other["database"].get("url") and not drivers and not others
    return alike and one["database"]["name"] == other["database"]["name"] and (bool(drivers & others) or same_place)


def _origin(report: Data, subjects: Sequence[Subject]) -> str:
    """The databases of the page whose update stream a proof was of."""
    stream = report["stream"]
    names = [subject.name for subject in subjects
             if all(subject.info["dyno_config"].get(name) == stream[name] for name in ("seed", "total", "size"))]
    return ", ".join(names) or "-"


def _host(place: int, host: Data) -> list[Cell]:
    def cell(path: str, form: Form) -> Cell:
        value = _value(host, path)
        text = "-" if value is None else form(value)
        return Cell(text, f"hosts.{place}.{path}", value, "bad" if path in TROUBLE and value else "")

    return [Cell(host["host"]), cell("runs", count), cell("updates", count), cell("errors", count),
            cell("rate.median", number), cell("latency.p99", number), cell("interval", duration),
            cell("missed", count), cell("last_ts", iso)]


def _claim(claim: Data, now: int) -> list[Cell]:
    lease = Cell(iso(claim["lease"])) if claim["lease"] > now else Cell("over", kind="bad")
    numbers = (Cell(count(claim[name])) for name in ("first", "count"))
    return [Cell(claim["host"]), *numbers, Cell(iso(claim["ts"])), lease]


def _group(title: str, info: Data, rows: Rows) -> Data:
    cells = zip(rows, _cells(info, rows))
    return _table(title, [], [[Cell(name), cell] for (name, *__), cell in cells if cell.value is not None])


def _cells(info: Data, rows: Rows) -> list[Cell]:
    cells = []
    for name, path, form in rows:
        value = _value(info, path)
        kind = "bad" if name in TROUBLE and value else ""
        cells.append(Cell("-" if value is None else form(value), path, value, kind))
    return cells


def _value(data: Any, path: str) -> Any:
    """What stands at a path of names; None where there is nothing."""
    return reduce(lambda part, name: part.get(name) if isinstance(part, dict) else None, path.split("."), data)


def _table(title: str, head: list[str], body: list[list[Cell]]) -> Data:
    return {"title": title, "head": head, "body": body}
