# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks, on inventories like those of users."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from support import ROOT, controller, environment, playbook, report, run


@pytest.fixture
def fleet(server, tmp_path):
    """Three hosts, of which two share a database."""
    shared, own = server.database(), server.database()
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(f"""
[drivers]
one couchdyno_url={shared.plain_url}
two couchdyno_url={shared.plain_url}
three couchdyno_url={own.plain_url}

[drivers:vars]
ansible_connection=local
ansible_python_interpreter={sys.executable}
couchdyno_username={server.username}
couchdyno_password={server.password}
couchdyno_total=20
couchdyno_size=300
couchdyno_updates_per_run=6
couchdyno_fill=true
""")
    yield str(inventory), shared, own
    shared.request("DELETE")
    own.request("DELETE")


def test_one_database_for_several_hosts_and_one_for_each(fleet):
    inventory, shared, own = fleet
    playbook("dyno.couchdb.setup", "-i", inventory)
    assert shared.assert_exact().position == own.assert_exact().position == 20
    assert "changed=1" not in playbook("dyno.couchdb.setup", "-i", inventory)
    out = playbook("dyno.couchdb.execute", "-i", inventory, "-e", "couchdyno_cycles=2")
    assert out.count("12 documents in ") == 3
    assert shared.assert_exact().position == 20 + 24
    assert own.assert_exact().position == 20 + 12
    assert playbook("dyno.couchdb.info", "-i", inventory).count('"dyno_config:"') == 3


@pytest.mark.parametrize("flags", [("--check",), ("--limit", "two"), ("--forks", "1")])
def test_set_up_with_the_usual_flags(fleet, flags):
    inventory, shared, _own = fleet
    playbook("dyno.couchdb.setup", "-i", inventory, *flags)
    assert shared.request("GET").ok == ("--check" not in flags)


def test_force_recreates_each_database_once(fleet):
    inventory, shared, _own = fleet
    playbook("dyno.couchdb.setup", "-i", inventory)
    created = shared.ledger["seed"]
    out = playbook("dyno.couchdb.setup", "-i", inventory, "-e", "couchdyno_force=true")
    assert out.count("changed=1") == 2 and shared.ledger["seed"] != created
    shared.assert_exact()


def test_twenty_hosts_at_once_ad_hoc(server, database, tmp_path):
    """As in the README: a module by its full name, and in the checkout by its short one."""
    inventory = tmp_path / "inventory.ini"
    inventory.write_text(f"""
[drivers]
driver[1:20]

[drivers:vars]
ansible_connection=local
ansible_python_interpreter={sys.executable}
couchdb_password={server.password}
""")

    def everywhere(module, *options):
        connection = f"url={database.plain_url} username={server.username}", "password={{ couchdb_password }}"
        arguments = " ".join([*connection, *options])
        code, output = controller("ansible", "drivers", "-i", inventory, "--forks", 20, "-m", module, "-a", arguments)
        assert code == 0, output
        return output

    run("couchdyno-setup", "-t", 100, "-s", 300, "-u", 7, database.url)
    assert everywhere("dyno.couchdb.couchdyno_execute", "cycles=3").count(" | CHANGED => ") == 20
    assert everywhere("couchdyno_info").count('"position": 420,') == 20
    assert database.assert_exact().position == 420
    runs = report("couchdyno-info", "--history", 99, database.url)["runs"]
    assert sorted(update for run in runs for update in range(run["first"], run["first"] + run["updates"])) == list(
        range(420)
    )


def test_without_an_inventory(database):
    connection = ["-e", f"couchdyno_url={database.url}"]
    playbook("dyno.couchdb.setup", *connection, "-e", "couchdyno_total=5")
    playbook("playbooks/execute.yml", *connection)
    assert "    position : 5" in playbook("playbooks/info.yml", *connection)


@pytest.mark.parametrize("name", [None, "pages/fleet.html"])
def test_the_page_is_written_into_the_current_directory(database, tmp_path, name):
    """Not into the folder of the playbook, which modules run in, nor into $PWD, which cron does not set."""
    run("couchdyno-setup", "-t", 5, database.url)
    page = tmp_path / (name or "couchdyno-report.html")
    page.parent.mkdir(exist_ok=True)
    named = ("-e", f"couchdyno_report={name}") if name else ()
    out = playbook(
        "dyno.couchdb.report", "-e", f"couchdyno_url={database.url}", *named, cwd=tmp_path,
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / "venv" / "collections"), PWD=str(ROOT),
    )  # fmt: skip
    assert str(page) in out and database.name in page.read_text()


def test_a_missing_package_is_reported_before_databases_are_read(tmp_path):
    (tmp_path / "plotly.py").write_text("raise ImportError")
    flags = ("-e", "couchdyno_url=http://127.0.0.1:9/db")
    out = playbook("playbooks/report.yml", *flags, code=2, PYTHONPATH=str(tmp_path))
    assert "Failed to import the required Python library (plotly)" in out
    assert "Read statistics" not in out


def test_a_page_that_cannot_be_written_is_reported_before_databases_are_read(tmp_path):
    flags = ("-e", "couchdyno_url=http://127.0.0.1:9/db", "-e", f"couchdyno_report={tmp_path}/nowhere/page.html")
    out = playbook("playbooks/report.yml", *flags, code=2)
    assert "no such directory" in out and "Read statistics" not in out


def script(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)
    return path


@pytest.fixture
def driver(server, tmp_path):
    """The variables of a host whose Python for Ansible lacks requests, with a directory for the role."""
    return {
        "ansible_connection": "local",
        "ansible_python_interpreter": str(script(tmp_path / "bare" / "python", f'exec {sys.executable} -S "$@"')),
        "couchdyno_lib_dir": str(tmp_path / "couchdyno"),
        "couchdyno_username": server.username,
        "couchdyno_password": server.password,
    }


def inventory_of(tmp_path, variables):
    (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"driver": variables}}}))
    return str(tmp_path / "inventory.yml")


def test_playbooks_use_the_python_of_the_role(database, tmp_path, driver):
    script(tmp_path / "couchdyno" / "venv" / "bin" / "python", f'exec {sys.executable} "$@"')
    inventory = inventory_of(tmp_path, dict(driver, couchdyno_url=database.plain_url))
    for name in ("setup", "execute", "info"):
        playbook(f"dyno.couchdb.{name}", "-i", inventory)
    assert database.ledger["runs"] == 1


@pytest.mark.parametrize("there", [True, False])
def test_the_python_of_the_distribution_is_used_if_the_role_is_installed(database, tmp_path, driver, there):
    run("couchdyno-setup", database.url)
    if there:
        (tmp_path / "couchdyno" / "couchdyno").mkdir(parents=True)
    python = script(tmp_path / "system" / "python", f'exec {sys.executable} "$@"')
    own = {"couchdyno_install_method": "system", "couchdyno_python": str(python), "couchdyno_url": database.plain_url}
    out = playbook("dyno.couchdb.info", "-i", inventory_of(tmp_path, dict(driver, **own)), code=0 if there else 2)
    assert ("library (requests)" in out) == (not there)


@pytest.mark.parametrize(
    ("user", "version", "refusal"),
    [
        ("0", "3.6", "needs Python 3.7 or later, but {} is 3.6; set couchdyno_python"),
        ("1000", "3.12", "The role needs root; set become to true"),
        ("0", "3.10", "The role does not support Nonesuch"),  # the next thing to be checked
    ],
)
def test_the_role_checks_the_host_before_it_changes_it(tmp_path, driver, user, version, refusal):
    script(tmp_path / "bin" / "id", f"echo {user}")
    python = script(tmp_path / "bin" / "python", f"echo {version}")
    play = tmp_path / "play.yml"
    play.write_text("- {hosts: all, gather_facts: false, roles: [dyno.couchdb.couchdyno]}")
    facts = {"couchdyno_python": str(python), "ansible_facts": {"os_family": "Nonesuch", "service_mgr": "systemd"}}
    out = playbook(
        play, "-i", inventory_of(tmp_path, driver), "--check", "-e", json.dumps(facts), code=2,
        PATH=f"{tmp_path / 'bin'}:{os.environ['PATH']}",
    )  # fmt: skip
    assert refusal.format(python) in out and "changed=0" in out


@pytest.fixture
def mark():
    """A variable that no other checkout's run has in its environment."""
    return secrets.token_hex(8)


def left_running(mark):
    """The processes that were started with a mark in their environment and are still running."""
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):
            if f"MARK={mark}".encode() in path.read_bytes():
                found.append(path.parent.name)
    return found


def test_the_demo_shows_the_report_and_leaves_nothing_running(mark):
    out = playbook("playbooks/demo.yml", MARK=mark)
    assert "    position : 2200" in out and "failed=0" in out
    assert left_running(mark) == []


def test_the_demo_on_another_server(database):
    for __ in range(2):
        playbook("playbooks/demo.yml", "-e", f"couchdyno_url={database.url}")
    assert database.assert_exact().position == 1000 + 2 * 1200


def test_a_demo_that_fails_leaves_nothing_running(mark):
    assert "failed=1" in playbook("playbooks/demo.yml", "-e", "couchdyno_total=0", code=2, MARK=mark)
    assert left_running(mark) == []


def test_a_server_that_is_left_running_would_be_seen(tmp_path, mark):
    embedded = [sys.executable, str(ROOT / "playbooks" / "files" / "embedded" / "embedded.py")]
    state = str(tmp_path / "server.json")
    subprocess.run([*embedded, "start", state], check=True, capture_output=True, env=environment(MARK=mark))
    assert len(left_running(mark)) == 1
    subprocess.run([*embedded, "stop", state], check=True, capture_output=True)
    assert left_running(mark) == []


def test_a_connection_set_once(database, tmp_path):
    path = tmp_path / "play.yml"
    path.write_text(f"""
- hosts: localhost
  gather_facts: false
  module_defaults:
    group/dyno.couchdb.couchdyno:
      url: {database.plain_url}
      username: {database.server.username}
      password: {database.server.password}
  tasks:
    - dyno.couchdb.couchdyno_setup: {{total: 5}}
    - dyno.couchdb.couchdyno_execute: {{cycles: 2}}
    - dyno.couchdb.couchdyno_info:
""")
    playbook(path)
    assert report("couchdyno-info", database.url)["dyno_config"]["position"] == 10


def test_the_users_of_jobs_become_members_of_databases_that_another_user_sets_up(tmp_path):
    """Those of all hosts, as the first of them sets the database up for all."""
    inventory = tmp_path / "inventory.yml"
    jobs = {
        "one": [{"name": "a", "url": "http://h/db", "username": "{{ theirs }}"}, {"name": "b", "url": "http://h/other"}],
        "two": [{"name": "a", "url": "http://h/db", "username": "dora"}, {"name": "c", "url": "http://h/db"}],
        "three": [
            {"name": "a", "url": "http://h/db", "username": "gone", "state": "absent"},
            {"name": "b", "url": "http://h/db", "username": "eva"},
            {"name": "c", "state": "absent"},
        ],
        "four": None,
    }
    hosts = {name: {"couchdyno_jobs": each} if each else {} for name, each in jobs.items()}
    common = {"ansible_connection": "local", "theirs": "eva"}
    inventory.write_text(json.dumps({"all": {"hosts": hosts, "vars": common}}))
    play = tmp_path / "play.yml"
    play.write_text("""
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.import_role:
        name: dyno.couchdb.couchdyno
        tasks_from: variables.yml
    - ansible.builtin.debug:
        msg: "{{ inventory_hostname }} grants {{ couchdyno_new_members }}"
      vars:
        job: "{{ couchdyno_jobs | first }}"
      when: inventory_hostname == 'one'
""")
    own = playbook(str(play), "-i", inventory)
    assert "one grants []" in own
    other = playbook(str(play), "-i", inventory, "-e", "couchdyno_setup_username=root")
    assert "one grants ['eva', 'dora']" in other
