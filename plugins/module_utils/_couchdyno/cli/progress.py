# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress on standard error: a bar on a terminal, a line every ten seconds elsewhere."""
from __future__ import annotations

import sys
import time
from typing import Any

from . import terminal

INTERVAL = 10.0  # seconds between two lines

try:
    from tqdm import tqdm
except ImportError:  # lines serve on a terminal, too
    tqdm = None  # type: ignore[assignment, misc]


class Progress:
    """Shows how many documents there are; call it with the documents done and all."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._bar: Any | None = None
        self._since: float | None = None
        self._begun_at = 0
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if tqdm is not None and sys.stderr.isatty():
            self._draw(done, total)
        else:
            self._tell(done, total)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, *__: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the terminal in order."""
        if self._bar is not None:
            self._bar.close()

    def _draw(self, done: int, total: int) -> None:
        if self._bar is None:
            self._bar = tqdm(total=total, initial=done, desc=self._what, unit=" docs", file=sys.stderr)
        self._bar.update(done - self._bar.n)

    def _tell(self, done: int, total: int) -> None:
        now = time.monotonic()
        if self._since is None:
            self._since, self._begun_at, self._next = now, done, now + INTERVAL
        if now >= self._next:
            self._next = now + INTERVAL
            rate = (done - self._begun_at) / (now - self._since)
            left = f", {(total - done) / rate:.0f} s left" if rate else ""
            terminal.tell(f"{self._what}: {done} of {total} documents ({100 * done // total} %), {rate:.0f}/s{left}")
