# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a workload that makes no sense is refused: with the place of what is wrong with it. Pure."""
from __future__ import annotations

from typing import Any

from ..errors import Part, Term, UsageError
from .limits import is_count

OBJECT = Term("an object", "a dict")


def refused(where: str, *what: Part) -> UsageError:
    """The error about a place of a workload."""
    return UsageError(Term("", "workload."), f"{where}: ", *what)


def check_keys(where: str, entry: dict[str, Any], known: tuple[str, ...]) -> None:
    """Raise UsageError for a key that is not known; ``where`` ends in a dot, unless it is empty."""
    for key in entry:
        if key not in known:
            raise refused(f"{where}{key!s:.40}", f"is unknown; known are {', '.join(known)}")


def integer(where: str, entry: dict[str, Any], key: str, default: int, least: int, most: int) -> int:
    """A whole number between two."""
    value = entry.get(key, default)
    if not is_count(value, least, most):
        raise refused(f"{where}.{key}", f"must be a whole number from {least} to {most}, not {value!r:.40}")
    return int(value)


def boolean(where: str, entry: dict[str, Any], key: str) -> bool:
    """True or false, by default false."""
    value = entry.get(key, False)
    if not isinstance(value, bool):
        raise refused(f"{where}.{key}", f"must be true or false, not {value!r:.40}")
    return value


def choice(where: str, entry: dict[str, Any], key: str, default: str, other: str) -> str:
    """One of two words."""
    value = entry.get(key, default)
    if value not in (default, other):
        raise refused(f"{where}.{key}", f"must be {default} or {other}, not {value!r:.40}")
    return str(value)
