# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Latencies in buckets: the laws that percentiles rely on, and the form in documents."""

from __future__ import annotations

import json
from bisect import bisect_left

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.latencies import (
    BOUNDS,
    NO_REQUESTS,
    PERCENTILES,
    Latencies,
    pooled,
)
from hypothesis import given
from hypothesis import strategies as st

DURATIONS = st.lists(st.floats(0, 100) | st.floats(0, 10**5), max_size=60)


def exact(seconds, percent):
    """A percentile by the nearest rank, in seconds."""
    return sorted(seconds)[-(-len(seconds) * percent // 100) - 1]


def bucket_of(seconds):
    return bisect_left(BOUNDS, round(1000 * seconds, 1))


@given(st.lists(DURATIONS, max_size=5))
def test_pooled_latencies_are_those_of_all_requests_together(cycles):
    everything = [seconds for cycle in cycles for seconds in cycle]
    assert pooled(map(Latencies.of, cycles)) == Latencies.of(everything)


@given(DURATIONS.filter(bool))
def test_each_percentile_is_in_the_bucket_of_the_exact_one(seconds):
    found = Latencies.of(seconds).percentiles()
    for percent in PERCENTILES:
        assert abs(bucket_of(found[f"p{percent}"]) - bucket_of(exact(seconds, percent))) <= 1  # as both are rounded
    assert found["p50"] <= found["p95"] <= found["p99"] <= found["max"] == pytest.approx(max(seconds), abs=1e-4)


@given(st.lists(st.floats(0.0011, 56), min_size=1))
def test_a_percentile_is_off_by_a_third_at_most(seconds):
    found = Latencies.of(seconds).percentiles()
    width, rounding = BOUNDS[1] / BOUNDS[0], 1.1e-4
    assert round(width, 3) == 1.334
    for percent in PERCENTILES:
        true = exact(seconds, percent)
        assert true / width - rounding <= found[f"p{percent}"] <= true * width + rounding


@given(DURATIONS)
def test_a_document_keeps_them(seconds):
    latencies = Latencies.of(seconds)
    assert Latencies.load(json.loads(json.dumps(latencies.dump()))) == latencies


def test_known_percentiles():
    assert NO_REQUESTS.percentiles() == {} and NO_REQUESTS.dump() == {}
    assert Latencies.of([0.0123]).percentiles() == dict.fromkeys(("p50", "p95", "p99", "max"), 0.0123)
    spread = Latencies.of(number / 1000 for number in range(1, 101)).percentiles()
    assert spread == {"p50": 0.0497, "p95": 0.0947, "p99": 0.0986, "max": 0.1}  # not 0.05, 0.095, 0.099
    late = Latencies.of([0.01] * 98 + [4000.0] * 2).percentiles()
    assert late["p95"] <= 0.01 and late["p99"] > 56 and late["max"] == 4000.0


def test_the_form_in_documents():
    seconds = [0.0005, 0.00123, 0.0124, 0.013, 90]
    assert Latencies.of(seconds).dump() == {"0": 1, "1": 1, "9": 2, "39": 1, "max": 90000.0}
    assert Latencies.of([0.00977]).dump() == 9.8  # the bucket of a single request follows from its duration


@pytest.mark.parametrize(
    "junk",
    [
        *(None, True, -1, 10**400, float("nan"), [], "x", {"p50": 0.1, "p95": 0.1, "p99": 0.1, "max": 0.1}),
        *({"max": 9.8}, {"max": 0.0}, {"8": 1}, {"8": 1, "max": None}, {"8": 1, "max": "9.8"}, {"8": 1, "max": True}),
        *({"8": 0, "max": 9.8}, {"8": -1, "max": 9.8}, {"8": 1.5, "max": 9.8}, {"8": True, "max": 9.8}),
        *({"8": 10**30, "max": 9.8}, {"40": 1, "max": 10.0**6}, {"-1": 1, "max": 0.1}, {"08": 1, "max": 9.8}),
        *({"8": 1, "max": 90.0}, {"8": 1, "max": 0.5}, {"39": 1, "max": float("nan")}, {"39": 1, "max": 10**400}),
        *({"39": 1, "max": float("inf")}, {"8": 1, "max": 9.8, "sum": 9.8}),
    ],
)
def test_junk_is_refused(junk):
    assert Latencies.load(junk) is None
