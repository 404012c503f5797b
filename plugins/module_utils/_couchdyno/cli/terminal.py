# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The terminal of a script; each of its streams may be closed, or on a full disk."""
from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import Any, Iterator

from ..errors import Unshown, cleaned

LONGEST = 10 ** 4  # characters of a line on standard error


def show(report: str) -> None:
    """Write a report, or one line of it, and flush; raises Unshown, or BrokenPipeError if its reader has ended."""
    with showing():
        sys.stdout.write("\n".join(cleaned(line, len(line)) for line in report.split("\n")) + "\n")
        sys.stdout.flush()


@contextmanager
def showing() -> Iterator[None]:
    """Write to standard output in this context; raises as ``show`` does."""
    if sys.stdout is None:
        raise Unshown("cannot write to standard output: it is closed")
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise Unshown(f"cannot write to standard output: {error.strerror}") from None


def tell(line: str) -> None:
    """Write a line to standard error, and flush; there is nowhere to say if that fails."""
    try:
        if sys.stderr is not None:
            sys.stderr.write(cleaned(line, LONGEST) + "\n")
            sys.stderr.flush()
    except OSError:
        pass


def is_terminal(stream: Any) -> bool:
    """Whether a stream, None if it is closed, is a terminal."""
    return stream is not None and bool(stream.isatty())


def replace_what_it_cannot_show() -> None:
    """Print characters that the terminal does not have as question marks: host names may contain anything."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def discard_what_it_cannot_write() -> None:
    """Drop what is left in the streams and cannot be written: otherwise Python complains about it as it exits."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
