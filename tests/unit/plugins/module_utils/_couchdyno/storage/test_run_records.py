# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RING, RunRecord, record_id
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage import run_records
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.run_records import PAGE


def after(runs):
    """A ledger after this number of runs."""
    return Ledger.new(Parameters(), 0)._replace(runs=runs)


def put(couch, run, **fields):
    record = {"_id": record_id(PLAIN, run), "run": run, "ts": 1000 + run, "updates": 1, **fields}
    couch.documents[record["_id"]] = dict(record, _rev="1-a")


@pytest.mark.parametrize(
    "runs, limit, expected",
    [
        (0, 10, range(0)),
        (5, 0, range(0)),
        (5, 3, range(2, 5)),
        (5, RING, range(5)),
        (PAGE + 5, 10, range(PAGE - 5, PAGE + 5)),
        (RING + 5, 10, range(RING - 5, RING + 5)),
        (RING + 5, 2 * RING, range(5, RING + 5)),
        (3 * RING, 2, range(3 * RING - 2, 3 * RING)),
    ],
)
def test_the_latest_records_in_order(couch, client, runs, limit, expected):
    for run in range(max(0, runs - RING), runs):
        put(couch, run)
    assert [record.run for record in run_records.read(client, after(runs), limit).found] == list(expected)


def test_records_of_runs_that_died_are_left_out(couch, client):
    put(couch, 7)
    put(couch, 9)
    assert [record.run for record in run_records.read(client, after(12)).found] == [7, 9]


def test_records_of_an_earlier_round_of_the_ring_do_not_count_as_new(couch, client):
    put(couch, 3)  # in the place of run RING + 3
    assert run_records.read(client, after(RING + 5), 10) == ([], 0)


def test_a_record_replaces_the_one_that_is_a_ring_older(couch, client):
    put(couch, 3)
    assert "_rev" not in run_records.place(client, PLAIN, RunRecord(4, 0))
    placed = run_records.place(client, PLAIN, RunRecord(RING + 3, 0))
    assert (placed["_id"], placed["_rev"]) == ("couchdyno_run_00003", "1-a")
    client.put(placed)
    assert [record.run for record in run_records.read(client, after(RING + 4)).found] == [RING + 3]


def test_records_of_both_formats_are_read_together(couch, client):
    """Drivers of version 0.1.0 may work on the same database."""
    put(couch, 0, dt=1.5)
    record = RunRecord(1, 1001, dt=2.5, updates=1)
    client.put(run_records.place(client, PLAIN, record))
    old, new = run_records.read(client, after(2)).found
    assert (old.dt, new.dt, new.updates) == (1.5, 2.5, 1)
    assert "format" not in old.stored and new.stored["format"] == 2


def test_unknown_fields_are_shown_and_missing_ones_have_their_defaults(couch, client):
    put(couch, 0, note=1, limit=None)
    (record,) = run_records.read(client, after(1)).found
    usual = {"dt": 0.0, "first": 0, "count": 0, "errors": 0, "kind": "cycle", "host": "", "latency": {}}
    assert record.shown() == {"run": 0, "ts": 1000, "updates": 1, "note": 1, **usual}


@pytest.mark.parametrize("fields", [{"ts": -1}, {"run": 1}, {"ts": 10**12}, {"updates": "many"}, {"host": "x" * 300}])
def test_records_that_make_no_sense_are_skipped_and_counted(couch, client, fields):
    couch.documents[record_id(PLAIN, 0)] = {"_id": record_id(PLAIN, 0), "_rev": "1-a", "run": 0, "ts": 1000, **fields}
    put(couch, 1)
    couch.documents["couchdyno_run_00000_note"] = {"_id": "couchdyno_run_00000_note", "_rev": "1-a"}
    found, skipped = run_records.read(client, after(2))
    assert ([record.run for record in found], skipped) == ([1], 1)
    assert run_records.latest(client, PLAIN).run == 1
