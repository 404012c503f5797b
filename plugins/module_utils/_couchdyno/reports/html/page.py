# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An HTML page with charts and tables of one or many infos; needs jinja2 and plotly.

It is one file that includes the charting library, so it opens without a network, now and in years.
"""
from __future__ import annotations

import json
from importlib import import_module
from typing import Any, Iterable, NamedTuple, Sequence

from ... import __version__
from ...errors import MissingLibrary, UsageError, command
from .. import output_file
from ..forms import counted, utc
from ..paths import Data
from . import charts, tables, template

try:
    from jinja2 import Environment
    from markupsafe import Markup
except ImportError:  # check reports it
    Environment = None  # type: ignore[assignment, misc]

SERIES = " Each line is a database, each point one or more consecutive cycles."
MAP = " Each row is a database, time runs from left to right, and each cell shows the highest value in its period."


class Chart(NamedTuple):
    """A chart on the page: the key of its figure, its title and note, and the figure."""

    id: str
    title: str
    note: str
    figure: Data


def check(path: str) -> None:
    """Raise MissingLibrary or UsageError if a page cannot be created at this path."""
    output_file.check(path)
    if Environment is None:
        raise MissingLibrary("jinja2")
    _library()


def write(path: str, infos: Sequence[Data], verified: Sequence[Data] = ()) -> None:
    """Write a page to a file, completely or not at all; raises like ``check`` and ``render``."""
    check(path)
    output_file.write(path, encoded(render(infos, verified)))


def encoded(page: str) -> bytes:
    """The bytes of a page; an unpaired surrogate, which UTF-8 cannot encode, becomes a question mark."""
    return page.encode("utf-8", "replace")


def render(infos: Sequence[Data], verified: Sequence[Data] = (), missing: Sequence[str] = ()) -> str:
    """The page for reports of info, which need their series, and of verify.

    An info may have a ``label``, such as the host that it comes from; ``missing`` are the hosts without an info. Of
    several infos of a database the page shows the latest. Raises UsageError if there is no info, and MissingLibrary.
    """
    if not infos:
        raise UsageError("a page needs at least one report of ", command("info"))
    subjects = tables.subjects(infos)
    databases = [_database(number, subject) for number, subject in enumerate(subjects)]
    fleet = _fleet(subjects) if len(subjects) > 1 else []
    figures = {chart.id: chart.figure for chart in [*fleet, *(chart for each in databases for chart in each["charts"])]}
    until = max(subject.info["progress"]["ts"] for subject in subjects)
    what = counted(len(subjects), "database") if len(subjects) > 1 else subjects[0].name
    environment = Environment(autoescape=True, trim_blocks=True)
    return str(environment.from_string(template.TEMPLATE).render(
        title=f"couchdyno: {what}", subtitle=f"As of {utc(until)}. All times come from the servers' clocks.",
        missing=", ".join(missing), overview=tables.overview(subjects), verified=tables.verified(verified, subjects),
        charts=fleet, databases=databases, version=__version__, style=Markup(template.STYLE),
        script=Markup(template.SCRIPT), library=Markup(_library()), figures=Markup(_embedded(figures))))


def _library() -> str:
    """The JavaScript that draws charts; imported late, because few runs need it."""
    try:
        return str(import_module("plotly.offline").get_plotlyjs())
    except ImportError:
        raise MissingLibrary("plotly") from None


def _embedded(figures: Data) -> str:
    """Figures as JSON that cannot close the script element around it.

    Many figures share coordinates, so ``lists`` holds each list of coordinates once, and ``x`` and ``y`` of a trace are
    indexes in it.
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
        Chart("fleet-rate", "Rate", "Median number of documents per second." + note,
              charts.fleet(series, lambda point: (point["rate"] or {}).get("median"), "documents/s")),
        Chart("fleet-latency", "Latency, p99", "99th percentile of the duration of bulk requests." + note,
              charts.fleet(series, lambda point: (point["latency"] or {}).get("p99"), "seconds", charts.AMBER)),
        Chart("fleet-errors", "Errors", "Documents that could not be written." + note,
              charts.fleet(series, lambda point: point["errors"], "documents", charts.RED)),
        Chart("fleet-size", "File size", "Size of the database files." + note,
              charts.fleet(series, lambda point: (point["sizes"] or {}).get("file"), "bytes", charts.VIOLET,
                           is_steady=True)),
        Chart("fleet-hosts", "Rate by host", "Median, lowest and highest rate of each host.",
              charts.hosts((subject.name, subject.info["hosts"]) for subject in subjects)),
        *([Chart("fleet-census", "Updates per day", "Sum over all databases.", charts.census(days))] if days else []),
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
        each = "Each point is one cycle." if most == 1 else f"Each point covers up to {most} consecutive cycles."
        median, pooled = ("", "") if most == 1 else (
            " The line shows the median rate, the band the whole range.",
            " The percentiles are those of all requests in these cycles. If version 0.1.0 ran any of the cycles, p50 "
            "and p95 are medians over the cycles, and p99 is the highest.")
        yield Chart(f"{key}-rate", "Rate", each + median, charts.rate(series))
        yield Chart(f"{key}-latency", "Latency of bulk requests", each + pooled, charts.latency(series))
        yield Chart(f"{key}-errors", "Errors", f"{each} Documents that could not be written.", charts.errors(series))
        if any(point["sizes"] for point in series):
            yield Chart(f"{key}-size", "Size of the database", "Read at most once a minute by each driver; the lines "
                        "connect known sizes.", charts.sizes(series))
    if len(info["hosts"]) > 1:
        yield Chart(f"{key}-hosts", "Rate by host", "Median, lowest and highest rate of each host.",
                    charts.hosts([("", info["hosts"])]))
    if info.get("census"):
        yield Chart(f"{key}-census", "Updates per day", "Including the fill.", charts.census(info["census"]))
