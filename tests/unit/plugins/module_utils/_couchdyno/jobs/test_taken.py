# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The period in which a copy was taken, as users write it."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.taken import moment, period, shown


@pytest.mark.parametrize(
    "text, seconds",
    [
        ("1795749900", 1795749900),
        ("1795749900.25", 1795749900.25),
        ("2026-11-27T03:25:00Z", 1795749900),
        ("2026-11-27T03:25:00", 1795749900),
        ("2026-11-27 03:25", 1795749900),
        ("2026-11-27T03:25:00.5Z", 1795749900.5),
        ("2026-11-27T03:25:00.1234+00:00", 1795749900.1234),
        ("2026-11-27T04:25:00+01:00", 1795749900),
        ("2026-11-26T22:25:00-05:00", 1795749900),
    ],
)
def test_times(text, seconds):
    assert moment(text) == pytest.approx(seconds, abs=1e-6)
    assert shown(1795749900) == "2026-11-27T03:25:00Z"


@pytest.mark.parametrize("text", ["", "now", "2026-11-27", "2026-13-27T03:25:00Z", "03:25", "-5", "1e9", "9" * 13, "٣"])
def test_what_is_no_time(text):
    with pytest.raises(UsageError, match="is not a time; write it like 2026-11-27T03:25:00Z, or in Unix seconds"):
        moment(text)


def test_periods():
    assert period(None, None) is None
    assert period("5", "7") == (5, 7)
    with pytest.raises(UsageError, match="must be given together"):
        period("5", None)
    with pytest.raises(UsageError, match="5 is before --taken 7"):
        period("7", "5")
