# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The measures, one file per family; each creates its own databases and yields tables."""
from __future__ import annotations

from typing import Callable, Iterator

from bench import Bench
from figures import Table

from . import attachments, batches, drivers, fleet, laps, pace, peers, rates, scale, start, verify, workloads

MEASURES: dict[str, Callable[[Bench], Iterator[Table]]] = {
    "rates": rates.measure,
    "peers": peers.measure,
    "laps": laps.measure,
    "start": start.measure,
    "scale": scale.measure,
    "pace": pace.measure,
    "drivers": drivers.measure,
    "workloads": workloads.measure,
    "attachments": attachments.measure,
    "verify": verify.measure,
    "fleet": fleet.measure,
}
NAMED = {"batches": batches.measure}  # run only when named
