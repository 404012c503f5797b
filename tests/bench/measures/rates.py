# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fill and cycles against the ceilings of the server, over sizes and connections."""
from __future__ import annotations

import statistics
from typing import Any, Iterator, NamedTuple

from bench import Bench, size_name
from figures import Table, at_least, ratios

DOCUMENTS = {200: 32_000, 1000: 32_000, 10_000: 10_000, 100_000: 1600}  # by size; a second or more each
CONNECTIONS = (1, 2, 4, 8)
FEWER = {1: 2, 2: 2}  # divisors by connections: fewer documents suffice where they take longer
FILL, FILL_CEILING, CYCLE, CEILING, WRITE_CEILING = "fill", "ceiling of a fill", "cycles", "ceiling", "write ceiling"
FILL_RENDERING, CYCLE_RENDERING = "fill by the rendering client", "cycles by the rendering client"
CYCLES_NOTE = ("Updates per second. The ceiling is the same requests (revision reads and bulk writes) with prepared "
               "bodies, sent through raw sockets over the same number of connections; the write ceiling is the bulk "
               "writes alone. couchdyno is timed from start to exit, start-up subtracted. The rendering client is the "
               "client of the ceiling, except that it renders each document when it is due, as couchdyno does.")
FILLS_NOTE = "New documents per second, measured in the same way. The ceiling is the bulk writes of new documents."


class Case(NamedTuple):
    size: int
    connections: int
    documents: int

    @property
    def row(self) -> str:
        return row(self.size, self.connections)


def row(size: int, connections: int) -> str:
    """The row of a size and a number of connections."""
    return f"{size_name(size)}, {connections} connection{'' if connections == 1 else 's'}"


def measure(bench: Bench) -> Iterator[Table]:
    cases = _cases(bench)
    totals = {case.size: max(each.documents for each in cases if each.size == case.size) for case in cases}
    databases = {size: bench.create(f"rates_{size}", total, size, fill=True) for size, total in totals.items()}
    single = bench.create("rates_one", 1, 1000, fill=True)
    seconds: dict[Case, dict[str, list[float]]] = {case: {} for case in cases}
    starts: dict[str, list[float]] = {FILL: [], CYCLE: []}
    for number in bench.rounds("rates"):
        for case in cases:
            starts[CYCLE].append(bench.cycle(single, 1).seconds)
            starts[FILL].append(_fill(bench, 1, 1000))
            for name, took in _round(bench, number, case, databases[case.size]).items():
                seconds[case].setdefault(name, []).append(took)
    bench.delete(*(f"rates_{size}" for size in databases), "rates_one")
    start = {name: statistics.median(series) for name, series in starts.items()}
    rates = {case: _rates(case, seconds[case], start) for case in cases}
    yield _cycles(rates)
    yield _fills(rates)


def _cases(bench: Bench) -> list[Case]:
    if bench.quick:
        return [Case(200, 1, 200), Case(1000, 4, 200), Case(100_000, 8, 16)]
    return [Case(size, connections, documents // FEWER.get(connections, 1))
            for size, documents in DOCUMENTS.items() for connections in CONNECTIONS]


def _round(bench: Bench, number: int, case: Case, database: str) -> dict[str, float]:
    """The seconds of each way to write the documents of a case."""
    options = ("--connections", case.connections)

    def lean(what: str, at: str, *more: str) -> float:
        return bench.lean(what, at, case.documents, case.size, *options, *more)["seconds"][0]

    lean("write", database)  # not counted: the server may still be busy with the previous case
    found = bench.in_turns(number, {
        FILL: lambda: _fill(bench, case.documents, case.size, *options),
        FILL_CEILING: lambda: lean("fill", bench.empty("rates_fill")),
        FILL_RENDERING: lambda: lean("fill", bench.empty("rates_fill"), "--render")})
    bench.delete("rates_fill")
    return {**found, **bench.in_turns(number, {
        CEILING: lambda: lean("cycle", database),
        CYCLE: lambda: bench.cycle(database, case.documents, *options).seconds,
        CYCLE_RENDERING: lambda: lean("cycle", database, "--render"),
        WRITE_CEILING: lambda: lean("write", database)})}


def _fill(bench: Bench, documents: int, size: int, *options: Any) -> float:
    """The seconds to fill a database that has been set up."""
    fresh = bench.create("rates_fill", documents, size)
    return bench.script("setup", fresh, "-w", "-t", documents, "-s", size, *options).seconds


def _rates(case: Case, seconds: dict[str, list[float]], start: dict[str, float]) -> dict[str, list[float]]:
    """Documents per second; ``start`` is couchdyno's time for one document."""
    return {name: [case.documents / max(took - start.get(name, 0.0), 1e-3) for took in series]
            for name, series in seconds.items()}


def _cycles(rates: dict[Case, dict[str, list[float]]]) -> Table:
    table = Table("rates", "Size and connections", CYCLES_NOTE)
    for case, found in rates.items():
        for name in (CYCLE, CEILING, WRITE_CEILING):
            table.add(case.row, name, found[name])
        table.add(case.row, "of the ceiling", ratios(found[CYCLE], found[CEILING]), at_least(0.95))
        table.add(case.row, "of the write ceiling", ratios(found[CYCLE], found[WRITE_CEILING]), at_least(0.8))
        table.add(case.row, "of the rendering client", ratios(found[CYCLE], found[CYCLE_RENDERING]))
    return table


def _fills(rates: dict[Case, dict[str, list[float]]]) -> Table:
    table = Table("fills", "Size and connections", FILLS_NOTE)
    for case, found in rates.items():
        for name in (FILL, FILL_CEILING):
            table.add(case.row, name, found[name])
        table.add(case.row, "of the ceiling", ratios(found[FILL], found[FILL_CEILING]), at_least(0.95))
        table.add(case.row, "of the rendering client", ratios(found[FILL], found[FILL_RENDERING]))
    return table
