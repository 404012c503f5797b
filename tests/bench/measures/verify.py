# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification against reading and decoding alone."""
from __future__ import annotations

from typing import Iterator

from bench import Bench
from figures import Table, at_least, at_most, ratios

SIZE = 1000
PLAIN = "plain reading"
NOTE = ("{documents:,} documents of 1,000 B, start to exit. Plain reading requests the same documents from _all_docs "
        "in pages of 1,000, four at a time, and decodes their JSON. Start-up, measured by verifying a database of one "
        "document, is subtracted from the CPU time of couchdyno, but not from its rate.")


def measure(bench: Bench) -> Iterator[Table]:
    total = bench.pick(50_000, 500)
    database, small = bench.create("verified", total, SIZE, fill=True), bench.create("verified_one", 1, SIZE, fill=True)
    rates: dict[str, list[float]] = {"couchdyno-verify": [], PLAIN: []}
    cpus: dict[str, list[float]] = {"couchdyno-verify": [], PLAIN: []}
    peaks = []
    for number in bench.rounds("verify"):
        found = bench.in_turns(number, {"couchdyno-verify": lambda: bench.script("verify", database),
                                        PLAIN: lambda: bench.other("plain.py", database, total)})
        one = bench.script("verify", small)
        for name, took in found.items():
            rates[name].append(total / took.seconds)
            start = one.cpu if name != PLAIN else 0.0
            cpus[name].append((took.cpu - start) / total * 1e6)
        peaks.append(found["couchdyno-verify"].rss)
    table = Table("verify", "Reader", NOTE.format(documents=total))
    for name, values in rates.items():
        table.add(name, "documents per second", values)
        table.add(name, "CPU, µs per document", cpus[name], None if name == PLAIN else at_most(45))
    table.add("couchdyno-verify", "of plain reading", ratios(rates["couchdyno-verify"], rates[PLAIN]), at_least(0.8))
    table.add("couchdyno-verify", "peak RSS, MB", peaks, at_most(80))
    bench.delete("verified", "verified_one")
    yield table
