# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding the document that holds the state of a ledger."""

from __future__ import annotations

import json
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    LedgerDamaged,
    NoDatabase,
    NoLedger,
    StateMissing,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED, PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.state_document import (
    first_state,
    successor,
    tombstone,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.streams import stream_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_reading import (
    read_ledger,
    read_names,
)

from ..couchdb.cluster import Cluster, Coordinator

NEW = Ledger.new(Parameters(total=10, size=150, updates=3, seed=7), 1000)


def test_what_is_missing(couch, client):
    with pytest.raises(NoLedger, match="was not set up by couchdyno: it has no document couchdyno_meta"):
        read_ledger(client)
    couch.documents["couchdyno_meta"] = dict(NEW.dump_meta(), _rev="2-a")
    with pytest.raises(StateMissing, match=r"has lost the state of its ledger.*couchdyno-setup --adopt") as caught:
        read_ledger(client)
    assert caught.value.meta["seed"] == 7
    couch.exists = False
    with pytest.raises(NoDatabase, match="there is no database http://couch:5984/db"):
        read_ledger(client)


@pytest.mark.parametrize("name", ["couchdyno_meta", "couchdyno_ledger_00000000"])
@pytest.mark.parametrize("field", ["note", "claims", "seed", "identity"])
def test_a_ledger_that_is_nested_too_deeply_is_damaged(couch, client, name, field):
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    execute(client)
    couch.documents[name][field] = json.loads("[" * 300 + "]" * 300)
    before = len(couch.bulk_writes)
    with pytest.raises((LedgerDamaged, StateMissing), match=r"is nested more than 100 levels|has lost the state"):
        execute(client)
    assert len(couch.bulk_writes) == before


def test_one_request_finds_the_newest_document(couch, client):
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    for __ in range(25):
        execute(client)
    couch.requests.clear()
    ledger = read_ledger(client)
    assert [path.rsplit("/", 1)[1] for __, path in couch.requests] == ["_all_docs"]
    assert (ledger.holder, ledger.position) == ("couchdyno_ledger_00000002", 75)
    assert [state["_id"] for state in ledger.older] == ["couchdyno_ledger_00000001"]


def test_one_request_finds_it_in_a_partitioned_database(couch, client):
    """Run records are between the documents of one ledger and of the other."""
    couch.partitioned = True
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    for __ in range(25):
        execute(client)
    client.is_partitioned()
    couch.requests.clear()
    assert read_ledger(client).holder == "couchdyno:ledger_00000002"
    assert [path.rsplit("/", 1)[1] for __, path in couch.requests] == ["_all_docs"]
    couch.partitioned = client._partitioned = False  # now it looks like a copy
    known = read_ledger(client)
    couch.requests.clear()
    assert read_ledger(client, known) == known and len(couch.requests) == 1


def test_a_ledger_with_other_names_than_before(couch, client):
    """The database was recreated meanwhile."""
    document = LedgerDocument(client)
    document.create(Parameters(total=10, size=150, updates=3, seed=7))
    couch.documents.clear()
    nested = Ledger.new(Parameters(total=10, size=150, updates=3, seed=8), 1000, names=PARTITIONED).dump_nested()
    couch.documents[nested["_id"]] = dict(nested, _rev="1-a")
    assert document.read().seed == 8 and read_names(client, document.ledger.stream) == PARTITIONED


@pytest.mark.parametrize(
    "name, of_classic, of_workload",
    [
        ("cdyno:000000000001", PARTITIONED, PLAIN),
        ("couchdyno:run_00000", PARTITIONED, PARTITIONED),
        ("cdyno_000000000001", PLAIN, PLAIN),
        ("couchdyno_run_00000", PLAIN, PLAIN),
        ("couchdyno", PLAIN, PLAIN),
    ],
)
def test_names_without_a_ledger(couch, client, name, of_classic, of_workload):
    couch.documents[name] = {"_id": name, "_rev": "1-a"}
    workload = resolve({"types": {"cdyno": {}}}, 10, 150)
    assert read_names(client, NEW.stream) == of_classic
    assert read_names(client, stream_of(7, 10, 150, workload)) == of_workload


def test_a_state_in_a_document_of_its_own_comes_before_one_in_couchdyno_meta(couch, client):
    """Whoever was to take it out of there has died."""
    nested = dict(NEW.dump_nested(), _rev="1-a")
    couch.documents["couchdyno_meta"] = nested
    state = first_state(nested)
    couch.documents[state["_id"]] = dict(state, position=3, start=3, _rev="2-b")
    assert read_ledger(client).position == 3
    execute(client)
    assert "state" not in couch.documents["couchdyno_meta"] and read_ledger(client).position == 6


def test_the_state_of_an_earlier_database_does_not_count(couch, client):
    """A driver of a database that was deleted and recreated has written it; CouchDB 3.5 lets it."""
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    execute(client)
    stray = dict(couch.ledger, _id="couchdyno_ledger_00000002", _rev="9-a", position=500, identity="another")
    couch.documents[stray["_id"]] = stray
    for __ in range(9):
        assert read_ledger(client).position < 30
        execute(client)
    assert stray["_id"] not in couch.documents and read_ledger(client).position == 30
    for __ in range(20):
        execute(client)
    assert read_ledger(client).position == 90


def test_documents_of_somebody_else_in_the_range_do_not_matter(couch, client):
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    for name in ("couchdyno_ledger_1", "couchdyno_ledger_zzz", "couchdyno_m"):
        couch.documents[name] = {"_id": name, "_rev": "1-a"}
    assert execute(client)["new_state"]["position"] == 3


@pytest.mark.parametrize("missed", [0, 1, 5, 40])
def test_a_node_that_has_missed_much_does_not_hide_the_newest_document(missed):
    """Its range read shows a document that was deleted long ago, or none."""
    cluster = Cluster(random.Random(7))
    meta = NEW.dump_nested()
    state = first_state(meta)
    states = [state]
    for __ in range(45):
        states.append(successor(dict(states[-1], sealed=True)))
    for number, node in enumerate(cluster.nodes):
        node.edit(dict(NEW.dump_meta()))
        until = 45 - missed if number == 1 else 45
        for each in states[: until + 1]:
            node.push(each)
            if each is not states[until]:
                node.edit(tombstone(dict(each, sealed=True)))
    found = []
    cluster.rng.randrange = lambda *args: 1 if args == (3,) else random.Random(3).randrange(*args)  # asks the second
    cluster.start(lambda: found.append(read_ledger(Coordinator(cluster))))
    cluster.run()
    assert found[0].holder == "couchdyno_ledger_00000045"
