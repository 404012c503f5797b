# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the tables of fields: what text, page, metrics and the check of saved reports have to know of a field.

The other files in this folder are the tables. A field that a job has learned to report gets its row there, and is then
shown wherever the row says so.
"""
from __future__ import annotations

from typing import Any, Callable, Iterable, NamedTuple

from ..forms import Form
from ..paths import Data

PAGE, ALWAYS = "page", "always"  # which saved reports need a field: those for a page, or those to be compared, too
IN_PROGRESS, IN_DATABASE = "Progress", "Database"  # tables of the page with fields of several sections


class Title(NamedTuple):
    """What a field is called on the page, and its place there: by default in the table of its section, in its turn."""

    text: str
    place: int = 0
    table: str = ""


class Metric(NamedTuple):
    """The metric of a field.

    ``name`` follows ``couchdyno_SCRIPT_``, and one that ends in ``_total`` is a counter, any other a gauge. Rows of the
    same name are samples of one metric, told apart by ``labels``. Metrics are written in the order of ``place``.
    With ``by``, a value that is a dict gives a sample for each of its keys, and any other value becomes a label itself,
    of the sample 1. ``absent`` is the sample of a field that is not there, None for no sample. ``only`` is the script
    whose metrics include it, if not all.
    """

    name: str
    help: str
    place: int
    by: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    absent: int | None = None
    only: str = ""

    def of(self, **labels: str) -> Metric:
        """The same metric for a field whose sample has these labels."""
        return self._replace(labels=tuple(labels.items()))


class Field(NamedTuple):
    """A row of the table.

    ``path`` leads from the section's part of a report to the value; the empty path is that part itself. ``form`` is the
    kind of the value.

    In text, ``label`` stands before the value, or above the column in tables, which are made of the fields that have a
    ``column``: its alignment and width as str.format has them. ``lines`` makes the values of one or more lines from the
    section's part, where the form of the value alone does not do.

    On the page, ``title`` stands beside or above the value; ``overview`` does in the table of all databases.

    ``metric`` is None for a field that Prometheus does not see.

    ``needed`` says which saved reports must have the field. One that is ``optional`` may be missing in any report, one
    that is ``nullable`` may be None; text then says ``none``, or leaves the line out where that is empty.
    """

    path: str
    form: Form
    label: str = ""
    column: str = ""
    lines: Callable[[Data], Iterable[str]] | None = None
    title: Title | None = None
    overview: Title | None = None
    metric: Metric | None = None
    needed: str = ""
    optional: bool = False
    nullable: bool = False
    none: str = ""


class Section(NamedTuple):
    """Fields that belong together, and the ``path`` of the part of a report, or of all the parts, that they are in.

    ``heading`` stands above them in text, ``title`` on the page. A section that is ``optional`` may be missing, one
    that is ``nullable`` may be None. ``labels`` are those of all metrics of a part, and ``shown`` says whether there is
    anything in a part to show.
    """

    path: str
    fields: tuple[Field, ...]
    heading: str = ""
    title: str = ""
    optional: bool = False
    nullable: bool = False
    labels: Callable[[Data], dict[str, str]] = lambda part: {}
    shown: Callable[[Data], Any] = lambda part: True
