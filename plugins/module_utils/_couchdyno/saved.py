# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that were saved, as ``--json`` prints them."""
from __future__ import annotations

import json
from typing import Any, Dict, Iterable, NoReturn

from .errors import UsageError
from .shapes import COMPARABLE, INFO, VERDICT, misfits

Data = Dict[str, Any]


def read(path: str) -> Data:
    """The report in a file; raises UsageError when there is none."""
    try:
        with open(path, encoding="utf-8") as stream:
            report = json.load(stream, parse_constant=_refuse)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict):
        raise UsageError(f"{path} does not hold a report; save one with: couchdyno-info --json DB > {path}")
    return report


def info(path: str) -> Data:
    """The report of couchdyno-info in a file, for a comparison; raises UsageError when there is none."""
    return _check_info(read(path), path, COMPARABLE)


def sort(reports: Iterable[tuple[str, Data]]) -> tuple[list[Data], list[Data]]:
    """Reports of couchdyno-info, and those of couchdyno-verify, of such with names for each.

    Raises UsageError for anything else.
    """
    infos, verified = [], []
    for where, report in reports:
        if "verdict" in report:
            verified.append(_check(report, where, VERDICT, "couchdyno-verify"))
        else:
            infos.append(_check_info(report, where, INFO))
    return infos, verified


def _check_info(report: Data, where: str, shape: Data) -> Data:
    """Return a report that couchdyno-info has made with its series; raises UsageError for any other."""
    if not isinstance(report.get("dyno_config"), dict) or not isinstance(report.get("database"), dict):
        raise UsageError(f"{where} is no report of couchdyno-info; save one with: couchdyno-info --json")
    if not isinstance(report.get("series"), list):
        raise UsageError(f"{where} has no series; save it with couchdyno-info --json, or the module's series: true")
    return _check(report, where, shape, "couchdyno-info")


def _check(report: Data, where: str, shape: Data, script: str) -> Data:
    for path in misfits(report, shape):
        raise UsageError(f"{where} is no whole report of {script}: {path} is missing or wrong; save it anew")
    return report


def _refuse(name: str) -> NoReturn:
    """Refuse what Python takes for JSON and browsers do not."""
    raise ValueError(name)
