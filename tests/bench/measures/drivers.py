# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The cost of coordination: several drivers with one connection each against one driver with all connections."""
from __future__ import annotations

from pathlib import Path
from typing import Iterator

from bench import Bench
from figures import Table, at_least, ratios
from processes import run_at_once

SIZE = 1000
DRIVERS = 4
CYCLES = 4  # of each driver
NOTE = (f"{DRIVERS} drivers with one connection each, and one driver with {DRIVERS} connections and a window {DRIVERS} "
        f"times as large; {CYCLES} cycles each, {{documents:,}} documents of 1,000 B in total, start-up subtracted.")


def measure(bench: Bench) -> Iterator[Table]:
    lap = bench.pick(16_000, 320)
    database = bench.create("drivers", lap, SIZE, fill=True)
    window = lap // (DRIVERS * CYCLES)
    seconds: dict[str, list[float]] = {"many": [], "one": []}
    for number in bench.rounds("drivers"):
        found = bench.in_turns(number, {"many": lambda: _at_once(bench, database, DRIVERS, 1, window),
                                        "one": lambda: _at_once(bench, database, 1, DRIVERS, window * DRIVERS)})
        for name, took in found.items():
            seconds[name].append(took)
    table = Table("drivers", "Drivers", NOTE.format(documents=lap))
    table.add(f"{DRIVERS} at once", "documents per second", [lap / took for took in seconds["many"]])
    table.add("one alone", "documents per second", [lap / took for took in seconds["one"]])
    table.add(f"{DRIVERS} at once", "of one alone", ratios(seconds["one"], seconds["many"]), at_least(0.9))
    bench.delete("drivers")
    yield table


def _at_once(bench: Bench, database: str, drivers: int, connections: int, window: int) -> float:
    """The seconds in which this number of drivers run their cycles, minus the time to start and end them."""
    command: list[str | Path] = [bench.scripts / "couchdyno-execute", "--connections", str(connections), "-c", "0"]
    started = run_at_once([[*command, "--cycles", "1", "-u", "1"]] * drivers, COUCHDYNO_URL=database)
    cycles = [*command, "--cycles", str(CYCLES), "-u", str(window)]
    return max(run_at_once([cycles] * drivers, COUCHDYNO_URL=database) - started, 1e-3)
