# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as a file for the textfile collector of Prometheus' node_exporter; needs prometheus_client."""
from __future__ import annotations

import os
from typing import Any, Iterable, Iterator

from ...errors import MissingLibrary, UsageError
from .. import output_file
from .metrics import Family

try:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError:  # reported to those who ask for metrics
    CollectorRegistry = None  # type: ignore[assignment, misc]

SUFFIX = ".prom"


def check(path: str) -> None:
    """Raise MissingLibrary or UsageError if metrics cannot be written there."""
    if CollectorRegistry is None:
        raise MissingLibrary("prometheus_client")
    if not path.endswith(SUFFIX):
        raise UsageError(f"the collector only reads files whose names end in {SUFFIX}; {path} does not")
    output_file.check(path)


def write(path: str, labels: dict[str, str], families: Iterable[Family]) -> None:
    """Write metrics, all or none; each sample gets these ``labels`` and the ``name`` of the file.

    Raises MissingLibrary or UsageError.
    """
    check(path)
    common = dict(labels, name=os.path.basename(path)[:-len(SUFFIX)])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(common, list(families)))
    output_file.write(path, generate_latest(registry))


class _Collector:
    """What prometheus_client asks for metrics."""

    def __init__(self, common: dict[str, str], families: list[Family]) -> None:
        self._common = common
        self._families = families

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        for family in self._families:
            if family.samples:
                yield self._family(family)

    def _family(self, family: Family) -> Any:
        names = [*self._common, *family.samples[0][0]]
        of_kind = CounterMetricFamily if family.name.endswith("_total") else GaugeMetricFamily
        collected = of_kind(family.name, family.help, labels=names)
        for labels, value in family.samples:
            collected.add_metric([*self._common.values(), *labels.values()], float(value))
        return collected
