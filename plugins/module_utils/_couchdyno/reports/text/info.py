# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of info as text."""
from __future__ import annotations

from ..fields.info import CONFLICTS, DATABASE, EARLIER, PROGRESS
from ..fields.ledger import LEDGER
from ..fields.runs import CENSUS, GAPS, HOST, KINDS, RING, RUN
from ..paths import Data, value
from . import parts
from .calendar import calendar


def render(report: Data) -> str:
    """What couchdyno-info prints."""
    text = [parts.wide(section, report) for section in (LEDGER, DATABASE, PROGRESS)]
    text += [parts.wide(kind, report) for kind in KINDS if kind.shown(value(report, kind.path))]
    if report["gaps"]["count"]:
        text.append(parts.wide(GAPS, report))
    if report["hosts"]:
        text.append(parts.table(HOST, report))
    if report["ring"].get("skipped"):
        text.append(parts.wide(RING, report))
    if "census" in report:
        text.append(f"{CENSUS.heading}:\n{calendar(report['census'])}")
    if "conflicts" in report:
        text.append(parts.wide(CONFLICTS, report))
    if report.get("earlier"):
        text.append(parts.wide(EARLIER, report))
    if report["runs"]:
        text.append(parts.table(RUN, report))
    return "\n\n".join(text)
