# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rows of the tables of fields: what text, page, metrics and the check of saved reports need to know about a field.

The other files in this folder are the tables. When a job reports a new field, add a row there; the row says where the
field is shown.
"""
from __future__ import annotations

from typing import Any, Callable, Iterable, NamedTuple

from ..forms import Form
from ..paths import Data

PAGE, ALWAYS = "page", "always"  # reports saved for a page need the field, or those saved for a comparison as well
IN_PROGRESS, IN_DATABASE = "Progress", "Database"  # tables of the page that combine several sections


class Title(NamedTuple):
    """The name of a field on the page, its ``place`` in the table, and the table if not that of its section."""

    text: str
    place: int = 0
    table: str = ""


class Metric(NamedTuple):
    """The metric of a field.

    The full name is ``couchdyno_SCRIPT_NAME``; it is a counter if it ends in ``_total``, otherwise a gauge. Rows with
    the same name are samples of one metric and differ in their ``labels``. Metrics are written in the order of
    ``place``. ``by`` is a label: a dict has a sample for each of its keys, which become the label's values; any other
    value becomes the label's value, and the sample is 1. ``absent`` is the sample if the field is missing (None: no
    sample). ``only`` restricts the metric to one script.
    """

    name: str
    help: str
    place: int
    by: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    absent: int | None = None
    only: str = ""

    def of(self, **labels: str) -> Metric:
        """The same metric, with these labels for its sample."""
        return self._replace(labels=tuple(labels.items()))


class Field(NamedTuple):
    """A row of the table.

    ``path`` leads from the section's part of a report to the value; an empty path means the part itself. ``form`` is
    the kind of value.

    In text, ``label`` precedes the value or heads its column. Text tables consist of the fields with a ``column``: its
    alignment and width in the notation of str.format. ``lines`` computes one or more lines from the section's part
    when ``form`` cannot write the value.

    On the page, ``title`` names the value in its section's table, and ``overview`` in the table of all databases.

    ``metric`` is None for a field that is not a metric.

    ``needed`` says which saved reports must have the field. An ``optional`` field may be missing in any report, a
    ``nullable`` one may be None; text then shows ``none``, or no line if that is empty.
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
    """Fields that belong together, and the ``path`` to their part of a report (with ``*``: to several such parts).

    Their heading is ``heading`` in text and ``title`` on the page. An ``optional`` section may be missing, a
    ``nullable`` one may be None. ``labels`` returns the labels of all metrics of a part, ``shown`` whether a part has
    anything to show.
    """

    path: str
    fields: tuple[Field, ...]
    heading: str = ""
    title: str = ""
    optional: bool = False
    nullable: bool = False
    labels: Callable[[Data], dict[str, str]] = lambda part: {}
    shown: Callable[[Data], Any] = lambda part: True
