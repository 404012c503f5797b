# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The law of sizes."""

from __future__ import annotations

import math
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.sizes import Sizes, _root
from hypothesis import given
from hypothesis import strategies as st

NUMBER = st.integers(0, 2**32 - 1)


@given(st.integers(1, 10**8), st.integers(1, 10**8), NUMBER, NUMBER)
def test_a_size_is_within_its_bounds(one, other, first, second):
    sizes = Sizes(min(one, other), max(one, other))
    assert sizes.least <= sizes.draw((first, second)) <= sizes.most
    assert sizes.least <= sizes.mean <= sizes.most


@given(st.integers(0, 10**30))
def test_roots(square):
    assert _root(square) == math.isqrt(square) if hasattr(math, "isqrt") else _root(square) ** 2 <= square


@pytest.mark.parametrize("least, most", [(1, 10**8), (400, 6000), (1000, 1001)])
def test_as_many_are_small_as_large_on_a_logarithmic_scale(least, most):
    rng, sizes = random.Random(1), Sizes(least, most)
    drawn = [sizes.draw((rng.getrandbits(32), rng.getrandbits(32))) for __ in range(10000)]
    if most > 2 * least:
        middle = math.sqrt(least * most)
        assert 4700 < sum(size < middle for size in drawn) < 5300
    assert abs(sum(drawn) / len(drawn) / sizes.mean - 1) < 0.05


def test_the_law_never_changes_between_versions_and_machines():
    sizes = Sizes(400, 6000)
    assert [sizes.draw((part * 37, part * 10**6)) for part in range(8)] == [400, 589, 874, 1292, 1916, 2838, 4201, 415]
    assert Sizes(5, 5).draw(()) == 5
