# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cycles that predict revisions against those that read them; nothing where couchdyno does not know the option."""
from __future__ import annotations

from functools import partial
from typing import Iterator

from bench import Bench, size_name
from figures import Table, at_least, ratios

OPTION = ("--revisions", "predicted")
DOCUMENTS = {200: 8000, 1000: 8000, 10_000: 3200}  # by size, a second or so of each
READ, PREDICTED = "read", "predicted"
NOTE = "Updates a second, each way in a database of its own, start-up subtracted."


def measure(bench: Bench) -> Iterator[Table]:
    if OPTION[0] not in bench.script("execute", "", "--help", output=True).output:
        return
    documents = {size: bench.pick(count, 200) for size, count in DOCUMENTS.items()}
    databases = {(size, way): bench.make(f"revisions_{way}_{size}", count, size, fill=True)
                 for size, count in documents.items() for way in (READ, PREDICTED)}
    rates: dict[int, dict[str, list[float]]] = {size: {READ: [], PREDICTED: []} for size in documents}
    for number in bench.rounds("predicted"):
        for size, count in documents.items():
            found = bench.in_turns(number, {
                READ: partial(_seconds, bench, databases[size, READ], count),
                PREDICTED: partial(_seconds, bench, databases[size, PREDICTED], count, *OPTION)})
            for way, seconds in found.items():
                rates[size][way].append(count / max(seconds, 1e-3))
    table = Table("predicted", "Size", NOTE)
    for size, ways in rates.items():
        for way, values in ways.items():
            table.add(size_name(size), way, values)
        table.add(size_name(size), "times as fast", ratios(ways[PREDICTED], ways[READ]), at_least(1))
    yield table


def _seconds(bench: Bench, database: str, count: int, *options: str) -> float:
    start = bench.cycle(database, 1, *options).seconds
    return bench.cycle(database, count, *options).seconds - start
