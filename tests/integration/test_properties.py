# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a database itself, against a real server: given by setup, and verified."""

from __future__ import annotations

import json

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, preview, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from support import ansible, report, run

ALL = {"design": True, "security": True}
LIMIT = {"revs_limit": 1200}
NAMES = ["security", "design", "index"]
OF_DOCUMENTS = ("documents", "inserts", "deletions")
TYPES = {"order": {"documents": 3, "updates": 4, "create": 10, "delete": 10}, "person": {"ids": "hashed", "hot": True}}
SETUP = "dyno.couchdb.couchdyno_setup"


@pytest.fixture
def written(database, tmp_path):
    """A function that writes a workload file with properties."""

    def write(properties):
        path = tmp_path / "workload.json"
        path.write_text(json.dumps({"types": TYPES, "database": properties}))
        return path

    return write


@pytest.fixture
def filled(database, written):
    """A database with all properties that are usual, after a cycle."""
    database.workload = written({**ALL, **(LIMIT if has_limit(database) else {})})
    run("couchdyno-setup", "--workload", database.workload, "-t", 40, "-s", 200, "-w", database.url)
    assert execute(database.client(), 13)["after"]["errors"] == 0
    return database


def has_limit(database):
    """Whether the server knows a revs_limit; the embedded one does not."""
    return "couchdb" in requests.get(database.server.url, timeout=30).json()


def states(database, **options):
    """What verification says of the properties of the database, and its verdict."""
    found = verify(database.client(), **options)
    of_database = [each for each in found["properties"] if each["name"] not in OF_DOCUMENTS]
    return {each["name"]: each["state"] for each in of_database}, found["verdict"], found["reasons"]


def change(database, document_id, **fields):
    """Change a design document by hand."""
    document = database.request("GET", f"/{document_id}").json()
    assert database.request("PUT", f"/{document_id}", json={**document, **fields}).ok


def delete(database, document_id):
    document = database.request("GET", f"/{document_id}").json()
    assert database.request("DELETE", f"/{document_id}", params={"rev": document["_rev"]}).ok


def test_a_database_has_the_properties_that_its_workload_asks_for(filled):
    text = run("couchdyno-verify", "--views", filled.url)
    for name in (*states(filled)[0], "views"):
        assert f"    property : {name} kept\n" in text
    assert "    not checked : _local documents, the contents of deleted documents, purges\n" in text
    found = report("couchdyno-info", filled.url)
    assert set(found["dyno_config"]["workload"]["database"]) >= set(ALL)
    assert found["database"]["doc_count"] == found["database"]["expected_count"] == len(filled.documents(""))
    assert "    database : views and an index, entries in _security" in run("couchdyno-info", filled.url)


def test_what_is_in_the_security_object_stays_there(database, written):
    """An admin has made the database, for a user; another setup grants access to a role."""
    database.create().open_to("joe")
    workload = written({"security": True})
    run("couchdyno-setup", "--workload", workload, "-t", 40, "-s", 200, database.url)
    run("couchdyno-setup", "--workload", workload, "-t", 40, "-s", 200, "--member-role", "team", database.url)
    security = database.request("GET", "/_security").json()
    names, roles = (security["members"][kind] for kind in ("names", "roles"))
    assert (names[0], roles[-1], len(names), len(roles)) == ("joe", "team", 2, 2)
    assert "_admin" in security["admins"]["roles"] and len(security["admins"]["names"]) == 1
    found = next(each for each in verify(database.client())["properties"] if each["name"] == "security")
    assert found["state"] == "kept"
    assert found["details"] == "_security also has the member name joe, the member role team"


def test_a_member_cannot_give_properties_and_nothing_is_written(database, written):
    server = database.server
    server.add_user("mel", "secret")
    database.create().open_to("mel")
    before = database.request("GET", "/_security").json()
    for properties in ({"security": True}, {"design": True}):
        err = run(
            *("couchdyno-setup", "--workload", written(properties), "-t", 40, "-s", 200),
            database.as_user("mel", "secret"), code=1,
        )
        assert "only an admin may " in err and "; set up the database as an admin\n" in err
    assert database.request("GET", "/_security").json() == before and database.documents("") == {}


def test_recreating_a_database_leaves_no_entries_of_the_earlier_one(database, written):
    for __ in range(2):
        run("couchdyno-setup", "-f", "--workload", written({"security": True}), "-t", 40, "-s", 200, database.url)
    members = database.request("GET", "/_security").json()["members"]
    assert len(members["names"]) == 1 and len([role for role in members["roles"] if role != "_admin"]) == 1


def test_a_setup_that_was_interrupted_before_the_ledger_goes_on(database, written):
    database.create()
    database.put({"_id": "_design/couchdyno", "views": {}})
    run("couchdyno-setup", "--workload", written(ALL), "-t", 40, "-s", 200, database.url)
    assert states(database)[0]["design"] == "kept"


def lose_design(database):
    delete(database, "_design/couchdyno")


def change_design(database):
    change(database, "_design/couchdyno", views={})


def change_index(database):
    change(database, "_design/couchdyno_index", more=1)


def lose_security(database):
    assert database.request("PUT", "/_security", json={}).ok


def lose_an_entry(database):
    security = database.request("GET", "/_security").json()
    assert database.request("PUT", "/_security", json={**security, "members": {"names": ["joe"], "roles": []}}).ok


FAULTS = [
    (lose_design, "design", "lost", "_design/couchdyno is missing"),
    (change_design, "design", "changed", "_design/couchdyno was changed"),
    (change_index, "index", "changed", "_design/couchdyno_index was changed"),
    (lose_security, "security", "lost", "_security has none of the entries that setup gave it"),
    (lose_an_entry, "security", "changed", "_security lacks the member name couchdyno-"),
]


@pytest.mark.parametrize("cause, name, state, reason", FAULTS, ids=[each[0].__name__ for each in FAULTS])
def test_each_fault_is_named_may_be_allowed_and_is_mended_by_setup(filled, cause, name, state, reason):
    cause(filled)
    found, verdict, reasons = states(filled)
    assert {**found, "revs_limit": "kept"} == {**dict.fromkeys(NAMES, "kept"), name: state, "revs_limit": "kept"}
    assert verdict == "wrong" and len(reasons) == 1 and reasons[0].startswith(reason)
    assert states(filled, allowed=[name])[1] == "right"
    workload = json.loads(filled.workload.read_text())
    request = Request(Parameters(40, 200), workload=workload, idempotent=True)
    for job in (preview, setup):
        report = job(filled.client(), request)
        assert report["changed"] and report["properties"] == [name]
    assert set(states(filled)[0].values()) == {"kept"} and states(filled)[1] == "right"
    report = setup(filled.client(), request)
    assert not report["changed"] and "properties" not in report


def test_what_users_see_of_a_fault(filled):
    lose_design(filled)
    run("couchdyno-verify", filled.url, code=4)
    arguments = {"url": filled.url, "workload": json.loads(filled.workload.read_text()), "total": 40, "size": 200}
    for flags in (["--check"], []):
        is_ok, result, __ = ansible(SETUP, arguments, *flags)
        assert is_ok and result["changed"] and result["properties"] == ["design"]
    is_ok, result, __ = ansible(SETUP, arguments)
    assert is_ok and not result["changed"] and "properties" not in result


def test_the_limit_of_revisions(database, written):
    arguments = "--workload", written(LIMIT), "-t", 40, "-s", 200, database.url
    if not has_limit(database):
        assert "has no revs_limit; leave it out of the workload" in run("couchdyno-setup", *arguments, code=1)
        run("couchdyno-setup", "--workload", written(ALL), "-t", 40, "-s", 200, database.url)  # nothing is in the way
        return
    run("couchdyno-setup", *arguments)
    assert database.request("GET", "/_revs_limit").json() == 1200
    assert states(database)[:2] == ({"revs_limit": "kept"}, "right")
    assert database.request("PUT", "/_revs_limit", data="1000").ok
    assert states(database) == (
        {"revs_limit": "changed"}, "wrong", ["the revs_limit is 1000 instead of 1200"]
    )
    assert states(database, allowed=["revs_limit"])[1] == "right"


def test_views_must_agree_with_the_documents(filled):
    assert states(filled, views=True)[0]["views"] == "kept"
    design = filled.request("GET", "/_design/couchdyno").json()
    views = dict(design["views"], by_type={"map": "function (doc) { emit('order', null); }", "reduce": "_count"})
    change(filled, "_design/couchdyno", views=views)
    found, verdict, reasons = states(filled, views=True, allowed=["design"])
    assert (found["design"], found["views"], verdict) == ("changed", "changed", "wrong")
    assert "the view by_type has" in reasons[0] and "for 'order' instead of 27" in reasons[0]
    assert states(filled, views=True, allowed=["design", "views"])[1] == "right"


def test_views_require_a_workload_that_asks_for_them(database):
    run("couchdyno-setup", "--workload", "queue", "-t", 10, database.url)
    err = run("couchdyno-verify", "--views", database.url, code=2)
    assert "--views requires a workload with design documents" in err
