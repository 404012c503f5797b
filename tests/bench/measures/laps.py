# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cycles against a naive client, and the CPU time per document."""
from __future__ import annotations

from functools import partial
from typing import Iterator

from bench import CONNECTIONS, Bench
from figures import Table, at_least, at_most, ratios

SIZE = 1000
NOTE = ("Updates of {documents:,} documents of 1,000 B, including reading their revisions, start to exit. CPU is user "
        "plus system time; start-up is subtracted for couchdyno and the ceiling. naive works like the original "
        "couchdyno: one connection, and random content drawn character by character.")


def measure(bench: Bench) -> Iterator[Table]:
    lap = bench.pick(30_000, 400)
    small = bench.create("laps_one", 1, SIZE, fill=True)
    rates: dict[str, list[float]] = {"couchdyno": [], "naive": []}
    cpus: dict[str, list[float]] = {"couchdyno": [], "naive": [], "ceiling": []}
    for number in bench.rounds("laps"):
        # New databases each time: without compaction a server slows down with every lap, more than clients differ.
        ours, theirs, lean = (bench.create(f"laps_{name}", lap, SIZE, fill=True) for name in ("ours", "naive", "lean"))
        found = bench.in_turns(number, {"couchdyno": partial(bench.cycle, ours, lap),
                                        "naive": partial(bench.other, "naive.py", theirs, lap, SIZE)})
        one = bench.cycle(small, 1)
        for name, took in found.items():
            rates[name].append(lap / took.seconds)
        cpus["couchdyno"].append((found["couchdyno"].cpu - one.cpu) / (lap - 1) * 1e6)
        cpus["naive"].append(found["naive"].cpu / lap * 1e6)
        leanest = bench.lean("cycle", lean, lap, SIZE, "--connections", CONNECTIONS)
        cpus["ceiling"].append(leanest["cpu"][0] / lap * 1e6)
    table = Table("laps", "Client", NOTE.format(documents=lap))
    for name, values in cpus.items():
        table.add(name, "CPU, µs per document", values, at_most(16) if name == "couchdyno" else None)
    for name, values in rates.items():
        table.add(name, "updates per second", values)
    table.add("couchdyno", "rate, times naive", ratios(rates["couchdyno"], rates["naive"]), at_least(3))
    bench.delete("laps_ours", "laps_naive", "laps_lean", "laps_one")
    yield table
