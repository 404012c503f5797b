# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gaps: cycles that were to be expected, and did not run. Pure.

Nobody tells the database when cycles are due: cron does it on some host. So what is due is judged from what was usual,
for each host apart. A host whose cycles have no usual interval (they were run by hand, say) has no gaps. An interval
that is long and comes again and again is part of the schedule, such as the weekends of one for weekdays.
"""
from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from statistics import median
from typing import Any, Dict, Iterable, NamedTuple, Sequence

from ..model.run_record import RunRecord

FEWEST = 5  # intervals that it takes to call one of them usual
NEAR = 0.5  # how far an interval may be from the usual one, as a share of it
SLACK = 2  # seconds: time stamps are whole ones
RECURRING = 0.1  # the share of intervals from which on a long one belongs to the schedule
RECURRING_AT_LEAST = 3
SHORTEST = 50  # seconds, with some jitter in cron's minute; what is more often is a loop, and somebody has ended it
ALIKE = 0.8  # two intervals are alike when the one is at least this share of the other

Data = Dict[str, Any]


class Schedule(NamedTuple):
    """What intervals (seconds, sorted) are usual on a host; ``usual`` is their median."""

    usual: float
    intervals: Sequence[int]

    def missed(self, interval: float) -> int:
        """How many cycles were to be expected within an interval."""
        if interval <= (1 + NEAR) * self.usual + SLACK or self._recurs(interval):
            return 0
        return max(1, round(interval / self.usual) - 1)

    def _recurs(self, interval: float) -> bool:
        like = bisect_right(self.intervals, interval / ALIKE) - bisect_left(self.intervals, interval * ALIKE)
        return like >= max(RECURRING_AT_LEAST, RECURRING * len(self.intervals))


def schedule(starts: Sequence[int]) -> Schedule | None:
    """What is usual of cycles that began at these times (sorted); None when nothing is."""
    intervals = sorted(after - before for before, after in zip(starts, starts[1:]))
    if len(intervals) < FEWEST:
        return None
    usual = median(intervals)
    near = sum(abs(interval - usual) <= NEAR * usual for interval in intervals)
    return Schedule(usual, intervals) if usual >= 1 and 2 * near >= len(intervals) else None


def gaps(records: Iterable[RunRecord], now: int) -> list[Data]:
    """The gaps of every host until ``now``, in the order of time.

    Each is ``{"host", "since", "until", "missed"}``: the starts of the cycles around it (``until`` is None while it
    lasts), and how many should have run in between.
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
    """When the cycles of each host began, sorted."""
    starts: dict[str, list[int]] = defaultdict(list)
    for record in records:
        starts[record.host].append(record.ts)
    return {host: sorted(times) for host, times in starts.items()}
