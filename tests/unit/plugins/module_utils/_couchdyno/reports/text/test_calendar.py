# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.calendar import calendar


def test_the_calendar():
    census = [
        {"day": "2026-01-30", "updates": 1200, "errors": 0},  # a Friday
        {"day": "2026-02-02", "updates": 90, "errors": 1},
        {"day": "2026-02-22", "updates": 0, "errors": 0},
    ]
    assert (
        calendar(census)
        == """\
    week of          Mon     Tue     Wed     Thu     Fri     Sat     Sun
    2026-01-26         .       .       .       .    1.2k       .       .
    2026-02-02       90!       .       .       .       .       .       .
    …
    2026-02-16         .       .       .       .       .       .       0"""
    )
