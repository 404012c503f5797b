# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts print: reports on standard output, everything else on standard error. Modules must not print."""
from __future__ import annotations

import sys

from ..errors import cleaned

LONGEST = 10 ** 4  # characters of a line on standard error


def show(report: str) -> None:
    """Write a report, or one line of it, and flush."""
    sys.stdout.write("\n".join(cleaned(line, len(line)) for line in report.split("\n")) + "\n")
    sys.stdout.flush()


def tell(line: str) -> None:
    """Write a line to standard error, and flush."""
    sys.stderr.write(cleaned(line, LONGEST) + "\n")
    sys.stderr.flush()


def replace_what_it_cannot_show() -> None:
    """Print characters that the terminal does not have as question marks: host names may contain anything."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
