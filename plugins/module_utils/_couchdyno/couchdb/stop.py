# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A request to stop, such as a signal makes: whoever waits is woken, and whoever works ends in good order."""
from __future__ import annotations

import threading


class Stop:
    """Made by whoever may want to stop a job, and handed to all that should heed it; safe to use from any thread."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask for the stop; there is no way back."""
        self._event.set()

    def is_requested(self) -> bool:
        """Whether the stop has been asked for."""
        return self._event.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait for so long, or until the stop is asked for; returns whether it was."""
        return self._event.wait(seconds)


NEVER = Stop()  # for jobs that nobody stops
