# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms: how a kind of value reads in text, on the page and as a metric, and whether a value is of that kind."""
from __future__ import annotations

import math
import time
from datetime import date
from typing import Any, Callable, NamedTuple

LATEST = 10 ** 11  # Unix seconds; a later time stamp is damaged
THOUSANDS = ("", "k", "M", "G", "T")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RIGHT = "right"


# -- values as people read them


def iso(ts: float) -> str:
    """Unix seconds as UTC, to the second: 2026-11-26T20:29:53."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts))


def short(number: float) -> str:
    """A count in at most five characters: 999, 1.2k, 120k, 3.5M."""
    exponent = 0
    while abs(number) >= 999.5 and exponent < len(THOUSANDS) - 1:
        number /= 1000
        exponent += 1
    digits = 1 if exponent and abs(number) < 9.95 else 0
    return f"{number:.{digits}f}{THOUSANDS[exponent]}"


def duration(seconds: float) -> str:
    """Seconds in the largest two units that they fill: 3 d 4 h."""
    left = round(seconds)
    parts: list[str] = []
    for unit, name in UNITS:
        if left >= unit or (unit == 1 and not parts):
            parts.append(f"{left // unit} {name}")
            left %= unit
        elif parts:
            break
    return " ".join(parts[:2])


def documents(count: int) -> str:
    """A number of documents: 1 document, 2 documents."""
    return f"{count} document{'' if count == 1 else 's'}"


def quoted(document_id: str) -> str:
    """A document id, quoted if it has characters that would spoil a line of text."""
    return document_id if document_id.isascii() and document_id.isprintable() else ascii(document_id)


def failure(sample: Any) -> str:
    """A document that could not be written, ``{"id", "update", "reason"}``."""
    return f"{sample['id']} (update {sample['update']}): {sample['reason']}"


def _with_time(ts: float) -> str:
    return f"{ts} ({iso(ts)})"


def _with_commas(count: int) -> str:
    return f"{count:,}"


def _measured(number: float) -> str:
    return f"{number:,.0f}" if abs(number) >= 100 else f"{number:.3g}"


def _whole(number: float) -> str:
    return f"{number:.0f}"


def _to_the_millisecond(seconds: float) -> str:
    return f"{seconds:.3f}"


def _bytes(number: float) -> str:
    return f"{short(number)}B"


def _length(items: Any) -> str:
    return str(len(items))


# -- whether a value is of a kind


def is_number(value: Any) -> bool:
    """A finite number."""
    return isinstance(value, (int, float)) and math.isfinite(value)


def is_count(value: Any) -> bool:
    """A whole number."""
    return isinstance(value, int)


def is_moment(value: Any) -> bool:
    """A time stamp in Unix seconds."""
    return is_number(value) and 0 <= value < LATEST


def is_day(value: Any) -> bool:
    """A day such as 2026-11-26."""
    try:
        return bool(date.fromisoformat(value))
    except (TypeError, ValueError):
        return False


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_part(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _are_counts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(is_count, value.values()))


def _is_anything(_value: Any) -> bool:
    return True


# -- how a value is marked on the page, by a class of its style


def _unmarked(_value: Any) -> str:
    return ""


def _bad_if_any(value: Any) -> str:
    return "bad" if value else ""


def _bad_if_none(value: Any) -> str:
    return "bad" if value is None else ""


def _good_if_right(verdict: Any) -> str:
    return "good" if verdict == RIGHT else "bad"


def _running_text(_value: Any) -> str:
    return "text"


# -- how a value counts as a metric


def _itself(value: Any) -> Any:
    return value


def _is_right(verdict: Any) -> bool:
    return bool(verdict == RIGHT)


class Form(NamedTuple):
    """A kind of value: how it reads in ``text`` and on the ``page``, and whether a value ``fits`` it.

    ``number`` makes a metric of a value, and ``mark`` gives the class of its cell on the page (``bad``, ``good``,
    ``text`` or none). Tables say ``none`` where there is no value.
    """

    text: Callable[[Any], str] = str
    page: Callable[[Any], str] = str
    fits: Callable[[Any], bool] = _is_anything
    number: Callable[[Any], float] = _itself
    mark: Callable[[Any], str] = _unmarked
    none: str = "-"


ANYTHING = Form()
TEXT = Form(fits=_is_text)
ID = Form(quoted, quoted, _is_text)
REASONS = Form(page="; ".join, fits=_is_list, mark=_running_text)
VERDICT = Form(fits=_is_text, number=_is_right, mark=_good_if_right)

COUNT = Form(page=_with_commas, fits=is_count)
FAULTS = COUNT._replace(mark=_bad_if_any)
IDENTIFIER = Form(fits=is_count)  # a number that is a name: no commas
NUMBER = Form(page=_measured, fits=is_number)
RATE = NUMBER._replace(text=_whole)
BYTES = Form(page=_bytes, fits=is_number)

MOMENT = Form(_with_time, iso, is_moment)
TIME = Form(iso, iso, is_moment)
UNTIL = TIME._replace(none="now")
LEASE = TIME._replace(none="over", mark=_bad_if_none)
DAY = Form(fits=is_day)
SECONDS = Form(page=duration, fits=is_number)
DURATION = Form(duration, duration, is_number)
TOOK = Form(_to_the_millisecond, _to_the_millisecond, is_number)

PART = Form(fits=_is_part)
FAILURE = Form(text=failure, fits=_is_part)
LIST = Form(text=_length, fits=_is_list, number=len)
COUNTS = Form(fits=_are_counts)
