# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Saved reports: the output of ``--json`` or of a module, read again for a page or a comparison."""
from __future__ import annotations

import json
from typing import Any, Iterable, Iterator, NoReturn, Sequence

from .. import REPORT_FORMAT
from ..errors import Term, UsageError, command
from .fields.info import INFO
from .fields.rows import ALWAYS, PAGE, Field, Section
from .fields.verify import VERIFY
from .paths import EACH, Data, join, names

WITH_SERIES = Term("couchdyno-info --json", "couchdyno_info and series: true")
FOR_PAGE, FOR_COMPARISON = (PAGE, ALWAYS), (ALWAYS,)  # which fields a report needs for each purpose


def read(path: str) -> Data:
    """The report in a file; raises UsageError if the file holds none."""
    try:
        with open(path, encoding="utf-8") as stream:
            report = json.load(stream, parse_constant=_refuse)
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        report = None
    if not isinstance(report, dict):
        raise UsageError(f"{path} is not a report; create one with: couchdyno-info --json DB > {path}")
    return report


def read_comparable(path: str) -> Data:
    """The report of couchdyno-info in a file, for a comparison; raises UsageError if the file holds none."""
    return _check_info(read(path), path, FOR_COMPARISON)


def classified(reports: Iterable[tuple[str, Data]]) -> tuple[list[Data], list[Data]]:
    """The reports of couchdyno-info and those of couchdyno-verify, if each is complete enough for a page.

    Each report comes with the name of its file or host. Raises UsageError for any other report.
    """
    infos, verified = [], []
    for where, report in reports:
        if "verdict" in report:
            _check_format(report, where)
            verified.append(_check_fields(report, where, VERIFY, FOR_PAGE, "verify"))
        else:
            infos.append(_check_info(report, where, FOR_PAGE))
    return infos, verified


def _check_info(report: Data, where: str, needed: Sequence[str]) -> Data:
    """Return a report of couchdyno-info with its series; raises UsageError for any other."""
    _check_format(report, where)
    if not isinstance(report.get("dyno_config"), dict) or not isinstance(report.get("database"), dict):
        raise UsageError(f"{where}: not a report of ", command("info"), "; create one with ", WITH_SERIES)
    if not isinstance(report.get("series"), list):
        raise UsageError(f"{where}: no series; create the report with ", WITH_SERIES)
    return _check_fields(report, where, INFO, needed, "info")


def _check_format(report: Data, where: str) -> None:
    """Raise UsageError for a report of another format; a report without a format is from version 0.1.0."""
    found = report.get("format", REPORT_FORMAT)
    if found != REPORT_FORMAT:
        shown = f"format {found}" if isinstance(found, int) else "an unknown format"
        raise UsageError(f"{where}: a report in {shown}, but this version of couchdyno reads format {REPORT_FORMAT}; "
                         "create it again with this version, or upgrade couchdyno")


def _check_fields(report: Data, where: str, sections: Sequence[Section], needed: Sequence[str], job: str) -> Data:
    for path in misfits(report, sections, needed):
        raise UsageError(f"{where}: not a complete ", command(job),
                         f" report (missing or invalid: {path}); create it again")
    return report


def misfits(report: Data, sections: Sequence[Section], needed: Sequence[str]) -> Iterator[str]:
    """The paths of needed fields that are missing in a report or do not fit their form."""
    for section in sections:
        fields = [(field, names(field.path)) for field in section.fields if field.needed in needed]
        if fields:
            yield from _of_section(report, names(section.path), "", section, fields)


def _of_section(part: Any, way: Sequence[str], path: str, section: Section,
                fields: Sequence[tuple[Field, list[str]]]) -> Iterator[str]:
    """The misfits of a section, at the end of the ``way`` from this part of a report."""
    if not way:
        yield from _of_fields(part, path, fields)
    elif way[0] == EACH and isinstance(part, list):
        for place, item in enumerate(part):
            yield from _of_section(item, way[1:], join(path, str(place)), section, fields)
    elif way[0] == EACH or not isinstance(part, dict):
        yield path
    elif way[0] not in part:
        if not section.optional:
            yield join(path, way[0])
    elif part[way[0]] is not None or not section.nullable:
        yield from _of_section(part[way[0]], way[1:], join(path, way[0]), section, fields)


def _of_fields(part: Any, path: str, fields: Sequence[tuple[Field, list[str]]]) -> Iterator[str]:
    for field, way in fields:
        if not way:
            if not field.form.fits(part):
                yield path
        elif not isinstance(part, dict):
            yield path
        elif _is_misfit(part, way, field):
            yield join(path, field.path)


def _is_misfit(part: Any, way: Sequence[str], field: Field) -> bool:
    """Whether a field is missing or invalid. If the part around it is missing, the row of that part reports it."""
    *around, name = way
    for each in around:
        part = part.get(each) if isinstance(part, dict) else None
    if not isinstance(part, dict):
        return False
    if name not in part:
        return not field.optional
    return not (field.form.fits(part[name]) or (field.nullable and part[name] is None))


def _refuse(name: str) -> NoReturn:
    """Refuse NaN and infinity, which Python accepts in JSON and browsers do not."""
    raise ValueError(name)
