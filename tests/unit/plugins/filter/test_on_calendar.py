# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schedules of cron as calendar events of systemd. Anything else is refused, because schedules go into crontabs."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest

pytest.importorskip("ansible")

from ansible.errors import AnsibleFilterError
from ansible_collections.dyno.couchdb.plugins.filter.on_calendar import EXAMPLES, WORDS, on_calendar

SCHEDULES = {
    "* * * * *": ["*-*-* *:*:00"],
    "*/20 * * * *": ["*-*-* *:0,20,40:00"],
    "0 22 * * 1-5": ["Mon,Tue,Wed,Thu,Fri *-*-* 22:0:00"],
    "0 9-17/4 * jan-mar,12 mon": ["Mon *-1,2,3,12-* 9,13,17:0:00"],
    "5 4 1,15 * *": ["*-*-1,15 4:5:00"],
    "0 0 * * 7": ["Sun *-*-* 0:0:00"],
    "0 0 13 * fri": ["*-*-13 0:0:00", "Fri *-*-* 0:0:00"],
    "0 0 */10 * fri": ["Fri *-*-1,11,21,31 0:0:00"],
    "weekly": ["Sun *-*-* 0:0:00"],
}
INVALID = [
    "",
    "reboot",
    "@daily",
    "* * * *",
    "* * * * * *",
    "60 * * * *",
    "* 24 * * *",
    "* * 0 * *",
    "* * * 13 *",
    "* * * * 8",
    "5-1 * * * *",
    "5/2 * * * *",
    "*/0 * * * *",
    "-1 * * * *",
    "1,,2 * * * *",
    "a * * * *",
    "* * mon * *",
    "% * * * *",
    "$(id) * * * *",
    5,
    None,
    ["daily"],
]


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_the_times_are_the_same(schedule):
    assert on_calendar(schedule) == SCHEDULES[schedule]


def test_the_example_is_correct():
    schedule, result = re.search(r"'(.+?)' \| dyno.couchdb.on_calendar .*\n +# => (.*)", EXAMPLES).groups()
    assert on_calendar(schedule) == json.loads(result)


@pytest.mark.parametrize("schedule", INVALID)
def test_invalid_schedules_are_refused(schedule):
    with pytest.raises(AnsibleFilterError):
        on_calendar(schedule)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
@pytest.mark.parametrize("schedule", [*SCHEDULES, *WORDS])
def test_systemd_accepts_them(schedule):
    subprocess.run(["systemd-analyze", "calendar", *on_calendar(schedule)], check=True, stdout=subprocess.DEVNULL)
