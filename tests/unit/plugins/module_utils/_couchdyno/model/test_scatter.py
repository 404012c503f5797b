# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashed ids: scattered, and still computed both ways."""

from __future__ import annotations

from collections import Counter

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.scatter import Scatter
from hypothesis import given
from hypothesis import strategies as st

INDEXES = st.integers(0, 10**12 - 1)


@given(st.integers(0, 2**53 - 1), st.text(), INDEXES)
def test_each_index_has_a_number_and_each_number_an_index(seed, name, index):
    scatter = Scatter(seed, name)
    assert 0 <= scatter.number(index) < 10**12 and 0 <= scatter.index(index) < 10**12
    assert scatter.index(scatter.number(index)) == scatter.number(scatter.index(index)) == index


@given(st.integers(0, 2**53 - 1))
def test_consecutive_documents_land_all_over_the_range(seed):
    """A thousand of them, in ten equal parts, and by their last digits."""
    numbers = list(map(Scatter(seed, "customer").number, range(1000)))
    for part in (lambda number: number // 10**11, lambda number: number % 10):
        counts = Counter(map(part, numbers))
        assert len(counts) == 10 and max(counts.values()) < 160


def test_types_and_databases_have_ids_of_their_own():
    scatters = [Scatter(1, "a"), Scatter(1, "b"), Scatter(2, "a")]
    assert len({scatter.number(index) for scatter in scatters for index in range(100)}) == 300


@pytest.mark.parametrize(
    "seed, name, numbers",
    [
        (42, "customer", [23933987467, 603675264636, 960955827969, 90476117981, 577448947904]),
        (2**53 - 1, "é😀", [154854092528, 439535677464, 21743597616, 227985890228, 753968591986]),
    ],
)
def test_the_numbers_never_change_between_versions_and_machines(seed, name, numbers):
    assert [Scatter(seed, name).number(index) for index in (0, 1, 2, 1000, 10**12 - 1)] == numbers
