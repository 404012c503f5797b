# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of verify as text."""
from __future__ import annotations

from ..fields.verify import CHECKED, POSITION, VERIFIED
from ..forms import quoted
from ..paths import Data
from . import parts
from .parts import Line

DIFFERING = "differing"
ALWAYS_SHOWN = "exact"  # the kind of documents whose count is shown even if it is 0


def render(report: Data) -> str:
    """What couchdyno-verify prints."""
    checked = parts.lines(CHECKED.fields, report) + _kinds(report)
    return "\n\n".join((parts.wide(VERIFIED, report), parts.wide_lines(CHECKED.heading, checked),
                        parts.wide(POSITION, report)))


def _kinds(report: Data) -> list[Line]:
    """How many documents there are of each kind, and the first few that are not as expected."""
    lines: list[Line] = []
    for kind, count in {**report["counts"], DIFFERING: report.get(DIFFERING, 0)}.items():
        if count or kind == ALWAYS_SHOWN:
            lines.append((kind, str(count)))
        samples = report["samples"].get(kind, ())
        lines += [(kind, f"{quoted(sample['id'])} {sample['reason']}") for sample in samples]
        if samples and count > len(samples):
            lines.append((kind, f"and {count - len(samples)} more"))
    return lines
