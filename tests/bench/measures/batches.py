# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The size of requests that a server handles fastest, to choose couchdyno's defaults. Runs only when named."""
from __future__ import annotations

from typing import Iterator

from bench import Bench, size_name
from figures import Table

DOCUMENTS = {200: 16_000, 1000: 16_000, 10_000: 3200, 100_000: 480}  # by size; a second or two each
BATCHES = (50_000, 250_000, 500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000)  # bytes
CONNECTIONS = (2, 4, 8)
NOTE = "Documents per second in cycles of the lean client, by the size of requests."


def measure(bench: Bench) -> Iterator[Table]:
    sizes = bench.pick(DOCUMENTS, {1000: 200})
    batches = bench.pick(BATCHES, (50_000,))
    databases = {size: bench.create(f"batches_{size}", documents, size, fill=True) for size, documents in sizes.items()}
    rates: dict[tuple[int, int, int], list[float]] = {}
    for __ in bench.rounds("batches"):
        for size, database in databases.items():
            for connections in bench.pick(CONNECTIONS, (4,)):
                for batch in (each for each in batches if each >= size):
                    took = bench.lean("cycle", database, sizes[size], size, "--connections", connections,
                                      "--batch-bytes", batch)["seconds"][0]
                    rates.setdefault((size, connections, batch), []).append(sizes[size] / took)
    table = Table("batches", "Size and connections", NOTE)
    for (size, connections, batch), values in rates.items():
        table.add(f"{size_name(size)}, {connections}", size_name(batch), values)
    bench.delete(*(f"batches_{size}" for size in sizes))
    yield table
