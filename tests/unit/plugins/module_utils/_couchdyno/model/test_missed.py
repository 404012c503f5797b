# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Missed updates in a ledger of bounded size. Which updates are missed is tested with the rules, in test_claiming."""

from __future__ import annotations

import json
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import missed, ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed, entries_of, entry_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from hypothesis import given
from hypothesis import strategies as st

UPDATES = st.sets(st.integers(0, 60), max_size=30)


def entries(updates, visits=1):
    return tuple(Missed(first, stop, visits, stop - first) for first, stop in ranges.ranges_of(updates))


@given(UPDATES, st.integers(1, 8))
def test_at_most_so_many_entries_that_contain_all_and_count_as_before(updates, most):
    before = entries(updates)
    after = missed.bounded(before, most)
    assert len(after) <= most and missed.count(after) == len(updates)
    assert all(missed.entry_of(after, update) for update in updates)
    assert all(one.stop < other.first for one, other in zip(after, after[1:]))
    assert any(each.is_merged for each in after) == (len(before) > most)
    assert missed.load(json.loads(json.dumps(missed.dump(after))), 61) == after


def test_the_closest_are_merged():
    assert missed.bounded(entries([1, 10, 12, 40]), 3) == (
        Missed(1, 2, 1, 1),
        Missed(10, 13, 1, 2),
        Missed(40, 41, 1, 1),
    )


@given(UPDATES, UPDATES)
def test_updates_are_taken_out(updates, written):
    left = missed.without(entries(updates), ranges.ranges_of(written))
    assert {k for k in range(61) if missed.entry_of(left, k)} == updates - written
    assert missed.count(left) == len(updates - written)


@given(UPDATES, UPDATES)
def test_the_union_of_two_ledgers(one, other):
    both = missed.union(entries(one), entries(other, 3))
    assert {k for k in range(61) if missed.entry_of(both, k)} == one | other
    assert all(missed.entry_of(both, k).visits >= 3 for k in other)


def test_one_percent_of_a_million_documents_fits_into_a_small_ledger():
    ledger = Ledger.new(Parameters(10**6, 1000, 10**6, 7), 0)._replace(position=10**6)
    chance = random.Random(7)
    for lap in range(3):
        refused = ranges.ranges_of(lap * 10**6 + index for index in chance.sample(range(10**6), 10**4))
        ledger = ledger._replace(position=(lap + 1) * 10**6).with_missed(refused=refused)
    assert len(json.dumps(ledger.dump_nested())) < 64_000
    assert len(ledger.refused) <= missed.MOST and missed.count(ledger.refused) >= 10**4


@pytest.mark.parametrize(
    "junk", [None, 5, [5], [[1, 1, 1]], [[1, 0, 1, 1]], [[1, 1, 0, 1]], [[1, 1, 1, 0]], [[1, 1, 1, 2]], [[-1, 1, 1, 1]],
             [[9, 2, 1, 1]], [[5, 1, 1, 1], [4, 1, 1, 1]], [[1, 1, True, 1]]]
)  # fmt: skip
def test_anything_else_is_refused(junk):
    assert missed.load(junk, 10) is None


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 8), st.integers(1, 4)), max_size=5))
def test_the_union_keeps_the_most_visits_of_each_update(parts):
    """An entry for one document must not excuse its neighbours for longer than their own entries do."""
    several = [entries_of(((first, first + size),), visits) for first, size, visits in parts]
    together = missed.union(*several)
    for update in range(30):
        found = [entry_of(each, update) for each in several]
        assert (entry_of(together, update) or Missed(0, 0, 0, 0)).visits == max(
            (each.visits for each in found if each), default=0
        )
    assert missed.load(missed.dump(together), 100) == together and missed.tolerated(together) == 0
