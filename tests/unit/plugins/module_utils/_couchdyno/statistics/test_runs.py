# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Statistics of invented run records, with known answers."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.latencies import Latencies, pooled
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.statistics import runs
from hypothesis import given
from hypothesis import strategies as st

NOW = 1_700_000_000


def record(ts, host="a", updates=10, dt=1.0, errors=0, **fields):
    return RunRecord(0, ts, host=host, updates=updates, dt=dt, errors=errors, **fields)


def old(p50, p95, p99, ts=0):
    """A record of version 0.1.0."""
    return record(ts, percentiles={"p50": p50, "p95": p95, "p99": p99, "max": 9})


def test_statistics():
    records = [
        record(NOW - 90000, updates=10, dt=2.0, errors=1, classes={"forbidden": 1}),
        record(NOW - 7200, updates=20, dt=2.0, errors=3, classes={"forbidden": 2}, throttled=4),
        record(NOW, updates=30, dt=2.0, throttled=1, latencies=Latencies.of([0.1])),
    ]
    found = runs.summary(records, NOW)
    assert found["error_classes"] == {"forbidden": 3, "other": 1}
    assert found["recent"] == {
        "hour": {"runs": 1, "updates": 30, "errors": 0},
        "day": {"runs": 2, "updates": 50, "errors": 3},
    }
    assert (found["runs"], found["updates"], found["errors"]) == (3, 60, 4)
    assert (found["first_ts"], found["last_ts"]) == (NOW - 90000, NOW)
    assert found["rate"] == {"min": 5.0, "median": 10.0, "max": 15.0}
    assert found["dt"] == {"min": 2.0, "median": 2.0, "max": 2.0}
    assert found["trend"] is None  # three runs are too few
    assert found["latency"] == {"p50": 0.1, "p95": 0.1, "p99": 0.1}
    assert found["throttled"] == 5


def test_percentiles_of_several_runs_are_those_of_all_their_requests():
    many, few = Latencies.of([0.01] * 190), Latencies.of([1.0] * 10)
    together = pooled((many, few)).percentiles()
    del together["max"]
    assert together["p50"] < 0.011 and together["p99"] > 0.7
    assert runs.latency([record(0, latencies=many), record(1), record(2, latencies=few)]) == together
    assert runs.latency([record(0)]) is None and runs.latency([]) is None


def test_runs_of_version_0_1_0_count_by_their_own_percentiles():
    found = [old(0.1, 0.2, 0.3), old(0.2, 0.4, 0.9), old(0.3, 0.5, 0.4)]
    assert runs.latency(found) == {"p50": 0.2, "p95": 0.4, "p99": 0.9}


def test_any_run_of_version_0_1_0_makes_all_runs_count_by_their_own_percentiles():
    many, one = Latencies.of([0.3] * 99), Latencies.of([0.5])
    found = runs.latency([record(0, latencies=many), old(0.1, 0.2, 0.3), record(1, latencies=one), record(2)])
    assert found == {"p50": many.percentiles()["p50"], "p95": many.percentiles()["p95"], "p99": 0.5}


def test_statistics_of_nothing():
    found = runs.summary([], NOW)
    assert found.pop("recent") == {name: {"runs": 0, "updates": 0, "errors": 0} for name in ("hour", "day")}
    assert {name: value for name, value in found.items() if value} == {}


def test_a_run_that_wrote_nothing_has_no_rate():
    assert runs.summary([record(1, updates=0, dt=0.0)], 1)["rate"] is None


@pytest.mark.parametrize("later, is_noise", [(100, True), (50, False), (200, False)])
def test_the_trend_says_whether_the_change_exceeds_noise(later, is_noise):
    rates = [100 + n % 7 for n in range(40)] + [later + n % 7 for n in range(40)]
    found = runs.trend(rates)
    assert found["is_noise"] is is_noise
    assert found["change"] == pytest.approx(later - 100, abs=4)


@pytest.mark.parametrize("count, is_known", [(0, False), (15, False), (16, True)])
def test_too_few_runs_have_no_trend(count, is_known):
    assert (runs.trend([100 + n for n in range(count)]) is not None) is is_known


def test_hosts():
    records = [record(60 * n, host) for n in range(10) for host in ("b", "a") if (n, host) != (5, "b")]
    a, b = runs.hosts(records, 600)
    assert (a["host"], a["runs"], a["interval"], a["missed"], a["last_ts"]) == ("a", 10, 60, 0, 540)
    assert (b["host"], b["runs"], b["interval"], b["missed"]) == ("b", 9, 60, 1)


def test_growth():
    records = [record(0), record(86400, sizes={"file": 1000, "active": 500})]
    assert runs.growth(records, {"file": 3000, "active": 400, "external": 7}, 3 * 86400) == {
        "since": 86400,
        "until": 3 * 86400,
        "file": {"first": 1000, "last": 3000, "per_day": 1000},
        "active": {"first": 500, "last": 400, "per_day": -50},
    }
    assert runs.growth(records, {"file": 3000}, 86400 + 60)["file"]["per_day"] is None
    assert runs.growth(records[:1], {"file": 3000}, 86400) is None
    assert runs.growth(records, None, 90000) is None


def test_pace_counts_the_time_between_runs():
    assert runs.pace([record(0, updates=30), record(10, updates=10), record(20, updates=999)], True) == 2.0
    assert runs.pace([record(0)], True) is None
    assert runs.pace([], True) is runs.pace([], False) is None


def filling(*times):
    return [record(ts, updates=1000, kind="fill") for ts in times]


def cycling(*times):
    return [record(ts, updates=10) for ts in times]


@pytest.mark.parametrize(
    "records, is_full, pace",
    [
        (filling(0, 10, 20), False, 100.0),  # it goes on
        (filling(0, 10, 20), True, None),  # no cycle has run so far
        (filling(0, 10, 20) + cycling(60), True, None),
        (filling(0, 10, 20) + cycling(60, 120, 180), True, 10 / 60),
        (filling(0, 10, 20) + cycling(60, 120, 180), False, 10 / 60),  # the fill was interrupted, cycles go on
        (cycling(0, 60, 120) + filling(130, 140, 150), False, 100.0),
        (cycling(0, 60, 120) + filling(130, 140, 150), True, 10 / 60),
        (cycling(0, 60, 120), False, 10 / 60),  # cycles fill it
        (cycling(0, 1000, 1100) + cycling(*range(2000, 12000, 100)), True, 0.1),  # only the latest count
    ],
)
def test_the_pace_is_that_of_cycles_except_during_a_fill(records, is_full, pace):
    assert runs.pace(records, is_full) == pace


def test_census():
    assert runs.census([record(86399), record(86400, errors=2), record(86401)]) == [
        {"day": "1970-01-01", "runs": 1, "updates": 10, "errors": 0},
        {"day": "1970-01-02", "runs": 2, "updates": 20, "errors": 2},
    ]


def test_a_point_of_a_series():
    records = [
        record(1, updates=10, errors=1, sizes={"file": 1}, latencies=Latencies.of([0.1])),
        record(2, updates=30, latencies=Latencies.of([0.1])),
        record(9),
    ]
    first, second = runs.series(records, 2)
    assert first == {
        "ts": 1,
        "until": 2,
        "runs": 2,
        "updates": 40,
        "errors": 1,
        "rate": {"min": 10.0, "median": 20.0, "max": 30.0},
        "latency": runs.latency(records[:2]),
        "sizes": {"file": 1},
    }
    assert (second["runs"], second["latency"], second["sizes"]) == (1, None, None)


@given(st.lists(st.tuples(st.integers(1, 500), st.integers(0, 3)), max_size=60), st.integers(1, 20))
def test_a_series_keeps_sums_and_extremes(counts, points):
    records = [record(n, updates=updates, errors=errors) for n, (updates, errors) in enumerate(counts)]
    found = runs.series(records, points)
    assert len(found) <= points
    for name in ("updates", "errors"):
        assert sum(point[name] for point in found) == sum(getattr(each, name) for each in records)
    assert sum(point["runs"] for point in found) == len(records)
    if records:
        rates = runs.spread([each.rate for each in records], 1)
        assert min(point["rate"]["min"] for point in found) == rates["min"]
        assert max(point["rate"]["max"] for point in found) == rates["max"]
