# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run records in their ring of small documents; each cycle writes one of them."""
from __future__ import annotations

from typing import Any

from ..couchdb.client import Client
from ..model.run_record import RING, RunRecord, record_id

PAGE = 1000


def place(client: Client, record: RunRecord) -> dict[str, Any]:
    """The document for a record, with the revision of the record that it replaces in the ring."""
    document = record.dump()
    if record.run >= RING:
        for row in client.rows([document["_id"]]):
            document["_rev"] = row["value"]["rev"]
    return document


def read(client: Client, runs: int, limit: int = RING) -> list[RunRecord]:
    """The latest ``limit`` records, oldest first; ``runs`` is the number of the next run."""
    oldest = max(0, runs - min(limit, RING))
    found = []
    for first in range(oldest - oldest % PAGE, runs, PAGE):  # a page never spans the end of the ring
        rows = client.rows_between(record_id(max(first, oldest)), record_id(min(first + PAGE, runs) - 1), True)
        found += [RunRecord.load(row["doc"]) for row in rows if row.get("doc")]
    records = [record for record in found if record and oldest <= record.run < runs]
    return sorted(records, key=lambda record: record.run)
