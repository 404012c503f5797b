# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its documents, restored ledgers, and databases that are adopted, on a server."""

from __future__ import annotations

import pytest
import requests
from support import ansible, report, run, start

SETUP = "dyno.couchdb.couchdyno_setup"


@pytest.fixture
def ready(database):
    """A database of ten documents after four cycles of three."""
    run("couchdyno-setup", "-t", 10, "-s", 200, "-u", 3, "--seed", 7, database.url)
    run("couchdyno-execute", "-c", 0, "--cycles", 4, database.url)
    return database


def states(database):
    return list(database.documents("couchdyno_ledger_"))


def replicate(source, target):
    """Replicate once; the embedded server only knows databases by their names."""
    server, user = source.server, (source.server.username, source.server.password)
    is_embedded = "express-pouchdb" in requests.get(server.url, timeout=60, auth=user).json()
    ends = (source.name, target.name) if is_embedded else (source.url, target.url)
    body = dict(zip(("source", "target"), ends))
    answer = requests.post(f"{server.url}/_replicate", json=body, timeout=300, auth=user)
    assert answer.json().get("ok"), answer.text


def restore(database, document):
    """Put an earlier document back in place of the present one."""
    present = database.get(document["_id"])
    document = {name: value for name, value in document.items() if name != "_rev"}
    database.put(dict(document, _rev=present["_rev"]) if "_rev" in present else document)


def test_the_state_goes_on_in_other_documents(ready):
    assert states(ready) == ["couchdyno_ledger_00000000"]
    run("couchdyno-execute", "-c", 0, "--cycles", 20, ready.url)
    assert states(ready) == ["couchdyno_ledger_00000001", "couchdyno_ledger_00000002"]
    meta = ready.get("couchdyno_meta")
    assert meta["_rev"].startswith("2-") and not {"state", "start", "position"} & set(meta)
    assert ready.assert_exact().position == 72
    assert report("couchdyno-verify", ready.url)["verdict"] == "right"


def test_a_replica_that_is_made_rarely_has_no_conflicts(ready, server):
    copy = server.database().create()
    try:
        for __ in range(3):
            replicate(ready, copy)
            run("couchdyno-execute", "-c", 0, "--cycles", 25, ready.url)
        replicate(ready, copy)
        rows = copy.request("GET", "/_all_docs?include_docs=true&conflicts=true").json()["rows"]
        assert [row["id"] for row in rows if "_conflicts" in row["doc"]] == []
        assert states(copy) == states(ready)
        assert report("couchdyno-verify", copy.url)["verdict"] == "right"
        run("couchdyno-execute", copy.url)
        copy.assert_exact()
    finally:
        copy.request("DELETE")


def test_an_earlier_ledger_is_noticed_and_adopted(ready):
    earlier = ready.get(states(ready)[-1])
    run("couchdyno-execute", "-c", 0, "--cycles", 3, ready.url)
    restore(ready, earlier)
    before = ready.request("GET").json()["update_seq"]
    line = run("couchdyno-execute", ready.url, code=1)
    assert "is older than its run records: its next run is 4, but run 6 is on record" in line
    assert "couchdyno-setup --adopt" in line and len(line.splitlines()) == 1
    assert ready.request("GET").json()["update_seq"] == before
    __, module, __ = ansible("dyno.couchdb.couchdyno_execute", {"url": ready.url})
    assert "couchdyno_setup and adopt: true" in module["msg"]
    found = report("couchdyno-setup", "--adopt", ready.url)
    assert found["adopted"].pop("position") == 21 and not any(found["adopted"].values())
    assert report("couchdyno-execute", ready.url)["after"]["first"] == 21
    ready.assert_exact()


@pytest.mark.parametrize("cycles", [8, 20])
def test_an_earlier_backup_over_a_ledger_that_has_moved_on(ready, cycles):
    """The later state counts, but documents may have been restored, too."""
    earlier = ready.get(states(ready)[-1])
    run("couchdyno-execute", "-c", 0, "--cycles", cycles, ready.url)
    restore(ready, earlier)
    restored = ready.get("cdyno_000000000001")
    restore(ready, dict(restored, update=restored["update"] - 1))
    assert earlier["_id"] in states(ready) and earlier["_id"] != states(ready)[-1]
    complaint = run("couchdyno-execute", ready.url, code=1)
    assert f"has come back (document {earlier['_id']}); if an earlier backup was restored, stop all" in complaint
    assert "    outdated : an earlier ledger was restored, so cycles stop" in run("couchdyno-info", ready.url)
    assert f"    position : {(cycles + 4) * 3}\n" in run("couchdyno-setup", "--adopt", ready.url)
    run("couchdyno-execute", "-c", 0, "--cycles", 20, ready.url)
    assert earlier["_id"] not in states(ready)
    ready.assert_exact()


def test_a_copy_without_the_state_of_its_ledger(ready):
    for name in states(ready):
        assert ready.request("DELETE", f"/{name}?rev={ready.get(name)['_rev']}").ok
    lost = "has lost the state of its ledger (a document couchdyno_ledger_…); restore that document, or derive"
    assert lost in run("couchdyno-execute", ready.url, code=3)
    assert "give --source, or --from-position and --to-position" in run("couchdyno-verify", ready.url, code=3)
    found = report("couchdyno-verify", "--from-position", 12, "--to-position", 12, ready.url)
    assert (found["verdict"], found["ledger"]) == ("right", None)
    out, __ = start("couchdyno-verify", "--from-position", 15, "--to-position", 15, ready.url).communicate(timeout=60)
    assert "    because : 3 documents older than allowed\n" in out
    text = run("couchdyno-setup", "--adopt", ready.url)
    assert "    position : 12\n" in text and "adopted:\n" in text
    run("couchdyno-execute", ready.url)
    ready.assert_exact()


def test_the_module_adopts(ready):
    document = ready.get("cdyno_000000000001")
    assert ready.request("DELETE", f"/cdyno_000000000001?rev={document['_rev']}").ok
    before = ready.request("GET").json()["update_seq"]
    __, planned, __ = ansible(SETUP, {"url": ready.url, "adopt": True}, "--check")
    assert planned["changed"] and planned["adopted"]["missing"] == 1
    assert ready.request("GET").json()["update_seq"] == before
    __, found, __ = ansible(SETUP, {"url": ready.url, "adopt": True})
    assert found["changed"] and found["adopted"] == planned["adopted"]
    assert [claim["count"] for claim in found["dyno_config"]["claims"]] == [1]
    assert ready.get("couchdyno_meta")["forks"][0][0] == 12
    assert report("couchdyno-execute", ready.url)["after"]["redone"] == 1
    ready.assert_exact()


def test_what_adopting_refuses(database):
    for option in ("--force", "--wait-to-fill"):
        message = f"--adopt cannot be combined with {option}"
        assert message in run("couchdyno-setup", "--adopt", option, database.url, code=2)
    ok, refused, __ = ansible(SETUP, {"url": database.url, "adopt": True, "fill": True})
    assert not ok and "adopt cannot be combined with fill" in refused["msg"]
    assert "there is no database" in run("couchdyno-setup", "--adopt", database.url, code=3)
    database.create()
    assert "was not set up by couchdyno" in run("couchdyno-setup", "--adopt", database.url, code=3)
