# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents whose ids are hashed: how they are read before a write, and verified."""

from __future__ import annotations

import json
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.reader import Reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.tally import Tally
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.before_write import revisions

TYPES = Workload((
    DocumentType("a", 50, 3, 10, 5, "a:", 150, ids="hashed"),
    DocumentType("b", 30, 1, 0, 0, "b:", 150),
    DocumentType("c", 20, 1, 4, 0, "c:", 150, ids="hashed"),
))  # fmt: skip
STREAM = WorkloadStream(7, TYPES)
POSITION = 400


def document(number, position=POSITION):
    state = STREAM.state_at(number, position)
    text = STREAM.content.render(state.update, 1000)
    return dict(json.loads(text), _rev=f"{1 + STREAM.visits(state.update)}-a")


def numbers(position=POSITION):
    created = {STREAM.number(update) for update in range(position)}
    return sorted(number for number in created if STREAM.state_at(number, position).exists)


@pytest.fixture
def filled(couch):
    """A database at the position, in which some documents of two types have been created and deleted."""
    for number in numbers():
        couch.documents[STREAM.id_of(number)] = document(number)
    return couch


def read(client, expectation=None, page=None):
    reader = Reader(client, STREAM, expectation or Expectation(POSITION, POSITION), lambda: Tally(STREAM))
    reader._page = page or reader._page
    return reader.read()


def found(tally):
    return {kind: count for kind, count in tally.counts.items() if count}


def hashed(kind, among=None):
    return [number for number in among or numbers() if number // 10**12 == kind]


DELETED = sum(STREAM.deleted_of(POSITION))


@pytest.mark.parametrize("page", [1, 7, 1000])
def test_a_sound_database_is_exact(client, filled, page):
    tally = read(client, page=page)
    assert found(tally) == {"exact": len(numbers()), "deleted": DELETED}
    assert tally.low == tally.high == POSITION
    assert [each["checked"] for each in tally.types] == STREAM.existing_by_type(POSITION)


@pytest.mark.parametrize("page", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(5))
def test_any_documents_that_are_missing_are_found(client, filled, page, seed):
    lost = random.Random(seed).sample(numbers(), seed * seed * 4 + 1)
    for number in lost:
        del filled.documents[STREAM.id_of(number)]
    tally = read(client, page=page)
    assert found(tally) == {"exact": len(numbers()) - len(lost), "missing": len(lost), "deleted": DELETED}
    names = {STREAM.id_of(number) for number in lost}
    assert {sample["id"] for sample in tally.samples["missing"]} <= names
    assert tally.low == min(STREAM.creation(number) for number in lost)


@pytest.mark.parametrize("page", [1, 1000])
def test_everything_missing(client, filled, page):
    filled.documents.clear()
    assert found(read(client, page=page)) == {"missing": len(numbers()), "deleted": DELETED}


def test_damaged_revived_swapped_and_extra_documents_are_named(client, filled):
    one, other, gone = hashed(0)[3], hashed(0)[4], STREAM.id_of(0)
    ids = STREAM.id_of(one), STREAM.id_of(other)
    bodies = filled.documents[ids[0]], filled.documents[ids[1]]
    filled.documents[ids[0]], filled.documents[ids[1]] = dict(bodies[1], _id=ids[0]), dict(bodies[0], _id=ids[1])
    filled.documents[gone] = dict(json.loads(STREAM.content.render(0, 1000)), _rev="1-a")
    for name in ("a:000000000000", "a:x", "a", "c:00000000000"):
        filled.documents[name] = {"_id": name, "_rev": "1-a"}
    counts = found(read(client))
    assert (counts["damaged"], counts["revived"], counts["extra"]) == (2, 1, 4)
    assert counts["exact"] == len(numbers()) - 2 and counts["deleted"] == DELETED - 1


def test_documents_that_are_behind_are_read_again_by_their_ids(client, filled):
    number = hashed(2)[0]
    filled.documents[STREAM.id_of(number)] = document(number, POSITION - 60)
    tally = read(client)
    assert found(tally) == {"exact": len(numbers()) - 1, "behind": 1, "deleted": DELETED}
    assert ("POST", "/db/_all_docs") in filled.requests


def test_documents_that_drivers_create_meanwhile_are_newer_not_extra(client, filled):
    for number in numbers(POSITION + 60):
        filled.documents[STREAM.id_of(number)] = document(number, POSITION + 60)
    for name in [STREAM.id_of(number) for number in numbers() if not STREAM.state_at(number, POSITION + 60).exists]:
        del filled.documents[name]
    tally = read(client, Expectation(POSITION))
    assert set(found(tally)) <= {"exact", "absent", "deleted"}
    assert tally.high == POSITION + 60 and tally.counts["exact"] == len(numbers(POSITION + 60))


def test_an_empty_database_of_a_million_documents_is_judged_by_few_requests(couch, client):
    stream = WorkloadStream(7, Workload((DocumentType("a", 10**6, 1, 0, 0, "a:", 150, ids="hashed"),)))
    tally = Reader(client, stream, Expectation(10**6, 10**6), lambda: Tally(stream)).read()
    assert found(tally) == {"missing": 10**6} and len(couch.requests) < 30


# -- before a write


def next_updates(count=20):
    updates = range(POSITION, POSITION + count)
    return [update for update in updates if STREAM.previous(update) is not None and STREAM.step(update)[0] != 1]


def revs(couch, updates):
    return {update: couch.documents[STREAM.document_id(update)]["_rev"] for update in updates}


def paths(couch):
    return [path.rsplit("/", 1)[1] for __, path in couch.requests]


def test_revisions_are_read_as_those_of_leaves(client, filled):
    updates = next_updates()
    assert revisions(client, STREAM, updates) == revs(filled, updates)
    assert paths(filled) == ["_revs_diff"]


def test_the_other_types_of_a_window_are_read_as_ranges(client, filled):
    updates = range(POSITION, POSITION + 10)
    found = revisions(client, STREAM, updates)
    assert found == revs(filled, [update for update in updates if STREAM.previous(update) is not None])
    assert sorted(set(paths(filled))) == ["_all_docs", "_revs_diff"]


def test_a_deletion_by_somebody_else_and_conflicts_are_looked_at(client, filled):
    updates = next_updates()
    gone, split, edited = (STREAM.document_id(update) for update in updates[:3])
    client.bulk_write([json.dumps(dict(filled.documents[gone], _deleted=True))])
    filled.conflicts[split] = ["1-b"]
    client.bulk_write([json.dumps(dict(filled.documents[edited], mine=True))])
    filled.requests.clear()
    found = revisions(client, STREAM, updates)
    assert found == revs(filled, updates[1:])
    assert paths(filled) == ["_revs_diff", "_all_docs"]


def test_a_server_that_does_not_report_leaves_is_asked_for_documents(client, filled, monkeypatch):
    monkeypatch.setattr(type(filled), "_missing", lambda self, document_id, revs: {"missing": revs})
    updates = next_updates()
    assert revisions(client, STREAM, updates) == revs(filled, updates)
