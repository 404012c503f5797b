# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on standard error: a bar on a terminal if rich is installed, a line every ten seconds elsewhere."""
from __future__ import annotations

import sys
import time
from typing import Any

from ..reports.forms import duration, per_second
from . import terminal

INTERVAL = 10.0  # seconds between two lines


class Progress:
    """Shows how many documents are done; call it with their number and the total."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: Any | None = None
        self._has_begun = False
        self._since = self._next = 0.0
        self._done_before = 0

    def __call__(self, done: int, total: int) -> None:
        if not self._has_begun:
            self._begin(done, total)
        if self._bar is not None:
            self._bar.update(self._bar.task_ids[0], completed=done, refresh=True)
        elif time.monotonic() >= self._next:
            self._tell(done, total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *__: object) -> None:
        self.close()

    def close(self) -> None:
        """Restore the terminal."""
        if self._bar is not None:
            self._bar.stop()

    def _begin(self, done: int, total: int) -> None:
        self._has_begun, self._done_before = True, done
        self._since = time.monotonic()
        self._next = self._since + INTERVAL
        self._bar = _new_bar()
        if self._bar is not None:
            self._bar.start()
            self._bar.add_task(self._what, total=total, completed=done)

    def _tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        self._next = now + INTERVAL
        rate = (done - self._done_before) / (now - self._since)
        left = f", {duration(max(0, total - done) / rate)} left" if rate else ""
        share = f"{done:,} of {total:,} documents" + (f" ({100 * done // total} %)" if total else "")
        terminal.tell(f"{self._what}: {share}, {per_second(rate)}{left}")


def _new_bar() -> Any | None:
    """A bar of rich; None without rich, or if standard error is not a terminal. Imported late: it costs time."""
    if not terminal.is_terminal(sys.stderr):
        return None
    try:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar
    except ImportError:
        return None
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("documents"),
               TimeRemainingColumn())
    return Bar(*columns, console=Console(file=sys.stderr), auto_refresh=False)
