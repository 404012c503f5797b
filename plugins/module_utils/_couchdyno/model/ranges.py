# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets of updates, as sorted ranges ``(first, stop)`` that neither overlap nor touch. Pure functions."""
from __future__ import annotations

from bisect import bisect_right
from typing import Any, Iterable, Iterator, Tuple

from .limits import MAX_POSITION, is_count

Range = Tuple[int, int]  # its first update, and the first one after it
Ranges = Tuple[Range, ...]

NONE: Ranges = ()


def window(first: int, stop: int) -> Ranges:
    """The updates from ``first`` up to, but not including, ``stop``."""
    return ((first, stop),) if first < stop else NONE


def ranges_of(updates: Iterable[int]) -> Ranges:
    """Any updates, in any order."""
    return _joined((update, update + 1) for update in sorted(updates))


def load(value: Any, stop: int) -> Ranges | None:
    """Ranges from JSON, ``[[first, count], …]``; None if they are not a set of updates below ``stop``."""
    if not isinstance(value, list):
        return None
    end, found = -1, []
    for entry in value:
        if not (isinstance(entry, list) and len(entry) == 2 and is_count(entry[0], end + 1, MAX_POSITION)
                and is_count(entry[1], 1, stop - entry[0])):
            return None
        end = entry[0] + entry[1]
        found.append((entry[0], end))
    return tuple(found)


def dump(ranges: Ranges) -> list[list[int]]:
    """Ranges for JSON: ``[[first, count], …]``."""
    return [[first, stop - first] for first, stop in ranges]


def size(ranges: Ranges) -> int:
    """How many updates there are."""
    return sum(stop - first for first, stop in ranges)


def holds(ranges: Ranges, update: int) -> bool:
    """Whether an update is among them."""
    place = bisect_right(ranges, (update, MAX_POSITION))
    return place > 0 and update < ranges[place - 1][1]


def updates(ranges: Ranges) -> Iterator[int]:
    """The updates, in order."""
    for first, stop in ranges:
        yield from range(first, stop)


def union(*sets: Ranges) -> Ranges:
    """The updates in any of some sets."""
    return _joined(sorted(each for ranges in sets for each in ranges))


def minus(ranges: Ranges, others: Ranges) -> Ranges:
    """The updates that are not among the others."""
    if not others:
        return ranges
    found: list[Range] = []
    for first, stop in ranges:
        for low, high in _from(others, first):
            if low >= stop:
                break
            if first < low:
                found.append((first, low))
            first = max(first, high)
        if first < stop:
            found.append((first, stop))
    return tuple(found)


def both(ranges: Ranges, others: Ranges) -> Ranges:
    """The updates in both sets."""
    found: list[Range] = []
    for first, stop in ranges:
        for low, high in _from(others, first):
            if low >= stop:
                break
            if first < high:
                found.append((max(first, low), min(stop, high)))
    return tuple(found)


def at_most(ranges: Ranges, most: int) -> Ranges:
    """At most this number of ranges: the closest neighbours are joined, with the updates between them."""
    surplus = len(ranges) - most
    if surplus <= 0:
        return ranges
    by_gap = sorted(range(1, len(ranges)), key=lambda place: ranges[place][0] - ranges[place - 1][1])
    bridges = ((ranges[place - 1][1], ranges[place][0]) for place in by_gap[:surplus])
    return _joined(sorted([*ranges, *bridges]))


def shifted(ranges: Ranges, distance: int) -> Ranges:
    """The updates at a distance from these, without negative ones."""
    return tuple((max(0, first + distance), stop + distance) for first, stop in ranges if stop + distance > 0)


def _from(ranges: Ranges, update: int) -> Iterator[Range]:
    """The ranges from the one that may contain an update on."""
    for place in range(max(0, bisect_right(ranges, (update, MAX_POSITION)) - 1), len(ranges)):
        yield ranges[place]


def _joined(ordered: Iterable[Range]) -> Ranges:
    """Ranges in the order of their first updates, those that overlap or touch joined."""
    found: list[Range] = []
    for first, stop in ordered:
        if found and first <= found[-1][1]:
            found[-1] = (found[-1][0], max(stop, found[-1][1]))
        else:
            found.append((first, stop))
    return tuple(found)
