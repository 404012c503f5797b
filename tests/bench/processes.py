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
    """A measure failed; the text says why."""


class Run(NamedTuple):
    """A process from start to exit: its seconds, CPU seconds (user and system), and peak RSS in MB (10^6 bytes).

    ``output`` is its standard output, if requested.
    """

    seconds: float
    cpu: float
    rss: float
    output: str


def run(command: Sequence[str | Path], stdin: Path | None = None, output: bool = False, **environment: str) -> Run:
    """Run a command and wait for its end; raises Failed if its exit code is not 0.

    ``environment`` is added to ours; passwords are passed in it, not on the command line.
    """
    words = [str(word) for word in command]
    with open(stdin or os.devnull, "rb") as source, tempfile.TemporaryFile() as errors:
        started = time.monotonic()
        # A child's peak RSS starts with that of its parent, so this process must stay small and import nothing large.
        process = subprocess.Popen(words, env=_environment(environment), stdin=source,
                                   stdout=subprocess.PIPE if output else subprocess.DEVNULL, stderr=errors)
        text = process.stdout.read().decode() if process.stdout else ""
        __, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - started
        process.returncode = status  # it has ended, so Popen must not wait for it
        if status:
            raise Failed(f"{' '.join(words)} failed: {_last_line(errors)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6, text)


def run_at_once(commands: Sequence[Sequence[str | Path]], **environment: str) -> float:
    """Run commands in parallel; returns the seconds until the last has ended."""
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
    """The last line of error output; in a file, because an unread pipe could fill up."""
    errors.seek(0)
    lines = errors.read().decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else "no error output"
