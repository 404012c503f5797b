# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Values, compared with their types."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.values import (
    are_same,
    differ_by_rounding,
    difference,
)

EXPECTED = {"a": [1, {"b": 1.0}], "c": "text", "d": None, "e": 2**53 + 1}


@pytest.mark.parametrize(
    "value, words",
    [
        (dict(EXPECTED, c="tent"), "differs at 'c' in 1 place, first at character 2"),
        (dict(EXPECTED, c="hexa"), "differs at 'c' in 2 places, first at character 0"),
        (dict(EXPECTED, c="texts"), "has \"texts\" at 'c' instead of \"text\""),
        (dict(EXPECTED, d=False), "has false at 'd' instead of null"),
        (dict(EXPECTED, a=[1, {"b": 1}]), "has 1 at 'a[1].b' instead of 1.0"),
        (dict(EXPECTED, a=[True, {"b": 1.0}]), "has true at 'a[0]' instead of 1"),
        (dict(EXPECTED, a=[1]), "has an array of 1 items at 'a' instead of an array of 2 items"),
        (dict(EXPECTED, a={}), "has an object of 0 members at 'a' instead of an array of 2 items"),
        ({name: EXPECTED[name] for name in "abc" if name in EXPECTED}, "lacks 'd'"),
        (dict(EXPECTED, f=1), "has an unexpected 'f'"),
        (dict(EXPECTED, c=100 * "x"), f"has \"{39 * 'x'}… at 'c' instead of \"text\""),
    ],
)
def test_differences_are_named_with_their_place(value, words):
    assert not are_same(value, EXPECTED)
    assert difference(value, EXPECTED) == words


def test_the_order_of_members_does_not_count():
    assert are_same(dict(reversed(list(EXPECTED.items()))), EXPECTED)


def in_javascript(text):
    """What JavaScript makes of JSON text: all numbers are floating point numbers, and whole ones are written whole."""

    def shown(number):
        value = float(number)
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value

    return json.loads(text, parse_int=shown, parse_float=shown)


@pytest.mark.parametrize(
    "text", ["[1.0]", "[9007199254740993]", "[1e30]", "[-0.0, 100.0]", '{"a": 18446744073709551616}']
)
def test_numbers_that_went_through_javascript(text):
    changed, expected = in_javascript(text), json.loads(text)
    assert not are_same(changed, expected) or text == "[1e30]"
    assert differ_by_rounding(changed, expected)


@pytest.mark.parametrize(
    "changed, expected",
    [
        *(([1], [2]), ([1], [True]), (["1"], [1]), ([2**53 + 4], [2**53]), ([0], [None]), ([1.0], [1]), ([40.0], [40])),
        *(([2**63 - 2], [2**63 - 1]), ([2**63], [2**63 - 1]), ([1, 2], [1]), ({"a": 1}, {"b": 1}), ({}, {"a": 1})),
    ],
)
def test_other_changes_are_no_rounding(changed, expected):
    assert not differ_by_rounding(changed, expected)


def test_integers_beyond_all_bounds():
    assert differ_by_rounding([10**400], [10**400]) and not differ_by_rounding([10**400], [1])
    assert differ_by_rounding([None], [10**400])  # Infinity in JSON
