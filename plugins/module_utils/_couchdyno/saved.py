# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that were saved, as ``--json`` prints them."""
from __future__ import annotations

import json
from typing import Any, Dict, Iterable

from .errors import UsageError

Data = Dict[str, Any]


def read(path: str) -> Data:
    """The report in a file; raises UsageError when there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            report = json.load(stream)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except ValueError:
        report = None
    if not isinstance(report, dict):
        raise UsageError(f"{path} does not hold a report; save one with: couchdyno-info --json DB > {path}")
    return report


def info(path: str) -> Data:
    """The report of couchdyno-info in a file; raises UsageError when there is none that is whole."""
    return _check_info(read(path), path)


def sort(reports: Iterable[tuple[str, Data]]) -> tuple[list[Data], list[Data]]:
    """Reports of couchdyno-info, and those of couchdyno-verify, of such with names for each.

    Raises UsageError for anything else.
    """
    infos, verified = [], []
    for where, report in reports:
        if {"verdict", "checked", "counts", "stream"} <= set(report):
            verified.append(report)
        else:
            infos.append(_check_info(report, where))
    return infos, verified


def _check_info(report: Data, where: str) -> Data:
    """Return a report that couchdyno-info has made with its series; raises UsageError for any other."""
    if not isinstance(report.get("dyno_config"), dict) or not isinstance(report.get("database"), dict):
        raise UsageError(f"{where} is no report of couchdyno-info; save one with: couchdyno-info --json")
    if not isinstance(report.get("series"), list):
        raise UsageError(f"{where} has no series; save it with couchdyno-info --json, or the module's series: true")
    return report
