# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parameters of a database."""
from __future__ import annotations

import secrets
from typing import NamedTuple

from .limits import MAX_SEED, MAX_SIZE, MAX_TOTAL, MAX_UPDATES, check_count
from .workload import Workload


class Parameters(NamedTuple):
    """``total`` documents of ``size`` bytes, ``updates`` of them per run; a ``seed`` of None is drawn at random.

    With a ``workload``, ``total`` documents exist at the start, and ``size`` is that of types that name none. None
    stands for classic.
    """

    total: int = 1000
    size: int = 1000
    updates: int = 10
    seed: int | None = None
    workload: Workload | None = None

    def check(self) -> Parameters:
        """The parameters, with at most ``total`` ``updates``; raises UsageError if they make no sense."""
        check_count("total", self.total, MAX_TOTAL)
        check_count("size", self.size, MAX_SIZE)
        check_count("updates_per_run", self.updates, MAX_UPDATES)
        if self.seed is not None:
            check_count("seed", self.seed, MAX_SEED, least=0)
        return self._replace(updates=min(self.updates, self.total))

    def in_database(self, is_partitioned: bool) -> Parameters:
        """The parameters of a database that is partitioned, or is not."""
        return self._replace(workload=self.workload and self.workload.in_database(is_partitioned))

    @property
    def version(self) -> int:
        """The version of the ledger: other programs must not take a workload for the classic one."""
        return 2 if self.workload else 1


DEFAULTS = Parameters()


def draw_identity() -> str:
    """A random identity of a database."""
    return secrets.token_hex(4)


def draw_seed() -> int:
    """A random seed."""
    return secrets.randbelow(MAX_SEED + 1)
