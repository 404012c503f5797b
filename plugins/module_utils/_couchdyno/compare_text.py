# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a comparison as people read it."""
from __future__ import annotations

from .layout import Data, Line, iso, wide


def compare(report: Data) -> str:
    """What couchdyno-info --compare prints."""
    lines: list[Line] = [("verdict", report["verdict"]), ("tolerance", f"{report['tolerance']:g} %")]
    lines += [(name, _side(report[name])) for name in ("a", "b")]
    lines += [("differs", f"{name} is {one} and {other}") for name, (one, other) in report["differs"].items()]
    return wide("compare", lines) + "\n\nmedians, and where they lie with 99 % certainty:\n" + _table(report["figures"])


def _side(side: Data) -> str:
    text = f"{side['name']} on {side['server_version']}, {side['runs']} runs"
    if side["runs"]:
        text += f" from {iso(side['since'])} to {iso(side['until'])}"
    return f"{text}, {side['errors']} errors"


def _table(figures: list[Data]) -> str:
    lines = [_row("", "a", "b", "change", "b is")]
    for figure in figures:
        percent = "-" if figure["change"] is None else f"{figure['change']:+.1f} %"
        lines.append(_row(f"{figure['figure']} ({figure['unit']})", _range(figure["a"]), _range(figure["b"]), percent,
                          figure["verdict"]))
    return "\n".join(lines)


def _range(middle: Data | None) -> str:
    if not middle:
        return "-"
    around = "" if middle["low"] is None else f" ({middle['low']:g} to {middle['high']:g})"
    return f"{middle['median']:g}{around}"


def _row(name: str, a: str, b: str, percent: str, verdict: str) -> str:
    return f"    {name:<18}  {a:<30}  {b:<30}  {percent:>10}  {verdict}".rstrip()
