# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Memory and time as the number of documents, the window and the number of cycles grow."""
from __future__ import annotations

import json
import statistics
from functools import partial
from typing import Iterator

from bench import CONNECTIONS, Bench, say
from figures import Table, at_least, at_most, ratios

SIZE = 200  # bytes of a document, to save time
LARGEST = 10_000_000  # documents of a database that is not filled
PEAK, OVER = "peak RSS, MB", "more than the smallest, MB"
MEMORY_NOTE = ("Peak RSS of couchdyno-execute with 4 connections, by number of documents of 200 B. Lap 0 creates "
               "documents without reading; updates read their revisions first.")
RENDERING = "the rendering client"
GROWTH_NOTE = ("Updates per second for {window:,} documents of 200 B in full databases, start-up subtracted; ceiling "
               "and client as above.")
HISTORY_NOTE = ("{cycles:,} cycles of {window} documents of 1,000 B in one database, alternating with the same number "
                "of cycles of the ceiling. The times are means of the middle half of the first and of the last {part} "
                "cycles; those of couchdyno come from its run records.")


def measure(bench: Bench) -> Iterator[Table]:
    totals = bench.pick((10_000, 100_000, 1_000_000), (200, 1000))
    databases = {total: bench.create(f"scale_{total}", total, SIZE) for total in totals}
    yield _memory(bench, databases)
    yield _growth(bench, databases)
    bench.delete(*(f"scale_{total}" for total in totals))
    yield _history(bench)


def _memory(bench: Bench, databases: dict[int, str]) -> Table:
    """The peak memory of cycles, each with one window; the first ones fill the databases."""
    small = min(databases)
    peaks = {}
    for total, database in databases.items():
        say(f"memory: creating {total} documents of {SIZE} B")
        peaks[f"{total:,} created, of {total:,}"] = bench.cycle(database, total).rss
    largest = bench.create("scale_largest", LARGEST, SIZE)
    peaks[f"{small:,} created, of {LARGEST:,}"] = bench.cycle(largest, small).rss
    bench.delete("scale_largest")
    for total, database in databases.items():
        window = min(total, bench.pick(50_000, 500))
        say(f"memory: updating {window} documents of {total}")
        peaks[f"{window:,} updated, of {total:,}"] = bench.cycle(database, window).rss
    table = Table("memory", "Window", MEMORY_NOTE)
    for kind in ("created", "updated"):
        chosen = {row: peak for row, peak in peaks.items() if kind in row}
        for row, peak in chosen.items():
            table.add(row, PEAK, peak, at_most(80))
            table.add(row, OVER, peak - min(chosen.values()), at_most(5))
    return table


def _growth(bench: Bench, databases: dict[int, str]) -> Table:
    window = min(databases)
    rates: dict[int, dict[str, list[float]]] = {total: {} for total in databases}
    for number in bench.rounds("growth", times=3):
        for total, database in databases.items():
            # Backwards from the end, while couchdyno goes forwards: neither writes what the other has just written.
            first, second = (-(2 * number + turn) * window % total for turn in (1, 2))
            found = bench.in_turns(number, {"couchdyno": partial(_cycle, bench, database, window),
                                            "ceiling": partial(_lean, bench, database, window, first),
                                            RENDERING: partial(_lean, bench, database, window, second, "--render")})
            for name, took in found.items():
                rates[total].setdefault(name, []).append(window / max(took, 1e-3))
    table = Table("growth", "Documents", GROWTH_NOTE.format(window=window))
    for total, sides in rates.items():
        for name in ("couchdyno", "ceiling"):
            table.add(f"{total:,}", name, sides[name])
        table.add(f"{total:,}", "of the ceiling", ratios(sides["couchdyno"], sides["ceiling"]), at_least(0.95))
        table.add(f"{total:,}", "of the rendering client", ratios(sides["couchdyno"], sides[RENDERING]))
    return table


def _cycle(bench: Bench, database: str, window: int) -> float:
    start = bench.cycle(database, 1).seconds
    return bench.cycle(database, window).seconds - start


def _lean(bench: Bench, database: str, window: int, first: int, *more: str) -> float:
    options = ("--first", first, "--connections", CONNECTIONS, *more)
    return bench.lean("cycle", database, window, SIZE, *options)["seconds"][0]


def _history(bench: Bench) -> Table:
    cycles, window = bench.pick((1000, 10), (20, 10))
    say(f"history: {cycles} cycles")
    total = 1000
    database = bench.create("history", total, 1000, fill=True)
    parts = bench.pick(10, 2)
    part = cycles // parts
    theirs: list[float] = []
    for __ in range(parts):
        bench.script("execute", database, "-c", 0, "--cycles", part, "-u", window)
        theirs += bench.lean("cycle", database, window, 1000, "--connections", CONNECTIONS, "--cycles", part,
                             "--total", total)["seconds"]
    report = bench.script("info", database, "--history", cycles, "--json", output=True).output
    seconds = {"couchdyno": [run["dt"] for run in json.loads(report)["runs"]], "ceiling": theirs}
    bench.delete("history")
    table = Table("history", "Client", HISTORY_NOTE.format(cycles=cycles, window=window, part=part))
    slower = {}
    for name, took in seconds.items():
        first, last = _middle(took[:part]), _middle(took[-part:])
        slower[name] = last / first
        table.add(name, "first, ms", first * 1000)
        table.add(name, "last, ms", last * 1000)
        table.add(name, "last, times first", slower[name])
    table.add("couchdyno", "slowdown, times that of the ceiling", slower["couchdyno"] / slower["ceiling"],
              at_most(1.05))
    return table


def _middle(values: list[float]) -> float:
    """The mean of the middle half, which varies less than the median."""
    quarter = len(values) // 4
    return statistics.fmean(sorted(values)[quarter:len(values) - quarter])
