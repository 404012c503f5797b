# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The backup drill, with replication as the backup system."""

from __future__ import annotations

import json
import os
import re
import sys
import time

import pytest
import requests
from proxy import status
from support import ROOT, playbook, run

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
        ledger = self.source.book()
        assert ledger.claims == ()
        if not ledger.refused:
            self.source.assert_exact()
        time.sleep(3 * self.given["couchdyno_interval"])
        assert self.source.ledger["position"] == ledger.position
        return out

    def is_cleaned_up(self):
        """Whether copy and backup are deleted."""
        return self.copy.request("GET").status_code == self.kept.request("GET").status_code == 404


EXAMINE = "to examine it, repeat the drill with couchdyno_keep_copy=true"


def messages(output):
    """The messages of all failures that Ansible shows."""
    return [json.loads(found)["msg"] for found in re.findall(r"^fatal: .*FAILED! => (\{.*\})$", output, re.MULTILINE)]


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


def test_a_drill_with_a_source_of_its_own(drill):
    """The source must not exist before, has the workload that was asked for, and does not exist afterwards."""
    own = {
        "couchdyno_make_source": True,
        "couchdyno_total": 40,
        "couchdyno_workload": {"types": {"order": {"create": 50, "delete": 50}}},
        "couchdyno_updates_per_run": 5,
    }
    assert "omit couchdyno_make_source to use it" in messages(drill.run(code=2, **own))[-1]
    drill.source.request("DELETE")
    drill._path.write_text(json.dumps({**drill.given, **own}))
    out = playbook("dyno.couchdb.backup_drill", "-e", f"@{drill._path}")
    assert '"    verdict : right"' in out
    for name in ("documents", "inserts", "deletions"):
        assert f'"    property : {name} kept"' in out
    assert drill.is_cleaned_up() and drill.source.request("GET").status_code == 404


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
    assert messages(out) == ["The copy is wrong: 1 document damaged; it was kept, so you can examine it"]
    assert "damaged : cdyno_000000000003 has data that differs from update " in out
    assert (drill.copy.request("GET").status_code, drill.kept.request("GET").status_code) == (200, 404)


@pytest.mark.parametrize("step, name", [("Back up", "backup"), ("Restore", "restore")])
def test_a_step_that_fails_is_named_and_nothing_remains(drill, step, name):
    command = drill.given[f"couchdyno_{name}_command"]
    out = drill.run(code=2, **{f"couchdyno_{name}_command": f"{command} && echo no room left >&2 && false"})
    assert messages(out)[-1].startswith(f'The step "{step}" failed: ')
    assert messages(out)[-1].endswith(f" no room left; check couchdyno_{name}_command")
    assert drill.is_cleaned_up()


def test_a_host_that_is_gone_is_named_and_nothing_remains(drill, tmp_path):
    hosts = tmp_path / "hosts"
    hosts.write_text("gone ansible_connection=local ansible_remote_tmp=/proc/nowhere\n")
    out = drill.run("-i", hosts, code=2, couchdyno_restore_host="gone")
    assert messages(out)[-1].startswith('The step "Check that the restore host is reachable" failed: gone: ')
    assert messages(out)[-1].endswith("; check couchdyno_restore_host")
    assert drill.is_cleaned_up()


def test_a_restore_that_creates_nothing_is_seen(drill):
    out = drill.run(code=2, couchdyno_restore_command="true")
    assert messages(out) == [
        f'The step "Verify the copy" failed: there is no database {drill.copy.plain_url}; check the URL'
    ]
    assert drill.is_cleaned_up()


DUMP = """{python} - <<'END'
import os, requests
server, auth = os.environ["SERVER"], tuple(os.environ["WHO"].split(":", 1))
rows = requests.get(server + "/{source}/_all_docs?include_docs=true", auth=auth, timeout=60).json()["rows"]
assert requests.put(server + "/{copy}", auth=auth, timeout=60).ok
docs = [{{name: value for name, value in row["doc"].items() if name != "_rev"}} for row in rows[:{rows}]]
assert requests.post(server + "/{copy}/_bulk_docs", json=dict(docs=docs), auth=auth, timeout=60).ok
END"""


@pytest.mark.parametrize("rows, missing", [(0, 300), (120, 180)], ids=["empty", "cut"])
def test_a_dump_that_was_cut_is_judged_by_the_source(drill, rows, missing):
    """The ids of documents sort before those of the ledger, which is therefore missing."""
    dump = DUMP.format(python=sys.executable, source=drill.source.name, copy=drill.copy.name, rows=rows)
    out = drill.run(code=2, couchdyno_restore_command=dump, couchdyno_cycles_meanwhile=False)
    assert messages(out) == [f"The copy is wrong: {missing} of 300 documents missing, ledger missing; {EXAMINE}"]
    assert '"    verdict : wrong"' in out and f'"    documents : {rows} of 300"' in out
    assert drill.is_cleaned_up()


def test_a_command_that_runs_too_long_is_ended(drill, tmp_path):
    process = tmp_path / "pid"
    command = f"{make(drill.kept.name)} && echo $$ > {process}; exec sleep 4321"
    out = drill.run(code=2, couchdyno_longest=60, couchdyno_interval=5, couchdyno_backup_command=command)
    assert messages(out)[-1].startswith('The step "Back up" failed: Timeout exceeded')
    assert messages(out)[-1].endswith("; raise couchdyno_longest")
    assert drill.is_cleaned_up()
    with pytest.raises(ProcessLookupError):
        os.kill(int(process.read_text()), 0)


def test_less_time_than_ansible_can_keep_is_refused(drill):
    out = drill.run(code=2, couchdyno_longest=59)
    assert "couchdyno_longest must be 60 or more, not 59; " in out
    assert drill.source.ledger["position"] == 300


def test_settings_of_cycles_that_make_no_sense_are_refused_before_anything_is_done(drill):
    out = drill.run(code=2, couchdyno_updates_per_run=0)
    assert [message[:32] for message in messages(out)] == ["updates_per_run must be from 1 t"]
    assert drill.source.ledger["position"] == 300


# The copy gets the validator, too, and must accept what the source contained before.
REFUSE = """function (doc) {
    if (/^cdyno_.*[05]$/.test(doc._id) && doc.update >= 300) { throw({forbidden: 'no'}); }
}"""


def test_documents_that_cycles_could_not_write_are_counted_in_the_report(drill):
    drill.source.put({"_id": "_design/refuse", "validate_doc_update": REFUSE})
    out = drill.run()
    assert messages(out) == []
    assert '"    verdict : right"' in out
    assert re.search(
        r'"    errors : (\d+), \1 of them refused by the server, for example cdyno_000000000000 \(update 300\): ', out
    )
    written = int(re.search(r'"    updates : (\d+)"', out).group(1))
    errors = int(re.search(r'"    errors : (\d+),', out).group(1))
    assert 300 + written + errors == drill.source.ledger["position"]


def throttle_cycles(proxy, after=0):
    """Refuse all changes of the ledger after some cycles, each of which claims and settles."""
    fault = status(429, "too_many_requests", **{"Retry-After": "0"})
    proxy.fail(fault, on="_bulk_docs", holding='"couchdyno_ledger_', times=10**6, skip=2 * after)


@pytest.mark.parametrize("cycles, after", [(0, ""), (2, " after 2")])
def test_cycles_that_fail_do_not_keep_the_copy_from_being_verified(drill, proxy, cycles, after):
    throttle_cycles(proxy, cycles)
    source = drill.source.behind(proxy).plain_url
    out = drill.run(code=2, couchdyno_url=source, couchdyno_copy_url=drill.copy.plain_url)
    reason = f"{source} answered 429 (too_many_requests: on purpose); retry later"
    assert messages(out) == [f"The copy is right, but the cycles failed{after}: {reason}"]
    assert '"    verdict : right"' in out and f'"    cycles failed : {reason}"' in out
    assert ('"    cycles : 2"' in out) == bool(cycles)
    assert drill.is_cleaned_up()
    assert drill.source.ledger["position"] == 300 + 20 * cycles


def test_a_step_that_fails_does_not_hide_that_cycles_failed(drill, proxy):
    throttle_cycles(proxy)
    urls = {"couchdyno_url": drill.source.behind(proxy).plain_url, "couchdyno_copy_url": drill.copy.plain_url}
    out = drill.run(code=2, couchdyno_restore_command="true", **urls)
    assert messages(out)[-1].startswith('The step "Verify the copy" failed: there is no database ')
    assert "; the cycles failed: " in messages(out)[-1]


TOOK = {"start": "2026-11-27 03:00:00.5", "end": "2026-11-27 03:01:07.1"}
RIGHT = {"verdict": "right", "reasons": [], "checked": 9, "stream": {"total": 9}, "report": "", "lag": {"updates": 1}}
CUT = dict(RIGHT, verdict="wrong", reasons=["6000 of 10000 documents missing", "ledger missing"])
IS_CUT = "The copy is wrong: 6000 of 10000 documents missing, ledger missing"
UNDECIDED = dict(RIGHT, verdict="undecided", reasons=["the ledger was lost", "no span"])
FAILED = {"errors": 3, "updates": 7, "samples": [{"id": "x", "update": 5, "reason": "too large"}], "refused": 2}
CYCLED = {"finished": True, "cycles": [{"after": FAILED}], "updates": 7, "errors": 3, "msg": "3 documents could not…"}
LATE = {"finished": False}
LEFT = {"failed": True, "msg": "no such user"}


@pytest.mark.parametrize(
    "found, says",
    [
        ({}, []),
        ({"couchdyno_verified": CUT}, [f"{IS_CUT}; {EXAMINE}"]),
        (
            {"couchdyno_verified": UNDECIDED, "couchdyno_keep_copy": "true"},
            [
                "It is undecided whether the copy is right: the ledger was lost, no span; "
                "it was kept, so you can examine it"
            ],
        ),
        ({"couchdyno_cycled": CYCLED}, []),
        (
            {"couchdyno_verified": CUT, "couchdyno_cycled": LATE, "couchdyno_deleted": LEFT},
            [
                f"{IS_CUT}; {EXAMINE}; the cycles failed: the last cycle did not end within 60 s; check the source; "
                "the copy could not be deleted: no such user"
            ],
        ),
    ],
)
def test_how_a_drill_ends(tmp_path, found, says):
    conclude = {"ansible.builtin.include_tasks": str(ROOT / "playbooks/files/drill/conclude.yml")}
    commands = {"couchdyno_limit": 60, "couchdyno_backed_up": TOOK, "couchdyno_restored": TOOK}
    variables = {"couchdyno_verified": RIGHT, **commands, **found}
    play = {"hosts": "localhost", "gather_facts": False, "vars": variables, "tasks": [conclude]}
    (tmp_path / "play.yml").write_text(json.dumps([play]))
    out = playbook(tmp_path / "play.yml", code=2 if says else 0)
    assert messages(out) == says
    assert '"    recovery point : 1 update, unknown"' in out and '"    backup (time) : 1 min 7 s"' in out
    counted = '"    errors : 3, 2 of them refused by the server, for example x (update 5): too large"'
    assert (counted in out) == (found.get("couchdyno_cycled") is CYCLED)


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
