# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes, measured from start to exit."""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, NamedTuple, Sequence


class Failed(Exception):
    """A measure cannot be taken; the text says why."""


class Run(NamedTuple):
    """What a process took from start to exit: seconds, seconds of CPU (user and system), and MB (10^6 bytes) of RSS.

    ``output`` is what it printed, where that was asked for.
    """

    seconds: float
    cpu: float
    rss: float
    output: str


def run(command: Sequence[str | Path], stdin: Path | None = None, output: bool = False, **environment: str) -> Run:
    """Run a command to its end; Failed when its exit code is not 0.

    ``environment`` comes on top of ours: passwords travel in it, not on the command line.
    """
    words = [str(word) for word in command]
    with open(stdin or os.devnull, "rb") as source, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        # The peak of a child begins at that of its parent: this process must stay small, and import nothing large.
        process = subprocess.Popen(words, env=_environment(environment), stdin=source,
                                   stdout=subprocess.PIPE if output else subprocess.DEVNULL, stderr=errors)
        text = process.stdout.read().decode() if process.stdout else ""
        __, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = status  # it is gone, and Popen need not look for it
        if status:
            raise Failed(f"{' '.join(words)} failed: {_last_line(errors)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, text)


def run_at_once(commands: Sequence[Sequence[str | Path]], **environment: str) -> float:
    """Run commands side by side; returns the seconds until the last has ended."""
    listed = [[str(word) for word in command] for command in commands]
    with tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        processes = [subprocess.Popen(words, env=_environment(environment),
                                      stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
                     for words in listed]
        codes = [process.wait() for process in processes]
        if any(codes):
            raise Failed(f"{' '.join(listed[0])} failed: {_last_line(errors)}")
        return time.monotonic() - started


def _environment(extra: dict[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COUCHDYNO_")}
    return dict(kept, **extra)


def _last_line(errors: IO[bytes]) -> str:
    """The end of what processes have complained of; into a file, as a pipe that nobody reads might fill up."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "it says no more"
