# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which workloads fit into a partitioned database. Pure.

There, each id consists of a partition, a colon, and a rest, so the prefix of a type decides whether its ids do.
"""
from __future__ import annotations

from .refusal import refused
from .workload import Workload


def has_partition(prefix: str) -> bool:
    """Whether CouchDB accepts ids with a prefix, and digits after it, in a partitioned database."""
    partition, colon, rest = prefix.partition(":")
    return bool(partition and colon) and not (partition.startswith("_") or rest.startswith("_"))


def check_partitions(workload: Workload | None) -> None:
    """Raise UsageError, which names the place, unless all documents of a workload can be in a partitioned database."""
    for each in workload.types if workload else ():
        if not has_partition(each.prefix):
            raise refused(f"types.{each.name:.40}.prefix", "must have the form partition:rest in a partitioned "
                          f"database, where neither part begins with _, not {each.prefix!r:.40}")
