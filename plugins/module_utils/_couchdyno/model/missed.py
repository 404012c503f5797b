# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Missed updates: updates that are not written and will not be, until the next update of their document is. Pure.

An update is missed because the server refused it for good, or because a later update of its document superseded it.
"""
from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from typing import Any, NamedTuple, Sequence, Tuple

from . import ranges
from .limits import MAX_POSITION, is_count
from .ranges import Ranges
from .stream import Stream

MOST = 1000  # entries in a ledger; then the ones that are closest together are merged


class Missed(NamedTuple):
    """Missed updates at places ``[first, stop)``, and with each the ``visits - 1`` updates before it of its document.

    ``count`` is how many of the updates are missed: all of them, unless entries were merged.
    """

    first: int
    stop: int
    visits: int
    count: int  # type: ignore[assignment]  # tuple.count is not needed

    @property
    def is_merged(self) -> bool:
        """Whether some updates of the range are not missed."""
        return self.count < self.stop - self.first


Entries = Tuple[Missed, ...]  # in order, without overlaps


def load(value: Any, stop: int) -> Entries | None:
    """Entries from JSON, ``[[first, size, visits, count], …]``; None if they are not at places below ``stop``."""
    if not isinstance(value, list):
        return None
    end, found = 0, []
    for entry in value:
        if not (isinstance(entry, list) and len(entry) == 4 and is_count(entry[0], end, MAX_POSITION)
                and is_count(entry[1], 1, stop - entry[0]) and is_count(entry[2], 1, MAX_POSITION)
                and is_count(entry[3], 1, entry[1])):
            return None
        end = entry[0] + entry[1]
        found.append(Missed(entry[0], end, entry[2], entry[3]))
    return tuple(found)


def dump(entries: Entries) -> list[list[int]]:
    """Entries for JSON."""
    return [[each.first, each.stop - each.first, each.visits, each.count] for each in entries]


def entry_of(entries: Entries, place: int) -> Missed | None:
    """The entry that contains the update at a place, None if it is not missed."""
    number = bisect_right(entries, (place, MAX_POSITION))
    entry = entries[number - 1] if number else None
    return entry if entry and place < entry.stop else None


def count(entries: Entries) -> int:
    """How many documents have missed updates."""
    return sum(each.count for each in entries)


def tolerated(entries: Entries) -> int:
    """How many documents count as missed only because entries were merged."""
    return sum(each.stop - each.first - each.count for each in entries)


def merged(*several: Entries) -> Entries:
    """Several entries in one order; they must not overlap."""
    return tuple(sorted(each for entries in several for each in entries))


def union(*several: Entries) -> Entries:
    """Several entries in one order, without overlaps: of each update, the most visits count."""
    edges = sorted((edge, begins, each) for entries in several for each in entries
                   for edge, begins in ((each.first, True), (each.stop, False)))
    found: list[Missed] = []
    around: Counter[Missed] = Counter()
    first = 0
    for edge, begins, each in edges:
        if first < edge and around:
            visits = max(entry.visits for entry in around)
            found.append(Missed(first, edge, visits, max(min(entry.count, edge - first) for entry in around)))
        around[each] += 1 if begins else -1
        around += Counter()  # without those that have ended
        first = edge
    return tuple(found)


def without(entries: Entries, updates: Ranges) -> Entries:
    """The entries without some updates."""
    if not (entries and updates):
        return entries
    found = []
    for each in entries:
        for first, stop in ranges.minus(((each.first, each.stop),), updates):
            found.append(each._replace(first=first, stop=stop, count=min(each.count, stop - first)))
    return tuple(found)


def entries_of(updates: Ranges, visits: int = 1) -> Entries:
    """Entries for updates, each of them missed together with this number of visits."""
    return tuple(Missed(first, stop, visits, stop - first) for first, stop in updates)


def new_entries(updates: Ranges, before: Entries, stream: Stream) -> Entries:
    """Entries for updates that are missed from now on; ``before`` are all entries so far."""
    found: list[Missed] = []
    previous = stream.previous_of(updates)
    for each in before:
        again = ranges.both(((each.first, each.stop),), previous)
        found += entries_of(stream.next_of(again), each.visits + 1)
    rest = ranges.minus(updates, as_ranges(found))
    return merged(tuple(found), entries_of(rest))


def chained(entries: Entries, stream: Stream) -> Entries:
    """The entries, in which no document of a hot type has several: of a run of updates, the last one has them all.

    Other documents have one anyway, as they have one open update at most.
    """
    cold = tuple(each for each in entries if stream.period(each.first) is None)
    hot: Entries = ()
    for each in entries:
        period = stream.period(each.first)
        if period is None:
            continue
        for start in range(each.first, each.stop, period):
            stop = min(each.stop, start + period)
            hot = _continued(hot, each._replace(first=start, stop=stop, count=min(each.count, stop - start)), period)
    return merged(cold, hot)


def _continued(found: Entries, new: Missed, period: int) -> Entries:
    """Entries with a later one, which adds its visits to those of the updates that precede its own."""
    distance = period * new.visits
    rest: Entries = (new,)
    result: list[Missed] = []
    for each in found:
        again = ranges.both(((each.first + distance, each.stop + distance),), as_ranges(rest))
        result += without((each,), ranges.shifted(again, -distance))
        result += entries_of(again, each.visits + new.visits)
        rest = without(rest, again)
    return (*result, *rest)


def all_visits(entries: Entries, stream: Stream) -> Ranges:
    """The places of missed updates of hot documents, with those before the last one, as far as others precede them."""
    found: list[Ranges] = []
    least = min((each.first for each in entries), default=0)
    for each in entries:
        places: Ranges = ((each.first, each.stop),)
        visits = each.visits if stream.period(each.first) else 1
        while visits and places and places[-1][1] > least:
            found.append(places)
            places = stream.previous_of(places)
            visits -= 1
    return ranges.union(*found)


def reopened(entries: Entries, places: Ranges, stream: Stream) -> Entries:
    """The entries when the updates at some places are tried again: what was missed before them is still missed."""
    earlier: list[Missed] = []
    for each in entries:
        if each.visits > 1:
            again = ranges.both(((each.first, each.stop),), places)
            earlier += entries_of(stream.previous_of(again), each.visits - 1)
    return merged(without(entries, places), tuple(earlier))


def bounded(entries: Entries, most: int = MOST) -> Entries:
    """At most this number of entries: the closest neighbours are merged, so updates between them count as missed."""
    surplus = len(entries) - most
    if surplus <= 0:
        return entries
    by_gap = sorted(range(1, len(entries)), key=lambda place: entries[place].first - entries[place - 1].stop)
    to_merge, found = set(by_gap[:surplus]), [entries[0]]
    for place in range(1, len(entries)):
        if place in to_merge:
            found[-1] = _merge(found[-1], entries[place])
        else:
            found.append(entries[place])
    return tuple(found)


def _merge(one: Missed, other: Missed) -> Missed:
    return Missed(one.first, other.stop, max(one.visits, other.visits), one.count + other.count)


def as_ranges(entries: Sequence[Missed]) -> Ranges:
    """The updates of entries, as ranges."""
    return ranges.union(tuple((each.first, each.stop) for each in entries))
