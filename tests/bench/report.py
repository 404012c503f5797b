# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How results are shown: tables on the screen, and docs/performance.md with its chart."""
from __future__ import annotations

from pathlib import Path
from textwrap import fill
from typing import Any

from figures import Figure, Table
from tabulate import tabulate

BEGIN, END = "<!-- figures: written by tests/bench --publish -->", "<!-- end of figures -->"
WIDTH = 120
TITLES = {
    "rates": "Cycles against the server's limit", "fills": "Fill against the server's limit",
    "peers": "Other programs",
    "laps": "CPU of the client", "start": "Start-up", "bookkeeping": "Bookkeeping of a small cycle",
    "memory": "Memory", "growth": "Growth of the database", "history": "Growth of the history",
    "pace": "Keeping to a rate", "drivers": "Several drivers", "verify": "Verifying", "fleet": "Ansible",
    "batches": "Sizes of requests",
    "workloads": "Workloads", "workloads_verify": "Verifying a workload", "workloads_hot": "Hot documents",
    "attachments": "Attachments", "attachments_verify": "Verifying attachments",
}


def facts(results: dict[str, Any]) -> str:
    """A line about the machine and the server."""
    return (f"{results['date']}: {results['machine']}; {results['server']}; {results['system']}, Python "
            f"{results['python']}. Medians of {results['rounds']} round{'' if results['rounds'] == 1 else 's'}.")


def text(table: Table, targets: bool = True) -> str:
    """A table for the screen; with ``targets``, figures that miss their target are marked."""
    return f"{TITLES[table.name]}\n{fill(table.note, WIDTH)}\n{_grid(table, 'simple', '{} !' if targets else '{}')}"


def markdown(table: Table) -> str:
    """A table for the page; figures that miss their target are bold."""
    return f"## {TITLES[table.name]}\n\n{fill(table.note, WIDTH)}\n\n{_grid(table, 'github', '**{}**')}"


def missed(tables: list[Table]) -> list[str]:
    """A line for each figure that misses its target."""
    return [f"missed: {TITLES[table.name]}: {figure.row}: {figure.column} {_number(figure.median)}, not {figure.target}"
            for table in tables for figure in table.missed]


def _grid(table: Table, style: str, miss: str) -> str:
    columns = table.columns
    heads = [table.title, *(_head(table, column) for column in columns)]
    rows = [[row, *(_cell(table.find(row, column), miss) for column in columns)] for row in table.rows]
    sides = ["left", *(["right"] * len(columns))]
    return str(tabulate(rows, heads, tablefmt=style, colalign=sides, disable_numparse=True))


def _head(table: Table, column: str) -> str:
    """The name of a column, with the target if all its figures share one."""
    targets = {figure.target for figure in table.figures if figure.column == column and figure.target}
    return f"{column} ({targets.pop()})" if len(targets) == 1 else column


def _cell(figure: Figure | None, miss: str) -> str:
    """The median, with the range over the rounds if there is a target."""
    if figure is None:
        return ""
    cell = _number(figure.median)
    if figure.target and len(figure.values) > 1:
        cell += f" ({_number(min(figure.values))} to {_number(max(figure.values))})"
    return cell if figure.met else miss.format(cell)


def _number(value: float) -> str:
    """A number with at least three digits."""
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{0 if value == int(value) else digits}f}"


def publish(results: dict[str, Any], docs: Path) -> None:
    """Write the figures to performance.md, between their marks, and the chart to the same directory."""
    import chart

    tables = [Table.from_data(each) for each in results["tables"]]
    page = docs / "performance.md"
    before, __, rest = page.read_text().partition(BEGIN)
    __, __, after = rest.partition(END)
    chart.draw({table.name: table for table in tables}, facts(results), docs / "performance.svg")
    parts = [fill(facts(results), WIDTH), "![The rates, as a chart](performance.svg)", *map(markdown, tables)]
    page.write_text(before + "\n\n".join([BEGIN, *parts, END]) + after)
