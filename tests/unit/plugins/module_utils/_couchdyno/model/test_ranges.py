# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of updates behave as Python's sets do."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import ranges
from hypothesis import given
from hypothesis import strategies as st

SETS = st.sets(st.integers(0, 30))


def members(found):
    """The members of ranges, which must be in order, neither overlap nor touch, and not be empty."""
    assert all(first < stop for first, stop in found)
    assert all(before[1] < after[0] for before, after in zip(found, found[1:]))
    return list(ranges.updates(found))


@given(SETS, SETS, st.integers(-40, 40))
def test_they_are_sets(one, other, distance):
    a, b = ranges.ranges_of(one), ranges.ranges_of(other)
    assert members(a) == sorted(one) and ranges.size(a) == len(one)
    assert members(ranges.union(a, b)) == sorted(one | other)
    assert members(ranges.minus(a, b)) == sorted(one - other)
    assert members(ranges.both(a, b)) == sorted(one & other)
    assert members(ranges.shifted(a, distance)) == sorted(k + distance for k in one if k + distance >= 0)
    assert [k for k in range(40) if ranges.holds(a, k)] == sorted(one)


@given(SETS, st.integers(1, 10))
def test_few_ranges_contain_all_of_many(one, most):
    found = ranges.at_most(ranges.ranges_of(one), most)
    assert len(found) <= most and set(members(found)) >= one
    if len(ranges.ranges_of(one)) <= most:
        assert members(found) == sorted(one)


@given(SETS)
def test_they_are_stored_and_read(one):
    found = ranges.ranges_of(one)
    assert ranges.load(json.loads(json.dumps(ranges.dump(found))), 31) == found


def test_a_window():
    assert ranges.window(3, 7) == ((3, 7),) and ranges.window(7, 7) == ranges.window(7, 3) == ()


@pytest.mark.parametrize(
    "junk",
    [None, 5, "x", {}, [5], [[1]], [[1, 0]], [[-1, 2]], [[1, 2, 3]], [["1", 2]], [[1, True]], [[1, 2], [2, 1]],
     [[1, 2], [3, 1]], [[5, 1], [1, 1]], [[9, 2]], [[1.0, 1]]],
)  # fmt: skip
def test_anything_else_is_refused(junk):
    assert ranges.load(junk, 10) is None
