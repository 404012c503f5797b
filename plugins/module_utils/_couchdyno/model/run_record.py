# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run records: one small document per settled cycle, the history of a database. Pure.

A database keeps up to 10,000 records at a time, so their documents are as small as possible. In FORMAT, the only one
that is written, the id says which place in the ring the record has, and ``round`` how often the ring was full before;
``window`` is ``[first, count, ts]``, ``ms`` the duration in whole milliseconds, ``latency`` what ``Latencies.dump``
returns, ``sizes`` a list in the order of SIZES, and ``missed`` what ``missed.dump`` returns. Fields with the value in
ASSUMED are left out, and ``updates`` if they equal the count of the window.

Two other kinds of documents are read:

- Version 0.1.0 wrote no ``format``. Such records have the fields of RunRecord, ``dt`` in seconds and, as ``latency``,
  percentiles in seconds, and no ``delay`` and ``missed``.
- A later format counts as FORMAT: its fields that this version knows must make sense as they do here, or the record is
  left out. Other fields are only shown. So a later format may add fields; one that redefines a field must rename it.
"""
from __future__ import annotations

import math
from typing import Any, Callable, Dict, Mapping, NamedTuple, Sequence

from . import missed, ranges
from .claim import Claim
from .latencies import NO_REQUESTS, Latencies
from .limits import LATEST_RUN, MAX_POSITION, is_amount, is_count
from .missed import Entries
from .names import Names
from .outcome import Outcome
from .stream import Stream

RING = 10000  # records; then each new one replaces the oldest
FORMAT = 2
LONGEST_TEXT = 255  # characters; names of hosts are shorter
SIZES = ("active", "file")
CYCLE, FILL = "cycle", "fill"
KINDS = (CYCLE, FILL)

Document = Dict[str, Any]


class RunRecord(NamedTuple):
    """What a run did.

    Its number, the time ``ts`` of its claim (Unix seconds of the server), its duration ``dt`` (seconds), the window
    ``[first, first + count)`` that was handed to it (0 updates if it only finished unfinished ones), documents written
    and not written, one of KINDS, the driver's host, and the ``latencies`` of its bulk requests.

    The rest may be None: its number of ``connections``, its ``limit`` (documents per second), the ``sizes`` of the
    database at about the claim (bytes, ``active`` and ``file``) if they were read for this run, its errors by class,
    the updates that it took over from earlier runs, as ranges of places ``[first, count, ts]``, how many of the errors
    the server ``refused`` for good, and how often the server ``throttled`` it (answers 429 and 503). So the records of
    all runs together show when each update was handed out, and that none was handed out twice.

    ``delay`` is how many seconds after its claim it began to write. ``missed`` are the updates that it has found to be
    missed, by their places: the server refused them, they failed too often, or this run's window superseded them.

    ``stored`` is the document that the record was read from. Documents of version 0.1.0 have ``percentiles`` instead of
    latencies.
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
    latencies: Latencies = NO_REQUESTS
    connections: int | None = None
    limit: float | None = None
    sizes: Mapping[str, int] | None = None
    classes: Mapping[str, int] | None = None
    redone: Sequence[list[int]] | None = None
    refused: int | None = None
    throttled: int | None = None
    delay: int = 0
    missed: Entries = ()
    percentiles: Mapping[str, float] = {}
    stored: Document | None = None

    @classmethod
    def of(cls, stream: Stream, claims: Sequence[Claim], outcome: Outcome, now: int, **settings: Any) -> RunRecord:
        """The record of a run with these claims, the newest last; ``settings`` are the other fields.

        ``now`` is when it claimed them, in Unix seconds of the server.
        """
        newest = claims[-1]
        redone = [[*window, claim.ts] for claim in claims if claim.redo for window in ranges.dump(claim.updates)]
        ts, count = (now, 0) if newest.redo else (newest.ts, newest.count)
        return cls(run=newest.run, ts=ts, first=stream.first(newest.updates), count=count,
                   updates=outcome.written, errors=outcome.errors, host=newest.host, latencies=outcome.latencies,
                   refused=ranges.size(outcome.refused), classes=outcome.classes or None, redone=redone or None,
                   **settings)

    @classmethod
    def load(cls, document: Document) -> RunRecord | None:
        """The record in a document, None if its fields make no sense."""
        is_old = document.get("format") is None
        checks = CHECKS_OF_OLD if is_old else CHECKS
        fields = {name: document[name] for name in checks if document.get(name) is not None}
        needed = {"run", "ts"} if is_old else {"_id", "window"}
        if not (needed <= set(fields) and all(checks[name](value) for name, value in fields.items())):
            return None
        return cls(**(_fields_of_old if is_old else _fields)(fields), stored=document)

    def dump(self, names: Names) -> Document:
        """The document of a new record, in FORMAT."""
        fields = dict(self._asdict(), _id=record_id(names, self.run), round=self.run // RING, format=FORMAT,
                      window=[self.first, self.count, self.ts], ms=max(1, round(1000 * self.dt)),
                      latency=self.latencies.dump(), missed=missed.dump(self.missed),
                      sizes=[self.sizes.get(name) for name in SIZES] if self.sizes else None)
        assumed = dict(ASSUMED, updates=self.count)
        return {name: fields[name] for name in CHECKS
                if fields[name] is not None and (name not in assumed or fields[name] != assumed[name])}

    def shown(self) -> Document:
        """The fields for reports, with durations in seconds and ``latency`` as percentiles; unknown ones as stored."""
        stored = {name: value for name, value in (self.stored or {}).items() if not name.startswith("_")}
        known = {*SHOWN, *(CHECKS if "format" in stored else CHECKS_OF_OLD)}
        windows = ranges.dump(missed.as_ranges(self.missed))
        fields = dict(self._asdict(), latency=self.latency, delay=self.delay or None, missed=windows or None)
        others = {name: value for name, value in stored.items() if name not in known}
        return {**{name: fields[name] for name in SHOWN if fields[name] is not None}, **others}

    @property
    def ended(self) -> int:
        """When it ended, in Unix seconds, rounded up."""
        return self.ts + self.delay + math.ceil(self.dt)

    @property
    def latency(self) -> Mapping[str, float]:
        """Percentiles of the durations of its bulk requests: ``{"p50", "p95", "p99", "max"}`` in seconds, or empty."""
        return self.percentiles or self.latencies.percentiles()

    @property
    def rate(self) -> float:
        """Documents per second; 0.0 for a duration of 0."""
        return self.updates / self.dt if self.dt else 0.0

    @property
    def has_rate(self) -> bool:
        """Whether it wrote something, so that its rate means something."""
        return self.updates > 0 and self.dt > 0


def record_id(names: Names, run: int) -> str:
    """The id of the document for the record of a run."""
    return names.run_id(run % RING)


def _place(document_id: str) -> int | None:
    """The place of a record in the ring, by its id; None for any other document."""
    return Names.of(document_id).run_place(document_id)


def _fields(found: Document) -> Document:
    """The fields of a record, from those of a document in FORMAT."""
    first, count, ts = found["window"]
    fields = {**ASSUMED, "updates": count, **found}
    place, rounds, ms, latency = (fields.pop(name) for name in ("_id", "round", "ms", "latency"))
    del fields["format"], fields["window"]
    fields["missed"] = missed.load(fields["missed"], MAX_POSITION)
    if "sizes" in fields:
        fields["sizes"] = {name: size for name, size in zip(SIZES, fields["sizes"]) if size is not None}
    return dict(fields, run=rounds * RING + (_place(place) or 0), ts=ts, first=first, count=count, dt=ms / 1000,
                latencies=Latencies.load(latency))


def _fields_of_old(found: Document) -> Document:
    """The fields of a record, from those of a document of version 0.1.0."""
    fields = dict(found)
    return dict(fields, percentiles=fields.pop("latency", {}))


def _is_id(value: Any) -> bool:
    return isinstance(value, str) and _place(value) is not None


def _is_format(value: Any) -> bool:
    return is_count(value, FORMAT, MAX_POSITION)


def _is_whole(value: Any) -> bool:
    return is_count(value, 0, MAX_POSITION)


def _is_round(value: Any) -> bool:
    return is_count(value, 0, MAX_POSITION // RING)


def _is_time(value: Any) -> bool:
    return is_count(value, 0, LATEST_RUN)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _are_latencies(value: Any) -> bool:
    return Latencies.load(value) is not None


def _are_percentiles(value: Any) -> bool:
    return isinstance(value, dict) and (not value or {"p50", "p95", "p99"} <= set(value)) and all(
        map(is_amount, value.values()))


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_whole, value.values()))


def _is_window(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 3 and all(map(_is_whole, value)) and _is_time(value[2])


def _are_sizes(value: Any) -> bool:
    return isinstance(value, list) and len(value) == len(SIZES) and all(
        size is None or _is_whole(size) for size in value)


def _are_missed(value: Any) -> bool:
    return missed.load(value, MAX_POSITION) is not None


def _is_redone(value: Any) -> bool:
    return isinstance(value, list) and all(map(_is_window, value))


# The fields of documents, in order, and whether a value makes sense.
CHECKS: dict[str, Callable[[Any], bool]] = {
    "_id": _is_id, "format": _is_format, "round": _is_round, "window": _is_window,
    **dict.fromkeys(("ms", "updates", "errors"), _is_whole),
    **dict.fromkeys(("kind", "host"), _is_text),
    "latency": _are_latencies, "connections": _is_whole, "limit": is_amount, "sizes": _are_sizes,
    "classes": _are_counts, "redone": _is_redone, "refused": _is_whole, "throttled": _is_whole, "delay": _is_whole,
    "missed": _are_missed,
}
CHECKS_OF_OLD: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("run", "first", "count", "updates", "errors", "connections", "refused"), _is_whole),
    "ts": _is_time,
    **dict.fromkeys(("dt", "limit"), is_amount), **dict.fromkeys(("kind", "host"), _is_text),
    **dict.fromkeys(("sizes", "classes"), _are_counts), "latency": _are_percentiles, "redone": _is_redone,
}
# What the lack of a field means in FORMAT, whatever the defaults of the program may become.
ASSUMED: Document = {"round": 0, "ms": 0, "errors": 0, "kind": CYCLE, "host": "", "latency": {},
                     "connections": 4, "refused": 0, "throttled": 0, "delay": 0, "missed": []}
SHOWN = ("run", "ts", "dt", "first", "count", "updates", "errors", "kind", "host", "latency", "connections", "limit",
         "sizes", "classes", "redone", "refused", "throttled", "delay", "missed")
