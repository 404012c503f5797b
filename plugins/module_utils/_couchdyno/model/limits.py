# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What numbers may be: every limit and every default that more than one place needs, and the checks against them."""
from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import UsageError

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

EXACT = 2 ** 53  # integers below it are kept exact by every JSON parser
MAX_TOTAL = 10 ** 12
MAX_SIZE = 100 * 10 ** 6  # bytes
MAX_SEED = EXACT - 1
MAX_UPDATES = MAX_TOTAL
MAX_POSITION = 10 ** 15
LATEST = 253402300799  # the end of the year 9999, in Unix seconds

MAX_SHARDS = 1024
MAX_REPLICAS = 64

CONNECTIONS = 4  # by default
MAX_CONNECTIONS = 64
MAX_BATCH_BYTES = 10 ** 9
RATES = (1e-4, 1e7)  # documents per second: one in three hours, and more than any server accepts

MAX_CYCLES = 10 ** 9
MAX_INTERVAL = 366 * 86400.0  # seconds
MAX_RUNS = 10 ** 9  # that are listed
MAX_TOLERANCE = 1000.0  # percent


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a value in JSON is an integer; true and false are integers to Python alone."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value: object, least: int, most: int) -> bool:
    """Whether a value in JSON is an integer from ``least`` to ``most``."""
    return is_integer(value) and least <= value <= most


def check_count(name: str, value: int, most: int, least: int = 1) -> int:
    """Return ``value`` when it lies between ``least`` and ``most``; raises UsageError otherwise."""
    if not least <= value <= most:
        raise UsageError(f"{name} must be from {least} to {most}, not {value}")
    return value


def check_number(name: str, value: float, least: float, most: float) -> float:
    """Return ``value`` when it lies between ``least`` and ``most``; raises UsageError otherwise."""
    if not least <= value <= most:
        raise UsageError(f"{name} must be from {least:g} to {most:g}, not {value:g}")
    return value


def check_seconds(name: str, seconds: float, most: float) -> float:
    """Return ``seconds`` when they lie between 0 and ``most``; raises UsageError otherwise."""
    if not 0 <= seconds <= most:
        raise UsageError(f"{name} must be from 0 to {most:.0f} seconds, not {seconds:g}")
    return seconds
