# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of measures: tables whose cells have one value per round, of which the median counts."""
from __future__ import annotations

import statistics
from typing import Any, Iterable, NamedTuple


class Target(NamedTuple):
    """A limit: the lowest allowed value with ``at_least``, otherwise the highest."""

    limit: float
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.limit:g}"


def at_least(limit: float) -> Target:
    return Target(limit, True)


def at_most(limit: float) -> Target:
    return Target(limit, False)


class Figure(NamedTuple):
    """A cell of a table: one value per round."""

    row: str
    column: str
    values: list[float]
    target: Target | None = None

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool:
        return self.target is None or self.target.met_by(self.median)


class Table:
    """The results of a measure; ``title`` heads the column of row names, ``note`` says how they were measured."""

    def __init__(self, name: str, title: str, note: str = "", figures: Iterable[Figure] = ()) -> None:
        self.name = name
        self.title = title
        self.note = note
        self.figures = list(figures)

    def add(self, row: str, column: str, values: float | Iterable[float], target: Target | None = None) -> None:
        """Add a figure with one value, or with one per round."""
        found = [values] if isinstance(values, (int, float)) else list(values)
        self.figures.append(Figure(row, column, [float(value) for value in found], target))

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(figure.row for figure in self.figures))

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(figure.column for figure in self.figures))

    def find(self, row: str, column: str) -> Figure | None:
        """The figure in a cell, or None."""
        return next((figure for figure in self.figures if (figure.row, figure.column) == (row, column)), None)

    @property
    def missed(self) -> list[Figure]:
        return [figure for figure in self.figures if not figure.met]

    def to_data(self) -> dict[str, Any]:
        """The table as plain data, for JSON."""
        figures = []
        for figure in self.figures:
            each: dict[str, Any] = {"row": figure.row, "column": figure.column, "median": figure.median,
                                    "values": [round(value, 6) for value in figure.values]}
            if figure.target:
                each.update(target=list(figure.target), met=figure.met)
            figures.append(each)
        return {"name": self.name, "title": self.title, "note": self.note, "figures": figures}

    @classmethod
    def from_data(cls, data: dict[str, Any]) -> Table:
        figures = [Figure(each["row"], each["column"], each["values"],
                          Target(*each["target"]) if "target" in each else None) for each in data["figures"]]
        return cls(data["name"], data["title"], data["note"], figures)


def ratios(above: Iterable[float], below: Iterable[float]) -> list[float]:
    """The ratios of two series, round by round, as values of the same round saw the same load of the machine."""
    return [one / other for one, other in zip(above, below)]
