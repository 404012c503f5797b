# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a copy was taken: two times by the clock of the server, as users write them."""
from __future__ import annotations

import re
from datetime import datetime, timezone
from typing import Tuple

from ..errors import UsageError, option
from ..model.limits import LATEST

Period = Tuple[float, float]  # in Unix seconds

ISO = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?"
                 r"(Z|[+-][0-9]{2}:[0-9]{2})?")
SECONDS = re.compile(r"[0-9]{1,12}([.][0-9]{1,6})?")


def period(start: str | None, end: str | None) -> Period | None:
    """The period from one time to another, each in ISO 8601 or Unix seconds; None without both. Raises UsageError."""
    if not start and not end:
        return None
    if not (start and end):
        raise UsageError(option("taken_from"), " and ", option("taken_to"), " must be given together")
    found = moment(start), moment(end)
    if found[1] < found[0]:
        raise UsageError(option("taken_to"), f" {end} is before ", option("taken_from"), f" {start}")
    return found


def moment(text: str) -> float:
    """A time in Unix seconds, from ISO 8601 (UTC unless it says otherwise) or Unix seconds. Raises UsageError."""
    try:
        seconds = float(text) if SECONDS.fullmatch(text) else _from_iso(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds <= LATEST:
        raise UsageError(f"{text!a:.40} is not a time; write it like 2026-11-27T03:25:00Z, or in Unix seconds")
    return seconds


def shown(ts: float) -> str:
    """A time in Unix seconds as ISO 8601 in UTC."""
    return datetime.fromtimestamp(ts, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _from_iso(text: str) -> float:
    if not ISO.fullmatch(text):
        raise ValueError(text)
    head, dot, fraction = text.replace("Z", "+00:00").partition(".")
    if dot:  # Python 3.7 wants three or six digits
        digits = re.match("[0-9]+", fraction).group()  # type: ignore[union-attr]
        head += "." + digits.ljust(6, "0") + fraction[len(digits):]
    found = datetime.fromisoformat(head)
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).timestamp()
