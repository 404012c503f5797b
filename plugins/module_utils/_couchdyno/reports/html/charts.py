# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The charts of a page as Plotly figures: plain data that its JavaScript draws.

The template sets the colours that depend on light or dark mode.
"""
from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any, Callable, Dict, Iterable, Sequence

from ..forms import WEEK
from ..paths import Data

BLUE, AMBER, RED, GREEN, VIOLET = "#3b82f6", "#f59e0b", "#ef4444", "#10b981", "#8b5cf6"
BAND = "rgba(59,130,246,0.22)"
GREY = "#94a3b8"
MARKERS_UP_TO = 60  # points; with more, lines alone are clearer
MOST_WEEKS = 1000  # in a calendar
LINES_UP_TO = 10  # databases; with more, lines are hard to distinguish
NAME_UP_TO = 24  # characters of a name on an axis; longer names leave the chart too little room
COLUMNS = 120  # of a map
CALENDAR = [[0, "rgba(59,130,246,0.15)"], [1, "rgb(37,99,235)"]]

Figure = Dict[str, Any]


def rate(series: Sequence[Data]) -> Figure:
    """The median rate of each point of a series, within a band from the lowest to the highest."""
    points = [point for point in series if point["rate"]]
    x = _times(points)
    low, middle, high = ([point["rate"][name] for point in points] for name in ("min", "median", "max"))
    edge = {"type": "scatter", "mode": "lines", "x": x, "line": {"width": 0}, "showlegend": False}
    return _figure([dict(edge, y=low, name="min"), dict(edge, y=high, name="max", fill="tonexty", fillcolor=BAND),
                    _line(x, middle, "median", BLUE)], "documents/s")


def latency(series: Sequence[Data]) -> Figure:
    """The latency percentiles of bulk requests at each point of a series."""
    points = [point for point in series if point["latency"]]
    x = _times(points)
    colours = (("p50", GREEN), ("p95", AMBER), ("p99", RED))
    return _figure([_line(x, [point["latency"][name] for point in points], name, colour) for name, colour in colours],
                   "seconds")


def errors(series: Sequence[Data]) -> Figure:
    """The number of documents that could not be written at each point of a series."""
    return _figure([_bars(_times(series), [point["errors"] for point in series], "errors", RED)], "documents")


def sizes(series: Sequence[Data]) -> Figure:
    """The sizes of the database at the points of a series that know them."""
    points = [point for point in series if point["sizes"]]
    x = _times(points)
    return _figure([_line(x, [point["sizes"].get(name) for point in points], name, colour)
                    for name, colour in (("file", VIOLET), ("active", GREEN))], "bytes", tickformat=".3s")


def census(days: Iterable[Data]) -> Figure:
    """A calendar of updates per day: weeks from left to right, Monday at the top."""
    counts: dict[date, int] = defaultdict(int)
    for entry in days:
        counts[date.fromisoformat(entry["day"])] += entry["updates"]
    mondays = _mondays(counts)
    dates = [[monday + timedelta(number) for monday in mondays] for number in range(7)]
    heat = {"type": "heatmap", "x": [monday.isoformat() for monday in mondays], "y": list(WEEK),
            "z": [[counts.get(day) for day in row] for row in dates],
            "text": [[day.isoformat() for day in row] for row in dates], "xgap": 3, "ygap": 3, "colorscale": CALENDAR,
            **_from_zero(counts.values()), "showscale": False, "hoverongaps": False,
            "hovertemplate": "%{text}: %{z:,} updates<extra></extra>"}
    figure = _figure([heat], "", height=220)
    figure["layout"]["yaxis"].update(autorange="reversed", showgrid=False, type="category")
    figure["layout"]["xaxis"].update(type="category", showgrid=False, nticks=10)
    return figure


def hosts(named: Iterable[tuple[str, Sequence[Data]]]) -> Figure:
    """The median, lowest and highest rate of each host; one colour per named database."""
    bars = []
    ticks: dict[str, str] = {}
    for name, figures in named:
        shown = [host for host in figures if host["rate"]]
        x = [_literal(host["host"]) for host in shown]
        y = [host["rate"]["median"] for host in shown]
        ticks.update(zip(x, (_literal(_cut(host["host"])) for host in shown)))
        bars.append({"type": "bar", "name": _literal(name), "x": x, "y": y,
                     "error_y": {"type": "data", "symmetric": False, "thickness": 1, "color": GREY,
                                 "array": [host["rate"]["max"] - host["rate"]["median"] for host in shown],
                                 "arrayminus": [host["rate"]["median"] - host["rate"]["min"] for host in shown]}})
    figure = _figure(bars, "documents/s")
    figure["layout"]["xaxis"].update(type="category", tickvals=list(ticks), ticktext=list(ticks.values()))
    return figure


def fleet(named: Sequence[tuple[str, Sequence[Data]]], take: Callable[[Data], Any], title: str,
          colour: str = BLUE, is_steady: bool = False) -> Figure:
    """What ``take`` returns for the points of named series (None: nothing), as lines, or as a map of many series.

    A value that ``is_steady``, such as a size, exists between its known points, too: the map interpolates it, as lines
    do.
    """
    shown = [(name, [(point["ts"], take(point)) for point in series if take(point) is not None])
             for name, series in named]
    if len(shown) > LINES_UP_TO:
        return _map(shown, title, colour, is_steady)
    return _figure([_line([1000 * ts for ts, __ in points], [value for __, value in points], _literal(name))
                    for name, points in shown], title)


def _map(shown: Sequence[tuple[str, Sequence[tuple[int, Any]]]], title: str, colour: str, is_steady: bool) -> Figure:
    """A row per name, time from left to right; each cell shows the highest value in its span of time."""
    times = [ts for __, points in shown for ts, __ in points] or [0]
    begin, width = min(times), (max(times) - min(times)) // COLUMNS + 1
    rows: list[list[Any]] = [[None] * COLUMNS for __ in shown]
    for row, (__, points) in zip(rows, shown):
        for ts, value in points:
            column = (ts - begin) // width
            row[column] = value if row[column] is None else max(row[column], value)
        if is_steady:
            _interpolate(row)
    heat = {"type": "heatmap", "x": [1000 * (begin + width * column) for column in range(COLUMNS)],
            "y": [_literal(name) for name, __ in shown], "z": rows, "hoverongaps": False, "ygap": 1,
            **_from_zero(value for row in rows for value in row if value is not None),
            "colorscale": [[0, "rgba(128,128,128,0.12)"], [1, colour]], "colorbar": {"thickness": 8, "outlinewidth": 0},
            "hovertemplate": "%{y}, %{x}: %{z}<extra></extra>"}
    figure = _figure([heat], title, height=80 + 9 * len(shown))
    figure["layout"]["yaxis"].update(type="category", autorange="reversed", title=None, tickfont={"size": 9})
    return figure


def _interpolate(row: list[Any]) -> None:
    """Fill the empty cells between known ones."""
    known = [column for column, value in enumerate(row) if value is not None]
    for first, last in zip(known, known[1:]):
        step = (row[last] - row[first]) / (last - first)
        for column in range(first + 1, last):
            row[column] = round(row[first] + step * (column - first))


def _from_zero(values: Iterable[float]) -> Data:
    """The range of a colour scale. It starts at 0, as bars do, so that colours compare like values."""
    return {"zmin": 0, "zmax": max(values, default=0) or 1}


def _literal(name: str) -> str:
    """A name escaped for Plotly, which interprets some HTML in texts."""
    return name.replace("&", "&amp;").replace("<", "&lt;")


def _cut(name: str) -> str:
    """A name, without its middle if it is long: names mostly differ at their ends."""
    if len(name) <= NAME_UP_TO:
        return name
    end = NAME_UP_TO // 2
    return f"{name[:end - 1]}…{name[-end:]}"


def _mondays(days: Iterable[date]) -> list[date]:
    """The Mondays of all weeks from the first of the days to the last; of many weeks, only those with such days.

    Some clock may have been wrong by centuries.
    """
    found = sorted({day - timedelta(day.weekday()) for day in days})
    weeks = (found[-1] - found[0]).days // 7 + 1 if found else 0
    return found if weeks > MOST_WEEKS else [found[0] + timedelta(7 * number) for number in range(weeks)]


def _times(points: Iterable[Data]) -> list[int]:
    """When the points begin, in milliseconds for JavaScript."""
    return [1000 * point["ts"] for point in points]


def _line(x: Sequence[int], y: Sequence[Any], name: str, colour: str | None = None) -> Data:
    mode = "lines+markers" if len(x) <= MARKERS_UP_TO else "lines"
    return {"type": "scatter", "mode": mode, "x": x, "y": y, "name": name, "marker": {"size": 4},
            "line": {"width": 1.5, **({"color": colour} if colour else {})}}


def _bars(x: Sequence[int], y: Sequence[Any], name: str, colour: str | None = None) -> Data:
    return {"type": "bar", "x": x, "y": y, "name": name, **({"marker": {"color": colour}} if colour else {})}


def _figure(traces: list[Data], title: str, height: int = 300, tickformat: str = "") -> Figure:
    yaxis = {"title": {"text": title}, "rangemode": "tozero", "automargin": True, "tickformat": tickformat}
    return {"data": traces,
            "layout": {"height": height, "margin": {"l": 10, "r": 10, "t": 10, "b": 10}, "yaxis": yaxis,
                       "xaxis": {"type": "date", "automargin": True}, "hovermode": "closest",
                       "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom"}}}
