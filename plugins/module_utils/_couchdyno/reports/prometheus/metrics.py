# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of scripts as metrics for Prometheus.

Each script has its own metric names, so that the files of several scripts can share a directory. Times are Unix
seconds by the server's clock.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Iterator, Sequence

from ..fields.rows import Field, Metric, Section
from ..paths import Data, found, value

try:
    from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
except ImportError:  # textfile.check reports it
    pass
if TYPE_CHECKING:
    from prometheus_client import Metric as Family


def ended(script: str, code: int, now: int) -> list[Family]:
    """What every script reports, however it ended: its exit code, and the time."""
    codes = ("Exit code. 0: success; 1 to 3: failure; 4: finished, but some documents could not be written, or the "
             "database is wrong or the verdict undecided; 130: interrupted.")
    return [GaugeMetricFamily(f"couchdyno_{script}_exit_code", codes, code),
            GaugeMetricFamily(f"couchdyno_{script}_end_timestamp_seconds", "When the script ended.", now)]


def measured(script: str, sections: Sequence[Section], report: Data) -> list[Family]:
    """The metrics of a script's report; including metrics without samples, unless their section is missing."""
    rows = list(_rows(script, [section for section in sections if not section.optional or found(report, section.path)]))
    metrics = sorted((metric for _section, _field, metric in rows), key=lambda metric: metric.place)
    families = {metric.name: _family(f"couchdyno_{script}_{metric.name}", metric.help) for metric in metrics}
    for section, field, metric in rows:
        for __, part in found(report, section.path):
            if section.shown(part):
                for labels, number in _samples(section, field, metric, part):
                    families[metric.name].add_sample(f"couchdyno_{script}_{metric.name}", labels, number)
    return list(families.values())


def _family(name: str, text: str) -> Family:
    return (CounterMetricFamily if name.endswith("_total") else GaugeMetricFamily)(name, text)


def _rows(script: str, sections: Sequence[Section]) -> Iterator[tuple[Section, Field, Metric]]:
    for section in sections:
        for field in section.fields:
            if field.metric and field.metric.only in ("", script):
                yield section, field, field.metric


def _samples(section: Section, field: Field, metric: Metric, part: Any) -> list[tuple[dict[str, str], float]]:
    labels = {**section.labels(part), **dict(metric.labels)}
    measured = value(part, field.path)
    if measured is None:
        return [] if metric.absent is None else [(labels, metric.absent)]
    if not metric.by:
        return [(labels, field.form.number(measured))]
    entries = measured if isinstance(measured, dict) else {measured: 1}
    return [({**labels, metric.by: name}, number) for name, number in entries.items()]
