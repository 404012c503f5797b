# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents with losing branches, whose drivers are killed and stopped: each has two leaves all the same."""

from __future__ import annotations

import signal
import time

import proxy as faults
import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from drivers import LONGEST, Ended, drive, launch, wait_until
from leaves import assert_leaves
from test_crashes import BRIEF, KILLS, kill_at_random

WORKLOAD = {
    "types": {
        "order": {"documents": 60, "create": 50, "delete": 50, "conflicts": 2, "tombstone": "fields"},
        "person": {"documents": 40, "ids": "hashed", "conflicts": 3},
    }
}
LOSING = {"on": "_bulk_docs", "holding": '"losing":true'}
TOMBSTONES = {"on": "_bulk_docs", "holding": '"_deleted":true,"_rev"'}


def set_up(database, total, updates):
    client = database.client()
    setup(client, Request(Parameters(total, 200, updates, 7), fill=True, workload=WORKLOAD))
    return client


def assert_right(client):
    report = verify(client)
    assert (report["verdict"], report["reasons"]) == ("right", []), report
    return report


@pytest.mark.parametrize("place", [LOSING, TOMBSTONES], ids=["losing leaves", "tombstones"])
def test_what_arrives_laps_later_changes_nothing(database, proxy, place):
    """The driver was stopped before it sent losing leaves, or the tombstones of both leaves. Another goes on."""
    client = set_up(database, 40, 10)
    rule = proxy.fail(faults.hold_before(), **place)
    driver = launch(database.behind(proxy).url, "-c", 0, "--cycles", 20, **BRIEF)
    assert rule.reached.wait(LONGEST), Ended(driver).lines
    driver.send_signal(signal.SIGSTOP)
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert drive(database.url, "-u", 10, **BRIEF).after["redone"] > 0
    stop = database.book().position + 150
    while database.book().position < stop:
        assert execute(client, 10)["after"]["errors"] == 0
    rule.release()
    wait_until(lambda: rule.answered)
    driver.send_signal(signal.SIGKILL)
    assert_right(client)
    assert_leaves(database)


def test_kills_at_random_points(database, tmp_path, figures):
    client = set_up(database, 400, 30)
    kills = max(1, KILLS // 2)
    assert "Traceback" not in kill_at_random(database, kills, tmp_path / "errors")
    while database.book().claims:
        assert execute(client, 1)["after"]["errors"] == 0
    report, redone = assert_right(client), sum(len(record.get("redone", [])) for record in database.records())
    assert redone > kills // 4
    figures(
        f"{kills} kills, {redone} windows redone, {report['high']} updates: {assert_leaves(database)} with two leaves"
    )
