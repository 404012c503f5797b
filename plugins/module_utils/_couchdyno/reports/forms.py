# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Forms: how to write each kind of value in text, on the page and as a metric, and whether a value is of that kind."""
from __future__ import annotations

import time
from datetime import date
from typing import Any, Callable, NamedTuple

from ..errors import cleaned

LATEST = 253402300799  # the end of the year 9999, in Unix seconds; as in model/limits.py
LONGEST_LEASE = 120  # seconds; as in model/claim.py
GREATEST = 1e24  # of a number in a report; run records that were edited by hand add up to no more
THOUSANDS = ("", "k", "M", "G", "T")
UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
WEEK = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
RIGHT, KEPT = "right", "kept"
NOTHING = "-"


# -- how values read


def iso(ts: float) -> str:
    """Unix seconds in UTC, as one word: 2026-11-26T20:29:53."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(ts))


def utc(ts: float) -> str:
    """Unix seconds for people: 2026-11-26 20:29:53 UTC."""
    return f"{iso(ts).replace('T', ' ')} UTC"


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


def counted(number: int, noun: str) -> str:
    """A number of things: 1 run, 2 runs."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def measured(number: float) -> str:
    """A number with three significant digits or all digits of its whole part: 1,050, 19.7, 0.05."""
    if abs(number) >= 99.95:
        return f"{number:,.0f}"
    return f"{number:.3g}" if abs(number) >= 0.0001 else "0"


def per_second(number: float) -> str:
    """A rate: 1,050/s."""
    return f"{measured(number)}/s"


def short_time(seconds: float) -> str:
    """Seconds with their fractions: 19.7 ms, 1.25 s, 1 min 1 s."""
    if seconds >= 60:
        return duration(seconds)
    return f"{measured(1000 * seconds)} ms" if seconds < 0.9995 else f"{measured(seconds)} s"


def byte_size(number: float) -> str:
    """Bytes: 999 B, 6.0 MB."""
    text = short(number)
    return f"{text} B" if text[-1].isdigit() else f"{text[:-1]} {text[-1]}B"


def percent(number: float) -> str:
    """A change: +3.5 %."""
    return f"{number:+,.1f} %"


def quoted(document_id: str) -> str:
    """A document id, quoted if any of its characters would spoil a line of text."""
    return cleaned(document_id if document_id.isprintable() else ascii(document_id))


def run_rate(run: Any) -> float:
    """Documents per second of a run, ``{"updates", "dt", …}``; 0.0 for a duration of 0."""
    return float(run["updates"] / run["dt"]) if run["dt"] else 0.0


def failure(sample: Any) -> str:
    """A document that could not be written: ``{"id", "update", "reason"}``."""
    return f"{sample['id']} (update {sample['update']}): {sample['reason']}"


def _with_time(ts: float) -> str:
    return f"{ts} ({iso(ts)})"


def _with_commas(count: int) -> str:
    return f"{count:,}"


def _whole(number: float) -> str:
    return f"{number:.0f}"


def _to_the_millisecond(seconds: float) -> str:
    return f"{seconds:.3f}"


def _with_unit(number: int) -> str:
    return f"{number:,} B"


def _range(value: Any) -> str:
    return f"{value[0]} to {value[1]} bytes" if isinstance(value, list) else f"{value} bytes"


def _range_with_unit(value: Any) -> str:
    return f"{value[0]:,} to {value[1]:,} B" if isinstance(value, list) else _with_unit(value)


def _is_range(value: Any) -> bool:
    return is_count(value) or (isinstance(value, list) and len(value) == 2 and all(map(is_count, value)))


def _body(value: str) -> str:
    return "a template" if value.startswith("{") else value


def _attachments(each: Any) -> str:
    """1 of 5 documents has 2 attachments of 10 to 20 bytes, image/png, renewed by 1 of 4 updates."""
    which = "every document has" if each["every"] == 1 else f"1 of {each['every']} documents has"
    renewed = f"renewed by 1 of {each['renew']} updates" if each["renew"] > 1 else "renewed by each update"
    return (f"{which} {counted(each['count'], 'attachment')} of {_range(each['size'])}, {each['content_type']}, "
            f"{renewed}")


def _are_attachments(value: Any) -> bool:
    return (isinstance(value, dict) and all(is_count(value.get(name)) for name in ("every", "count", "renew"))
            and _is_range(value.get("size")) and _is_text(value.get("content_type")))


def _yes_or_no(value: Any) -> str:
    return "yes" if value else "no"


def _joined(items: Any) -> str:
    return ", ".join(items) or NOTHING


def _length(items: Any) -> str:
    return str(len(items))


# -- whether a value is of the expected kind


def is_number(value: Any) -> bool:
    """A number that can be written and drawn."""
    return isinstance(value, (int, float)) and abs(value) <= GREATEST


def is_count(value: Any) -> bool:
    """A whole number that can be written and drawn."""
    return isinstance(value, int) and abs(value) <= GREATEST


def is_moment(value: Any) -> bool:
    """A time stamp in Unix seconds."""
    return is_number(value) and 0 <= value < LATEST


def is_leased(lease: float, now: float) -> bool:
    """Whether a lease has not ended. One that is longer than leases can be, because a clock was wrong, has ended."""
    return now < lease <= now + LONGEST_LEASE


def is_day(value: Any) -> bool:
    """A day such as 2026-11-26, on which there can have been runs."""
    try:
        return 1970 <= date.fromisoformat(value).year < 9999
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


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_anything(_value: Any) -> bool:
    return True


# -- how the page marks a value, with a class of its style sheet


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


# -- which number a metric shows


def _itself(value: Any) -> Any:
    return value


def _is_right(verdict: Any) -> bool:
    return bool(verdict == RIGHT)


def _is_kept(state: Any) -> bool:
    return bool(state == KEPT)


class Form(NamedTuple):
    """A kind of value: how to write it as ``text`` and on the ``page``, and whether a value ``fits``.

    ``number`` turns a value into that of a metric; ``mark`` returns the class of its cell on the page (``bad``,
    ``good``, ``text`` or none). Tables show ``none`` if there is no value.
    """

    text: Callable[[Any], str] = str
    page: Callable[[Any], str] = str
    fits: Callable[[Any], bool] = _is_anything
    number: Callable[[Any], float] = _itself
    mark: Callable[[Any], str] = _unmarked
    none: str = NOTHING


ANYTHING = Form()
TEXT = Form(fits=_is_text)
ID = Form(quoted, quoted, _is_text)
REASONS = Form(page="; ".join, fits=_is_list, mark=_running_text)
VERDICT = Form(fits=_is_text, number=_is_right, mark=_good_if_right)

STATE = Form(fits=_is_text, number=_is_kept)

COUNT = Form(page=_with_commas, fits=is_count)
FAULTS = COUNT._replace(mark=_bad_if_any)
IDENTIFIER = Form(fits=is_count)  # a number that serves as a name: no commas
NUMBER = Form(page=measured, fits=is_number)
RATE = Form(_whole, per_second, is_number)
CHANGE = Form(percent, percent, is_number)
TREND = CHANGE._replace(none="too few runs to tell")
BYTES = Form(page=byte_size, fits=is_number)
LENGTH = Form(page=_with_unit, fits=is_count)  # bytes, all digits
RANGE = Form(_range, _range_with_unit, _is_range)  # of such lengths, or one
ATTACHMENTS = Form(_attachments, _attachments, _are_attachments)
BODY = Form(_body, _body, _is_text)  # its name, or its template as JSON text

MOMENT = Form(_with_time, utc, is_moment)
TIME = Form(iso, utc, is_moment)  # one word in the columns of text, for programs that split lines
UNTIL = TIME._replace(none="now")
LEASE = TIME._replace(none="expired", mark=_bad_if_none)
DAY = Form(fits=is_day)
SECONDS = Form(page=duration, fits=is_number)
DURATION = Form(duration, duration, is_number)
TOOK = Form(_to_the_millisecond, short_time, is_number)
LATENCY = Form(page=short_time, fits=is_number)

PART = Form(fits=_is_part)
FAILURE = Form(text=failure, fits=_is_part)
LIST = Form(text=_length, fits=_is_list, number=len)
COUNTS = Form(fits=_are_counts)
NAMES = Form(text=_joined, fits=_is_list)
SWITCH = Form(_yes_or_no, _yes_or_no, _is_switch)
