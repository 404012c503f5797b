# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads, against a real server: what is set up, written, reported and verified."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from support import ansible, report, run

SHOP = {
    "types": {
        "order": {"documents": 60, "updates": 70, "create": 20, "delete": 15, "tombstone": "fields"},
        "customer": {"documents": 38, "updates": 20, "prefix": "c/é ", "ids": "hashed"},
        "counter": {"total": 4, "updates": 10, "size": 150},
    }
}
SETUP = "dyno.couchdb.couchdyno_setup"
ORDERS = "documents of 99 bytes at the start, 70 % of the updates; each lap creates 12 and deletes 9"


def own(name):
    return not name.startswith("couchdyno_")


def documents_of(database):
    """The documents of the workload by id."""
    return {name: document for name, document in database.documents("").items() if own(name)}


def deleted_in(database):
    changes = database.request("GET", "/_changes").json()["results"]
    return {change["id"] for change in changes if change.get("deleted") and own(change["id"])}


@pytest.fixture(params=["queue", "growing", "hot", "shop"])
def workload(request, tmp_path):
    if request.param != "shop":
        return request.param
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(SHOP))
    return path


def test_a_workload_from_setup_to_verification(database, workload):
    """Its documents come and go as the ledger says; it is right after each cycle."""
    run("couchdyno-setup", "--workload", workload, "-t", 40, "-s", 300, "-u", 13, "-w", database.url)
    for __ in range(9):  # in this process, which is faster
        assert execute(database.client())["after"]["errors"] == 0
        assert verify(database.client())["verdict"] == "right"
    run("couchdyno-execute", database.url)
    assert "    verdict : right\n" in run("couchdyno-verify", database.url)
    found = report("couchdyno-info", database.url)
    types, progress = found["dyno_config"]["workload"]["types"], found["progress"]
    assert found["dyno_config"]["version"] == 2 and found["dyno_config"]["position"] > 40
    held, gone = documents_of(database), deleted_in(database)
    for each, state in zip(types, progress["types"]):
        assert each["name"] == state["name"]
        assert len([name for name in held if name.startswith(each["prefix"])]) == state["present"]
        assert len([name for name in gone if name.startswith(each["prefix"])]) == state["deleted"]
        assert state["present"] + state["deleted"] >= each["total"] and state["lap"] >= 1
    assert progress["present"] == len(held) == sum(state["present"] for state in progress["types"])
    assert found["database"]["doc_count"] == found["database"]["expected_count"] == len(database.documents(""))
    assert (progress["laps"], progress["lap_done"], progress["seconds_left"]) == (None, None, None)
    changing = [state for each, state in zip(types, progress["types"]) if each["create"]]
    assert all(state["present"] != each["total"] or state["deleted"] for each, state in zip(types, changing))


def test_the_printed_forms(database, tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(SHOP))
    lines = run("couchdyno-setup", "--workload", path, "-t", 102, "-s", 99, "-u", 5, database.url).splitlines()
    assert lines[-3:] == [
        f"    type : order: 60 {ORDERS}",
        "    type : customer: 38 documents of 99 bytes at the start, 20 % of the updates",
        "    type : counter: 4 documents of 150 bytes at the start, 10 % of the updates",
    ]
    shown = run("couchdyno-info", database.url)
    assert "\n".join(lines[-3:]) in shown
    assert "    documents : 0, 102 at the start\n    laps : 0\n    lap : 0 of 102 (0 %)\n" in shown
    assert "    type : counter: 0 documents, 0 deleted, in lap 0\n" in shown


def test_a_type_that_makes_cycles_smaller_is_named_and_the_fill_is_not_affected(database, tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(SHOP))
    given = ("--workload", path, "-t", 40, "-u", 30, "-w", database.url)
    said = run("couchdyno-setup", *given, "--member-name", "x", "--config", "/none", code=2)
    assert "/none" in said  # an error comes alone
    filled = report("couchdyno-setup", *given)
    assert filled["fill"]["updates"] == 40
    done = report("couchdyno-execute", database.url)["after"]
    assert 0 < done["updates"] < 30
    ok, result, output = ansible(
        SETUP, {"url": database.url, "workload": SHOP, "total": 40, "updates_per_run": 30}, "--check"
    )
    assert ok and not result["changed"]
    assert f"cycles update at most {done['updates']} documents, not 30" in output and "type counter" in output


def test_mistakes_are_named_before_anything_is_touched(database, tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps({"types": {"order": {"delete": 5}}}))
    said = run("couchdyno-setup", "--workload", path, "-f", database.url, code=2)
    assert said == "couchdyno-setup: types.order.delete: 5 is more than create, 0: the type would die out\n"
    ok, result, __ = ansible(SETUP, {"url": database.url, "workload": {"types": {"order": {"size": "5 KB"}}}})
    assert not ok and result["msg"] == (
        "workload.types.order.size: must be a whole number, or two in order, from 1 to 100000000, not '5 KB'"
    )
    assert database.request("GET").status_code == 404
