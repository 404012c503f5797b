# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import history
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.history import PAGE, RING
from hypothesis import given
from hypothesis import strategies as st


def put(couch, run, **fields):
    record = dict({"_id": history.record_id(run), "run": run, "ts": 1000 + run, "updates": 1}, **fields)
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
    assert [record["run"] for record in history.read(client, runs, limit)] == list(expected)


def test_records_of_runs_that_died_are_left_out(couch, client):
    put(couch, 7)
    put(couch, 9)
    assert [record["run"] for record in history.read(client, 12)] == [7, 9]


def test_what_an_earlier_round_of_the_ring_left_is_not_taken_for_new(couch, client):
    put(couch, 3)  # where run RING + 3 would be
    assert history.read(client, RING + 5, 10) == []


def test_a_record_takes_the_place_of_the_one_that_is_a_ring_older(couch, client):
    put(couch, 3)
    assert "_rev" not in history.place(client, {"run": 4})
    placed = history.place(client, {"run": RING + 3})
    assert (placed["_id"], placed["_rev"]) == ("couchdyno_run_00003", "1-a")
    client.put(placed)
    assert [record["run"] for record in history.read(client, RING + 4)] == [RING + 3]


def test_percentiles():
    assert history.latency([]) == {}
    assert history.latency([0.5]) == {"p50": 0.5, "p95": 0.5, "p99": 0.5, "max": 0.5}
    assert history.latency([n / 100 for n in range(100, 0, -1)]) == {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


@given(st.lists(st.floats(0.001, 100), min_size=1))
def test_percentiles_are_measured_values_in_order(seconds):
    found = history.latency(seconds)
    assert found["p50"] <= found["p95"] <= found["p99"] <= found["max"] == round(max(seconds), 4)
    assert set(found.values()) <= {round(value, 4) for value in seconds}
