# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether two JSON values are the same, with their types, and how they differ. Pure.

In Python 1, 1.0 and true are equal, so values are compared as text. The order of members does not count, as tools in
JavaScript change it.
"""
from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

LONGEST_PLACE = 100  # characters
SHOWN = 40  # characters of a value
EXPONENT = 1e21  # from which on JavaScript writes numbers with an exponent


dumped = json.JSONEncoder(separators=(",", ":")).encode  # a value as JSON text
_in_one_order = json.JSONEncoder(separators=(",", ":"), sort_keys=True).encode


def are_same(one: Any, other: Any) -> bool:
    """Whether two values are the same."""
    return _in_one_order(one) == _in_one_order(other)


def differ_by_rounding(value: Any, expected: Any) -> bool:
    """Whether values that are not the same differ only by what JavaScript makes of the expected numbers.

    It rounds integers beyond 2^53, and writes 1.0 as 1.
    """
    if isinstance(value, dict) and isinstance(expected, dict):
        return value.keys() == expected.keys() and all(differ_by_rounding(value[name], expected[name])
                                                       for name in expected)
    if isinstance(value, list) and isinstance(expected, list):
        return len(value) == len(expected) and all(map(differ_by_rounding, value, expected))
    return are_same(value, expected) or are_same(value, _as_in_javascript(expected))


def difference(value: Any, expected: Any, place: str = "") -> str:
    """The first difference between values that are not the same, in words."""
    if isinstance(value, dict) and isinstance(expected, dict):
        for name in expected:
            if name not in value:
                return f"lacks {_at(_member(place, name))}"
            if not are_same(value[name], expected[name]):
                return difference(value[name], expected[name], _member(place, name))
        return f"has an unexpected {_at(_member(place, next(name for name in value if name not in expected)))}"
    if isinstance(value, list) and isinstance(expected, list) and len(value) == len(expected):
        for number, pair in enumerate(zip(value, expected)):
            if not are_same(*pair):
                return difference(*pair, f"{place}[{number}]")
    if isinstance(value, str) and isinstance(expected, str) and len(value) == len(expected):
        return f"differs at {_at(place)} {where_they_differ(differing(value, expected))}"
    return f"has {_shown(value)} at {_at(place)} instead of {_shown(expected)}"


def differing(text: str, expected: str) -> list[int]:
    """The places at which the characters of two texts of the same length differ."""
    return [number for number, pair in enumerate(zip(text, expected)) if pair[0] != pair[1]]


def where_they_differ(places: list[int]) -> str:
    """The places at which two texts differ, in words."""
    return f"in {'1 place' if len(places) == 1 else f'{len(places)} places'}, first at character {places[0]}"


def _as_in_javascript(value: Any) -> Any:
    """A number as JavaScript would write it; any other value as it is."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return value
    try:
        number = float(value)
    except OverflowError:
        return None
    if number.is_integer() and abs(number) < EXPONENT:
        return int(Decimal(repr(number)))  # the shortest digits that make this number, and zeros
    return number


def _member(place: str, name: str) -> str:
    return f"{place}.{name}" if place else name


def _at(place: str) -> str:
    return f"{place!a:.{LONGEST_PLACE}}"


def _shown(value: Any) -> str:
    if isinstance(value, (dict, list)):
        kind = "members" if isinstance(value, dict) else "items"
        return f"{'an object' if isinstance(value, dict) else 'an array'} of {len(value)} {kind}"
    text = dumped(value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"
