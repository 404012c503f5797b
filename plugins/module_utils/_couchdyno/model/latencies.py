# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Latencies: how long requests took, as counts in logarithmic buckets. Pure.

Percentiles cannot be combined, but counts can: the counts of several cycles, added up, are those of all their requests.
The first bucket is for durations of up to 1 ms, the last one for those above 56 s. In between, each bucket ends at 1.33
times its beginning (8 buckets for a factor of ten), so a percentile computed from buckets is off by a third at most.
"""
from __future__ import annotations

import math
from bisect import bisect_left
from collections import Counter
from itertools import accumulate
from typing import Any, Dict, Iterable, Mapping, NamedTuple

from .limits import MAX_POSITION, is_amount, is_count

PER_DECADE = 8
BOUNDS = tuple(10 ** (number / PER_DECADE) for number in range(39))  # milliseconds: the end of each bucket but the last
BEGINNINGS = (0.0, *BOUNDS)
ENDS = (*BOUNDS, math.inf)
BUCKETS = {str(bucket): bucket for bucket in range(len(ENDS))}  # by their names in documents
GREATEST = "max"
PERCENTILES = (50, 95, 99)

Data = Dict[str, Any]


class Latencies(NamedTuple):
    """The number of requests in each bucket, without empty buckets, and the ``greatest`` duration (milliseconds).

    Durations are rounded to 0.1 ms.
    """

    counts: Mapping[int, int] = {}
    greatest: float = 0.0

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Latencies:
        """The latencies of requests that took this long."""
        rounded = [round(1000 * each, 1) for each in seconds]
        return cls(dict(Counter(map(_bucket_of, rounded))), max(rounded, default=0.0))

    @classmethod
    def load(cls, dumped: Any) -> Latencies | None:
        """The latencies in a document, None if they make no sense."""
        if is_amount(dumped):
            return cls({_bucket_of(dumped): 1}, dumped)
        if not isinstance(dumped, dict):
            return None
        counts = {BUCKETS[name]: count for name, count in dumped.items()
                  if name in BUCKETS and is_count(count, 1, MAX_POSITION)}
        greatest = dumped.get(GREATEST, 0.0)
        if len(counts) + (GREATEST in dumped) != len(dumped) or not is_amount(greatest):
            return None
        is_sound = max(counts) == _bucket_of(greatest) if counts else not dumped
        return cls(counts, greatest) if is_sound else None

    def dump(self) -> Data | float:
        """For a document: counts by the number of the bucket, and ``max`` (milliseconds).

        For one request, only its duration.
        """
        if not self.counts:
            return {}
        if sum(self.counts.values()) == 1:
            return self.greatest
        return {**{str(bucket): count for bucket, count in sorted(self.counts.items())}, GREATEST: self.greatest}

    def percentiles(self) -> dict[str, float]:
        """``{"p50", "p95", "p99", "max"}`` in seconds, by the nearest rank; empty without requests.

        The requests of a bucket are assumed to be spread evenly over it, but not beyond the greatest duration. So each
        percentile is in the bucket of the exact one, and it is exact if it is the greatest duration.
        """
        if not self.counts:
            return {}
        ordered = sorted(self.counts.items())
        upto = list(accumulate(count for __, count in ordered))  # how many requests there are up to each bucket's end

        def duration(rank: int) -> float:
            if rank == upto[-1]:
                return self.greatest
            place = bisect_left(upto, rank)
            bucket, count = ordered[place]
            begin, end = BEGINNINGS[bucket], min(ENDS[bucket], self.greatest)
            return begin + (end - begin) * (rank - 0.5 - (upto[place] - count)) / count

        ranks = {f"p{percent}": -(-upto[-1] * percent // 100) for percent in PERCENTILES}
        found = {**{name: duration(rank) for name, rank in ranks.items()}, GREATEST: self.greatest}
        return {name: round(milliseconds / 1000, 4) for name, milliseconds in found.items()}


NO_REQUESTS = Latencies()


def pooled(many: Iterable[Latencies]) -> Latencies:
    """The latencies of all requests together."""
    counts: Counter[int] = Counter()
    greatest = 0.0
    for each in many:
        counts.update(each.counts)
        greatest = max(greatest, each.greatest)
    return Latencies(dict(counts), greatest)


def _bucket_of(milliseconds: float) -> int:
    return bisect_left(BOUNDS, milliseconds)
