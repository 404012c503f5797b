# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, and what can be said of them with certainty. Pure.

Rates and latencies have long tails and stray values, so nothing here supposes a bell curve, or looks at means.
"""
from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple, Sequence

DOUBT = 0.01  # how likely a range may miss the median that it is for
DEVIATIONS = 2.5758  # the same in standard deviations of a normal distribution
MANY = 500  # from so many values on, the normal distribution serves in the place of the binomial one
FEWEST = 8  # values that a range takes: 2 / 2 ** 8 is the first below DOUBT

WORSE, BETTER, SAME, UNKNOWN = "worse", "better", "same", "unknown"


class Middle(NamedTuple):
    """The median of so many ``values``; in 99 of 100 cases the true one lies from ``low`` to ``high``.

    ``low`` and ``high`` are None where there are too few values to tell.
    """

    median: float
    low: float | None
    high: float | None
    values: int


def middle(values: Sequence[float]) -> Middle:
    """The median of at least one value and the range of it, from the order of the values alone."""
    ordered = sorted(values)
    count = len(ordered)
    rank = _rank(count)
    if not rank:
        return Middle(median(ordered), None, None, count)
    return Middle(median(ordered), ordered[rank - 1], ordered[-rank], count)


def judge(before: Middle, after: Middle, tolerance: float, more_is_better: bool) -> str:
    """Whether a median is WORSE or BETTER than one before by more than ``tolerance`` (a share: 0.1 is 10 %).

    It is when the whole range of the one lies beyond the whole range of the other, moved by the tolerance: what chance
    explains is the SAME. UNKNOWN without ranges.
    """
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return UNKNOWN
    if after.high < before.low * (1 - tolerance):
        return WORSE if more_is_better else BETTER
    if after.low > before.high * (1 + tolerance):
        return BETTER if more_is_better else WORSE
    return SAME


def change(before: float, after: float) -> float | None:
    """By how many percent a value has changed; None where it was 0."""
    return round(100 * (after - before) / before, 1) if before else None


def _rank(count: int) -> int:
    """The rank, from either end, of the values between which the median of ``count`` values lies; 0: too few.

    The number of values below the median is binomial, whatever they are.
    """
    if count < FEWEST:
        return 0
    if count > MANY:
        return int((count - DEVIATIONS * math.sqrt(count)) / 2)
    rank, term = 0, 0.5 ** count
    beyond = term
    while 2 * beyond <= DOUBT:
        rank += 1
        term *= (count - rank + 1) / rank
        beyond += term
    return rank
