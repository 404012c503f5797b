# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeat: execute several cycles in a row, and report their sums. Only modules use it."""
from __future__ import annotations

import os
import time
from typing import Any, Dict, NamedTuple

from ..couchdb.client import Client
from ..errors import CouchdynoError
from ..model.limits import MAX_CYCLES, MAX_INTERVAL, check_count, check_seconds
from .execute import execute, plan, sum_up
from .pace import Pace

LOOK = 0.5  # seconds between two checks for the file that stops the cycles

Data = Dict[str, Any]


class Repetition(NamedTuple):
    """How many ``cycles`` of how many ``updates`` (None: as set up); ``interval`` is the sleep in between, in seconds.

    Once the file ``stop_file`` exists, no further cycle starts.
    """

    updates: int | None = None
    cycles: int = 1
    interval: float = 0.0
    stop_file: str | None = None

    def check(self) -> None:
        """Raise UsageError if the repetition makes no sense."""
        check_count("cycles", self.cycles, MAX_CYCLES)
        check_seconds("interval", self.interval, MAX_INTERVAL)


def repeat(client: Client, repetition: Repetition, pace: Pace) -> Data:
    """Execute the cycles.

    Returns ``{"updates", "errors", "dt", "rate", "cycles", "dyno_config", "error"}``: the sums, the report of each
    cycle, the ledger after the last one, and the error that ended them early or None. Raises CouchdynoError if the
    first cycle fails.
    """
    repetition.check()
    reports: list[Data] = []
    try:
        for number in range(repetition.cycles):
            if number and _is_stopped(repetition):
                break
            if repetition.interval:
                pace.rest()
            reports.append(execute(client, repetition.updates, pace))
    except CouchdynoError as error:
        if not reports:
            raise
        return _summary(reports, error.for_module())
    return _summary(reports)


def preview(client: Client, repetition: Repetition) -> Data:
    """What ``repeat`` would return if all went well; changes nothing."""
    repetition.check()
    return _summary(plan(client, repetition.updates, repetition.cycles))


def _is_stopped(repetition: Repetition) -> bool:
    """Sleep between two cycles; returns whether the file that stops them exists."""
    end = time.monotonic() + repetition.interval
    while True:
        if repetition.stop_file and os.path.exists(repetition.stop_file):
            return True
        left = end - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(left, LOOK) if repetition.stop_file else left)


def _summary(reports: list[Data], error: str | None = None) -> Data:
    whole = sum_up(report["after"] for report in reports)
    return {"updates": whole["updates"], "errors": whole["errors"], "dt": whole["dt"], "rate": whole["rate"],
            "cycles": reports, "dyno_config": reports[-1]["new_state"], "error": error}
