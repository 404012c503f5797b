# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.forms import duration, short


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
