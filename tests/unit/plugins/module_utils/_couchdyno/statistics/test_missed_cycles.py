# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.statistics.missed_cycles import gaps, schedule
from hypothesis import given
from hypothesis import strategies as st

DAY = 86400


def records(starts, host="a"):
    return [RunRecord(run, ts, host=host) for run, ts in enumerate(starts)]


def test_a_gap():
    starts = [60 * n for n in range(30) if n not in (10, 11, 12)]
    assert gaps(records(starts), 1800) == [{"host": "a", "since": 540, "until": 780, "missed": 3}]


def test_a_gap_that_lasts():
    assert gaps(records(range(0, 1800, 60)), 1740 + 600) == [{"host": "a", "since": 1740, "until": None, "missed": 9}]
    assert gaps(records(range(0, 1800, 60)), 1740 + 80) == []


def test_a_loop_that_has_ended_misses_nothing():
    starts = [2 * n for n in range(100) if not 40 <= n < 50]
    assert gaps(records(starts), 10**6) == [{"host": "a", "since": 78, "until": 100, "missed": 10}]


def test_each_host_has_its_own_schedule():
    by_minute, by_hour = records(range(0, 36000, 60)), records(range(0, 36000, 3600), "b")
    assert gaps(by_minute + by_hour, 36000) == []
    del by_hour[4]
    assert [gap["host"] for gap in gaps(by_minute + by_hour, 36000)] == ["b"]


def test_weekends_are_not_gaps_of_a_schedule_for_weekdays():
    starts = [DAY * day for day in range(70) if day % 7 < 5]
    assert gaps(records(starts), starts[-1] + 3 * DAY) == []
    starts.remove(DAY * 37)  # a Wednesday
    assert [(gap["since"], gap["missed"]) for gap in gaps(records(starts), starts[-1])] == [(DAY * 36, 1)]


def test_cycles_without_a_usual_interval_have_no_gaps():
    by_hand = [0, 7, 900, 905, 5000, 90000, 90300, 500000]
    assert schedule(by_hand) is None
    assert gaps(records(by_hand), 10**6) == []


@pytest.mark.parametrize("starts", [[], [5], [0, 60], [0, 60, 120, 180, 240]])
def test_a_few_cycles_make_no_schedule(starts):
    assert schedule(starts) is None


@given(st.integers(10, DAY), st.lists(st.floats(0, 0.24), min_size=20, max_size=50))
def test_jitter_is_not_a_gap(interval, jitter):
    starts = [int(interval * (n + share)) for n, share in enumerate(jitter)]
    assert gaps(records(starts), starts[-1] + interval) == []


@given(st.integers(60, DAY), st.integers(1, 30), st.integers(6, 50), st.integers(6, 50))
def test_all_missing_cycles_are_counted(interval, missing, before, after):
    starts = [interval * n for n in range(before + missing + after) if not before <= n < before + missing]
    (gap,) = gaps(records(starts), starts[-1])
    assert (gap["since"], gap["missed"]) == (interval * (before - 1), missing)
