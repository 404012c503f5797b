# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The chart of the figures, as SVG."""
from __future__ import annotations

from pathlib import Path
from typing import Any, Callable, Dict

import matplotlib

matplotlib.use("svg")

import matplotlib.pyplot as plt
from bench import size_name
from figures import Figure, Table
from measures import rates

COLOURS = {rates.CYCLE: "#c0392b", rates.CEILING: "#2c3e50", rates.WRITE_CEILING: "#aab2b8"}
LABELS = {rates.CYCLE: "couchdyno", rates.CEILING: "ceiling", rates.WRITE_CEILING: "write ceiling"}
SIZE, CONNECTIONS = 1000, 4  # the value of the other dimension

Tables = Dict[str, Table]
Panel = Callable[[Any, Table], None]


def draw(tables: Tables, caption: str, path: Path) -> None:
    """Draw the rates by connections and by size, and those of other programs, as far as they were measured."""
    panels: list[tuple[Table, Panel]] = [(tables[name], panel) for name, panel in (
        ("rates", _by_connections), ("rates", _by_size), ("peers", _peers)) if name in tables]
    if not panels:
        return
    plt.rcParams.update({"svg.hashsalt": "couchdyno", "svg.fonttype": "none", "font.size": 9,
                         "axes.spines.top": False, "axes.spines.right": False})
    figure, all_axes = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 4), squeeze=False)
    for axes, (table, panel) in zip(all_axes[0], panels):
        panel(axes, table)
    figure.text(0.01, 0.01, caption, fontsize=7, color="#555555")
    figure.tight_layout(rect=(0, 0.04, 1, 1))
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)


def _by_connections(axes: Any, table: Table) -> None:
    """Documents per second over connections, for one size."""
    for name in (rates.WRITE_CEILING, rates.CEILING, rates.CYCLE):
        found = {count: table.find(rates.row(SIZE, count), name) for count in rates.CONNECTIONS}
        shown = {count: figure.median for count, figure in found.items() if figure}
        axes.plot([str(count) for count in shown], list(shown.values()), "o-", color=COLOURS[name], label=LABELS[name])
    axes.set(title=f"Cycles, documents of {size_name(SIZE)}", xlabel="connections", ylabel="documents per second")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False, loc="lower right")


def _by_size(axes: Any, table: Table) -> None:
    """MB per second for each size, with a fixed number of connections."""
    names = (rates.WRITE_CEILING, rates.CEILING, rates.CYCLE)
    width = 0.8 / len(names)
    for offset, name in enumerate(names):
        heights = [_median(table.find(rates.row(size, CONNECTIONS), name)) * size / 1e6 for size in rates.DOCUMENTS]
        places = [place + (offset - (len(names) - 1) / 2) * width for place in range(len(heights))]
        axes.bar(places, heights, width * 0.9, color=COLOURS[name], label=LABELS[name])
    axes.set_xticks(range(len(rates.DOCUMENTS)), [size_name(size) for size in rates.DOCUMENTS])
    axes.set(title=f"Cycles, {CONNECTIONS} connections", xlabel="document size", ylabel="MB per second")
    axes.legend(frameon=False, loc="upper left")


def _peers(axes: Any, table: Table) -> None:
    """Documents per second of each program."""
    rows = table.rows[::-1]
    heights = [_median(table.find(row, "documents per second")) for row in rows]
    colours = [COLOURS[rates.CYCLE if row.startswith("couchdyno") else rates.WRITE_CEILING] for row in rows]
    axes.bar_label(axes.barh(rows, heights, color=colours), fmt="{:,.0f}", padding=3)
    axes.set(title="Other programs, start to exit", xlabel="documents per second")
    axes.set_xlim(right=max(heights) * 1.2)


def _median(figure: Figure | None) -> float:
    return figure.median if figure else 0.0
