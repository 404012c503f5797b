# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of an update stream, from run records: when each update was claimed, and when it was settled. Pure."""
from __future__ import annotations

import math
from bisect import bisect_right
from typing import Iterable, Iterator, NamedTuple, Sequence

from . import ranges
from .claim import Claim
from .ranges import Ranges
from .run_record import RunRecord

SLACK = 1  # seconds: times are whole seconds, and two clocks that are compared may differ
NEVER = math.inf


class Window(NamedTuple):
    """Updates ``[first, stop)`` that were claimed at ``ts``, and whose run ended at ``settled``, in Unix seconds.

    ``settled`` is NEVER if it has not ended. What could not be written is in the window of a later run as well.
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
    """What run records, and the claims that are still open, say about the updates of ``total`` documents."""

    def __init__(self, records: Iterable[RunRecord] = (), claims: Iterable[Claim] = (), total: int = 1) -> None:
        self.records = {record.run: record for record in records}
        self._total = total
        self._own = _Windows(_own_window(record) for record in self.records.values() if record.count)
        self._others = _Windows([window for record in self.records.values() for window in _redone(record)]
                                + [Window(first, stop, claim.ts, NEVER) for claim in claims
                                   for first, stop in claim.updates])

    @property
    def begins(self) -> int | None:
        """The time of the earliest run on record, None if there is none."""
        return self.records[min(self.records)].ts if self.records else None

    @property
    def ends(self) -> int:
        """The time of the latest claim on record."""
        return max((window.ts for window in self._windows()), default=0)

    def times(self, update: int) -> set[int]:
        """The times at which an update was claimed, empty if that is not on record; several if it was made again."""
        return self._own.times(update) | self._others.times(update)

    def between(self, start: float, end: float) -> Between | None:
        """Bounds of where documents stood from one time to another, in Unix seconds; None if these are not on record.

        Only the updates of the lap before the start matter: later ones of the same documents cannot be older.
        """
        moment, begins = start - SLACK, self.begins
        if begins is None or (min(self.records) and begins >= moment):
            return None
        before = [window for window in self._windows() if window.ts <= moment]
        position = max((window.stop for window in before), default=0)
        lap = ranges.window(max(position - self._total, min((window.first for window in before), default=0)), position)
        unsettled = _updates(window for window in before if window.settled >= moment)
        settled = ranges.minus(_updates(window for window in before if window.settled < moment), unsettled)
        since = next((first for first, __ in ranges.minus(lap, settled)), position)
        later = [window.first for window in self._windows() if window.ts > end + SLACK]
        reached = max((window.stop for window in self._windows() if window.ts <= end + SLACK), default=0)
        return Between(since, max(min(later), reached) if later else None)

    def _windows(self) -> Iterator[Window]:
        yield from self._own
        yield from self._others

    def differs(self, other: History) -> int | None:
        """The first update of the earliest run that another history has differently, None if there is none."""
        common = sorted(set(self.records) & set(other.records))
        found = (self.records[run].first for run in common if _mark(self.records[run]) != _mark(other.records[run]))
        return next(found, None)


class _Windows:
    """Windows by their first updates; fast if they do not overlap much."""

    def __init__(self, windows: Iterable[Window]) -> None:
        self._windows = sorted(windows)
        self._firsts = [window.first for window in self._windows]
        self._furthest = _maxima(window.stop for window in self._windows)

    def __iter__(self) -> Iterator[Window]:
        return iter(self._windows)

    def times(self, update: int) -> set[int]:
        """The times at which an update was claimed."""
        found = set()
        place = bisect_right(self._firsts, update) - 1
        while place >= 0 and self._furthest[place] > update:
            if update < self._windows[place].stop:
                found.add(self._windows[place].ts)
            place -= 1
        return found


def _own_window(record: RunRecord) -> Window:
    """The window that was handed out to a run."""
    return Window(record.first, record.first + record.count, record.ts, _ended(record))


def _redone(record: RunRecord) -> list[Window]:
    """The windows that a run took over."""
    return [Window(first, first + count, ts, _ended(record)) for first, count, ts in record.redone or ()]


def _ended(record: RunRecord) -> float:
    """When a run ended, rounded up."""
    return record.ts + math.ceil(record.dt) + SLACK


def _updates(windows: Iterable[Window]) -> Ranges:
    """The updates of windows."""
    return ranges.union(*(((window.first, window.stop),) for window in windows))


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
