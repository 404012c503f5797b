# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as a file for the textfile collector of node_exporter; needs prometheus_client."""
from __future__ import annotations

import os
from typing import TYPE_CHECKING, Sequence

from ...errors import MissingLibrary, UsageError
from .. import output_file

try:
    from prometheus_client import CollectorRegistry, generate_latest
except ImportError:  # check reports it
    CollectorRegistry = None  # type: ignore[assignment, misc]
if TYPE_CHECKING:
    from prometheus_client import Metric as Family

SUFFIX = ".prom"


def check(path: str) -> None:
    """Raise MissingLibrary or UsageError if metrics cannot be written to this path."""
    if CollectorRegistry is None:
        raise MissingLibrary("prometheus_client")
    if not path.endswith(SUFFIX):
        raise UsageError(f"cannot write metrics to {path}: node_exporter reads only names that end in {SUFFIX}")
    try:
        path.encode("utf-8")  # its name becomes a label
    except UnicodeEncodeError:
        raise UsageError(f"cannot write metrics to {path}: the name is not valid UTF-8") from None
    output_file.check(path)


def write(path: str, labels: dict[str, str], families: Sequence[Family]) -> None:
    """Write all metrics that have samples; each sample gets ``labels`` and the ``name`` of the file as well.

    Raises MissingLibrary or UsageError.
    """
    check(path)
    common = dict(labels, name=os.path.basename(path)[:-len(SUFFIX)])
    for family in families:
        family.samples = [sample._replace(labels={**common, **sample.labels}) for sample in family.samples]
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector([family for family in families if family.samples]))
    output_file.write(path, generate_latest(registry))


class _Collector:
    """Hands metric families to the registry of prometheus_client."""

    def __init__(self, families: list[Family]) -> None:
        self._families = families

    def collect(self) -> list[Family]:
        return self._families
