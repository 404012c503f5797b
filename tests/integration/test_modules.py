# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules, as Ansible runs them."""

from __future__ import annotations

import json
import subprocess
import threading

import pytest
import yaml
from support import BIN, ROOT, ansible, environment, playbook, run

SETUP, EXECUTE, INFO = (f"dyno.couchdb.couchdyno_{name}" for name in ("setup", "execute", "info"))


def test_setup_is_idempotent(database):
    wanted = {"url": database.url, "total": 8, "size": 300, "updates_per_run": 99, "fill": True}
    ok, first, __ = ansible(SETUP, wanted)
    assert ok and first["changed"] and first["fill"]["updates"] == 8
    assert (first["dyno_config"]["total"], first["dyno_config"]["updates"]) == (8, 8)
    ok, second, __ = ansible(SETUP, wanted)
    assert ok and not second["changed"] and second["dyno_config"] == first["dyno_config"]
    database.assert_exact()
    seed = first["dyno_config"]["seed"]
    assert ansible(SETUP, dict(wanted, seed=seed))[0]


@pytest.mark.parametrize("other", [{"total": 9}, {"size": 301}, {"updates_per_run": 2}, {"seed": 6}])
def test_other_parameters_fail_and_name_force(database, other):
    wanted = {"url": database.url, "total": 8, "size": 300, "updates_per_run": 3, "seed": 5}
    assert ansible(SETUP, wanted)[0]
    before = database.ledger
    ok, result, __ = ansible(SETUP, dict(wanted, **other))
    assert not ok and "already exists" in result["msg"] and "use force: true to" in result["msg"]
    assert database.ledger == before


def test_setup_in_check_mode_shows_what_it_would_do(database):
    wanted = {"url": database.url, "total": 8, "fill": True}
    ok, result, out = ansible(SETUP, wanted, "--check", "--diff")
    assert ok and result["changed"] and result["fill"] == {"updates": 8}
    assert database.request("GET").status_code == 404
    assert '+    "total": 8' in out
    assert ansible(SETUP, wanted)[1]["changed"]
    ok, result, __ = ansible(SETUP, wanted, "--check", "--diff")
    assert ok and not result["changed"]
    ledger = database.ledger
    assert ansible(SETUP, dict(wanted, force=True), "--check")[1]["changed"]
    assert ansible(SETUP, {"url": database.url, "state": "absent"}, "--check")[1]["changed"]
    assert database.ledger == ledger
    assert not ansible(SETUP, dict(wanted, total=9), "--check")[0]


def test_force_and_absent(database):
    database.create().put({"_id": "precious"})
    assert not ansible(SETUP, {"url": database.url})[0]
    ok, result, __ = ansible(SETUP, {"url": database.url, "state": "absent"})
    assert not ok and "was not set up by couchdyno" in result["msg"]
    ok, result, __ = ansible(SETUP, {"url": database.url, "force": True, "total": 3})
    assert ok and result["changed"] and database.ledger["total"] == 3
    ok, result, __ = ansible(SETUP, {"url": database.url, "state": "absent"}, "--diff")
    assert ok and result["changed"] and database.request("GET").status_code == 404
    assert not ansible(SETUP, {"url": database.url, "state": "absent"})[1]["changed"]


def test_execute(database):
    run("couchdyno-setup", "-t", 5, "-s", 300, "-u", 3, database.url)
    ok, result, out = ansible(EXECUTE, {"url": database.url, "cycles": 3, "interval": 0.1, "rate": 1000}, "--diff")
    assert ok and result["changed"] and (result["updates"], result["errors"]) == (9, 0)
    assert [cycle["before"]["start"] for cycle in result["cycles"]] == [0, 3, 1]
    assert result["dyno_config"]["start"] == 4
    assert '-    "position": 0' in out and '+    "position": 9' in out
    database.assert_exact()


def test_execute_ends_when_its_stop_file_appears(database, tmp_path):
    run("couchdyno-setup", "-t", 5, "-u", 1, database.url)
    stop = tmp_path / "stop"
    threading.Timer(8, stop.touch).start()
    args = {"url": database.url, "cycles": 10**6, "interval": 0.2, "stop_file": str(stop)}
    ok, result, __ = ansible(EXECUTE, args)
    assert ok and 1 <= len(result["cycles"]) == result["updates"] <= 60
    database.assert_exact()
    assert len(ansible(EXECUTE, args)[1]["cycles"]) == 1


def test_execute_in_check_mode(database):
    run("couchdyno-setup", "-t", 5, "-u", 3, database.url)
    before = database.ledger
    ok, result, out = ansible(EXECUTE, {"url": database.url, "cycles": 2}, "--check", "--diff")
    assert ok and result["changed"] and result["updates"] == 6 and result["dyno_config"]["start"] == 1
    assert '+    "position": 6' in out
    assert database.ledger == before and database.documents() == {}


def test_execute_with_documents_that_are_refused_fails_and_shows_what_it_did(database):
    run("couchdyno-setup", "-t", 5, database.url)
    database.put(
        {
            "_id": "_design/refuse",
            "validate_doc_update": "function (doc) { if (doc._id === 'cdyno_000000000001') throw({forbidden: 'no'}); }",
        }
    )
    ok, result, __ = ansible(EXECUTE, {"url": database.url})
    assert not ok and "1 document could not be written" in result["msg"]
    assert (result["updates"], result["errors"]) == (4, 1)


def test_info(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    ok, result, __ = ansible(INFO, {"url": database.url, "history": 1})
    assert ok and not result["changed"]
    assert len(result["runs"]) == 1 and result["statistics"]["fill"]["updates"] == 5
    assert result["report"].startswith("dyno_config:\n    created : ")


@pytest.mark.parametrize("module", [EXECUTE, INFO])
def test_a_missing_database_fails(database, module):
    ok, result, __ = ansible(module, {"url": database.url})
    assert not ok and "there is no database" in result["msg"]


@pytest.mark.parametrize(
    "module, args, says",
    [
        (SETUP, {"total": 0}, "total"),
        (SETUP, {"size": -1}, "size"),
        (SETUP, {"q": 0}, "q"),
        (SETUP, {"seed": -1}, "seed"),
        (EXECUTE, {"cycles": 0}, "cycles"),
        (EXECUTE, {"interval": -1}, "interval"),
        (EXECUTE, {"rate": 0}, "rate"),
        (EXECUTE, {"connections": 0}, "connections"),
        (SETUP, {"batch_bytes": 0}, "batch_bytes"),
        (EXECUTE, {"updates_per_run": 0}, "updates_per_run"),
        (INFO, {"history": -1}, "history"),
        (INFO, {"timeout": 0}, "timeout"),
        (INFO, {"ca_path": "/none"}, "ca_path"),
    ],
)
def test_bad_input_is_refused(database, module, args, says):
    ok, result, __ = ansible(module, dict(args, url=database.url))
    assert not ok and says in result["msg"]
    assert database.request("GET").status_code == 404


def test_short_names_work_in_a_checkout(database):
    assert ansible("couchdyno_setup", {"url": database.url, "total": 5})[0]
    assert ansible("couchdyno_execute", {"url": database.url})[1]["updates"] == 5
    assert ansible("couchdyno_info", {"url": database.url})[1]["dyno_config"]["total"] == 5


def test_connection_from_the_environment(database):
    server = database.server
    given = {
        "COUCHDYNO_URL": database.plain_url,
        "COUCHDYNO_USERNAME": server.username,
        "COUCHDYNO_PASSWORD": server.password,
    }
    assert ansible(SETUP, {"total": 5}, **given)[0]
    assert ansible(EXECUTE, {}, **given)[1]["updates"] == 5


def documentation(module):
    done = subprocess.run(
        [str(BIN / "ansible-doc"), "--json", module],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        env=environment(),
    )
    return json.loads(done.stdout)[module]


@pytest.mark.parametrize("module", [SETUP, EXECUTE, INFO])
def test_what_is_returned_is_what_is_documented(database, module):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    documented = documentation(module)["return"]
    everything = {"history": 5, "daily": True, "conflicts": True, "series": True}
    args = {SETUP: {"total": 5, "fill": True}, EXECUTE: {}, INFO: everything}[module]
    __, result, __ = ansible(module, dict(args, url=database.url))
    always = {
        name
        for name, value in documented.items()
        if value["returned"] not in (
            "when the database was set up by the original couchdyno",
            "when O(adopt=true)",
            "if an error ended the cycles early",
            "if there are any",
            "when access was requested, or the object of a deleted database was kept",
        )
    }
    assert set(result) - {"changed", "diff", "invocation", "ansible_facts"} == always
    for name, value in documented.items():
        if "contains" in value and name in result:
            found = result[name][0] if isinstance(result[name], list) else result[name]
            required = {key for key, part in value["contains"].items() if "returned" not in part}
            assert required <= set(found) <= set(value["contains"]), name


@pytest.mark.parametrize("module", [SETUP, EXECUTE, INFO])
def test_the_examples_run(database, module, tmp_path):
    """Each example as written, except the server and the name of the database."""
    run("couchdyno-setup", database.url)
    examples = documentation(module)["examples"]
    for name in ("backup-me", "small"):
        examples = examples.replace(f"http://localhost:5984/{name}", database.plain_url)
    examples = examples.replace("username: admin", f"username: {database.server.username}")
    examples = examples.replace("total: 100000", "total: 1000\n    force: true")  # to finish within a second
    play = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars": {"couchdb_password": database.server.password},
            "tasks": yaml.safe_load(examples),
        }
    ]
    path = tmp_path / "examples.yml"
    path.write_text(yaml.safe_dump(play))
    assert "failed=0" in playbook(path)
