# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers on all nodes of a cluster, which has no compare-and-set: each update is still handed out once."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN
from drivers import Ended, launch, make, wait_until
from leaves import assert_leaves
from verification import assert_nothing_lost

DRIVERS = 8
CYCLES = 25  # of each driver
WINDOW = 7


def drive_all(views, cycles, drivers=DRIVERS, **options):
    """Drivers, spread over the nodes, that run cycles at the same time."""
    return [launch(views[i % len(views)].url, "-c", 0, "--cycles", cycles, **options) for i in range(drivers)]


def assert_one_leaf(views, position):
    """The database is exact, and its ledger has one leaf on every node."""
    figures = assert_nothing_lost(views[0])
    for view in views:
        wait_until(lambda view=view: view.ledger["position"] == views[0].ledger["position"])
        assert "_conflicts" not in view.request("GET", f"/{view.ledger['_id']}?conflicts=true").json()
    rows = views[0].request("GET", "/_all_docs?include_docs=true&conflicts=true").json()["rows"]
    assert [row["id"] for row in rows if "_conflicts" in row["doc"]] == []
    assert position <= views[0].ledger["position"] <= position + 6  # the cycles of the verification itself
    return figures


def test_eight_drivers_on_all_nodes(views, figures):
    make(views[0], 400, WINDOW, fill=True)
    ended = [Ended(driver, 300) for driver in drive_all(views, CYCLES)]
    assert [(each.code, each.lines) for each in ended] == [(0, [])] * DRIVERS
    verified = assert_one_leaf(views, 400 + DRIVERS * CYCLES * WINDOW)
    figures(f"{DRIVERS} drivers on {len(views)} nodes, {DRIVERS * CYCLES} cycles; {verified}, one leaf")


def drive_and_kill(views, workload, kills):
    """Drivers of a workload on all nodes, some of which are killed; returns the report of the verification.

    All nodes show a right database in the end.
    """
    client = views[0].client()
    setup(client, Request(Parameters(800, 400, 40, 7), fill=True, workload=workload))
    drivers = drive_all(views, CYCLES)
    for killed in range(kills):
        time.sleep(2)
        drivers[killed].kill()
        drivers.append(launch(views[killed % len(views)].url, "-c", 0, "--cycles", CYCLES))
    codes = [Ended(driver, 300).code for driver in drivers]
    assert codes[kills:] == [0] * DRIVERS and set(codes[:kills]) <= {0, -9}
    while views[0].book().claims:
        assert execute(client, 1)["after"]["errors"] == 0
    for view in views:
        wait_until(lambda view=view: view.book().position == views[0].book().position)
        report = verify(view.client())
        assert (report["verdict"], report["reasons"], report["counts"]["conflicted"]) == ("right", [], 0), report
    assert report["counts"]["deleted"] > 0 and report["ledger"]["refused"] == 0
    return report


@pytest.mark.parametrize("name", ["crm", "backup"])
def test_eight_drivers_of_a_workload_some_of_which_are_killed(views, figures, name):
    """Types that come and go, hashed ids, hot documents; with backup, attachments and losing revisions, too."""
    report = drive_and_kill(views, BUILT_IN[name].written, 4)
    assert verify(views[0].client(), replicas=True)["verdict"] == "right"
    runs, updates = views[0].book().runs, report["high"]
    figures(f"{DRIVERS} drivers of {name} on {len(views)} nodes, 4 killed, {runs} runs, {updates} updates: right")


BRANCHED = {
    "types": {
        "order": {"documents": 60, "updates": 60, "create": 20, "delete": 15, "conflicts": 3, "tombstone": "fields"},
        "person": {"documents": 40, "updates": 40, "ids": "hashed", "conflicts": 2, "body": "person"},
    }
}


def test_eight_drivers_of_documents_with_losing_branches_some_of_which_are_killed(views, figures):
    """Every document has the leaves that it should have, and no others, in all replicas."""
    drive_and_kill(views, BRANCHED, 6)
    report = verify(views[0].client(), replicas=True)
    assert (report["verdict"], report["counts"]["unbranched"]) == ("right", 0), report
    branched = assert_leaves(views[0])
    figures(f"{DRIVERS} drivers on {len(views)} nodes, 6 killed, {report['high']} updates: {branched} with two leaves")


def test_a_node_goes_and_comes_back_while_cycles_run(views, last_node, figures):
    """The drivers of the node that goes complain meanwhile; the others need not notice."""
    make(views[0], 400, WINDOW, fill=True)
    staying, going = drive_all(views[:-1], 60, drivers=3), drive_all(views[-1:], 60, drivers=1)
    time.sleep(2)
    last_node("down")
    time.sleep(5)
    last_node("up")
    codes = [Ended(driver, 300).code for driver in staying + going]
    assert codes[:3] == [0, 0, 0] and codes[3] in (0, 1, 4), codes
    figures(f"a node gone for a while, 240 cycles; {assert_one_leaf(views, views[0].ledger['position'])}, one leaf")


def test_what_a_node_has_missed_does_not_count_as_current(views, last_node):
    """A node comes back with old revisions, and is asked at once."""
    make(views[0], 200, 50, fill=True)
    last_node("down")
    for __ in range(3):
        assert Ended(launch(views[0].url)).code == 0
    last_node("up")
    for __ in range(6):
        assert Ended(launch(views[-1].url)).code in (0, 4)
    assert_one_leaf(views, views[0].ledger["position"])


def test_a_database_is_recreated_again_and_again(views):
    """Clusters answer 412, 404 and 500 for a while after a database was deleted."""
    for round_ in range(6):
        view = make(views[round_ % len(views)], 50, 10, force=True)
        assert Ended(launch(view.url)).after["updates"] == 10
        assert view.ledger["position"] == 10


def test_one_of_many_setups_wins(views):
    """Each node may believe that it created the database; all continue with one ledger in the end."""

    def one(view):
        return setup(view.client(), Request(Parameters(50, 200, 10), idempotent=True))["dyno_config"]["seed"]

    with ThreadPoolExecutor(len(views)) as pool:
        seeds = list(pool.map(one, views))
    assert set(seeds) == {views[0].ledger["seed"]}
    assert_one_leaf(views, 0)
