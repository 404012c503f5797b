# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Parts of text: ``name : value`` lines and tables, built from the rows of fields.

Values may be foreign text (hosts, reasons, versions), so each is cleaned here.
"""
from __future__ import annotations

from typing import Any, Iterable, Tuple

from ...errors import cleaned
from ..fields.rows import Field, Section
from ..paths import Data, found, value

LONGEST = 1000  # characters of a value; some are lists

Line = Tuple[str, str]


def lines(fields: Iterable[Field], part: Data) -> list[Line]:
    """The lines of fields for a part of a report: labels and values."""
    return [(field.label, cleaned(text, LONGEST)) for field in fields if field.label
            for __, each in found(part, field.path) for text in _values(field, each, part)]


def wide(section: Section, report: Data) -> str:
    """A section of the reports of setup, info, verify and comparisons."""
    return wide_lines(section.heading, lines(section.fields, value(report, section.path)))


def wide_lines(heading: str, lines: Iterable[Line]) -> str:
    """The same, from given lines."""
    return "\n".join([f"{heading}:", *(f"    {name} : {value}" for name, value in lines)])


def narrow(section: Section, report: Data) -> str:
    """A section of the report of execute."""
    return narrow_lines(section.heading, lines(section.fields, value(report, section.path)))


def narrow_lines(heading: str, lines: Iterable[Line]) -> str:
    """The same, from given lines."""
    return "\n".join([f"{heading}:", *(f"  {name}: {value}" for name, value in lines)])


def table(section: Section, report: Data) -> str:
    """A section as a table, with a row for each of its parts."""
    columns = [field for field in section.fields if field.column]
    rows = [[field.label for field in columns]]
    rows += [[_cell(field, part) for field in columns] for __, part in found(report, section.path)]
    return "\n".join([f"{section.heading}:", *(_row(columns, row) for row in rows)])


def _values(field: Field, each: Any, part: Data) -> Iterable[str]:
    if each is None and field.nullable:
        return [field.none] if field.none else []
    return field.lines(part) if field.lines else [field.form.text(each)]


def _cell(field: Field, part: Data) -> str:
    found = value(part, field.path)
    return field.form.none if found is None else cleaned(field.form.text(found))


def _row(columns: Iterable[Field], cells: Iterable[str]) -> str:
    return "    " + "  ".join(format(cell, field.column) for field, cell in zip(columns, cells))
