# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The history of an update stream, from run records: when each update was claimed, and when it was settled. Pure."""
from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from itertools import chain
from typing import Iterable, NamedTuple

from . import missed, ranges
from .claim import Claim
from .ledger import Fork
from .limits import MAX_TOTAL
from .missed import Entries
from .ranges import Ranges
from .run_record import RunRecord

SLACK = 1  # seconds: times are whole seconds, and two clocks that are compared may differ
NEVER = math.inf


class Window(NamedTuple):
    """Updates ``[first, stop)`` that were claimed at ``ts``, and whose run ended at ``settled``, in Unix seconds.

    ``settled`` is NEVER if it has not ended; if it is not ``is_certain``, perhaps not all of its updates were settled
    then. What could not be written is in the window of a later run as well.
    """

    first: int
    stop: int
    ts: int
    settled: float
    is_certain: bool = True


class Between(NamedTuple):
    """The positions between which documents stood during a period; ``until`` is None if its end is not on record.

    ``has_gaps``: some updates are on no record, so documents may have stood later than at ``since``.
    """

    since: int
    until: int | None
    has_gaps: bool = False


class History:
    """What run records, and the claims that are still open, say about the updates of ``total`` documents.

    Records of windows that no run can have had are ignored. At each of the ``forks``, an earlier state was restored.
    """

    def __init__(self, records: Iterable[RunRecord] = (), claims: Iterable[Claim] = (), total: int = MAX_TOTAL,
                 forks: Iterable[Fork] = ()) -> None:
        self.records = {record.run: record for record in records if record.count <= total}
        self._total = total
        self._forks = tuple(forks)
        open_now = [Window(first, stop, claim.ts, NEVER) for claim in claims for first, stop in claim.updates]
        self._windows = open_now + _settled_windows(list(self.records.values()), open_now)
        self._edges, self._times = _timeline(self._windows)
        self.missed = _missed(self.records[run] for run in sorted(self.records, reverse=True))

    @property
    def begins(self) -> int | None:
        """The time of the earliest run on record, None if there is none."""
        return self.records[min(self.records)].ts if self.records else None

    @property
    def ends(self) -> int:
        """The time of the latest claim on record."""
        return max((window.ts for window in self._windows), default=0)

    @property
    def reach(self) -> int:
        """The position after the latest update that a run on record was handed, 0 if there is none."""
        return max((record.first + record.count for record in self.records.values()), default=0)

    def times(self, update: int) -> frozenset[int]:
        """The times at which an update was claimed, empty if that is not on record; several if it was made again."""
        return self._times[bisect_right(self._edges, update)]

    def between(self, start: float, end: float) -> Between | None:
        """Bounds of where documents stood from one time to another, in Unix seconds; None if these are not on record.

        At the earlier bound, the latest update of each document was settled at the start.
        """
        moment, begins = start - SLACK, self.begins
        if begins is None or (min(self.records) and begins >= moment):
            return None
        windows = self._windows_at(moment)
        before = [window for window in windows if window.ts <= moment]
        strict = self._settled(before, moment)
        since = self._without_gaps(before, strict)
        restored = {fork.ts for fork in self._forks}
        later = [window.first for window in windows if window.ts > end + SLACK and window.ts not in restored]
        reached = max((window.stop for window in windows if window.ts <= end + SLACK), default=0)
        until = max(min(later), reached) if later else None
        end_of_records = max((window.stop for window in windows), default=0)
        holes = ranges.minus(ranges.window(strict, end_of_records if until is None else until), _updates(windows))
        return Between(since, until, since < strict or bool(holes))

    def _windows_at(self, moment: float) -> list[Window]:
        """The windows without updates that had been undone at a moment, as an earlier state was restored."""
        undone = [fork for fork in self._forks if fork.ts <= moment]
        limits = ((window, min((fork.position for fork in undone if window.ts < fork.ts), default=window.stop))
                  for window in self._windows)
        return [window._replace(stop=min(window.stop, limit)) for window, limit in limits if window.first < limit]

    def _settled(self, before: list[Window], moment: float) -> int:
        """The latest position at which the latest update of each document was written or missed at a moment.

        Only the last lap shows it: an update is handed out when earlier ones of the same document are closed.
        """
        position = max((window.stop for window in before), default=0)
        open_then = _updates(window for window in before if window.settled >= moment)
        in_doubt = ranges.both(open_then, ranges.window(position - self._total, position))
        return in_doubt[0][0] if in_doubt else position

    def _without_gaps(self, before: list[Window], since: int) -> int:
        """A position, or an earlier one if updates before it are on no record, or perhaps were not written.

        A run that was killed may have superseded them, so their documents may be older.
        """
        certain = _updates(window for window in before if window.is_certain)
        oldest = min((window.first for window in before), default=0)
        on_record = ranges.union(certain, missed.as_ranges(self.missed))
        for first, stop in reversed(ranges.minus(ranges.window(oldest, since), on_record)):
            if stop > since - self._total:
                since = first
        return since

    def differs(self, other: History) -> int | None:
        """The first update of the earliest run that another history has differently, None if there is none."""
        common = sorted(set(self.records) & set(other.records))
        found = (self.records[run].first for run in common if _mark(self.records[run]) != _mark(other.records[run]))
        return next(found, None)


def _settled_windows(records: list[RunRecord], open_now: list[Window]) -> list[Window]:
    """The windows of runs, the ones that they took over included.

    They are not certain if the run has left updates that neither a later run nor an open claim has.
    """
    redone = [(record.run, *window) for record in records for window in record.redone or ()]
    found = []
    for record in records:
        own = _windows(record)
        left = record.errors - ranges.size(missed.as_ranges(record.missed))
        if left > 0:
            times = {window.ts for window in own}
            again = [((first, first + count),) for run, first, count, ts in redone if run > record.run and ts in times]
            again += [((window.first, window.stop),) for window in open_now if window.ts in times]
            left -= ranges.size(ranges.both(ranges.union(*again), _updates(own)))
        found += [window._replace(is_certain=left <= 0) for window in own]
    return found


def _windows(record: RunRecord) -> list[Window]:
    """The window that was handed out to a run, and the ones that it took over."""
    own = [(record.first, record.count, record.ts)] if record.count else []
    settled = record.ended + SLACK
    return [Window(first, first + count, ts, settled) for first, count, ts in (*own, *(record.redone or ()))]


def _missed(records: Iterable[RunRecord]) -> Entries:
    """The updates that runs found to be missed, without those that later ones have written; the latest run first."""
    written = ranges.NONE
    found = []
    for record in records:
        found.append(missed.without(record.missed, written))
        own = missed.as_ranges(record.missed)
        if record.redone and record.errors <= ranges.size(own):
            again = ranges.union(*(((first, first + count),) for first, count, __ in record.redone))
            written = ranges.union(written, ranges.minus(again, own))
    return missed.union(*found)


def _timeline(windows: Iterable[Window]) -> tuple[list[int], list[frozenset[int]]]:
    """The updates at which windows begin or end, in order, and the times of the windows around each of them.

    The first set is of the updates before the first edge, the others are of those from each edge on.
    """
    edges = chain.from_iterable(((window.first, True, window.ts), (window.stop, False, window.ts))
                                for window in windows if window.first < window.stop)
    places: list[int] = []
    times: list[frozenset[int]] = [frozenset()]
    open_now: Counter[int] = Counter()
    for update, begins, ts in sorted(edges):
        open_now[ts] += 1 if begins else -1
        if places and places[-1] == update:
            times.pop()
        else:
            places.append(update)
        times.append(frozenset(+open_now))
    return places, times


def _updates(windows: Iterable[Window]) -> Ranges:
    """The updates of windows."""
    return ranges.union(*(((window.first, window.stop),) for window in windows))


def _mark(record: RunRecord) -> tuple[int, int, int, str, float]:
    """What two runs of one number have in common only if they are the same run."""
    return record.ts, record.first, record.count, record.host, record.dt


NO_HISTORY = History()
