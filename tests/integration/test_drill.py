# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup drill, with replication as the backup system."""

from __future__ import annotations

import json
import os
import sys
import time

import pytest
import requests
from support import playbook, run

CURL = 'curl -sSf -u "$WHO" -H "Content-Type: application/json"'


def make(target):
    return f'{CURL} -X PUT "$SERVER/{target}"'


def replicate(source, target):
    body = json.dumps(json.dumps({"source": "${BASE}" + source, "target": "${BASE}" + target}))
    return f'{CURL} -X POST "$SERVER/_replicate" -d {body}'


def remove(target):
    return f'{CURL} -X DELETE "$SERVER/{target}"'


def base(server):
    """Turns the name of a database into what _replicate accepts: CouchDB requires URLs, the embedded server names."""
    if "express-pouchdb" in requests.get(server.url, timeout=60, auth=(server.username, server.password)).json():
        return ""
    return server.database("").url


class Drill:
    """The drill on a database of 300 documents; ``given`` are its variables."""

    def __init__(self, database, directory):
        server = database.server
        self.source, self.copy = database, server.database(database.name + "-drill")
        self.kept = server.database(database.name + "_backup")
        self._path = directory / "variables.json"
        environment = {"WHO": f"{server.username}:{server.password}", "SERVER": server.url, "BASE": base(server)}
        backup, restored = self.kept.name, self.copy.name
        self.given = {
            "couchdyno_url": database.plain_url,
            "couchdyno_username": server.username,
            "couchdyno_password": server.password,
            "couchdyno_backup_environment": environment,
            "couchdyno_restore_environment": environment,
            "couchdyno_backup_command": f"{make(backup)} && {replicate(database.name, backup)} && sleep 2",
            "couchdyno_restore_command": f"{make(restored)} && {replicate(backup, restored)}",
            "couchdyno_cleanup_command": remove(backup),
            "couchdyno_interval": 0.2,
            "ansible_python_interpreter": sys.executable,
        }

    def run(self, *flags, code=0, **extra):
        """Run it; afterwards no cycle is running or unfinished, whether it succeeds or fails."""
        self._path.write_text(json.dumps(dict(self.given, **extra)))
        out = playbook("dyno.couchdb.backup_drill", "-e", f"@{self._path}", *flags, code=code)
        assert self.source.server.password not in out
        position = self.source.assert_exact().position
        time.sleep(3 * self.given["couchdyno_interval"])
        assert self.source.ledger["position"] == position
        return out

    def is_cleaned_up(self):
        """Whether copy and backup are deleted."""
        return self.copy.request("GET").status_code == self.kept.request("GET").status_code == 404


@pytest.fixture
def drill(database, tmp_path):
    run("couchdyno-setup", "-t", 300, "-s", 300, "-u", 20, "-w", database.url)
    drill = Drill(database, tmp_path)
    yield drill
    for each in (drill.copy, drill.kept):
        each.request("DELETE")


def test_a_backup_that_is_right(drill):
    out = drill.run()
    assert '"    verdict : right"' in out and '"    documents : 300 of 300"' in out
    assert '"    recovery point : ' in out
    assert drill.is_cleaned_up()
    assert drill.source.ledger["position"] >= 300 + 2 * 20


FLIP = """{python} - <<'END'
import os, requests
url, auth = os.environ["SERVER"] + "/{copy}/cdyno_000000000003", tuple(os.environ["WHO"].split(":", 1))
document = requests.get(url, auth=auth, timeout=60).json()
document["data"] = document["data"][:40] + "x" + document["data"][41:]
assert requests.put(url, json=document, auth=auth, timeout=60).ok
END"""


def test_a_document_that_was_damaged_is_named_and_fails_it(drill):
    restore = drill.given["couchdyno_restore_command"]
    flip = FLIP.format(python=sys.executable, copy=drill.copy.name)
    out = drill.run(code=2, couchdyno_restore_command=f"{restore} && {flip}", couchdyno_keep_copy=True)
    assert "The copy is wrong: 1 document damaged" in out
    assert "damaged : cdyno_000000000003 has data that differs from update " in out
    assert (drill.copy.request("GET").status_code, drill.kept.request("GET").status_code) == (200, 404)


@pytest.mark.parametrize("step, name", [("Back up", "backup"), ("Restore", "restore")])
def test_a_step_that_fails_is_named_and_nothing_remains(drill, step, name):
    command = drill.given[f"couchdyno_{name}_command"]
    out = drill.run(code=2, **{f"couchdyno_{name}_command": f"{command} && echo no room left >&2 && false"})
    assert f'The step \\"{step}\\" failed: ' in out and "no room left" in out
    assert drill.is_cleaned_up()


def test_a_host_that_is_gone_is_named_and_nothing_remains(drill, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("gone ansible_connection=local ansible_remote_tmp=/proc/nowhere\n")
    out = drill.run("-i", hosts, code=2, couchdyno_restore_host="gone")
    assert 'The step \\"Check that the restore host is reachable\\" failed: gone: ' in out
    assert drill.is_cleaned_up()


@pytest.mark.parametrize(
    "restore, says",
    [("true", "there is no database http://"), (make("{copy}"), "has no document couchdyno_meta")],
    ids=["nothing", "an empty database"],
)
def test_a_restore_that_creates_nothing_is_seen(drill, restore, says):
    out = drill.run(code=2, couchdyno_restore_command=restore.replace("{copy}", drill.copy.name))
    assert 'The step \\"Verify the copy\\" failed: ' in out and says in out
    assert drill.is_cleaned_up()


def test_a_command_that_runs_too_long_is_ended(drill, tmp_path):
    process = tmp_path / "pid"
    command = f"{make(drill.kept.name)} && echo $$ > {process}; exec sleep 4321"
    out = drill.run(code=2, couchdyno_longest=60, couchdyno_interval=5, couchdyno_backup_command=command)
    assert 'The step \\"Back up\\" failed: Timeout exceeded' in out
    assert drill.is_cleaned_up()
    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)


def test_less_time_than_ansible_can_keep_is_refused(drill):
    out = drill.run(code=2, couchdyno_longest=59)
    assert "couchdyno_longest must be 60 or more, not 59; " in out
    assert drill.source.ledger["position"] == 300


def test_cycles_that_fail_are_reported_and_nothing_remains(drill):
    out = drill.run(code=2, couchdyno_updates_per_run=0)
    assert 'The step \\"Wait for the last cycle\\" failed: updates_per_run must be from 1' in out
    assert drill.is_cleaned_up()


def test_what_could_not_be_cleaned_up_is_reported(drill):
    out = drill.run(code=2, couchdyno_cleanup_command="echo it is locked >&2; false")
    assert '"    verdict : right"' in out
    assert "The copy is right, but the cleanup command failed: it is locked" in out
    assert drill.copy.request("GET").status_code == 404


def test_a_database_in_the_place_of_the_copy_is_not_touched(drill):
    drill.copy.create().put({"_id": "precious"})
    out = drill.run(code=2)
    assert f"The database {drill.copy.plain_url} already exists; delete it, or set" in out
    assert drill.copy.get("precious")["_id"] == "precious"
    assert drill.source.ledger["position"] == 300
