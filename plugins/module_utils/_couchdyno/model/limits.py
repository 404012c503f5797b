# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Limits: every limit and default of a number that several places need, and the checks against them."""
from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ..errors import UsageError, option

if TYPE_CHECKING:
    from typing_extensions import TypeGuard

EXACT = 2 ** 53  # every JSON parser keeps integers below it exact
MAX_TOTAL = 10 ** 12
MAX_SIZE = 100 * 10 ** 6  # bytes
MAX_SEED = EXACT - 1
MAX_UPDATES = MAX_TOTAL
MAX_POSITION = EXACT - 1  # in the update stream; also the number of a run
REACHABLE = 2 ** 52  # the largest position or number of the next run in a ledger, so that the ones after it are exact
LATEST = 253402300799  # the end of the year 9999, in Unix seconds
LATEST_RUN = LATEST - 366 * 86400  # runs are not later, so that the week after each still has dates

MAX_SHARDS = 1024
MAX_REPLICAS = 64

CONNECTIONS = 4  # by default
MAX_CONNECTIONS = 64
MAX_BATCH_BYTES = 10 ** 9
RATES = (1e-4, 1e7)  # documents per second: from one in three hours to more than any server accepts

MAX_CYCLES = 10 ** 9
MAX_INTERVAL = 366 * 86400.0  # seconds
MAX_RUNS = 10 ** 9  # to list
MAX_TOLERANCE = 1000.0  # percent


def is_integer(value: object) -> TypeGuard[int]:
    """Whether a value in JSON is an integer; true and false, which are integers in Python, are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_count(value: object, least: int, most: int) -> bool:
    """Whether a value in JSON is an integer from ``least`` to ``most``."""
    return is_integer(value) and least <= value <= most


def pair_of(value: Any, least: int, most: int) -> tuple[int, int] | None:
    """Two integers in order from ``least`` to ``most``, given as a list or as one for both; None if they are not."""
    pair = value if isinstance(value, (list, tuple)) else [value, value]
    if len(pair) == 2 and is_count(pair[1], least, most) and is_count(pair[0], least, pair[1]):
        return pair[0], pair[1]
    return None


def is_amount(value: object) -> bool:
    """Whether a value in JSON is a number, whole or not, from 0 to where integers cease to be exact."""
    return (is_integer(value) or isinstance(value, float)) and 0 <= value <= EXACT


def check_count(name: str, value: int, most: int, least: int = 1) -> int:
    """Return the value of option ``name`` if it is from ``least`` to ``most``; raises UsageError otherwise."""
    if not least <= value <= most:
        raise UsageError(option(name), f" must be from {least} to {most}, not {value}")
    return value


def check_number(name: str, value: float, least: float, most: float) -> float:
    """Return the value of option ``name`` if it is from ``least`` to ``most``; raises UsageError otherwise."""
    if not least <= value <= most:
        raise UsageError(option(name), f" must be from {_plain(least)} to {_plain(most)}, not {_plain(value)}")
    return value


def check_seconds(name: str, seconds: float, most: float) -> float:
    """Return the ``seconds`` of option ``name`` if they are from 0 to ``most``; raises UsageError otherwise."""
    if not 0 <= seconds <= most:
        raise UsageError(option(name), f" must be from 0 to {most:.0f} seconds, not {_plain(seconds)}")
    return seconds


def _plain(number: float) -> str:
    """A number without exponent."""
    return f"{number:.4f}".rstrip("0").rstrip(".") if math.isfinite(number) else str(number)
