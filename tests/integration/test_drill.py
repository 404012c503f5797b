# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup drill, with replication for a backup system."""

from __future__ import annotations

import json
import sys

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
    """What makes the name of a database one that _replicate takes: CouchDB wants URLs, the embedded server names."""
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

    def run(self, code=0, **extra):
        """Run it; nothing is left behind, whether it ends well or not."""
        self._path.write_text(json.dumps(dict(self.given, **extra)))
        out = playbook("dyno.couchdb.backup_drill", "-e", f"@{self._path}", code=code)
        assert self.source.server.password not in out
        assert self.kept.request("GET").status_code == 404
        return out


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
    assert drill.copy.request("GET").status_code == 404
    assert drill.source.assert_exact()["position"] >= 300 + 2 * 20  # no cycle runs any more, and none is torn


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
    assert "damaged : cdyno_000000000003 its data differs from that of update " in out
    assert drill.copy.request("GET").status_code == 200


@pytest.mark.parametrize("step, name", [("Back up", "backup"), ("Restore", "restore")])
def test_a_step_that_fails_is_named_and_nothing_stays_behind(drill, step, name):
    command = drill.given[f"couchdyno_{name}_command"]
    out = drill.run(code=2, **{f"couchdyno_{name}_command": f"{command} && echo no room left >&2 && false"})
    assert f'The step \\"{step}\\" failed: ' in out and "no room left" in out
    assert drill.copy.request("GET").status_code == 404
    drill.source.assert_exact()


def test_a_database_in_the_place_of_the_copy_is_not_touched(drill):
    drill.copy.create().put({"_id": "precious"})
    assert "See that there is no database in the place of the copy" in drill.run(code=2)
    assert drill.copy.get("precious")["_id"] == "precious"
    assert drill.source.assert_exact()["position"] == 300
