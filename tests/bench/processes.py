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

MEASURED = Path(__file__).parent / "measured.py"


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
    with open(stdin or os.devnull, "rb") as source, tempfile.TemporaryFile() as errors, \
            tempfile.TemporaryFile() as results:
        found = results.fileno()
        process = subprocess.run([sys.executable, "-IS", str(MEASURED), str(found), *words], stdin=source,
                                 stdout=subprocess.PIPE if output else subprocess.DEVNULL, stderr=errors,
                                 env=_environment(environment), pass_fds=[found], check=False)
        results.seek(0)
        numbers = [float(number) for number in results.read().split()]
        if not numbers or numbers[0]:
            raise Failed(f"{' '.join(words)} failed: {_last_line(errors)}")
    return Run(*numbers[1:], process.stdout.decode() if output else "")


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
