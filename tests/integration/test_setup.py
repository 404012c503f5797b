# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-setup, against a real server."""

from __future__ import annotations

import json
import re
import signal
import time

import pytest
from proxy import cut_after
from support import report, run, start


def test_the_example_of_the_readme(database):
    text = run("couchdyno-setup", database.url)
    lines = text.splitlines()
    assert lines[0] == "dyno_config:"
    assert re.fullmatch(r"    created : \d{10} \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)", lines[1])
    assert lines[2:11] == [
        "    last_dt : 0",
        "    last_errors : 0",
        "    last_ts : 0 (1970-01-01T00:00:00)",
        "    last_updates : 0",
        "    size : 1000",
        "    start : 0",
        "    total : 1000",
        "    updates : 10",
        "    version : 1",
    ]
    assert database.documents() == {}


def test_parameters_are_recorded(database):
    run("couchdyno-setup", "--total", 7, "--size", 300, "--update-per-run", 99, "--seed", 5, database.url)
    ledger = database.ledger
    assert {name: ledger[name] for name in ("total", "size", "updates", "seed", "version", "start", "position")} == {
        "total": 7,
        "size": 300,
        "updates": 7,
        "seed": 5,
        "version": 1,
        "start": 0,
        "position": 0,
    }


def test_seeds_differ_unless_given(server):
    seeds = set()
    for __ in range(2):
        database = server.database()
        seeds.add(report("couchdyno-setup", database.url)["dyno_config"]["seed"])
        database.request("DELETE")
    assert len(seeds) == 2


def test_an_existing_database_is_an_error_and_is_left_alone(database):
    run("couchdyno-setup", "-t", 5, database.url)
    before = database.ledger
    for args in ((), ("-t", 5), ("-t", 6, "-w")):
        err = run("couchdyno-setup", *args, database.url, code=1)
        assert "already exists" in err and "use --force to" in err and err.count("\n") == 1
    assert database.ledger == before


def test_a_foreign_database_is_left_alone(database):
    database.create().put({"_id": "precious"})
    for args in ((), ("-w",)):
        assert "was not set up by couchdyno" in run("couchdyno-setup", *args, database.url, code=1)
    assert database.get("precious")["_id"] == "precious"


@pytest.mark.parametrize("args", [(), ("-f",)])
def test_a_database_without_documents_is_used_as_it_is(database, args):
    database.create().open_to("dora")
    run("couchdyno-setup", "-t", 5, *args, database.url)
    assert database.ledger["total"] == 5
    assert database.request("GET", "/_security").json()["members"]["names"] == ["dora"]


def test_two_with_force_at_once(database):
    run("couchdyno-setup", "-t", 5, database.url)
    for __ in range(3):
        both = [start("couchdyno-setup", "-f", "-t", 5, "--json", database.url) for __ in range(2)]
        ends = [each.communicate(timeout=60) for each in both]
        seeds = [json.loads(out)["dyno_config"]["seed"] for out, __ in ends if out]
        assert database.ledger["seed"] in seeds, ends
        assert all(out or "another setup has just created it" in err for out, err in ends), ends


@pytest.mark.parametrize("on, method", [("", "PUT"), ("", "DELETE"), ("_security", "PUT"), ("_bulk_docs", "POST")])
def test_an_answer_that_is_lost(database, proxy, on, method):
    run("couchdyno-setup", "-t", 5, database.url)
    database.open_to("dora")
    rule = proxy.fail(cut_after, on=on, method=method)
    found = report("couchdyno-setup", "-f", "-t", 5, database.behind(proxy).url)
    assert rule.applied == 1 and found["dyno_config"]["seed"] == database.ledger["seed"]
    assert database.request("GET", "/_security").json()["members"]["names"] == ["dora"]


def test_force_keeps_the_security_object(server, database):
    server.add_user("dora", "drowssap")
    run("couchdyno-setup", "-t", 5, database.url)
    database.open_to("dora")
    text = run("couchdyno-setup", "-f", "-t", 6, database.url)
    assert text.endswith(
        "\n\nsecurity:\n    kept : yes\n    member names : dora\n    member roles : -\n    admin names : -\n"
        "    admin roles : _admin\n"
    )
    run("couchdyno-execute", database.as_user("dora", "drowssap"))


def test_access_is_granted(server, database):
    server.add_user("dora", "drowssap")
    url = database.as_user("dora", "drowssap")
    database.create().open_to("eva")
    assert "answered 403" in run("couchdyno-info", url, code=1)
    grants = ("--member-name", "dora", "--member-name", "eva", "--admin-role", "boss")
    found = report("couchdyno-setup", "-t", 5, *grants, database.url)
    expected = {"member_names": ["eva", "dora"], "member_roles": [], "admin_names": []}
    assert found["security"] == dict(expected, admin_roles=["_admin", "boss"], kept=False)
    run("couchdyno-execute", url)
    found = report("couchdyno-setup", "-t", 5, "--member-name", "frida", database.url)  # the database exists
    assert (found["changed"], found["security"]["member_names"]) == (True, ["eva", "dora", "frida"])
    assert "was set up with total 5" in run("couchdyno-setup", "--member-name", "gina", database.url, code=1)
    database.request("DELETE")
    database.create().open_to("dora")
    err = run("couchdyno-setup", "-t", 5, *grants, url, code=1)
    assert "only an admin may change the _security" in err and err.count("\n") == 1


def test_force_recreates_it(database):
    database.create().put({"_id": "precious"})
    run("couchdyno-setup", "-f", "-t", 5, "-w", database.url)
    assert database.request("GET", "/precious").status_code == 404
    run("couchdyno-setup", "--force", "-t", 6, database.url)
    assert database.ledger["total"] == 6 and database.documents() == {}


def test_force_replaces_a_damaged_ledger(database):
    run("couchdyno-setup", "-t", 5, database.url)
    database.change_ledger(total="five")
    assert "recreate the database with couchdyno-setup --force" in run("couchdyno-setup", database.url, code=3)
    run("couchdyno-setup", "--force", "-t", 6, database.url)
    assert database.ledger["total"] == 6


@pytest.mark.parametrize("total, size", [(1, 1), (5, 200), (2500, 300), (30, 300_000)])
def test_filling_writes_every_document(database, total, size):
    found = report("couchdyno-setup", "-t", total, "-s", size, "-w", database.url)
    assert (found["fill"]["updates"], found["fill"]["errors"]) == (total, 0)
    assert database.assert_exact().position == total
    sizes = {len(str(document["data"])) for document in database.documents().values()}
    assert max(sizes) < size


def test_an_interrupted_fill_resumes_where_it_stopped(database):
    args = ("-t", 60_000, "-s", 100, "-w", database.url)
    process = start("couchdyno-setup", *args)
    while not database.request("GET").ok or database.ledger.get("position", 0) == 0:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    stopped = database.ledger
    assert 0 < stopped["position"] <= 60_000 and (stopped["claims"] or stopped["position"] < 60_000)
    run("couchdyno-setup", *args)
    assert database.assert_exact().position == 60_000
    assert "already exists" in run("couchdyno-setup", *args, code=1)


def test_a_fill_that_was_killed_resumes(database):
    args = ("-t", 60_000, "-s", 100, "-w", database.url)
    process = start("couchdyno-setup", *args)
    while not database.request("GET").ok or database.ledger.get("position", 0) == 0:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert database.ledger["claims"]
    run("couchdyno-setup", *args)
    database.assert_exact()


def test_several_fillers_share_the_work(database):
    run("couchdyno-setup", "-t", 60_000, "-s", 100, database.url)
    fillers = [start("couchdyno-setup", "-t", 60_000, "-s", 100, "-w", database.url) for __ in range(3)]
    for filler in fillers:
        __, err = filler.communicate(timeout=120)
        assert filler.returncode == 0 or "already exists" in err  # it was full when this one started
    assert database.assert_exact().runs >= 2


def test_a_user_without_admin_rights(server, database):
    server.add_user("dora", "drowssap")
    url = database.as_user("dora", "drowssap")
    assert "admin" in run("couchdyno-setup", url, code=1)
    database.create().open_to("dora")
    run("couchdyno-setup", "-t", 5, "-u", 3, "-w", url)
    run("couchdyno-execute", url)
    assert "total : 5" in run("couchdyno-info", url)
    database.assert_exact()
    assert "already exists" in run("couchdyno-setup", "-t", 5, url, code=1)
    run("couchdyno-setup", "-f", url, code=1)
    database.assert_exact()


def test_shards_and_replicas(database):
    run("couchdyno-setup", "-q", 3, "-n", 1, database.url)
    cluster = database.request("GET").json().get("cluster")
    if cluster is not None:  # the embedded server has none
        assert (cluster["q"], cluster["n"]) == (3, 1)


def test_names_with_every_character_that_is_allowed(server):
    database = server.database("test_$()+-9")
    try:
        run("couchdyno-setup", "-f", "-t", 3, "-w", database.url)
        run("couchdyno-execute", "-u", 2, database.url)
        database.assert_exact()
    finally:
        database.request("DELETE")
