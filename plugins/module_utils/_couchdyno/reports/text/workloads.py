# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of built-in workloads as text."""
from __future__ import annotations

from ..paths import Data
from . import parts


def render(report: Data) -> str:
    """What couchdyno-setup prints with --workloads."""
    return parts.wide_lines("workloads", [(each["name"], each["stands_for"]) for each in report["workloads"]])
