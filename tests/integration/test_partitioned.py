# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partitioned databases and copies of them; on a server that has none, what setup says there.

The embedded server ignores that a database is to be partitioned. So each test either sees a partitioned database, or
that setup has refused to create one.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED, PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from support import ansible, report, run, start

SETUP = "dyno.couchdb.couchdyno_setup"
SHOP = {
    "types": {
        "order": {"documents": 60, "updates": 70, "create": 10, "delete": 5, "ids": "hashed"},
        "customer": {"documents": 40, "updates": 20, "prefix": "customer:eu:"},
        "counter": {"total": 3, "updates": 10, "size": 150, "hot": True},
    },
    "database": {"design": True, "partitioned": True},
}


def has_partitions(server):
    return "partitioned" in requests.get(server.url, timeout=30).json().get("features", [])


def is_partitioned(database):
    return database.request("GET").json().get("props", {}).get("partitioned", False)


def set_up(database, *options):
    """Set up a partitioned database, and return whether there is one; the server must have said so if not."""
    if has_partitions(database.server):
        run("couchdyno-setup", *options, database.url)
        assert is_partitioned(database)
        return True
    before = database.request("GET").json().get("doc_count")
    error = run("couchdyno-setup", *options, database.url, code=2)
    assert error.startswith(f"couchdyno-setup: {database.server.url} has no partitioned databases; use CouchDB 3 or")
    assert error.count("\n") == 1 and database.request("GET").json().get("doc_count") == before
    return False


def verified(database, *options):
    """The report of a verification, whatever the verdict."""
    out, err = start("couchdyno-verify", "--json", *options, database.url).communicate(timeout=120)
    assert out, err
    return json.loads(out)


def assert_right(database, *options):
    found = verified(database, *options)
    assert (found["verdict"], found["reasons"]) == ("right", [])
    return found


@pytest.fixture
def shop(tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(SHOP))
    return path


@pytest.fixture
def copy(server, database, replica):
    """A copy, which is not partitioned, of a partitioned database that has had some cycles.

    Where the server has no partitioned databases, one with the ids of such a copy.
    """
    copy = replica.create()
    if has_partitions(server):
        run("couchdyno-setup", "--partitioned", "-t", 40, "-s", 200, "-u", 15, "--seed", 7, "-w", database.url)
        run("couchdyno-execute", "-c", 0, "--cycles", 12, database.url)
        answer = requests.post(
            f"{server.url}/_replicate",
            json={"source": database.url, "target": copy.url},
            auth=(server.username, server.password),
            timeout=60,
        )
        assert answer.ok and not answer.json()["history"][0]["doc_write_failures"]
    else:
        client = copy.client()
        client.is_partitioned = lambda: True
        LedgerDocument(client).create(Parameters(40, 200, 15, 7))
        run("couchdyno-execute", "-c", 0, "--cycles", 15, copy.url)
    assert not is_partitioned(copy)
    return copy


def ids(database):
    return {row["id"] for row in database.request("GET", "/_all_docs").json()["rows"]}


def test_classic(database):
    if not set_up(database, "--partitioned", "-t", 30, "-u", 7, "-w"):
        return
    run("couchdyno-execute", "-c", 0, "--cycles", 25, database.url)
    assert_right(database)
    assert {name.split(":")[0] for name in ids(database)} == {"cdyno", "couchdyno"}
    assert database.ledger["_id"] == "couchdyno:ledger_00000002"
    text = run("couchdyno-info", database.url)
    assert text.count("    partitioned : yes\n") == 2 and "    doc_count : 59" in text
    found = report("couchdyno-info", database.url)
    assert found["dyno_config"]["partitioned"] is found["database"]["partitioned"] is True
    assert found["ring"]["runs"] == 26


def test_two_drivers_of_a_workload(database, shop):
    if not set_up(database, "--workload", shop, "-t", 60, "-s", 300, "-u", 12, "-w"):
        return
    drivers = [start("couchdyno-execute", "-c", 0, "--cycles", 20, "--json", database.url) for __ in range(2)]
    for driver in drivers:
        out, err = driver.communicate(timeout=120)
        assert driver.returncode == 0, (out, err)
    ledger = database.book()
    assert ledger.claims == () and ledger.position >= 60 + 20 * 12
    found = assert_right(database, "--views")
    assert found["counts"]["deleted"] > 0 and {each["state"] for each in found["properties"]} == {"kept"}
    config = report("couchdyno-info", database.url)["dyno_config"]
    assert config["workload"]["database"] == {"design": True, "partitioned": True} and config["partitioned"]
    run("couchdyno-setup", "--workload", shop, "-t", 60, "-s", 300, "-u", 12, "-w", "--force", database.url)


def test_prefixes_that_do_not_fit_are_refused(database, tmp_path):
    path = Path(tmp_path / "unfit.json")
    path.write_text(json.dumps({"types": {"order": {"prefix": "order-"}}}))
    error = run("couchdyno-setup", "--partitioned", "--workload", path, database.url, code=2)
    assert error.startswith("couchdyno-setup: types.order.prefix: must have the form partition:rest")
    assert database.request("GET").status_code == 404


@pytest.mark.parametrize("prefix", ["a:b:", "a::", "ä:é/%", "a:1_"])
def test_the_server_takes_all_prefixes_that_are_accepted(database, tmp_path, prefix):
    path = Path(tmp_path / "odd.json")
    path.write_text(json.dumps({"types": {"odd": {"prefix": prefix}}}))
    if set_up(database, "--partitioned", "--workload", path, "-t", 5, "-w"):
        assert_right(database)


def test_an_empty_one_is_used_as_it_is(server, database):
    if not has_partitions(server):
        assert not set_up(database, "--partitioned")
        return
    assert database.request("PUT", params={"partitioned": "true"}).ok
    assert set_up(database, "-t", 20, "-w")
    assert_right(database)
    run("couchdyno-setup", "-t", 20, database.url, code=1)  # it exists already


def test_force_recreates_it_as_asked(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    if not set_up(database, "--force", "--partitioned", "-t", 10, "-w"):
        assert len(database.documents()) == 5  # nothing is lost
        return
    assert_right(database)
    run("couchdyno-setup", "--force", "--partitioned", "-t", 12, "-w", database.url)
    assert is_partitioned(database)
    run("couchdyno-setup", "--force", "-t", 20, "-w", database.url)
    assert not is_partitioned(database) and assert_right(database)["checked"] == 20
    assert len(database.documents("cdyno_")) == 20


def test_force_recreates_one_of_somebody_else(server, database):
    if not has_partitions(server):
        assert not set_up(database, "--partitioned", "--force")
        return
    assert database.request("PUT", params={"partitioned": "true"}).ok
    database.put({"_id": "somebodys:1"})
    error = run("couchdyno-setup", database.url, code=1)
    assert "already exists, but was not set up by couchdyno; use --force" in error
    run("couchdyno-setup", "--force", "-t", 3, "-w", database.url)
    assert not is_partitioned(database) and assert_right(database)["checked"] == 3


def test_an_empty_database_that_is_not_partitioned_is_only_replaced_by_force(server, database):
    database.create()
    error = run("couchdyno-setup", "--partitioned", database.url, code=1)
    assert "already exists, but is not partitioned; use --force" in error
    assert set_up(database, "--partitioned", "--force") == has_partitions(server)
    assert is_partitioned(database) == has_partitions(server)


def test_the_module(server, database):
    wanted = {"url": database.url, "total": 20, "fill": True, "partitioned": True}
    ok, planned, output = ansible(SETUP, wanted, "--check", "--diff")
    if not has_partitions(server):
        assert not ok and "has no partitioned databases" in planned["msg"], output
        return
    assert planned["changed"] and planned["dyno_config"]["partitioned"] and database.request("GET").status_code == 404
    ok, result, output = ansible(SETUP, wanted)
    assert ok and result["changed"] and result["dyno_config"]["partitioned"] and is_partitioned(database), output
    ok, result, __ = ansible(SETUP, wanted)
    assert ok and not result["changed"]
    ok, result, __ = ansible(SETUP, {"url": database.url, "adopt": True, "partitioned": True})
    assert not ok and result["msg"] == "adopt cannot be combined with partitioned"
    assert ansible(SETUP, {"url": database.url, "state": "absent"})[1]["changed"]


def test_a_copy_that_is_not_partitioned(server, database, copy, tmp_path):
    assert_right(copy)
    if has_partitions(server):
        assert assert_right(copy, "--source", database.url)["lag"] == {"updates": 0, "seconds": 0}
    found = report("couchdyno-info", copy.url)
    assert found["dyno_config"]["partitioned"] is True and found["database"]["partitioned"] is False
    assert "    partitioned : yes\n" in run("couchdyno-info", copy.url)
    assert "    partitioned : no\n" in run("couchdyno-info", copy.url)
    page = tmp_path / "page.html"
    run("couchdyno-info", "--report", page, copy.url)
    assert "<td>partitioned</td>" in page.read_text()
    run("couchdyno-execute", "-c", 0, "--cycles", 12, copy.url)
    assert_right(copy)
    assert {name.split(":")[0] for name in ids(copy)} == {"cdyno", "couchdyno"}
    if has_partitions(server):
        found = verified(copy, "--source", database.url)
        assert found["reasons"][0].startswith("not a copy of the source")


def test_a_copy_without_its_ledger(server, database, copy):
    for name in (copy.book().holder, PARTITIONED.meta):
        copy.request("DELETE", f"/{name}", params={"rev": copy.get(name)["_rev"]})
    found = verified(copy, "--seed", 7, "--total", 40, "--size", 200)
    assert (found["verdict"], found["checked"], found["counts"]["extra"]) == ("right", 40, 0)
    if has_partitions(server):
        found = verified(copy, "--source", database.url)
        assert found["reasons"] == ["ledger missing"]


def test_a_copy_that_has_lost_updates_is_adopted(copy):
    before = copy.book()
    for name in [name for name in ids(copy) if name.startswith(PARTITIONED.state)]:
        copy.request("DELETE", f"/{name}", params={"rev": copy.get(name)["_rev"]})
    assert "couchdyno:ledger_" in run("couchdyno-execute", copy.url, code=3)
    copy.request("DELETE", "/cdyno:000000000003", params={"rev": copy.get("cdyno:000000000003")["_rev"]})
    found = report("couchdyno-setup", "--adopt", copy.url)
    assert found["adopted"]["missing"] == 1 and found["adopted"]["position"] == before.position
    run("couchdyno-execute", copy.url)
    assert_right(copy)


def test_two_ledgers(copy):
    copy.put(
        {name: value for name, value in dict(copy.get(PARTITIONED.meta), _id=PLAIN.meta).items() if name != "_rev"}
    )
    for script in ("couchdyno-info", "couchdyno-execute", "couchdyno-verify", "couchdyno-setup"):
        error = run(script, copy.url, code=3)
        assert (
            f"{copy.plain_url} has two ledgers, couchdyno_meta and couchdyno:meta" in error and error.count("\n") == 1
        )
