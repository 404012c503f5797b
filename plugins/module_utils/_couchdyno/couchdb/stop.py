# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to stop, for example after a signal: it ends waits, and lets jobs finish cleanly."""
from __future__ import annotations

import threading


class Stop:
    """Created by the caller of a job and passed to everything that should stop with it; safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Request the stop; it cannot be undone."""
        self._event.set()

    def is_requested(self) -> bool:
        """Whether the stop was requested."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for some seconds, or until the stop is requested; returns whether it was."""
        return self._event.wait(seconds)


NEVER = Stop()  # for jobs that are not stopped
