# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which documents were found, against a set."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.found import Found
from hypothesis import given
from hypothesis import strategies as st

BASE = 3 * 10**12 + 5
NUMBERS = st.sets(st.integers(BASE, BASE + 60))


@given(NUMBERS, NUMBERS, st.integers(BASE, BASE + 80), st.integers(0, 80))
def test_it_remembers_like_a_set(some, others, first, count):
    found = Found(BASE)
    found.add(some)
    found.add(others)
    absent = [number for begin, end in found.absent(first, first + count) for number in range(begin, end)]
    assert absent == [number for number in range(first, first + count) if number not in some | others]
    following = iter(range(first, first + 100))
    assert found.next_absent(first) == next(number for number in following if number not in some | others)


@given(NUMBERS)
def test_ranges_are_as_long_as_possible(numbers):
    found = Found(BASE)
    found.add(numbers)
    ranges = list(found.absent(BASE, BASE + 61))
    assert all(end < begin for (__, end), (begin, __) in zip(ranges, ranges[1:]))


def test_ten_million_documents_take_a_bit_each():
    found = Found(0)
    found.add(range(10**7 - 1, 10**7))
    assert len(found._bits) == 10**7 / 8
    assert list(found.absent(0, 10**7)) == [(0, 10**7 - 1)]


def test_several_threads_lose_nothing():
    found = Found(0)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda part: [found.add([number]) for number in range(part, 8000, 4)], range(4)))
    assert list(found.absent(0, 8000)) == []
