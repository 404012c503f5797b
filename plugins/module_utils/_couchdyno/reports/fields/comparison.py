# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the report of a comparison."""
from __future__ import annotations

from ..forms import CHANGE, NUMBER, PART, TEXT, counted, measured, utc
from ..paths import Data
from .rows import Field, Section


def _tolerance(percent: float) -> str:
    return f"{percent:g} %"


def _side(info: Data) -> str:
    text = f"{info['name']} on {info['server_version']}, {counted(info['runs'], 'run')}"
    if info["runs"]:
        text += f" from {utc(info['since'])} to {utc(info['until'])}"
    return f"{text}, {counted(info['errors'], 'error')}"


def _differences(report: Data) -> list[str]:
    return [f"{name}: {one} and {other}" for name, (one, other) in report["differs"].items()]


def _figure(compared: Data) -> str:
    return f"{compared['figure']} ({compared['unit']})"


def _median(middle: Data) -> str:
    around = "" if middle["low"] is None else f" ({measured(middle['low'])} to {measured(middle['high'])})"
    return measured(middle["median"]) + around


def _judged(verdict: str) -> str:
    return "same (no significant difference)" if verdict == "same" else verdict


JUDGED = TEXT._replace(text=_judged)
COMPARED = Section("", heading="compare", fields=(
    Field("verdict", JUDGED, "verdict"),
    Field("tolerance", NUMBER._replace(text=_tolerance), "tolerance"),
    Field("a", PART._replace(text=_side), "a"),
    Field("b", PART._replace(text=_side), "b"),
    Field("differs", PART, "differs", lines=_differences),
))
FIGURE = Section("figures.*", heading="medians, with their 99 % confidence intervals", fields=(
    Field("", PART._replace(text=_figure), column="<18"),
    Field("a", PART._replace(text=_median), "a", "<30", nullable=True),
    Field("b", PART._replace(text=_median), "b", "<30", nullable=True),
    Field("change", CHANGE, "change", ">10", nullable=True),
    Field("verdict", JUDGED, "b is", "<"),
))

COMPARISON = (COMPARED, FIGURE)
