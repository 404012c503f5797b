# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A run record that was edited by hand is shown or skipped; it never crashes what shows run records."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import live_view
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.snapshot import snapshot
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports import saved
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.html import charts, tables
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import info as info_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

OF_0_1_0 = {
    "_id": "couchdyno_run_00001", "_rev": "1-a", "run": 1, "ts": 1_700_000_060, "dt": 0.01, "first": 3, "count": 3,
    "updates": 3, "errors": 0, "kind": "cycle", "host": "h", "connections": 4, "limit": None, "refused": 0,
    "latency": {"p50": 0.01, "p95": 0.02, "p99": 0.03, "max": 0.03}, "sizes": {"file": 5}, "classes": {}, "redone": [],
}  # fmt: skip
FIELDS = (
    *("format", "round", "window", "ms", "updates", "errors", "kind", "host", "latency", "connections", "limit"),
    *("sizes", "classes", "redone", "refused", "throttled", "run", "ts", "dt", "first", "count", "rate", "_id"),
)
ABSENT = object()
JUNK = (
    *(None, "many", "", -1, 1.5, 2**52, 10**400, 1e308, True, [], [1, 1, 2**52], {}, {"a": 1}, {"p50": "x"}, ABSENT),
    *("\x1b[31m\nforged: line", "x" * 100_000, {"\x1b[31m": 5}, json.loads("[" * 300 + "]" * 300)),
)


@pytest.fixture
def worked(couch, client):
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    for __ in range(3):
        execute(client)
        couch.clock += 60
    return couch


def draw(found):
    """Compute what a page shows of a report, without rendering it, which takes long."""
    ((report,), __) = saved.classified([("file", found)])
    (subject,) = tables.subjects([report])
    tables.overview([subject]), tables.groups(report), list(tables.lists(report))
    for chart in (charts.rate, charts.latency, charts.errors, charts.sizes):
        chart(report["series"])
    charts.census(report["census"]), charts.hosts([("", report["hosts"])])


def use(client):
    """Show the runs in each way; returns how many were skipped."""
    found = info(client, Wanted(latest=5, census=True, series=True))
    seen = snapshot(client)
    text = "\n".join([info_text.render(found), live_view.line(seen), *(text for __, __, text in live_view.rows(seen))])
    assert all(line.isprintable() and len(line) < 1100 for line in text.splitlines()) and "\nforged" not in text
    draw(json.loads(json.dumps(found)))
    assert found["ring"].get("skipped", 0) == seen.get("skipped", 0)
    skipped = found["ring"].get("skipped", 0)
    assert ("make" in info_text.render(found).rpartition("run_records:")[2]) == bool(skipped)
    assert ("run record skipped" in live_view.line(seen)) == bool(skipped)
    return skipped


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("is_old", [False, True])
def test_an_edited_record(worked, client, is_old, field):
    name = "couchdyno_run_00001"
    sound = OF_0_1_0 if is_old else worked.documents[name]
    for junk in JUNK:
        document = {**sound, field: junk, "_id": name}
        worked.documents[name] = {key: value for key, value in document.items() if value is not ABSENT}
        assert use(client) in (0, 1)
    worked.documents[name] = sound
    assert use(client) == 0


@pytest.mark.parametrize("fields", [{"window": "x"}, {"ms": "x"}, {"errors": -1}, {"host": 5}, {"latency": [1]}])
def test_a_record_that_makes_no_sense_is_counted(worked, client, fields):
    worked.documents["couchdyno_run_00001"].update(fields)
    assert use(client) == 1
