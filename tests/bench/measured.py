# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a command and measures it: ``measured.py FD COMMAND…`` writes four numbers to a file descriptor.

They are its exit code, seconds from start to exit, CPU seconds, and peak RSS in MB (10^6 bytes). It is a program of its
own, because the peak RSS of a process starts with that of its parent, and this one is small.
"""
from __future__ import annotations

import os
import sys
import time


def main() -> None:
    results, command = int(sys.argv[1]), sys.argv[2:]
    started = time.monotonic()
    process = os.spawnvp(os.P_NOWAIT, command[0], command)
    __, status, usage = os.wait4(process, 0)
    seconds = time.monotonic() - started
    unit = 1 if sys.platform == "darwin" else 1024
    code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 1
    os.write(results, f"{code} {seconds} {usage.ru_utime + usage.ru_stime} {usage.ru_maxrss * unit / 1e6}".encode())


if __name__ == "__main__":
    main()
