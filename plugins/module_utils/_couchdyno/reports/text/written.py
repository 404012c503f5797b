# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cycle or a fill wrote, as lines of text."""
from __future__ import annotations

from ..fields.written import AFTER, FAILED
from ..paths import Data
from .parts import Line, lines


def written(after: Data) -> list[Line]:
    """The counts in the order of the report, then the documents that could not be written."""
    fields = {field.path: field for field in AFTER.fields}
    found = lines([fields[name] for name in after if name in fields], after)
    for sample in after.get("samples", ()):
        found += lines(FAILED.fields, sample)
    return found
