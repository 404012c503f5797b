# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run records: one small document per settled cycle, the history of a database. Pure."""
from __future__ import annotations

import math
from typing import Any, Callable, Dict, Mapping, NamedTuple, Sequence

from . import ranges
from .claim import Claim
from .limits import MAX_POSITION, is_count, is_integer
from .outcome import Outcome

RING = 10000  # records; then each new one replaces the oldest
ID_PREFIX = "couchdyno_run_"
CYCLE, FILL = "cycle", "fill"
KINDS = (CYCLE, FILL)

Document = Dict[str, Any]


class RunRecord(NamedTuple):
    """What a run did.

    Its number, the time ``ts`` of its claim (Unix seconds of the server), its duration ``dt`` (seconds), the window
    ``[first, first + count)`` that was handed to it (0 updates if it only finished unfinished ones), documents written
    and not written, one of KINDS, the driver's host, and percentiles of the durations of bulk requests (seconds).

    The rest may be None: its number of ``connections``, its ``limit`` (documents per second), the ``sizes`` of the
    database at about the claim (bytes, ``active`` and ``file``), its errors by class, how many of them the server
    ``refused`` for good, and the windows that it took over from earlier runs, each as ``[first, count, ts]``. So the
    records of all runs together show when each update was handed out, and that none was handed out twice. ``stored`` is
    the document that the record was read from.
    """

    run: int
    ts: int
    dt: float = 0.0
    first: int = 0
    count: int = 0  # type: ignore[assignment]  # tuple.count is not needed
    updates: int = 0
    errors: int = 0
    kind: str = CYCLE
    host: str = ""
    latency: Mapping[str, float] = {}
    connections: int | None = None
    limit: float | None = None
    sizes: Mapping[str, int] | None = None
    classes: Mapping[str, int] | None = None
    redone: Sequence[list[int]] | None = None
    refused: int | None = None
    stored: Document | None = None

    @classmethod
    def of(cls, claims: Sequence[Claim], outcome: Outcome, **settings: Any) -> RunRecord:
        """The record of a run with these claims, the newest last; ``settings`` are the other fields."""
        newest = claims[-1]
        redone = [[*window, claim.ts] for claim in claims if claim.redo for window in ranges.dump(claim.updates)]
        return cls(run=newest.run, ts=newest.ts, first=newest.first, count=0 if newest.redo else newest.count,
                   updates=outcome.written, errors=outcome.errors, host=newest.host, latency=outcome.latency(),
                   refused=ranges.size(outcome.refused) or None,
                   classes=outcome.classes or None, redone=redone or None, **settings)

    @classmethod
    def load(cls, document: Document) -> RunRecord | None:
        """The record in a document, None if its fields make no sense."""
        fields = {name: document[name] for name in CHECKS if document.get(name) is not None}
        is_sound = {"run", "ts"} <= set(fields) and all(CHECKS[name](value) for name, value in fields.items())
        return cls(**fields, stored=document) if is_sound else None

    def dump(self) -> Document:
        """The fields for the document and for reports."""
        if self.stored is not None:
            return {name: value for name, value in self.stored.items() if not name.startswith("_")}
        return {name: value for name, value in self._asdict().items() if value is not None}

    @property
    def rate(self) -> float:
        """Documents per second; 0.0 for a duration of 0."""
        return self.updates / self.dt if self.dt else 0.0

    @property
    def has_rate(self) -> bool:
        """Whether it wrote something, so that its rate means something."""
        return self.updates > 0 and self.dt > 0


def record_id(run: int) -> str:
    """The id of the document for the record of a run."""
    return f"{ID_PREFIX}{run % RING:05d}"


def _is_whole(value: Any) -> bool:
    return is_count(value, 0, MAX_POSITION)


def _is_number(value: Any) -> bool:
    return (is_integer(value) or isinstance(value, float)) and math.isfinite(value) and value >= 0


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_latency(value: Any) -> bool:
    return isinstance(value, dict) and (not value or {"p50", "p95", "p99"} <= set(value)) and all(
        map(_is_number, value.values()))


def _is_mapping_of(check: Callable[[Any], bool]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(map(check, value.values()))


def _is_redone(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(window, list) and len(window) == 3 and all(map(_is_whole, window))
                                           for window in value)


CHECKS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("run", "ts", "first", "count", "updates", "errors", "connections", "refused"), _is_whole),
    **dict.fromkeys(("dt", "limit"), _is_number),
    **dict.fromkeys(("kind", "host"), _is_text),
    "latency": _is_latency, "sizes": _is_mapping_of(_is_whole), "classes": _is_mapping_of(_is_whole),
    "redone": _is_redone,
}
