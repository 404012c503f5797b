# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of execute as text."""
from __future__ import annotations

from ..fields.ledger import NEW_STATE
from ..fields.written import AFTER, BEFORE
from ..paths import Data
from . import parts
from .written import written


def render(report: Data) -> str:
    """What couchdyno-execute prints for each cycle."""
    return "\n\n".join((parts.narrow(BEFORE, report), parts.narrow_lines(AFTER.heading, written(report["after"])),
                        parts.narrow(NEW_STATE, report)))
