# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths into reports: names joined by dots, and ``*`` for every item of a list, such as ``gaps.latest.*.host``."""
from __future__ import annotations

from typing import Any, Dict, Iterable

Data = Dict[str, Any]

EACH = "*"


def found(data: Any, path: str) -> list[tuple[str, Any]]:
    """All values at a path, each with its own path; nothing if a part of the path is missing."""
    places = [("", data)]
    for name in names(path):
        places = [(join(where, key), child) for where, part in places for key, child in _children(part, name)]
    return places


def value(data: Any, path: str) -> Any:
    """The value at a path without ``*``, or None."""
    for name in names(path):
        if not isinstance(data, dict):
            return None
        data = data.get(name)
    return data


def names(path: str) -> list[str]:
    """The names in a path; an empty path, which means the data itself, has none."""
    return path.split(".") if path else []


def join(path: str, name: str) -> str:
    """Join two paths; either may be empty."""
    return f"{path}.{name}" if path and name else path or name


def _children(part: Any, name: str) -> Iterable[tuple[str, Any]]:
    if name == EACH:
        return [(str(place), item) for place, item in enumerate(part)] if isinstance(part, list) else []
    return [(name, part[name])] if isinstance(part, dict) and name in part else []
