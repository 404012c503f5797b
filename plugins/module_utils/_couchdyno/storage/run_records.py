# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run records in their ring of small documents; each cycle writes one of them."""
from __future__ import annotations

from typing import Any, NamedTuple

from ..couchdb.client import Client
from ..couchdb.source import AFTER, Document, Source, document_of
from ..model.ledger import Ledger
from ..model.names import Names
from ..model.run_record import RING, RunRecord, record_id

PAGE = 1000
SOUND = 10 ** 12  # more runs than any database has


def place(client: Client, names: Names, record: RunRecord) -> dict[str, Any]:
    """The document for a record, with the revision of the older record that it replaces in the ring."""
    document = record.dump(names)
    if record.run >= RING:
        present = client.get(document["_id"])
        if present and not _is_newer(RunRecord.load(present), record):
            document["_rev"] = present["_rev"]
    return document


def why_missing(client: Client, names: Names, record: RunRecord, reason: str) -> str:
    """Why a record is not in its place, ``""`` if it is: perhaps only the first answer to its write was lost."""
    present = RunRecord.load(client.get(record_id(names, record.run)) or {})
    if present and (present.run, present.ts, present.host) == (record.run, record.ts, record.host):
        return ""
    if present and _is_newer(present, record):
        return f"the record of a later run ({present.run}) is in its place"
    return reason


class Records(NamedTuple):
    """Records, oldest first, and how many documents in their places were ``skipped`` because they make no sense."""

    found: list[RunRecord]
    skipped: int


class Latest(NamedTuple):
    """The greatest ``run`` on record, -1 if there is none, and the ``position`` after the greatest update on record."""

    run: int = -1
    position: int = 0


def latest(source: Source, names: Names) -> Latest:
    """What the run records know of the latest runs."""
    found = Latest()
    for first in range(0, RING, PAGE):
        documents = _documents(source, names, first, first + PAGE - 1)
        if not documents:
            break
        for record in _sound(names, documents):
            found = Latest(max(found.run, record.run), max(found.position, record.first + record.count))
    return found


def read(source: Source, ledger: Ledger, limit: int = RING) -> Records:
    """The latest ``limit`` records of the runs that a ledger knows."""
    names, runs = ledger.names, ledger.runs
    oldest = max(0, runs - min(limit, RING))
    found: list[RunRecord] = []
    skipped = 0
    for first in range(oldest - oldest % PAGE, runs, PAGE):  # a page never spans the end of the ring
        documents = _documents(source, names, max(first, oldest), min(first + PAGE, runs) - 1)
        sound = _sound(names, documents)
        found += sound
        skipped += len(documents) - len(sound)
    records = [record for record in found if oldest <= record.run < runs]
    return Records(sorted(records, key=lambda record: record.run), skipped)


def _documents(source: Source, names: Names, first: int, last: int) -> list[Document]:
    """The documents in the places of the records from one run to another."""
    pages = source.pages(record_id(names, first), record_id(names, last) + AFTER, PAGE)
    return [document_of(row) for rows, __ in pages for row in rows if names.run_place(row["id"]) is not None]


def _sound(names: Names, documents: list[Document]) -> list[RunRecord]:
    """The records in documents, without those that are not in their own place, or that no database can have."""
    found = [(document["_id"], RunRecord.load(document)) for document in documents]
    return [record for document_id, record in found
            if record and document_id == record_id(names, record.run) and record.run < SOUND]


def _is_newer(present: RunRecord | None, record: RunRecord) -> bool:
    """Whether a place in the ring holds the record of a later run."""
    return present is not None and present.run > record.run
