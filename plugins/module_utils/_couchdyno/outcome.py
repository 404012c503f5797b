# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What became of windows: counts of documents, and what is left to do."""
from __future__ import annotations

import re
from collections import Counter
from typing import Any

from .errors import ServerError
from .ledger import Claim

SAMPLES = 5  # how many of the documents that could not be written are named
WORD = re.compile("(?!https?$)[a-z][a-z_ ]{0,39}")  # how CouchDB calls an error; a URL is none
OTHER = "other"
COUNTS = ("written", "accepted", "current", "conflicts", "foreign", "errors")


class Outcome:
    """Counts, samples and remains.

    ``written`` (``accepted`` of them by fewer nodes than a quorum); ``current``: held their update or a later one
    already; ``conflicts`` met on the way; ``foreign``: were not as this program leaves documents, but gone or written
    by somebody else; ``errors``: could not be written, the first few with their reasons in ``samples``. ``latencies``
    are the seconds that each bulk request took. ``broken`` is what made the writer give up.
    """

    def __init__(self) -> None:
        self.written = self.accepted = self.current = self.conflicts = self.foreign = self.errors = 0
        self.samples: list[dict[str, Any]] = []
        self.latencies: list[float] = []
        self.broken: ServerError | None = None
        self._left: dict[Claim, tuple[int, int]] = {}
        self._classes: Counter[str] = Counter()

    @property
    def left_count(self) -> int:
        """How many updates remain to be done, with those that lie between them."""
        return sum(stop - first for first, stop in self._left.values())

    @property
    def left(self) -> list[Claim]:
        """What remains to be done, a part of each claim."""
        return [claim._replace(first=first, count=stop - first) for claim, (first, stop) in self._left.items()]

    @property
    def classes(self) -> dict[str, int]:
        """The errors by class: CouchDB's word for it, or what made the writer give up."""
        counts = Counter(self._classes)
        rest = self.errors - sum(counts.values())
        if rest > 0:
            counts[type(self.broken).__name__.lower() if self.broken else OTHER] += rest
        return dict(counts)

    def fail(self, claim: Claim, update: int, document_id: str, reason: str) -> None:
        """Note a document that could not be written."""
        self.errors += 1
        self._classes[error_class(reason)] += 1
        self.leave(claim, update, update + 1)
        if len(self.samples) < SAMPLES:
            self.samples.append({"id": document_id, "update": update, "reason": reason})

    def leave(self, claim: Claim, first: int, stop: int) -> None:
        """Note updates that remain to be done; of each claim, the window that spans them all is left."""
        low, high = self._left.get(claim, (first, stop))
        self._left[claim] = min(low, first), max(high, stop)

    def add(self, other: Outcome) -> None:
        """Take in the outcome of a batch."""
        for name in COUNTS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.samples = (self.samples + other.samples)[:SAMPLES]
        self._classes.update(other._classes)
        self.latencies += other.latencies
        self.broken = self.broken or other.broken
        for claim, (first, stop) in other._left.items():
            self.leave(claim, first, stop)


def error_class(reason: str) -> str:
    """The class of an error, from the reason that is told of it."""
    word = reason.partition(":")[0]
    return word if WORD.fullmatch(word) else OTHER
