# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.forms import (
    byte_size,
    counted,
    duration,
    measured,
    per_second,
    percent,
    short,
    short_time,
    utc,
)


@pytest.mark.parametrize(
    "number, text",
    [(0, "0"), (7, "7"), (999, "999"), (1000, "1.0k"), (1234, "1.2k"), (9960, "10k"), (99960, "100k"),
     (999600, "1.0M"), (2.5e9, "2.5G")],
)  # fmt: skip
def test_short(number, text):
    assert short(number) == text


@pytest.mark.parametrize(
    "seconds, text",
    [(0, "0 s"), (0.4, "0 s"), (59, "59 s"), (60, "1 min"), (61, "1 min 1 s"), (3600, "1 h"), (3661, "1 h 1 min"),
     (86400, "1 d"), (90000, "1 d 1 h"), (86401, "1 d")],
)  # fmt: skip
def test_duration(seconds, text):
    assert duration(seconds) == text


@pytest.mark.parametrize(
    "form, value, text",
    [(measured, 0, "0"), (measured, 1e-9, "0"), (measured, 0.05, "0.05"), (measured, 19.74, "19.7"),
     (measured, 99.96, "100"), (measured, 1050.2, "1,050"), (per_second, 1050.2, "1,050/s"), (per_second, 0, "0/s"),
     (short_time, 0.01974, "19.7 ms"), (short_time, 0.9999, "1 s"), (short_time, 1.254, "1.25 s"),
     (short_time, 90, "1 min 30 s"), (byte_size, 0, "0 B"), (byte_size, 999, "999 B"), (byte_size, 6e6, "6.0 MB"),
     (percent, 3, "+3.0 %"), (percent, -1234.5, "-1,234.5 %"), (utc, 1653543334, "2022-05-26 05:35:34 UTC")],
)  # fmt: skip
def test_values_have_their_units(form, value, text):
    assert form(value) == text


@pytest.mark.parametrize("number, text", [(0, "0 runs"), (1, "1 run"), (2, "2 runs")])
def test_counted(number, text):
    assert counted(number, "run") == text
