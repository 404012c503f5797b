# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a page: reports of info and verify as rows of cells."""
from __future__ import annotations

from typing import Any, Callable, Iterable, Iterator, NamedTuple, Optional, Sequence

from ...errors import cleaned
from ..fields.info import CONFLICT, INFO, TYPE_PROGRESS
from ..fields.ledger import CLAIM, TYPE
from ..fields.rows import IN_DATABASE, IN_PROGRESS, Field, Section, Title
from ..fields.runs import GAP, HOST, KINDS, RUN
from ..fields.verify import VERIFY
from ..forms import FAULTS, NOTHING, Form, is_leased
from ..paths import Data, found, join, value

LONGEST = 1000  # characters of a cell, as it may be foreign text

Picker = Callable[[Field], Optional[Title]]


class Cell(NamedTuple):
    """A cell: its ``text``, the ``path`` in the info to its ``value``, its ``kind`` and a ``link``.

    ``kind`` is a class of the style sheet, ``link`` the id of an element of the page.
    """

    text: str
    path: str = ""
    value: Any = None
    kind: str = ""
    link: str = ""


class Column(NamedTuple):
    """A column of a table: its title, the path to its value, and the form of the value."""

    title: str
    path: str
    form: Form


class Subject(NamedTuple):
    """A database on the page: its name, a note on where it is, and its info."""

    name: str
    note: str
    info: Data


def subjects(infos: Sequence[Data]) -> list[Subject]:
    """The databases of the infos, by name; of several infos of a database, the latest."""
    merged: list[tuple[Data, list[str]]] = []
    for info in sorted(infos, key=lambda info: info["progress"]["ts"], reverse=True):
        labels = next((labels for other, labels in merged if _is_same(info, other)), None)
        if labels is None:
            labels = []
            merged.append((info, labels))
        if info.get("label"):
            labels.append(info["label"])
    names = [info["database"]["name"] for info, __ in merged]
    found = [_subject(info, sorted(labels), names.count(info["database"]["name"]) > 1) for info, labels in merged]
    return sorted(found, key=lambda subject: subject.name)


def overview(subjects: Sequence[Subject]) -> Data:
    """A row for each database."""
    columns = _columns(INFO, lambda field: field.overview)
    body = [[Cell(subject.name, link=f"database-{place}"), *_cells(columns, subject.info)]
            for place, subject in enumerate(subjects)]
    return _table("", ["database", *_titles(columns)], body)


def verified(reports: Iterable[Data], subjects: Sequence[Subject]) -> Data:
    """A row for each report of verify, with the databases of the page that share its update stream."""
    columns = _columns(VERIFY, _in_table(""))
    by_time = sorted(reports, key=lambda report: report.get("ts") or 0)
    body = [_without_paths(_cells(columns, dict(report, stream=_origin(report, subjects)))) for report in by_time]
    return _table("", _titles(columns), body)


def groups(info: Data) -> list[Data]:
    """Small tables of names and values; unknown values are omitted, unless their form has words for them."""
    tables = [_group(title, _columns(INFO, _in_table(title)), info) for title in (IN_PROGRESS, IN_DATABASE)]
    kinds = [kind for kind in KINDS if kind.shown(value(info, kind.path))]
    return tables + [_group(kind.title, _columns([kind], _in_table("")), info) for kind in kinds]


def lists(info: Data) -> Iterator[Data]:
    """Tables of many rows (types, hosts, open claims, errors by class, gaps, conflicts, runs), without empty tables."""
    now = info["progress"]["ts"]
    classes = [(kind, name, n) for kind, figures in info["statistics"].items()
               for name, n in figures["error_classes"].items()]
    tables = (_list(TYPE_PROGRESS, _parts(info, TYPE_PROGRESS)), _list(TYPE, _parts(info, TYPE)), _hosts(info),
              _list(CLAIM, [_with_lease(claim, now) for claim in _parts(info, CLAIM)]),
              _error_classes(classes), _list(GAP, _parts(info, GAP)[::-1]), _list(CONFLICT, _parts(info, CONFLICT)),
              _list(RUN, _parts(info, RUN)[::-1]))
    return (table for table in tables if table["body"])


# -- the databases


def _subject(info: Data, labels: Sequence[str], is_ambiguous: bool) -> Subject:
    name, server = info["database"]["name"], (info["database"].get("url") or "").rpartition("/")[0]
    seen_from = ", ".join(labels)
    return Subject(f"{name} ({seen_from or server})" if is_ambiguous else name,
                   f"{server}{', seen from ' if labels else ''}{seen_from}", info)


def _is_same(one: Data, other: Data) -> bool:
    """Whether two infos are of the same database. Databases may have equal parameters, but do not share drivers."""
    alike = all(one["dyno_config"].get(name) == other["dyno_config"].get(name) for name in ("seed", "created"))
    drivers, others = ({host["host"] for host in info["hosts"]} for info in (one, other))
    same_place = one["database"].get("url") == other["database"].get("url") and not drivers and not others
    return alike and one["database"]["name"] == other["database"]["name"] and (bool(drivers & others) or same_place)


def _origin(report: Data, subjects: Sequence[Subject]) -> str | None:
    """The databases of the page with the update stream of a report of verify, or None."""
    stream = report["stream"]
    names = [subject.name for subject in subjects
             if all(subject.info["dyno_config"].get(name) == stream[name] for name in ("seed", "total", "size"))]
    return ", ".join(names) or None


# -- tables


def _hosts(info: Data) -> Data:
    """The hosts; all cells have a path in the info, except the first, which names the row."""
    columns = _columns([HOST._replace(path="")], _in_table(""))
    body = []
    for path, host in found(info, HOST.path):
        name, *cells = _cells(columns, host)
        body.append([*_without_paths([name]), *(cell._replace(path=join(path, cell.path)) for cell in cells)])
    return _table(HOST.title, _titles(columns), body)


def _with_lease(claim: Data, now: int) -> Data:
    """A claim whose lease is None if it has expired."""
    return dict(claim, lease=claim["lease"] if is_leased(claim["lease"], now) else None)


def _error_classes(classes: Iterable[tuple[str, str, int]]) -> Data:
    body = [[Cell(cleaned(name)), Cell(cleaned(kind)), Cell(FAULTS.page(n), kind="bad")] for kind, name, n in classes]
    return _table("Errors by class", ["class", "kind of run", "documents"], body)


def _list(section: Section, parts: Iterable[Data]) -> Data:
    columns = _columns([section._replace(path="")], _in_table(""))
    return _table(section.title, _titles(columns), [_without_paths(_cells(columns, part)) for part in parts])


def _group(title: str, columns: Sequence[Column], info: Data) -> Data:
    cells = zip(columns, _cells(columns, info))
    return _table(title, [], [[Cell(column.title), cell] for column, cell in cells if cell.text != NOTHING])


def _table(title: str, head: list[str], body: list[list[Cell]]) -> Data:
    return {"title": title, "head": head, "body": body}


def _parts(info: Data, section: Section) -> list[Data]:
    return [part for __, part in found(info, section.path)]


# -- columns and cells


def _in_table(table: str) -> Picker:
    """A picker of the titles in a table; a section's own table has no name."""
    return lambda field: field.title if field.title and field.title.table == table else None


def _columns(sections: Iterable[Section], pick: Picker) -> list[Column]:
    """The fields that ``pick`` selects, in the order of their places, with their full paths."""
    placed = []
    for section in sections:
        for field in section.fields:
            title = pick(field)
            if title:
                placed.append((title.place, Column(title.text, join(section.path, field.path), field.form)))
    return [column for __, column in sorted(placed, key=lambda each: each[0])]


def _titles(columns: Iterable[Column]) -> list[str]:
    return [column.title for column in columns]


def _cells(columns: Iterable[Column], data: Data) -> list[Cell]:
    return [_cell(column, value(data, column.path)) for column in columns]


def _cell(column: Column, found: Any) -> Cell:
    form = column.form
    text = form.none if found is None else cleaned(form.page(found), LONGEST)
    return Cell(text, column.path, found, form.mark(found))


def _without_paths(cells: Iterable[Cell]) -> list[Cell]:
    return [cell._replace(path="") for cell in cells]
