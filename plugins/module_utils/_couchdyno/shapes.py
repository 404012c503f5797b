# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What saved reports look like, so that a file which is none is told before anything is made of it. Pure.

A shape is a test of a value, a dict of shapes by name, a list with the shape of its items, or any of these as
``Maybe`` or ``Optional``. What a shape does not name may be there, too.
"""
from __future__ import annotations

import math
from datetime import date
from typing import Any, Iterator, NamedTuple

LATEST = 10 ** 11  # Unix seconds: what is later is no time of ours


class Maybe(NamedTuple):
    """The shape of what may be None."""

    shape: Any


class Optional(NamedTuple):
    """The shape of what need not be there."""

    shape: Any


def misfits(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """The paths of what is missing or wrong in a value."""
    if isinstance(shape, Optional):
        yield from misfits(value, shape.shape, path)
    elif isinstance(shape, Maybe):
        if value is not None:
            yield from misfits(value, shape.shape, path)
    elif isinstance(shape, dict) and isinstance(value, dict):
        for name, each in shape.items():
            inner = f"{path}.{name}" if path else name
            if name in value:
                yield from misfits(value[name], each, inner)
            elif not isinstance(each, Optional):
                yield inner
    elif isinstance(shape, list) and isinstance(value, list):
        for place, item in enumerate(value):
            yield from misfits(item, shape[0], f"{path}.{place}")
    elif isinstance(shape, (dict, list)) or not shape(value):
        yield path


def number(value: Any) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value)


def count(value: Any) -> bool:
    return isinstance(value, int)


def moment(value: Any) -> bool:
    return number(value) and 0 <= value < LATEST


def text(value: Any) -> bool:
    return isinstance(value, str)


def day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def counts_by_name(value: Any) -> bool:
    return isinstance(value, dict) and all(map(count, value.values()))


COUNTS = dict.fromkeys(("runs", "updates", "errors"), count)
SPREAD = Maybe(dict.fromkeys(("min", "median", "max"), number))
LATENCY = Maybe(dict.fromkeys(("p50", "p95", "p99"), number))
SIZES = Maybe({name: Optional(number) for name in ("file", "active")})
POINT = {"ts": moment, "until": moment, **COUNTS, "rate": SPREAD, "latency": LATENCY, "sizes": SIZES}
CONFIG = {"created": moment, **dict.fromkeys(("total", "size", "updates"), count)}
DATABASE = {"name": text, "url": Optional(text), "server_version": Maybe(text)}
COMPARABLE = {"dyno_config": CONFIG, "database": DATABASE, "series": [POINT]}
OF_KIND = {**COUNTS, "error_classes": counts_by_name, "first_ts": Maybe(moment), "last_ts": Maybe(moment),
           "recent": {"hour": COUNTS, "day": COUNTS}, "rate": SPREAD, "dt": SPREAD, "latency": LATENCY,
           "trend": Maybe({"change": Maybe(number)})}
HOST = {"host": text, **COUNTS, "last_ts": moment, "rate": SPREAD, "latency": LATENCY, "interval": Maybe(number),
        "missed": count}
GAP = {"host": text, "since": moment, "until": Maybe(moment), "missed": count}
CLAIM = {"host": text, "first": count, "count": count, "ts": moment, "lease": moment}
RUN = {"run": count, "ts": moment, "kind": text, "updates": count, "errors": count, "dt": number, "host": text}
INFO = {
    "dyno_config": {**CONFIG, "position": count, "seed": Optional(count), "claims": [CLAIM]},
    "database": {**DATABASE, "doc_count": Maybe(count), "sizes": SIZES},
    "series": [POINT],
    "progress": {**dict.fromkeys(("present", "total", "laps", "lap_done", "settled"), count),
                 "open_claims": count, "expired_claims": count,
                 "ts": moment, "pace": Maybe(number), "seconds_left": Maybe(number)},
    "statistics": {"cycle": OF_KIND, "fill": OF_KIND},
    "hosts": [HOST],
    "gaps": {"missed": count, "latest": [GAP]},
    "growth": Maybe({"file": Optional({"per_day": Maybe(number)})}),
    "ring": {"runs": count, "since": Maybe(moment)},
    "runs": [RUN],
    "census": Optional([{"day": day, **COUNTS}]),
    "conflicts": Optional({"documents": count, "samples": [{"id": text, "revisions": count}]}),
}
VERDICT = {
    "verdict": text,
    "reasons": [text],
    "database": Optional(text),
    "checked": count,
    "ts": Optional(moment),
    "stream": dict.fromkeys(("seed", "total", "size"), count),
    "lag": Optional({"updates": Maybe(count), "seconds": Maybe(number)}),
}
