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
from .classic_stream import ClassicStream
from .ledger import Fork
from .missed import Entries
from .ranges import Ranges
from .run_record import RunRecord
from .stream import Stream

SLACK = 1  # seconds: times are whole seconds, and two clocks that are compared may differ
NEVER = math.inf


class Window(NamedTuple):
    """The updates at some places that were claimed at ``ts``, and whose run ended at ``settled``, in Unix seconds.

    ``settled`` is NEVER if it has not ended; if it is not ``is_certain``, perhaps not all of its updates were settled
    then. What could not be written is in the window of a later run as well.
    """

    updates: Ranges
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
    """What run records, and the claims that are still open, say about the updates of a stream.

    Records of windows that no run can have had are ignored. At each of the ``forks``, an earlier state was restored.
    """

    def __init__(self, stream: Stream, records: Iterable[RunRecord] = (), claims: Iterable[Claim] = (),
                 forks: Iterable[Fork] = ()) -> None:
        self.records = {record.run: record for record in records if record.count <= stream.total}
        self._stream = stream
        self._forks = tuple(forks)
        open_now = [Window(claim.updates, claim.ts, NEVER) for claim in claims]
        self._windows = open_now + _settled_windows(stream, list(self.records.values()), open_now)
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

    def times(self, place: int) -> frozenset[int]:
        """The times at which the update at a place was claimed, empty if that is not on record.

        Several if it was made again.
        """
        return self._times[bisect_right(self._edges, place)]

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
        later = [window for window in windows if window.ts > end + SLACK and window.ts not in restored]
        reached = self._end_of(window for window in windows if window.ts <= end + SLACK)
        until = max(self._begin_of(later), reached) if later else None
        holes = ranges.minus(self._stream.window(strict, self._end_of(windows) if until is None else until),
                             _updates(windows))
        return Between(since, until, since < strict or bool(holes))

    def _windows_at(self, moment: float) -> list[Window]:
        """The windows without updates that had been undone at a moment, as an earlier state was restored."""
        undone = [fork for fork in self._forks if fork.ts <= moment]
        if not undone:
            return self._windows
        limits = ((window, [fork.position for fork in undone if window.ts < fork.ts]) for window in self._windows)
        left = (window._replace(updates=ranges.both(window.updates, self._stream.window(0, min(limit))))
                if limit else window for window, limit in limits)
        return [window for window in left if window.updates]

    def _settled(self, before: list[Window], moment: float) -> int:
        """The latest position at which the latest update of each document was written or missed at a moment.

        Only the last lap shows it: an update is handed out when earlier ones of the same document are closed.
        """
        position = self._end_of(before)
        open_then = _updates(window for window in before if window.settled >= moment)
        in_doubt = ranges.union(ranges.both(open_then, self._stream.latest(position)),
                                self._stream.deletions(open_then))
        return self._stream.first(in_doubt) if in_doubt else position

    def _without_gaps(self, before: list[Window], since: int) -> int:
        """A position, or an earlier one if updates before it are on no record, or perhaps were not written.

        A run that was killed may have superseded them, so their documents may be older.
        """
        certain = _updates(window for window in before if window.is_certain)
        on_record = ranges.union(certain, missed.as_ranges(self.missed))
        gaps = ranges.minus(self._stream.window(self._begin_of(before), since), on_record)
        while gaps:
            latest = self._stream.latest(since)
            in_doubt = tuple(gap for gap in gaps if ranges.both((gap,), latest))
            if not in_doubt:
                break
            since = self._stream.first(in_doubt)
            gaps = ranges.both(gaps, self._stream.window(0, since))
        return since

    def _begin_of(self, windows: Iterable[Window]) -> int:
        """The first update of windows, 0 without any."""
        return min((self._stream.first(window.updates) for window in windows), default=0)

    def _end_of(self, windows: Iterable[Window]) -> int:
        """The position after the last update of windows."""
        return max((self._stream.stop(window.updates) for window in windows), default=0)

    def differs(self, other: History) -> int | None:
        """The first update of the earliest run that another history has differently, None if there is none."""
        common = sorted(set(self.records) & set(other.records))
        found = (self.records[run].first for run in common if _mark(self.records[run]) != _mark(other.records[run]))
        return next(found, None)


def _settled_windows(stream: Stream, records: list[RunRecord], open_now: list[Window]) -> list[Window]:
    """The windows of runs, the ones that they took over included.

    They are not certain if the run has left updates that neither a later run nor an open claim has.
    """
    redone = [(record.run, *window) for record in records for window in record.redone or ()]
    found = []
    for record in records:
        own = _windows(stream, record)
        left = record.errors - ranges.size(missed.as_ranges(record.missed))
        if left > 0:
            times = {window.ts for window in own}
            again: list[Ranges] = [((first, first + count),) for run, first, count, ts in redone
                                   if run > record.run and ts in times]
            again += [window.updates for window in open_now if window.ts in times]
            left -= ranges.size(ranges.both(ranges.union(*again), _updates(own)))
        found += [window._replace(is_certain=left <= 0) for window in own]
    return found


def _windows(stream: Stream, record: RunRecord) -> list[Window]:
    """The window that was handed out to a run, and the ones that it took over."""
    settled = record.ended + SLACK
    found = [Window(((first, first + count),), ts, settled) for first, count, ts in record.redone or () if count]
    if record.count:
        found.insert(0, Window(stream.window(record.first, record.first + record.count), record.ts, settled))
    return found


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
    """The places at which windows begin or end, in order, and the times of the windows around each of them.

    The first set is of the places before the first edge, the others are of those from each edge on.
    """
    edges = chain.from_iterable(((first, True, window.ts), (stop, False, window.ts))
                                for window in windows for first, stop in window.updates)
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
    return ranges.union(*(window.updates for window in windows))


def _mark(record: RunRecord) -> tuple[int, int, int, str, float]:
    """What two runs of one number have in common only if they are the same run."""
    return record.ts, record.first, record.count, record.host, record.dt


NO_HISTORY = History(ClassicStream(0, 1, 1))
