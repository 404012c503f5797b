# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ledgers that were restored over a newer database, and run records that could not be written."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import LedgerOutdated
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage import ledger_reading
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.restored import returned_state


@pytest.fixture
def ran(couch, client):
    """A database after three cycles; returns a function that runs some more."""
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))

    def run(cycles):
        for __ in range(cycles):
            execute(client)

    run(3)
    return run


def restore(couch, earlier):
    """Write an earlier state under the present revision, as some restores do."""
    name = earlier["_id"]
    generation = int(couch.documents.get(name, earlier)["_rev"].split("-")[0])
    couch.documents[name] = dict(earlier, _rev=f"{generation + 1}-restored")


def test_an_earlier_state_stops_cycles_before_they_claim(couch, client, ran):
    earlier = dict(couch.ledger)
    ran(2)
    restore(couch, earlier)
    before = dict(couch.documents)
    with pytest.raises(LedgerOutdated, match=r"its next run is 3, but run 4 is on record.*couchdyno-setup --adopt"):
        execute(client)
    assert couch.documents == before


@pytest.mark.parametrize("more", [8, 20])  # the earlier document still exists, sealed, or was deleted
def test_an_earlier_document_that_comes_back_stops_cycles_until_it_is_adopted(couch, client, ran, more):
    earlier = dict(couch.ledger)
    ran(more)
    assert couch.ledger["_id"] != earlier["_id"] and (earlier["_id"] in couch.documents) == (more < 10)
    restore(couch, earlier)
    before = dict(couch.documents)
    with pytest.raises(LedgerOutdated, match=f"come back .document {earlier['_id']}.*couchdyno-setup --adopt"):
        execute(client)
    assert couch.documents == before
    assert adopt(client)["adopted"]["position"] == (3 + more) * 3
    ran(20)
    assert earlier["_id"] not in couch.documents


def test_an_earlier_document_that_is_being_sealed_stops_nothing(couch, client, ran):
    """The range may show it as it was just before, with its successor."""
    ran(8)
    ledger = LedgerDocument(client).read()
    ((sealed,),) = (ledger.older,)
    assert returned_state(client, ledger._replace(older=({**sealed, "sealed": False},))) == ""


def test_an_earlier_document_in_place_of_a_later_one(couch, client, ran):
    earlier = dict(couch.ledger)
    ran(20)
    for name in [name for name in couch.documents if name.startswith("couchdyno_ledger_")]:
        del couch.documents[name]
    restore(couch, earlier)
    with pytest.raises(LedgerOutdated):
        execute(client)


def test_another_database_with_newer_records(couch, client, ran):
    """A replica that is still being made: its ledger is there, but an earlier one."""
    earlier = dict(couch.ledger)
    ran(2)
    couch.documents[earlier["_id"]] = earlier
    couch.instance = "2"
    with pytest.raises(LedgerOutdated):
        execute(connected(client))


def test_a_replica_goes_on(couch, client, ran):
    couch.instance = "2"
    execute(connected(client))
    couch.requests.clear()
    execute(client)
    assert len([path for __, path in couch.requests if path.endswith("_all_docs")]) == 2  # it asks once


def connected(client):
    """The same client, as a new process has it."""
    client._replicas = 0
    return client


def test_a_late_write_beside_the_deletion_of_a_sealed_document_stops_nothing(couch, client, ran):
    ran(20)
    earlier = dict(couch.ledger, _id="couchdyno_ledger_00000000", _rev="15-late", sealed=False)
    couch.documents[earlier["_id"]] = earlier
    couch.strays[earlier["_id"]] = {"_id": earlier["_id"], "_rev": "22-end", "_deleted": True, "sealed": True}
    assert execute(client)["after"]["first"] == 23 * 3


def test_a_state_that_was_purged(couch, client, ran):
    """The sealed one before it looks as if its successor had not been created yet."""
    ran(12)
    newest = couch.ledger["_id"]
    del couch.documents[newest], couch.revisions[newest]
    assert couch.ledger["sealed"]
    with pytest.raises(LedgerOutdated, match="its next run is 10, but run 14 is on record"):
        execute(client)
    assert adopt(client)["adopted"]["position"] == 15 * 3
    assert execute(client)["after"]["first"] == 15 * 3


def test_a_ledger_with_more_runs_and_a_lower_position(couch, client, ran):
    earlier = dict(couch.ledger)
    execute(client, updates=10)
    restore(couch, dict(earlier, runs=99))
    with pytest.raises(LedgerOutdated, match="its next update is 9, but update 18 is on record"):
        execute(client)


def test_state_documents_that_cannot_be_deleted_accumulate_and_stop_nothing(couch, client, ran, monkeypatch):
    monkeypatch.setattr(ledger_reading, "PAGE", 2)
    write, told = couch._write, []
    refusal = {"id": "couchdyno_ledger_00000000", "error": "forbidden", "reason": "append only"}
    monkeypatch.setattr(couch, "_write", lambda each: refusal if each.get("_deleted") else write(each))
    for __ in range(50):
        after = execute(client)["after"]
        told += [after["undeleted"]] if "undeleted" in after else []
    assert len([name for name in couch.documents if name.startswith("couchdyno_ledger_")]) == 6
    assert told and set(told) == {"forbidden: append only"}
    assert couch.ledger["position"] == 53 * 3


def test_records_that_another_driver_has_just_written_are_no_sign(couch, client, ran, monkeypatch):
    couch.instance = "2"
    connected(client)
    asked = client.rows_before

    def meanwhile(first, *args):
        if first == PLAIN.run_id(0):
            monkeypatch.setattr(client, "rows_before", asked)
            ran(1)
        return asked(first, *args)

    monkeypatch.setattr(client, "rows_before", meanwhile)
    document = LedgerDocument(client)
    document.read()
    couch.instance = "3"
    connected(client)
    assert execute(client)["new_state"]["position"] == 5 * 3


def test_a_record_whose_place_is_taken_is_told(couch, client, ran):
    couch.documents[PLAIN.run_id(3)] = {"_id": PLAIN.run_id(3), "_rev": "1-a", "run": 3, "ts": 5, "host": "other"}
    after = execute(client)["after"]
    assert (after["updates"], after["unrecorded"]) == (3, "conflict: Document update conflict.")
    couch.refuse[PLAIN.run_id(4)] = "forbidden"
    assert execute(client)["after"]["unrecorded"] == "forbidden: because"


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_record_whose_answer_was_lost_is_there(couch, client, ran, fault):
    couch.faults.extend([None] * 4 + [fault])
    assert "unrecorded" not in execute(client)["after"]
    assert couch.documents[PLAIN.run_id(3)]["window"][1] == 3


def test_a_newer_record_is_not_replaced(couch, client, ran):
    couch.documents[couch.ledger["_id"]].update(runs=10003)
    newer = {"_id": PLAIN.run_id(3), "_rev": "5-a", "run": 20003, "ts": 5}
    couch.documents[PLAIN.run_id(3)] = newer
    after = execute(client)["after"]
    assert after["unrecorded"] == "the record of a later run (20003) is in its place"
    assert couch.documents[PLAIN.run_id(3)] == newer
