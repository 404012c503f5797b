# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of writing windows: counts of documents, and what remains to be done. Pure."""
from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, Mapping, NamedTuple, Sequence, Tuple

from ..errors import ServerError
from .claim import Claim

SAMPLES = 5  # how many of the documents that could not be written are named
WORD = re.compile("(?!https?$)[a-z][a-z_ ]{0,39}")  # how CouchDB calls an error; a URL is none
OTHER = "other"
PERCENTILES = (50, 95, 99)

Data = Dict[str, Any]
Window = Tuple[int, int]  # its first update, and the first after it


class Failure(NamedTuple):
    """A document that could not be written."""

    id: str
    update: int
    reason: str


class Outcome(NamedTuple):
    """What became of windows, or of a batch of one.

    ``written`` documents (``accepted`` of them by fewer nodes than a quorum); ``current`` ones held their update or a
    later one already; ``conflicts`` met on the way; ``foreign`` ones were not as this program leaves documents, but
    gone or written by somebody else; ``errors`` could not be written. Of these, the first few are ``samples``, and
    ``failed`` counts those with a reason of their own by class. ``latencies`` are the seconds that each bulk request
    took. ``broken`` is what made the writer give up. ``windows`` are what remains to be done: one of each claim, with
    what lies between.
    """

    written: int = 0
    accepted: int = 0
    current: int = 0
    conflicts: int = 0
    foreign: int = 0
    errors: int = 0
    samples: tuple[Failure, ...] = ()
    failed: Mapping[str, int] = {}
    latencies: tuple[float, ...] = ()
    broken: ServerError | None = None
    windows: Mapping[Claim, Window] = {}

    def plus(self, other: Outcome) -> Outcome:
        """The outcome of both, for batches that were written one after the other."""
        return Outcome(
            self.written + other.written, self.accepted + other.accepted, self.current + other.current,
            self.conflicts + other.conflicts, self.foreign + other.foreign, self.errors + other.errors,
            (self.samples + other.samples)[:SAMPLES], Counter(self.failed) + Counter(other.failed),
            self.latencies + other.latencies, self.broken or other.broken, _joined(self.windows, other.windows))

    @property
    def left(self) -> list[Claim]:
        """What remains to be done, a part of each claim."""
        return [claim._replace(first=first, count=stop - first) for claim, (first, stop) in self.windows.items()]

    @property
    def classes(self) -> dict[str, int]:
        """The errors by class: CouchDB's word for each, or what made the writer give up."""
        counts = Counter(self.failed)
        rest = self.errors - sum(counts.values())
        if rest > 0:
            counts[type(self.broken).__name__.lower() if self.broken else OTHER] += rest
        return dict(counts)

    def dump(self, dt: float, first: int) -> Data:
        """The part ``after`` of a cycle's report; ``dt`` is its duration in seconds, ``first`` its first update."""
        after: Data = {"updates": self.written, "dt": round(dt, 3), "rate": rate(self.written, dt),
                       "errors": self.errors, "first": first}
        left = 0 if self.broken else sum(claim.count for claim in self.left) - self.errors
        after.update(nonzero(accepted=self.accepted, conflicts=self.conflicts, foreign=self.foreign, left=left))
        if self.samples:
            after["samples"] = [failure._asdict() for failure in self.samples]
        if self.broken:
            after["reason"] = str(self.broken)
        return after

    def latency(self) -> dict[str, float]:
        """Percentiles of the latencies, by the nearest rank: ``{"p50", "p95", "p99", "max"}``, empty without any."""
        return percentiles(self.latencies)


NOTHING = Outcome()


def nonzero(**counts: int) -> Data:
    """Counts without those that are 0."""
    return {name: value for name, value in counts.items() if value}


def rate(updates: int, dt: float) -> float:
    """Documents per second, as reports give it; 0.0 if it took no time."""
    return round(updates / dt, 1) if dt > 0 else 0.0


def error_class(reason: str) -> str:
    """The class of an error, from the reason that is given for it."""
    word = reason.partition(":")[0]
    return word if WORD.fullmatch(word) else OTHER


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    """Percentiles of latencies, by the nearest rank: ``{"p50", "p95", "p99", "max"}``, empty without any."""
    if not seconds:
        return {}
    ordered = sorted(seconds)
    ranks = {f"p{p}": ordered[-(-len(ordered) * p // 100) - 1] for p in PERCENTILES}
    return {name: round(value, 4) for name, value in dict(ranks, max=ordered[-1]).items()}


def _joined(one: Mapping[Claim, Window], other: Mapping[Claim, Window]) -> dict[Claim, Window]:
    """For each claim, the window that spans what both leave of it."""
    joined = dict(one)
    for claim, (first, stop) in other.items():
        low, high = joined.get(claim, (first, stop))
        joined[claim] = min(low, first), max(high, stop)
    return joined
