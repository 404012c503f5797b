# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much is written at once, and how fast."""

from __future__ import annotations

import math

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import pace as pace_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import SLOW, Pace
from hypothesis import given
from hypothesis import strategies as some


class Clock:
    """A monotonic clock that stands still."""

    now = 100.0

    def monotonic(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(pace_module, "time", clock)
    return clock


def test_batches_are_bounded_by_documents_and_bytes():
    pace = Pace()
    assert [pace.batch_documents(size) for size in (1, 1000, 100_000, 10**8)] == [1000, 1000, 40, 1]
    assert [Pace(batch_bytes=10**6).batch_documents(size) for size in (1, 1000, 10**7)] == [10_000, 1000, 1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("connections", value) for value in (-1, 0, 65)),
        *(("batch_bytes", value) for value in (-1, 0, 10**10)),
        *(("rate", value) for value in (-1.0, 0.0, 1e9, math.nan, math.inf)),
    ],
)
def test_settings_that_make_no_sense_are_refused(name, value):
    with pytest.raises(UsageError, match="must be from"):
        Pace(**{name: value})


def test_without_a_rate_everything_is_due_at_once(clock):
    pace = Pace()
    assert [pace.due(1000), pace.due(1000)] == [100, 100]


@given(rate=some.floats(0.001, 10**6), counts=some.lists(some.integers(1, 10**4), min_size=1, max_size=50))
def test_documents_are_due_evenly(rate, counts):
    pace = Pace(rate=rate)
    dues = [pace.due(count) for count in counts]
    for count, due, following in zip(counts, dues, dues[1:]):
        assert following - due == pytest.approx(count / rate, rel=1e-6, abs=1e-6)


def test_delays_are_caught_up_except_after_a_rest(clock):
    pace = Pace(rate=10)
    assert pace.due(50) == 100
    clock.now = 1000.0
    assert pace.due(10) == 105
    pace.rest()
    assert pace.due(10) == 1000 and pace.due(10) == 1001


@given(rate=some.floats(0.001, 10**6), size=some.integers(1, 10**6))
def test_batches_at_a_rate_are_small_enough_for_it_to_be_even(rate, size):
    documents = Pace(rate=rate).batch_documents(size)
    assert documents == 1 or documents / rate <= 1 / pace_module.STEPS


def test_a_request_that_is_too_large_is_never_tried_again():
    pace = Pace()
    pace.too_large(100)
    for __ in range(50):
        pace.answered(50, 0.001)
    assert pace.batch_documents(1000) == 50


def test_slow_requests_become_smaller_and_fast_ones_larger_again():
    pace = Pace()
    for documents in (1000, 1000, 500):  # the second was in flight when the first was answered
        pace.answered(documents, 2 * SLOW)
    assert pace.batch_documents(1000) == 250
    pace.answered(250, SLOW / 2)
    assert pace.batch_documents(1000) == 250
    for __ in range(20):
        pace.answered(pace.batch_documents(1000), SLOW / 10)
    assert pace.batch_documents(1000) == 1000
    for __ in range(20):
        pace.answered(pace.batch_documents(1000), 2 * SLOW)
    assert pace.batch_documents(1000) == 1


def test_a_server_that_throttles_gets_fewer_requests_at_once():
    pace = Pace(8)
    times, seen = 0, [pace.in_flight]
    for __ in range(5):
        times += 3
        pace.throttle(times)
        seen.append(pace.in_flight)
    assert seen == [9, 4, 2, 1, 1, 1]
    for __ in range(200):
        pace.throttle(times)
    assert pace.in_flight == 9
