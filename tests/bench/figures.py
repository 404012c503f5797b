# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures: what the measures find, as tables of numbers, one number per round of which the median counts."""
from __future__ import annotations

import statistics
from typing import Any, Iterable, NamedTuple


class Target(NamedTuple):
    """A limit to be met, from above with ``at_least``, or else from below."""

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
    """What a measure found; ``title`` says what the rows are, ``note`` how it was measured."""

    def __init__(self, name: str, title: str, note: str = "", figures: Iterable[Figure] = ()) -> None:
        self.name = name
        self.title = title
        self.note = note
        self.figures = list(figures)

    def add(self, row: str, column: str, values: float | Iterable[float], target: Target | None = None) -> None:
        """Add a figure, of one value or of one per round."""
        found = [values] if isinstance(values, (int, float)) else list(values)
        self.figures.append(Figure(row, column, [float(value) for value in found], target))

    @property
    def rows(self) -> list[str]:
        return list(dict.fromkeys(figure.row for figure in self.figures))

    @property
    def columns(self) -> list[str]:
        return list(dict.fromkeys(figure.column for figure in self.figures))

    def find(self, row: str, column: str) -> Figure | None:
        """The figure of a cell, None where there is none."""
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
    """The ratios of two series, round by round: neighbours in time, as the machine may be busy with other things."""
    return [one / other for one, other in zip(above, below)]
