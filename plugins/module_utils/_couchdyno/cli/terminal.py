# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the scripts show: reports on standard output, all else next to it. Ansible's modules must not print."""
from __future__ import annotations

import sys


def show(report: str) -> None:
    """Write a report, or a line of one, at once."""
    sys.stdout.write(report + "\n")
    sys.stdout.flush()


def tell(line: str) -> None:
    """Write a line for those who watch the script."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def replace_what_it_cannot_show() -> None:
    """Let what the terminal has no character for become a question mark: hosts may be called anything."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
