# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps: cycles that were expected but did not run. Pure.

The database does not know when cycles are due, as cron runs them on some host. So the schedule is estimated from the
usual intervals, for each host separately. If the cycles of a host have no usual interval (they were run by hand, say),
it has no gaps. A long interval that recurs is part of the schedule, for example weekends if cycles run on weekdays.
A host whose usual interval is below SHORTEST is assumed to run in a loop, whose end is not counted as a gap.
"""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from statistics import median
from typing import Any, Dict, Iterable, NamedTuple, Sequence

from ..model.run_record import RunRecord

FEWEST = 5  # intervals that are needed to call one usual
NEAR = 0.5  # how far an interval may be from the usual one, as a share of it
SLACK = 2  # seconds: time stamps are whole seconds
RECURRING = 0.1  # a long interval belongs to the schedule if at least this share of intervals is like it
RECURRING_AT_LEAST = 3
SHORTEST = 50  # seconds, which allows for jitter in cron's minute; below it, a host is assumed to run in a loop
ALIKE = 0.8  # two intervals are alike if one is at least this share of the other

Data = Dict[str, Any]


class Schedule(NamedTuple):
    """The intervals between the cycles of a host (seconds, sorted); ``usual`` is their median."""

    usual: float
    intervals: Sequence[int]

    def missed(self, interval: float) -> int:
        """How many cycles are missing within an interval."""
        if interval <= (1 + NEAR) * self.usual + SLACK or self._recurs(interval):
            return 0
        return max(1, round(interval / self.usual) - 1)

    def _recurs(self, interval: float) -> bool:
        like = bisect_right(self.intervals, interval / ALIKE) - bisect_left(self.intervals, interval * ALIKE)
        return like >= max(RECURRING_AT_LEAST, RECURRING * len(self.intervals))


def schedule(starts: Sequence[int]) -> Schedule | None:
    """The schedule of cycles that started at these times (sorted), None if there is no usual interval."""
    intervals = sorted(after - before for before, after in zip(starts, starts[1:]))
    if len(intervals) < FEWEST:
        return None
    usual = median(intervals)
    near = sum(abs(interval - usual) <= NEAR * usual for interval in intervals)
    return Schedule(usual, intervals) if usual >= 1 and 2 * near >= len(intervals) else None


def gaps(records: Iterable[RunRecord], now: int) -> list[Data]:
    """The gaps of every host until ``now``, in chronological order.

    Each is ``{"host", "since", "until", "missed"}``: the starts of the cycles around it (``until`` is None while it
    lasts), and how many cycles should have run in between.
    """
    found = []
    for host, starts in sorted(starts_by_host(records).items()):
        expected = schedule(starts)
        if expected:
            last = [None] if expected.usual >= SHORTEST else []
            for since, until in zip(starts, [*starts[1:], *last]):
                missed = expected.missed((now if until is None else until) - since)
                if missed:
                    found.append({"host": host, "since": since, "until": until, "missed": missed})
    return sorted(found, key=lambda gap: (gap["since"], gap["host"]))


def starts_by_host(records: Iterable[RunRecord]) -> dict[str, list[int]]:
    """When the cycles of each host started, sorted."""
    starts: dict[str, list[int]] = defaultdict(list)
    for record in records:
        starts[record.host].append(record.ts)
    return {host: sorted(times) for host, times in starts.items()}
