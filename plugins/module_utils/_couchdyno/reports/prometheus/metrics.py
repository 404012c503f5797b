# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a script has found, as metrics for Prometheus.

Each script has names of its own, so that files of several of them can lie in one directory. Times are Unix seconds of
the server.
"""
from __future__ import annotations

from typing import Any, Dict, Iterator, NamedTuple, Tuple

from ..fields.info import INFO
from ..fields.rows import Field, Metric, Section
from ..fields.verify import VERIFY
from ..fields.written import EXECUTE
from ..paths import Data, found, value

Sample = Tuple[Dict[str, str], float]

SECTIONS: dict[str, tuple[Section, ...]] = {"execute": EXECUTE, "info": INFO, "verify": VERIFY}


class Family(NamedTuple):
    """A metric with its samples; a name that ends in ``_total`` is a counter, any other a gauge."""

    name: str
    help: str
    samples: list[Sample]


def ended(script: str, code: int, now: int) -> list[Family]:
    """What every script reports, however it ended: its exit code, and the time."""
    return [Family(f"couchdyno_{script}_exit_code", "How the script ended. 0: all is well; 1 to 3: it could not do it; "
                   "4: not all is right; 130: interrupted.", [({}, code)]),
            Family(f"couchdyno_{script}_end_timestamp_seconds", "When the script ended.", [({}, now)])]


def measured(script: str, report: Data) -> list[Family]:
    """What the report of a script (``execute``, ``info`` or ``verify``) says, in the metrics of its fields.

    Those without a sample are there, too.
    """
    rows = list(_rows(script))
    metrics = sorted((metric for _section, _field, metric in rows), key=lambda metric: metric.place)
    families = {metric.name: Family(f"couchdyno_{script}_{metric.name}", metric.help, []) for metric in metrics}
    for section, field, metric in rows:
        for __, part in found(report, section.path):
            if section.shown(part):
                families[metric.name].samples.extend(_samples(section, field, metric, part))
    return list(families.values())


def _rows(script: str) -> Iterator[tuple[Section, Field, Metric]]:
    for section in SECTIONS[script]:
        for field in section.fields:
            if field.metric and field.metric.only in ("", script):
                yield section, field, field.metric


def _samples(section: Section, field: Field, metric: Metric, part: Any) -> list[Sample]:
    labels = {**section.labels(part), **dict(metric.labels)}
    measured = value(part, field.path)
    if measured is None:
        return [] if metric.absent is None else [(labels, metric.absent)]
    if not metric.by:
        return [(labels, field.form.number(measured))]
    entries = measured if isinstance(measured, dict) else {measured: 1}
    return [({**labels, metric.by: name}, number) for name, number in entries.items()]
