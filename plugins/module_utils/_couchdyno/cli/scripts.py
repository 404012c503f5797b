# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts by name, for everything that installs them.

Start-up is a large part of a small cycle. So each script imports only what it needs, without garbage collection
meanwhile: imports create no garbage, and looking for it costs as much time as the whole program.
"""
from __future__ import annotations

import gc
import signal
from contextlib import contextmanager
from importlib import import_module
from typing import Callable, Iterator

from . import ending


@contextmanager
def _nothing_collected() -> Iterator[None]:
    """Import without garbage collection, and exclude the imported objects from later collections."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _run(name: str) -> int:
    """Run the script whose module in this folder has that name; returns its exit code.

    Signals end it at once, until there is something to settle, and are ignored when there no longer is.
    """
    ending.on_signals(ending.end_at_once)
    try:
        with _nothing_collected():
            module = import_module(f".{name}", __package__)
        return int(module.main())
    except Exception as error:
        return ending.failed(name, error).exit_code
    finally:
        ending.on_signals(signal.SIG_IGN)


def setup() -> int:
    """couchdyno-setup; returns its exit code."""
    return _run("setup")


def execute() -> int:
    """couchdyno-execute; returns its exit code."""
    return _run("execute")


def info() -> int:
    """couchdyno-info; returns its exit code."""
    return _run("info")


def verify() -> int:
    """couchdyno-verify; returns its exit code."""
    return _run("verify")


SCRIPTS: dict[str, Callable[[], int]] = {
    "couchdyno-setup": setup,
    "couchdyno-execute": execute,
    "couchdyno-info": info,
    "couchdyno-verify": verify,
}
