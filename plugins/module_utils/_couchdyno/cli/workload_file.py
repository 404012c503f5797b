# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option ``--workload``: the name of a built-in workload, or a file with one."""
from __future__ import annotations

import json
from typing import Any

from ..errors import UsageError, option
from ..model.workloads import named

MAX_SIZE = 10 ** 6  # bytes


def workload(name: str | None) -> Any:
    """A workload as users write it, None for classic; ``name`` is a built-in one, or a path that ends in ``.json``."""
    if name is None:
        return None
    if not name.endswith(".json"):
        return named(name)
    try:
        with open(name, "rb") as stream:
            content = stream.read(MAX_SIZE + 1)
    except OSError as error:
        raise UsageError(option("workload"), f": cannot read {name}: {error.strerror}") from None
    if len(content) > MAX_SIZE:
        raise UsageError(option("workload"), f": {name} is larger than {MAX_SIZE} bytes")
    try:
        return json.loads(content.decode("utf-8-sig"), object_pairs_hook=_without_repetition)
    except _Repeated as error:
        raise UsageError(option("workload"), f": {name} has the member {str(error)!a:.60} twice") from None
    except (ValueError, RecursionError) as error:
        raise UsageError(option("workload"), f": {name} is not JSON: {str(error)[:100]}") from None


class _Repeated(Exception):
    """A member that an object has twice."""


def _without_repetition(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in members:
        if name in found:
            raise _Repeated(name)
        found[name] = value
    return found
