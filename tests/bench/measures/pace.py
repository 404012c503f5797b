# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How closely cycles keep to a rate that is asked for."""
from __future__ import annotations

from typing import Iterator

from bench import Bench
from figures import Table, at_most

RATES = (100, 1000)  # documents a second
SIZE = 1000
CYCLES = 10
NOTE = ("couchdyno-execute --rate N -c 0, {cycles} cycles of {each} seconds: documents a second from start to exit, "
        "less a cycle of one document.")


def measure(bench: Bench) -> Iterator[Table]:
    each = bench.pick(3, 0.2)
    table = Table("pace", "Rate", NOTE.format(cycles=CYCLES, each=each))
    for rate in RATES:
        window = int(rate * each)
        database = bench.make("pace", window, SIZE, fill=True)
        start = bench.cycle(database, 1).seconds
        run = bench.script("execute", database, "--rate", rate, "-c", 0, "--cycles", CYCLES, "-u", window)
        kept = CYCLES * window / (run.seconds - start)
        table.add(str(rate), "documents a second", kept)
        table.add(str(rate), "off by, %", abs(kept / rate - 1) * 100, at_most(2))
    bench.delete("pace")
    yield table
