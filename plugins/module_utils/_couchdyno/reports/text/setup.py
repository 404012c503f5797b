# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of setup as text."""
from __future__ import annotations

from ..fields.ledger import LEDGER
from ..fields.written import ADOPTED, FILL, GIVEN, SECURITY
from ..paths import Data
from . import parts
from .written import written


def render(report: Data) -> str:
    """What couchdyno-setup prints."""
    text = parts.wide(LEDGER, report)
    if "fill" in report:
        text += "\n\n" + parts.wide_lines(FILL.heading, written(report["fill"]))
    if "adopted" in report:
        text += "\n\n" + parts.wide(ADOPTED, report)
    if "security" in report:
        text += "\n\n" + parts.wide(SECURITY, report)
    if "properties" in report:
        text += "\n\n" + parts.wide(GIVEN, report)
    return text
