# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converts schedules of cron to calendar events of systemd."""
from __future__ import annotations

DOCUMENTATION = r"""
name: on_calendar
short_description: Convert a cron schedule to systemd calendar events
version_added: 0.1.0
description:
  - Converts the five time fields of a crontab, or a word such as V(daily), to the values of C(OnCalendar) with the same
    meaning.
  - Returns two values if both the day of the month and the day of the week are restricted, because cron then runs on
    days that match either.
author:
  - The couchdyno maintainers (@couchdyno)
options:
  _input:
    description:
      - Five fields (minute, hour, day of the month, month, day of the week). Each is V(*), or a list of numbers, names
        (of months and weekdays) and ranges, optionally with a step.
      - Or one of V(hourly), V(daily), V(midnight), V(weekly), V(monthly), V(yearly), V(annually).
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Convert a schedule for nine, one and five o'clock on weekdays
  ansible.builtin.debug:
    msg: "{{ '0 9-17/4 * * mon-fri' | dyno.couchdb.on_calendar }}"
    # => ["Mon,Tue,Wed,Thu,Fri *-*-* 9,13,17:0:00"]
"""

RETURN = r"""
_value:
  description: Calendar events, one for each C(OnCalendar) line of a timer.
  type: list
  elements: str
"""

import re
from typing import Any, Callable, NamedTuple

from ansible.errors import AnsibleFilterError

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ITEM = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>[0-9]+))?", re.ASCII)
WORDS = {
    "hourly": "0 * * * *",
    "daily": "0 0 * * *",
    "midnight": "0 0 * * *",
    "weekly": "0 0 * * 0",
    "monthly": "0 0 1 * *",
    "yearly": "0 0 1 1 *",
    "annually": "0 0 1 1 *",
}


class Field(NamedTuple):
    """The range of a crontab field, and names for the numbers from ``first`` on."""

    first: int
    last: int
    names: tuple[str, ...] = ()


FIELDS = (Field(0, 59), Field(0, 23), Field(1, 31), Field(1, 12, MONTHS), Field(0, 7, WEEKDAYS))


def on_calendar(schedule: Any) -> list[str]:
    texts = WORDS.get(schedule, schedule).split() if isinstance(schedule, str) else []
    if len(texts) != len(FIELDS):
        raise AnsibleFilterError(f"{schedule!r} is not a schedule: use the five time fields of a crontab, "
                                 f"or one of {', '.join(WORDS)}")
    minute, hour, day, month, weekday = (_numbers(text, field) for text, field in zip(texts, FIELDS))
    time = f"{_list(hour)}:{_list(minute)}:00"
    on_days = f"*-{_list(month)}-{_list(day)} {time}"
    weekdays = ",".join(WEEKDAYS[number].capitalize() for number in sorted({number % 7 for number in weekday or ()}))
    if not weekdays:
        return [on_days]
    if texts[2].startswith("*") or texts[4].startswith("*"):
        return [f"{weekdays} {on_days}"]
    return [on_days, f"{weekdays} *-{_list(month)}-* {time}"]


def _numbers(text: str, field: Field) -> list[int] | None:
    """The numbers in a field; None for all of them."""
    if text == "*":
        return None
    found: set[int] = set()
    for item in text.split(","):
        match = ITEM.fullmatch(item)
        if not match:
            raise AnsibleFilterError(f"{text!r} is not a time field of a crontab")
        first = _number(match["first"], field, field.first)
        last = _number(match["last"], field, first if match["first"] else field.last)
        step = int(match["step"] or 1)
        if not step or last < first or (match["step"] and match["first"] and not match["last"]):
            raise AnsibleFilterError(f"{text!r} is not a time field of a crontab")
        found.update(range(first, last + 1, step))
    return sorted(found)


def _number(text: str | None, field: Field, default: int) -> int:
    if text is None:
        return default
    if text.lower() in field.names:
        return field.names.index(text.lower()) + field.first
    if not text.isdigit() or not field.first <= int(text) <= field.last:
        raise AnsibleFilterError(f"{text!r} is not between {field.first} and {field.last}")
    return int(text)


def _list(numbers: list[int] | None) -> str:
    return "*" if numbers is None else ",".join(map(str, numbers))


class FilterModule:
    """Registers the filter."""

    def filters(self) -> dict[str, Callable[[Any], list[str]]]:
        return {"on_calendar": on_calendar}
