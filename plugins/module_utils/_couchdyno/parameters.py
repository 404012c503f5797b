# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database is set up with."""
from __future__ import annotations

import secrets
from typing import NamedTuple

from .errors import UsageError
from .stream import MAX_SEED, MAX_SIZE, MAX_TOTAL

MAX_UPDATES = MAX_TOTAL
MAX_SHARDS = 1024
MAX_COPIES = 64


class Parameters(NamedTuple):
    """``total`` documents of ``size`` bytes, ``updates`` of them in a run; a ``seed`` of None is drawn by chance."""

    total: int = 1000
    size: int = 1000
    updates: int = 10
    seed: int | None = None


def check(wanted: Parameters) -> Parameters:
    """Return parameters that make sense, ``updates`` capped at ``total``; raises UsageError for others."""
    check_count("total", wanted.total, MAX_TOTAL)
    check_count("size", wanted.size, MAX_SIZE)
    check_count("updates per run", wanted.updates, MAX_UPDATES)
    if wanted.seed is not None:
        check_count("seed", wanted.seed, MAX_SEED, least=0)
    return wanted._replace(updates=min(wanted.updates, wanted.total))


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


def draw_seed() -> int:
    """A seed by chance."""
    return secrets.randbelow(MAX_SEED + 1)
