# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a script ends, whatever happens: with an exit code, and with one line on standard error unless all is right.

If standard output is a pipe whose reader has ended, a script says nothing.
"""
from __future__ import annotations

import os
import signal
from typing import Any

from ..errors import CouchdynoError, Unforeseen
from . import terminal

PREFIX = "couchdyno-"
DONE, FAILED, WITH_ERRORS, INTERRUPTED = 0, 1, 4, 130
DEBUG = "COUCHDYNO_DEBUG"  # if this variable is set, unforeseen errors also show where they come from
SIGNALS = (signal.SIGINT, signal.SIGTERM)


def complain(name: str, message: str) -> None:
    """Print one line about what is wrong with the script of that name on standard error."""
    terminal.tell(f"{PREFIX}{name}: {message}")


def failed(name: str, error: Exception) -> CouchdynoError:
    """Print the line about an exception that ends a script; returns it as an error with an exit code."""
    known = error if isinstance(error, CouchdynoError) else Unforeseen(error)
    complain(name, str(known))
    if isinstance(known, Unforeseen) and os.environ.get(DEBUG):
        for line in known.trace:
            terminal.tell(line)
    return known


def end_at_once(_number: int = 0, _frame: Any = None) -> None:
    """Handle a signal while there is nothing to settle."""
    os._exit(INTERRUPTED)


def on_signals(handler: Any) -> None:
    """Call a handler for SIGINT and SIGTERM from now on."""
    for each in SIGNALS:
        signal.signal(each, handler)
