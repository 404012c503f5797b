# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers: how writing processes are identified, and whether one has ended."""
from __future__ import annotations

import os
import secrets
import socket
from hashlib import shake_128

from ..model.claim import Driver

UNKNOWN = "unknown"


def new_driver() -> Driver:
    """A driver for the next cycle of this process."""
    return Driver(secrets.token_hex(6), socket.gethostname(), _process())


def abandon(driver: Driver) -> None:
    """Record that a cycle of this process has ended without settling, so that the next one need not wait for it."""
    _abandoned.add(driver.name)


def is_gone(name: str, process: str) -> bool:
    """Whether a driver has certainly stopped writing; False for drivers on other machines and in other containers."""
    space, __, rest = process.partition(" ")
    pid, __, started = rest.partition(" ")
    return name in _abandoned or (pid.isdigit() and space == _space() and _started(pid) not in (started, UNKNOWN))


_abandoned: set[str] = set()


def _process() -> str:
    """Space, process id and start time: no two processes share all three."""
    space = _space()
    return f"{space} {os.getpid()} {_started('self')}" if space else ""


def _space() -> str:
    """The space in which process ids are unique: one boot of a machine, one namespace on it; ``""`` if not Linux."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as stream:
            boot = stream.read().strip()
        whole = f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"
    except OSError:
        return ""
    return shake_128(whole.encode("ascii")).hexdigest(6)  # short, as it is written with each claim


def _started(pid: str) -> str:
    """When a process started, in clock ticks after boot; ``""`` if it has ended, UNKNOWN if that is hidden."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as stream:
            fields = stream.read().rpartition(")")[2].split()  # from the third on; the second may contain anything
    except OSError:
        return UNKNOWN if _exists(int(pid)) else ""
    return "" if fields[0] in ("Z", "X") else fields[19]


def _exists(pid: int) -> bool:
    """Whether a process exists, even if /proc hides the processes of other users."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        pass
    return True
