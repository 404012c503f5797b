# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics as a file for the textfile collector of Prometheus' node_exporter; needs prometheus_client."""
from __future__ import annotations

import os
from typing import Any, Iterable, Iterator

from . import files
from .errors import MissingLibrary, UsageError
from .metrics import Metric

try:
    from prometheus_client import CollectorRegistry, generate_latest
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError:  # told to those who ask for metrics
    CollectorRegistry = None  # type: ignore[assignment, misc]

SUFFIX = ".prom"


def check(path: str) -> None:
    """Raise MissingLibrary or UsageError when metrics cannot be written there."""
    if CollectorRegistry is None:
        raise MissingLibrary("prometheus_client")
    if not path.endswith(SUFFIX):
        raise UsageError(f"the collector only reads files whose names end in {SUFFIX}; {path} does not")
    files.check_place(path)


def write(path: str, labels: dict[str, str], metrics: Iterable[Metric]) -> None:
    """Write metrics, whole or not at all; each sample gets these ``labels`` and the ``name`` of the file."""
    check(path)
    common = dict(labels, name=os.path.basename(path)[:-len(SUFFIX)])
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(common, list(metrics)))
    files.write(path, generate_latest(registry))


class _Collector:
    """What prometheus_client asks for metrics."""

    def __init__(self, common: dict[str, str], metrics: list[Metric]) -> None:
        self._common = common
        self._metrics = metrics

    def describe(self) -> list[Any]:
        return []

    def collect(self) -> Iterator[Any]:
        for metric in self._metrics:
            if metric.samples:
                yield self._family(metric)

    def _family(self, metric: Metric) -> Any:
        names = [*self._common, *metric.samples[0][0]]
        of_kind = CounterMetricFamily if metric.name.endswith("_total") else GaugeMetricFamily
        family = of_kind(metric.name, metric.help, labels=names)
        for labels, value in metric.samples:
            family.add_metric([*self._common.values(), *labels.values()], float(value))
        return family
