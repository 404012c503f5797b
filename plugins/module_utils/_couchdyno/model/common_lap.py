# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lap that all documents of a database share. Pure."""
from __future__ import annotations

from typing import NamedTuple

from .ledger import Ledger


class CommonLap(NamedTuple):
    """Its number, and how many of its updates were handed out (``done``) and were not (``left``)."""

    number: int
    done: int
    left: int

    def seconds_left(self, pace: float | None) -> int | None:
        """The time until the lap is done at a pace, in updates per second."""
        return round(self.left / pace) if pace else None


def common_lap(ledger: Ledger) -> CommonLap | None:
    """The lap of all documents. None after the fill of a workload, whose types have laps of their own."""
    number, done = divmod(ledger.position, ledger.total)
    return None if ledger.workload and number else CommonLap(number, done, ledger.total - done)
