# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the playbook fleet waits for cycles. The Molecule scenario of this name runs the whole playbook."""

from __future__ import annotations

import json
import secrets
import subprocess
import sys

import pytest
from support import BIN, ROOT, environment, run

PLAY = [{
    "hosts": "all",
    "gather_subset": ["min"],
    "tasks": [
        {"ansible.builtin.import_role": {"name": "dyno.couchdb.couchdyno", "tasks_from": "variables.yml"}},
        {"ansible.builtin.include_tasks": str(ROOT / "playbooks" / "files" / "fleet" / "wait.yml")},
    ],
}]  # fmt: skip


@pytest.fixture
def databases(server):
    """Three databases, each with a cycle of this host on record."""
    created = [server.database() for __ in range(3)]
    for each in created:
        run("couchdyno-setup", "-t", 50, each.url)
        run("couchdyno-execute", each.url)
    yield created
    for each in created:
        each.request("DELETE")


@pytest.fixture
def waiting(server, tmp_path):
    """Starts to wait for the jobs of a host, given as databases by names; the credentials are those of the admin."""
    processes = []

    def begin(jobs, seconds, username=server.username, password=server.password):
        described = [{"name": name, "url": each.plain_url, "username": username, "password": password}
                     for name, each in jobs.items()]  # fmt: skip
        host = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable,
                "couchdyno_install_method": "system", "couchdyno_python": sys.executable,
                "couchdyno_jobs": described, "couchdyno_wait": seconds}  # fmt: skip
        (tmp_path / "inventory.yml").write_text(json.dumps({"all": {"hosts": {"one": host}}}))
        (tmp_path / "play.yml").write_text(json.dumps(PLAY))
        processes.append(subprocess.Popen(
            [BIN / "ansible-playbook", "-i", tmp_path / "inventory.yml", tmp_path / "play.yml"],
            cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            env=environment(ANSIBLE_NOCOLOR="1"),
        ))  # fmt: skip
        return processes[-1]

    yield begin
    for process in processes:
        process.kill()
        process.wait()


def wait_for(process, line):
    """Read the output of a process up to a line that contains a text."""
    for each in process.stdout:
        if line in each:
            return
    pytest.fail(f"no line with {line!r}")


def test_earlier_cycles_do_not_count(databases, waiting):
    process = waiting({"main": databases[0]}, seconds=1)
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "These jobs have not run a cycle within 1 seconds: main. Set couchdyno_wait" in out
    assert "see the log on the host for couchdyno-main" in out


def test_each_job_of_a_database_needs_a_cycle(databases, waiting):
    process = waiting({"main": databases[0], "more": databases[0]}, seconds=600)
    wait_for(process, "RETRYING")
    run("couchdyno-execute", databases[0].url)
    wait_for(process, "RETRYING")
    wait_for(process, "RETRYING")
    run("couchdyno-execute", databases[0].url)
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 0, out


def test_all_databases_share_the_time(databases, waiting):
    process = waiting(dict(zip(("first", "second", "third"), databases)), seconds=10)
    out, __ = process.communicate(timeout=300)
    assert "10 seconds: first, second, third." in out
    assert 1 <= out.count("RETRYING") <= 3


def test_without_waiting_the_databases_are_read(databases, waiting):
    process = waiting({"main": databases[0]}, seconds=0)
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 0 and "RETRYING" not in out


def test_a_wrong_password_is_tried_once(server, databases, waiting):
    """For several databases, too, so that the account is not locked."""
    user = "test_" + secrets.token_hex(6)
    server.add_user(user, "right")
    process = waiting(dict(zip(("first", "second", "third"), databases)), 600, username=user, password="wrong")
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "401" in out and "check the username and the password" in out
    assert out.count("failed: [one] (item=") == 1 and out.count("skipping: [one] => (item=") == 2
    server.database("_users").request("DELETE", f"/org.couchdb.user:{user}", params={
        "rev": server.database("_users").get(f"org.couchdb.user:{user}")["_rev"]})  # fmt: skip


def test_a_database_that_is_deleted_ends_the_wait(databases, waiting):
    process = waiting({"main": databases[0], "other": databases[1]}, seconds=600)
    wait_for(process, "RETRYING")
    databases[0].request("DELETE")
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 2
    assert "there is no database" in out and "skipping: [one] => (item=other)" in out


def test_a_server_that_cannot_be_reached_for_a_while_does_not(databases, proxy, waiting):
    process = waiting({"main": databases[0].behind(proxy)}, seconds=600)
    wait_for(process, "RETRYING")
    proxy.shut()
    wait_for(process, "RETRYING")
    wait_for(process, "RETRYING")
    proxy.open()
    run("couchdyno-execute", databases[0].url)
    out, __ = process.communicate(timeout=300)
    assert process.returncode == 0, out
