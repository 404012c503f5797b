# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Medians, and whether a change between two of them exceeds noise. Pure.

Rates and latencies have long tails and outliers, so nothing here assumes a normal distribution or uses means.
"""
from __future__ import annotations

import math
from statistics import median
from typing import NamedTuple, Sequence

DOUBT = 0.01  # the accepted probability that a range misses its median
DEVIATIONS = 2.5758  # the same in standard deviations of a normal distribution
MANY = 500  # above this number of values, the normal distribution approximates the binomial one
FEWEST = 8  # values that a range requires: 2 / 2 ** 8 is the first probability below DOUBT

WORSE, BETTER, SAME, UNKNOWN = "worse", "better", "same", "unknown"


class Middle(NamedTuple):
    """The median of a number of ``values``; in 99 of 100 cases the true median is from ``low`` to ``high``.

    ``low`` and ``high`` are None if there are too few values.
    """

    median: float
    low: float | None
    high: float | None
    values: int


def middle(values: Sequence[float]) -> Middle:
    """The median of at least one value, and its range, computed from the order of the values alone."""
    ordered = sorted(values)
    count = len(ordered)
    rank = _rank(count)
    if not rank:
        return Middle(median(ordered), None, None, count)
    return Middle(median(ordered), ordered[rank - 1], ordered[-rank], count)


def judge(before: Middle, after: Middle, tolerance: float, more_is_better: bool) -> str:
    """Whether a median is WORSE or BETTER than the one before by more than ``tolerance`` (a share: 0.1 is 10 %).

    It is if its whole range lies beyond the whole range of the other, widened by the tolerance. Changes within noise
    are SAME. UNKNOWN without ranges.
    """
    if before.low is None or before.high is None or after.low is None or after.high is None:
        return UNKNOWN
    if after.high < before.low * (1 - tolerance):
        return WORSE if more_is_better else BETTER
    if after.low > before.high * (1 + tolerance):
        return BETTER if more_is_better else WORSE
    return SAME


def change(before: float, after: float) -> float | None:
    """The change of a value in percent; None if it was 0."""
    return round(100 * (after - before) / before, 1) if before else None


def _rank(count: int) -> int:
    """The rank, from either end, of the two values that enclose the median of ``count`` values; 0: too few values.

    The number of values below the median follows a binomial distribution, whatever the values are.
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
