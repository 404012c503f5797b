# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A page in HTML of one or many infos, with charts and tables; needs jinja2 and plotly.

It is one file with the charting library in it, so it opens without network, and still will in years.
"""
from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Iterable, NamedTuple, Sequence

from ... import __version__
from ...errors import MissingLibrary, UsageError
from .. import output_file
from ..forms import iso
from ..paths import Data
from . import charts, tables, template

try:
    from jinja2 import Environment
    from markupsafe import Markup
except ImportError:  # reported to those who ask for a report
    Environment = None  # type: ignore[assignment, misc]

SERIES = " Each line is one database, each point the same number of its cycles in a row."
MAP = " Each row is one database, the time runs from left to right, a cell has the highest value of its time."


class Chart(NamedTuple):
    """A chart on the page: the key of its figure, what stands above it, and the figure."""

    id: str
    title: str
    note: str
    figure: Data


def check(path: str) -> None:
    """Raise MissingLibrary or UsageError if no page can be made there."""
    output_file.check(path)
    if Environment is None:
        raise MissingLibrary("jinja2")
    _library()


def write(path: str, infos: Sequence[Data], verified: Sequence[Data] = ()) -> None:
    """Write a page into a file, complete or not at all; raises as ``check`` and ``render`` do."""
    check(path)
    output_file.write(path, encoded(render(infos, verified)))


def encoded(page: str) -> bytes:
    """The bytes of a page; half a surrogate pair, which is no character, becomes a question mark."""
    return page.encode("utf-8", "replace")


def render(infos: Sequence[Data], verified: Sequence[Data] = (), missing: Sequence[str] = ()) -> str:
    """The page of reports of info with their series, and of reports of verify.

    An info may have a ``label``, such as the host that it comes from; ``missing`` are the hosts without an info. Infos
    of the same database become one. Raises UsageError if there is no info at all, and MissingLibrary.
    """
    if not infos:
        raise UsageError("a report takes at least one info")
    subjects = tables.subjects(infos)
    databases = [_database(number, subject) for number, subject in enumerate(subjects)]
    fleet = _fleet(subjects) if len(subjects) > 1 else []
    figures = {chart.id: chart.figure for chart in [*fleet, *(chart for each in databases for chart in each["charts"])]}
    until = max(subject.info["progress"]["ts"] for subject in subjects)
    count = f"{len(subjects)} databases" if len(subjects) > 1 else subjects[0].name
    environment = Environment(autoescape=True, trim_blocks=True)
    return str(environment.from_string(template.TEMPLATE).render(
        title=f"couchdyno: {count}", subtitle=f"As of {iso(until)}. All times are UTC, by the clocks of the servers.",
        missing=", ".join(missing), overview=tables.overview(subjects), verified=tables.verified(verified, subjects),
        charts=fleet, databases=databases, version=__version__, style=Markup(template.STYLE),
        script=Markup(template.SCRIPT), library=Markup(_library()), figures=Markup(_embedded(figures))))


def _library() -> str:
    """The JavaScript that draws charts; loaded late, because few runs need it."""
    try:
        return str(import_module("plotly.offline").get_plotlyjs())
    except ImportError:
        raise MissingLibrary("plotly") from None


def _embedded(figures: Data) -> str:
    """Figures as JSON that cannot end the script element around it.

    Most figures share their coordinates with others, so each list of coordinates is there once, in ``lists``, and ``x``
    and ``y`` of a trace are places in it.
    """
    places: dict[str, int] = {}

    def place(values: Any) -> int:
        return places.setdefault(json.dumps(values, separators=(",", ":")), len(places))

    def placed(trace: Data) -> Data:
        return dict(trace, x=place(trace["x"]), y=place(trace["y"]))

    shared = {key: dict(figure, data=list(map(placed, figure["data"]))) for key, figure in figures.items()}
    text = json.dumps(shared, separators=(",", ":"))
    return f'{{"figures":{text},"lists":[{",".join(places)}]}}'.replace("<", "\\u003c")


def _fleet(subjects: Sequence[tables.Subject]) -> list[Chart]:
    series = [(subject.name, subject.info["series"]) for subject in subjects]
    note = MAP if len(subjects) > charts.LINES_UP_TO else SERIES
    days = [day for subject in subjects for day in subject.info.get("census", ())]
    return [
        Chart("fleet-rate", "Rate", "Documents a second, medians." + note,
              charts.fleet(series, lambda point: (point["rate"] or {}).get("median"), "documents/s")),
        Chart("fleet-latency", "Latency, p99", "Seconds that bulk requests took, the worst." + note,
              charts.fleet(series, lambda point: (point["latency"] or {}).get("p99"), "seconds", charts.AMBER)),
        Chart("fleet-errors", "Errors", "Documents that could not be written." + note,
              charts.fleet(series, lambda point: point["errors"], "documents", charts.RED)),
        Chart("fleet-size", "Size of the files", "Bytes." + note,
              charts.fleet(series, lambda point: (point["sizes"] or {}).get("file"), "bytes", charts.VIOLET)),
        Chart("fleet-hosts", "Rate by host", "Medians, with the lowest and highest.",
              charts.hosts((subject.name, subject.info["hosts"]) for subject in subjects)),
        *([Chart("fleet-census", "Updates a day", "Of all databases.", charts.census(days))] if days else []),
    ]


def _database(number: int, subject: tables.Subject) -> Data:
    info = subject.info
    return {"id": f"database-{number}", "name": subject.name, "note": subject.note,
            "charts": list(_charts(f"database-{number}", info)), "groups": tables.groups(info),
            "tables": tables.lists(info)}


def _charts(key: str, info: Data) -> Iterable[Chart]:
    series = info["series"]
    if series:
        most = max(point["runs"] for point in series)
        each = "Each point is one cycle." if most == 1 else f"Each point is up to {most} cycles in a row."
        band, worst = ("", "") if most == 1 else (" The line is their median, the band spans them all.",
                                                  " p50 and p95 are the medians of the cycles, p99 is the worst.")
        yield Chart(f"{key}-rate", "Rate", each + band, charts.rate(series))
        yield Chart(f"{key}-latency", "Latency of bulk requests", each + worst, charts.latency(series))
        yield Chart(f"{key}-errors", "Errors", f"{each} Documents that could not be written.", charts.errors(series))
        if any(point["sizes"] for point in series):
            yield Chart(f"{key}-size", "Size of the database", "As cycles found it.", charts.sizes(series))
    if len(info["hosts"]) > 1:
        yield Chart(f"{key}-hosts", "Rate by host", "Medians, with the lowest and highest.",
                    charts.hosts([("", info["hosts"])]))
    if info.get("census"):
        yield Chart(f"{key}-census", "Updates a day", "Filling included.", charts.census(info["census"]))
