# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The update stream of a database, from its parameters. Pure."""
from __future__ import annotations

from functools import lru_cache

from .classic_stream import ClassicStream
from .names import PLAIN, Names
from .stream import Stream
from .workload import Workload
from .workload_stream import WorkloadStream


@lru_cache(maxsize=8)
def stream_of(seed: int, total: int, size: int, workload: Workload | None = None, names: Names = PLAIN) -> Stream:
    """The stream of a database; without a ``workload``, the classic one."""
    return WorkloadStream(seed, workload, names) if workload else ClassicStream(seed, total, size, names)
