# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The census as a calendar."""
from __future__ import annotations

from datetime import date, timedelta
from typing import Iterable

from ..forms import WEEK, short
from ..paths import Data


def calendar(census: Iterable[Data]) -> str:
    """One line per week, Monday to Sunday, with the updates of each day.

    A dot marks a day without runs, ``!`` a day with errors, and an ellipsis weeks without runs.
    """
    days = {date.fromisoformat(entry["day"]): entry for entry in census}
    lines = ["    week of     " + "".join(f"{name:>8}" for name in WEEK)]
    latest = None
    for monday in sorted({day - timedelta(day.weekday()) for day in days}):
        if latest and monday - latest > timedelta(7):
            lines.append("    …")
        week = [_day(days.get(monday + timedelta(number))) for number in range(7)]
        lines.append(f"    {monday}  " + "".join(f"{cell:>8}" for cell in week))
        latest = monday
    return "\n".join(lines)


def _day(entry: Data | None) -> str:
    if entry is None:
        return "."
    return short(entry["updates"]) + ("!" if entry["errors"] else "")
