# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The error message about documents that could not be written."""
from __future__ import annotations

from ..forms import counted, failure
from ..paths import Data

NEXT_CYCLE = "the next cycle retries them"


def unwritten(errors: int, why: str = "", advice: str = NEXT_CYCLE) -> str:
    """One line: how many documents could not be written, why (optional), and what to do."""
    reason = f": {why}" if why else ""
    return f"{counted(errors, 'document')} could not be written{reason}; {advice}"


def why(after: Data) -> str:
    """Why documents could not be written, from the ``after`` of a cycle or the ``fill`` of setup."""
    return after.get("reason") or failure(after["samples"][0])
