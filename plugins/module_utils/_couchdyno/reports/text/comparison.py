# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The report of a comparison as text."""
from __future__ import annotations

from ..fields.comparison import COMPARED, FIGURE
from ..paths import Data
from . import parts


def render(report: Data) -> str:
    """What couchdyno-info --compare prints."""
    return f"{parts.wide(COMPARED, report)}\n\n{parts.table(FIGURE, report)}"
