# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of writing windows: counts of documents, and the unfinished parts. Pure."""
from __future__ import annotations

import re
from collections import Counter
from typing import Any, Dict, Mapping, NamedTuple

from ..errors import ServerError
from . import ranges
from .claim import Claim
from .claiming import Parts
from .latencies import NO_REQUESTS, Latencies, pooled
from .ranges import Ranges

SAMPLES = 5  # how many of the documents that could not be written are named
WORD = re.compile("(?!https?$)[a-z][a-z_ ]{0,39}")  # CouchDB's word for an error; not the start of a URL
OTHER = "other"
ADDED = ("written", "accepted", "current", "superseded", "conflicts", "foreign", "errors", "samples")

Data = Dict[str, Any]


class Failure(NamedTuple):
    """A document that could not be written."""

    id: str
    update: int
    reason: str


class Outcome(NamedTuple):
    """The outcome of writing windows, or one batch.

    Counts of documents: ``written`` (``accepted`` of them by fewer nodes than a quorum); ``current``, which already
    held their update or a later one (``superseded`` of them, hot ones, a later one); ``foreign``, which others had
    deleted or written; ``errors``, which could not be written. ``conflicts`` counts refused writes. ``samples`` are the
    first few errors; ``failed`` counts, by class, the errors that have a reason of their own. ``latencies`` are those
    of the bulk requests. ``broken`` is the error that ended the writing early. ``refused`` are the updates that the
    server refused for good, which are errors, too; ``unfinished`` are the other updates that were not written, by
    claim.
    """

    written: int = 0
    accepted: int = 0
    current: int = 0
    superseded: int = 0
    conflicts: int = 0
    foreign: int = 0
    errors: int = 0
    samples: tuple[Failure, ...] = ()
    failed: Mapping[str, int] = {}
    latencies: Latencies = NO_REQUESTS
    broken: ServerError | None = None
    refused: Ranges = ranges.NONE
    unfinished: Mapping[Claim, Ranges] = {}

    def plus(self, other: Outcome) -> Outcome:
        """The outcome of both batches."""
        sums = {name: getattr(self, name) + getattr(other, name) for name in ADDED}
        return Outcome(**dict(sums, samples=sums["samples"][:SAMPLES]), broken=self.broken or other.broken,
                       failed=Counter(self.failed) + Counter(other.failed),
                       latencies=pooled((self.latencies, other.latencies)),
                       refused=ranges.union(self.refused, other.refused),
                       unfinished=_joined(self.unfinished, other.unfinished))

    @property
    def parts(self) -> Parts:
        """What became of the claims."""
        unfinished = [claim._replace(updates=updates) for claim, updates in self.unfinished.items()]
        return Parts(unfinished, self.refused, is_complete=not (self.broken or self._left))

    @property
    def _left(self) -> int:
        """How many updates were not tried because of a stop."""
        if self.broken:
            return 0
        unfinished = sum(map(ranges.size, self.unfinished.values()))
        return unfinished + ranges.size(self.refused) - self.errors

    @property
    def classes(self) -> dict[str, int]:
        """The errors by class: CouchDB's word for each, or the kind of error that ended the writing early."""
        counts = Counter(self.failed)
        rest = self.errors - sum(counts.values())
        if rest > 0:
            counts[type(self.broken).__name__.lower() if self.broken else OTHER] += rest
        return dict(counts)

    def dump(self, dt: float, first: int) -> Data:
        """The part ``after`` of a cycle's report; ``dt`` is its duration in seconds, ``first`` its first update."""
        after: Data = {"updates": self.written, "dt": round(dt, 3), "rate": rate(self.written, dt),
                       "errors": self.errors, "first": first}
        after.update(nonzero(refused=ranges.size(self.refused), accepted=self.accepted, superseded=self.superseded,
                             conflicts=self.conflicts, foreign=self.foreign, left=self._left))
        if self.samples:
            after["samples"] = [failure._asdict() for failure in self.samples]
        if self.broken:
            after["reason"] = str(self.broken)
        return after


NOTHING = Outcome()


def nonzero(**values: Any) -> Data:
    """Values without those that are 0 or empty."""
    return {name: value for name, value in values.items() if value}


def rate(updates: int, dt: float) -> float:
    """Documents per second, rounded for reports; 0.0 for a duration of 0."""
    return round(updates / dt, 1) if dt > 0 else 0.0


def error_class(reason: str) -> str:
    """The class of an error, from its reason."""
    word = reason.partition(":")[0]
    return word if WORD.fullmatch(word) else OTHER


def _joined(one: Mapping[Claim, Ranges], other: Mapping[Claim, Ranges]) -> dict[Claim, Ranges]:
    """For each claim, the updates in either."""
    joined = dict(one)
    for claim, updates in other.items():
        joined[claim] = ranges.union(joined.get(claim, ranges.NONE), updates)
    return joined
