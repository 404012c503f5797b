# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run records: what is stored, what is shown, and which documents are read."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.latencies import Latencies
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import CONNECTIONS, LATEST_RUN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import bounded, entries_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.outcome import Outcome
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import FILL, RING, RunRecord
from hypothesis import given
from hypothesis import strategies as st

SMALL = {"_id": "couchdyno_run_00035", "format": 2, "window": [362, 1, 1794992700], "ms": 12, "host": "driver-1",
         "latency": 9.8}  # fmt: skip
OF_0_1_0 = {
    "run": 34, "ts": 1794992640, "dt": 0.0123, "first": 361, "count": 1, "updates": 1, "errors": 0, "kind": "cycle",
    "host": "driver-1", "latency": {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098, "max": 0.0098}, "connections": 4,
}  # fmt: skip

COUNTS = st.integers(0, 2**53 - 1)
TIMES = st.integers(0, LATEST_RUN)
RUNS = st.integers(0, 2 * RING) | COUNTS
RECORDS = st.builds(
    RunRecord,
    run=RUNS,
    ts=TIMES,
    dt=st.integers(1, 10**9).map(lambda ms: ms / 1000),
    first=COUNTS,
    count=st.integers(0, 3),
    updates=st.integers(0, 3),
    errors=st.integers(0, 3),
    kind=st.sampled_from(["cycle", "fill"]),
    host=st.text(max_size=5),
    latencies=st.lists(st.floats(0, 100), max_size=5).map(Latencies.of),
    connections=st.integers(1, 6),
    limit=st.none() | st.floats(0.0001, 1e7),
    sizes=st.sampled_from([None, {"active": 5, "file": 7}, {"file": 7}]),
    classes=st.none() | st.just({"forbidden": 2}),
    redone=st.none() | st.just([[1, 2, 3]]),
    refused=st.integers(0, 3),
    throttled=st.integers(0, 3),
    delay=st.integers(0, 3),
    missed=st.sampled_from([(), entries_of(((3, 5), (7, 8))), bounded(entries_of(((3, 5), (7, 8))), 1)]),
    percentiles=st.just({}),
    stored=st.none(),
)


STREAM = ClassicStream(7, 1000, 100)


def test_the_document_of_a_small_cycle():
    """Its bytes stay in the database for good, so none may be added without need."""
    claim = Claim(((362, 363),), 1794992700, 0, "d", "driver-1", "p", 35)
    outcome = Outcome(written=1, latencies=Latencies.of([0.0098]))
    document = RunRecord.of(STREAM, [claim], outcome, 1000, dt=0.0123, connections=CONNECTIONS, throttled=0).dump(PLAIN)
    assert document == SMALL
    assert len(json.dumps(document, separators=(",", ":"))) < 115


def test_what_is_not_usual_is_stored():
    claims = [Claim(((0, 2),), 5, 0, "d", "h", "p", 3, redo=True), Claim(((2, 9),), 8, 0, "d", "h", "p", 4)]
    outcome = Outcome(written=6, errors=3, failed={"forbidden": 2}, refused=ranges.window(2, 4))
    settings = {"kind": FILL, "connections": 5, "limit": 2.5, "sizes": {"file": 7}, "throttled": 2}
    settings.update(delay=4, missed=entries_of(((2, 4),)))
    assert RunRecord.of(STREAM, claims, outcome, 1000, dt=0.0001, **settings).dump(PLAIN) == {
        "_id": "couchdyno_run_00004", "format": 2, "window": [2, 7, 8], "ms": 1, "updates": 6, "errors": 3,
        "kind": "fill", "host": "h", "connections": 5, "limit": 2.5, "sizes": [None, 7],
        "classes": {"forbidden": 2, "other": 1}, "redone": [[0, 2, 5]], "refused": 2, "throttled": 2,
        "delay": 4, "missed": [[2, 2, 1, 2]],
    }  # fmt: skip


@given(RECORDS)
def test_a_document_keeps_the_record(record):
    document = json.loads(json.dumps(record.dump(PLAIN)))
    loaded = RunRecord.load(dict(document, _rev="1-a"))
    assert loaded._replace(stored=None) == record
    assert loaded.shown() == record.shown() and loaded.dump(PLAIN) == document


def test_what_reports_show():
    assert RunRecord.load(SMALL).shown() == {
        "run": 35, "ts": 1794992700, "dt": 0.012, "first": 362, "count": 1, "updates": 1, "errors": 0, "kind": "cycle",
        "host": "driver-1", "latency": {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098, "max": 0.0098}, "connections": 4,
        "refused": 0, "throttled": 0,
    }  # fmt: skip


def test_what_reports_show_of_an_unusual_run():
    record = RunRecord(1, 1000, missed=entries_of(((3, 5), (7, 8))), delay=4)
    assert {name: record.shown()[name] for name in ("missed", "delay")} == {"missed": [[3, 2], [7, 1]], "delay": 4}


def test_records_of_version_0_1_0_are_read_and_shown_as_they_are():
    record = RunRecord.load(dict(OF_0_1_0, _id="couchdyno_run_00034", _rev="1-a", joules="a word", ms=5))
    assert record.shown() == dict(OF_0_1_0, joules="a word", ms=5)
    assert (record.dt, record.latency, record.throttled) == (0.0123, OF_0_1_0["latency"], None)
    assert RunRecord.load({"run": 1, "ts": 2}).latency == {}


@pytest.mark.parametrize(
    "document, name", [*((SMALL, name) for name in ("run", "ts", "dt", "first", "count")), (OF_0_1_0, "throttled")]
)
def test_a_field_of_reports_that_its_format_does_not_have_is_not_shown_as_stored(document, name):
    assert RunRecord.load(dict(document, **{name: "x"})).shown() == RunRecord.load(document).shown()


def test_a_later_format_is_read_as_far_as_it_makes_sense():
    later = dict(SMALL, format=3, joules=7)
    record = RunRecord.load(later)
    assert record._replace(stored=None) == RunRecord.load(SMALL)._replace(stored=None)
    assert record.shown() == dict(RunRecord.load(SMALL).shown(), joules=7)
    without_time = {name: value for name, value in later.items() if name not in ("ms", "latency")}
    assert (RunRecord.load(without_time).has_rate, RunRecord.load(without_time).latency) == (False, {})
    assert RunRecord.load(dict(later, ms=1.5)) is None
    assert RunRecord.load(dict(later, latency={"p50": 0.0098})) is None
    assert RunRecord.load(dict(later, window=None, windows=[[362, 1, 1794992700]])) is None


@pytest.mark.parametrize(
    "field",
    [
        *({"updates": "5"}, {"errors": -1}, {"host": 5}, {"kind": 5}, {"sizes": [1]}, {"redone": [[1, 2]]}),
        {"host": "x" * 300},
        *({"refused": -1}, {"connections": True}, {"limit": float("inf")}, {"limit": float("nan")}),
    ],
)
def test_records_that_make_no_sense_are_left_out(field):
    assert RunRecord.load(dict(OF_0_1_0, **field)) is None and RunRecord.load(dict(SMALL, **field)) is None


@pytest.mark.parametrize(
    "field",
    [
        *({"format": number} for number in (0, 1, -2, 2.0, "2", True)),
        *({"ms": 0.5}, {"ms": -1}, {"ms": "12"}, {"throttled": 1.5}, {"delay": -1}, {"latency": OF_0_1_0["latency"]}),
        *({"_id": name} for name in (None, 35, "couchdyno_run_0035", "couchdyno_run_00035x", "couchdyno_run_0003٣")),
        *({"window": window} for window in (None, [], [1, 1], [1, 1, -1], [1, 1, 5.0], {"first": 1}, [1, 1, 1, 1])),
        {"window": [1, 1, 2**52]},
        *({"round": -1}, {"round": "1"}, {"sizes": [5]}, {"sizes": [5, -1]}, {"sizes": {"active": 5, "file": 7}}),
        *({"missed": missed} for missed in ([[1, 2]], [[1, 0, 1, 0]], 5)),
    ],
)
def test_fields_that_make_no_sense_in_the_present_format(field):
    assert RunRecord.load(dict(SMALL, **field)) is None


@pytest.mark.parametrize(
    "field",
    [
        {"ts": LATEST_RUN + 1},
        *({"ts": -1}, {"run": None}, {"first": 1.5}, {"dt": -0.5}, {"dt": "5"}, {"dt": 10**400}),
        *({"sizes": {"file": -1}}, {"sizes": [5, 7]}),
        *({"latency": latency} for latency in ({"p50": 1}, 9.8, {"8": 2, "max": 9.8})),
    ],
)
def test_fields_that_make_no_sense_in_version_0_1_0(field):
    assert RunRecord.load(dict(OF_0_1_0, **field)) is None
