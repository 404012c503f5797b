# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of an update stream, from run records: when each update was claimed, and when it was settled. Pure."""
from __future__ import annotations

import math
from bisect import bisect_right
from typing import Iterable, NamedTuple, Sequence

from . import ranges
from .claim import Claim
from .ranges import Ranges
from .run_record import RunRecord

SLACK = 1  # seconds: times are whole seconds, and two clocks that are compared may differ
NEVER = math.inf


class Window(NamedTuple):
    """Updates ``[first, stop)`` that were claimed at ``ts`` and settled at ``settled``, in Unix seconds.

    ``settled`` is NEVER if they are not settled yet.
    """

    first: int
    stop: int
    ts: int
    settled: float


class Between(NamedTuple):
    """The positions between which documents stood during a period; ``until`` is None if its end is not on record."""

    since: int
    until: int | None


class History:
    """What run records, and the claims that are still open, say about each update."""

    def __init__(self, records: Iterable[RunRecord] = (), claims: Iterable[Claim] = ()) -> None:
        self.records = {record.run: record for record in records}
        self.windows = sorted([window for record in self.records.values() for window in _windows(record)]
                              + [Window(first, stop, claim.ts, NEVER) for claim in claims
                                 for first, stop in claim.updates])
        self._firsts = [window.first for window in self.windows]
        self._furthest = _maxima(window.stop for window in self.windows)

    def times(self, update: int) -> set[int]:
        """The times at which an update was claimed, empty if that is not on record; several if it was made again."""
        found = set()
        place = bisect_right(self._firsts, update) - 1
        while place >= 0 and self._furthest[place] > update:
            if update < self.windows[place].stop:
                found.add(self.windows[place].ts)
            place -= 1
        return found

    def between(self, start: float, end: float) -> Between | None:
        """Where documents stood from one time to another, in Unix seconds; None if the start is not on record."""
        oldest = self.records[min(self.records)] if self.records else None
        moment = start - SLACK
        if oldest is None or (oldest.run and oldest.ts >= moment):
            return None
        unsettled = self._settled(moment, NEVER)
        done = ranges.minus(self._settled(0, moment - 1), unsettled)
        since = min([first for first, __ in unsettled[:1]] + [stop for __, stop in done[:1]], default=0)
        later = [window.first for window in self.windows if window.ts > end + SLACK]
        return Between(since, min(later) if later else None)

    def _settled(self, start: float, end: float) -> Ranges:
        """The updates of windows that were settled from one time to another; some were in several windows."""
        return ranges.union(*(((window.first, window.stop),) for window in self.windows
                              if start <= window.settled <= end))

    def differs(self, other: History) -> int | None:
        """The first update of the earliest run that another history has differently, None if there is none."""
        common = sorted(set(self.records) & set(other.records))
        found = (self.records[run].first for run in common if _mark(self.records[run]) != _mark(other.records[run]))
        return next(found, None)


def _windows(record: RunRecord) -> list[Window]:
    """The windows of a run: its own, and the ones that it took over."""
    settled = record.ts + math.ceil(record.dt) + SLACK
    redone = [Window(first, first + count, ts, settled) for first, count, ts in record.redone or ()]
    own = [Window(record.first, record.first + record.count, record.ts, settled)] if record.count else []
    return redone + own


def _mark(record: RunRecord) -> tuple[int, int, int, str, float]:
    """What two runs of one number have in common only if they are the same run."""
    return record.ts, record.first, record.count, record.host, record.dt


def _maxima(values: Iterable[int]) -> Sequence[int]:
    """The maximum of each value and all before it."""
    found: list[int] = []
    for value in values:
        found.append(max(value, found[-1]) if found else value)
    return found


NO_HISTORY = History()
