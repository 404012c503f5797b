# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import random
from statistics import median

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.statistics.significance import (
    BETTER,
    FEWEST,
    SAME,
    UNKNOWN,
    WORSE,
    change,
    judge,
    middle,
)
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=700))
def test_the_range_is_made_of_values_around_the_median(values):
    found = middle(values)
    assert (found.median, found.values) == (median(values), len(values))
    if len(values) < FEWEST:
        assert found.low is found.high is None
    else:
        assert found.low <= found.median <= found.high and {found.low, found.high} <= set(values)


@pytest.mark.parametrize("count, low", [(8, 0), (10, 0), (20, 3), (100, 36), (500, 221), (501, 220), (10000, 4870)])
def test_the_ranks_are_those_of_the_books(count, low):
    """Ranks of 99 % confidence intervals for the median, counted from 0."""
    found = middle(range(count))
    assert found.low == pytest.approx(low, abs=1) and found.low + found.high == count - 1


@pytest.mark.parametrize("count", [8, 30, 240, 600])
def test_the_range_misses_the_median_once_in_a_hundred(count):
    chance = random.Random(count)
    ranges = (middle([chance.lognormvariate(0, 1) for __ in range(count)]) for __ in range(600))
    missed = sum(not found.low <= 1 <= found.high for found in ranges)  # the median of this distribution is 1
    assert missed <= 15


@pytest.mark.parametrize("more_is_better", [True, False])
def test_noise_does_not_count_as_change(more_is_better):
    chance = random.Random(7)

    def draw():
        return middle([chance.lognormvariate(5, 0.5) for __ in range(60)])

    verdicts = [judge(draw(), draw(), 0.0, more_is_better) for __ in range(400)]
    assert verdicts.count(SAME) >= 396


def test_change_is_seen_through_noise():
    chance = random.Random(7)

    def draw(scale):
        return middle([scale * chance.lognormvariate(5, 0.2) for __ in range(200)])

    assert {judge(draw(1), draw(0.7), 0.1, True) for __ in range(50)} == {WORSE}
    assert {judge(draw(1), draw(0.7), 0.1, False) for __ in range(50)} == {BETTER}
    assert {judge(draw(1), draw(1.5), 0.1, True) for __ in range(50)} == {BETTER}
    assert {judge(draw(1), draw(0.95), 0.1, True) for __ in range(50)} == {SAME}


def test_too_few_values():
    assert judge(middle([1.0] * 100), middle([9.0] * (FEWEST - 1)), 0.1, True) == UNKNOWN


def test_change():
    assert change(200, 150) == -25.0
    assert change(0, 150) is None
