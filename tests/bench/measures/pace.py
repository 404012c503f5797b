# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How closely cycles keep to a requested rate."""
from __future__ import annotations

from typing import Iterator

from bench import Bench, say
from figures import Table, at_most

RATE = 1000  # documents per second
SIZE = 1000
CYCLES = 10
NOTE = ("couchdyno-execute --rate N -c 0, {cycles} cycles of {each} seconds: documents per second from start to exit, "
        "start-up subtracted.")


def measure(bench: Bench) -> Iterator[Table]:
    each = bench.pick(3.0, 0.2)
    window = int(RATE * each)
    database = bench.create("pace", window, SIZE, fill=True)
    start = bench.cycle(database, 1).seconds
    say(f"pace: {CYCLES * each:g} seconds")
    run = bench.script("execute", database, "--rate", RATE, "-c", 0, "--cycles", CYCLES, "-u", window)
    kept = CYCLES * window / (run.seconds - start)
    table = Table("pace", "Rate", NOTE.format(cycles=CYCLES, each=f"{each:g}"))
    table.add(f"{RATE:,}", "documents per second", kept)
    table.add(f"{RATE:,}", "off by, %", abs(kept / RATE - 1) * 100, at_most(2))
    bench.delete("pace")
    yield table
