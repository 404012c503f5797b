# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcome of writing windows, whatever happens on the way."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import client as client_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.bulk import bulk_body
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    ClaimLost,
    Conflict,
    NotAllowed,
    Unreachable,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import (
    pace as pace_module,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import (
    writer as writer_module,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.writer import Writer
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, Parts, claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.outcome import SAMPLES, Failure
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.before_write import revisions
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.lease import Lease
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument


@pytest.fixture
def book(couch, client):
    book = LedgerDocument(client)
    book.create(Parameters(total=10, size=150, updates=3, seed=7))
    book.change(lambda ledger: (ledger, None))  # moves the state into a document of its own
    couch.requests.clear()
    return book


def claim_window(client, book, count, driver="d"):
    return Lease(client, book, book.change(lambda ledger: claim(ledger, Driver(driver, "h", ""), count, client.now())))


def write(client, book, lease, **options):
    return Writer(client, book.ledger.stream, lease, **options).write()


def holds(couch, first, stop, ts=None):
    """Whether the documents hold these updates, byte for byte."""
    exact = updates_of(couch)
    for update in range(first, stop):
        document = dict(couch.documents[exact.document_id(update)])
        document.pop("_rev")
        assert json.dumps(document, separators=(",", ":")) == exact.content.render(update, ts or document["ts"])
    return True


def unfinished(outcome):
    """The updates that are unfinished, by claim."""
    return [claim.updates for claim in outcome.parts.unfinished]


def updates_of(couch):
    return Ledger.bare(couch.documents["couchdyno_meta"]).stream


def bulk_writes(couch):
    """Those of test documents."""
    return [ids for ids in couch.bulk_writes if ids[0].startswith("cdyno_")]


def reads(couch):
    return [path for method, path in couch.requests if path.endswith("_all_docs")]


def test_the_first_lap_is_written_without_reading(couch, client, book):
    lease = claim_window(client, book, 10)
    outcome = write(client, book, lease)
    assert (outcome.written, outcome.errors, outcome.parts.unfinished) == (10, 0, [])
    assert holds(couch, 0, 10, lease.claims[0].ts) and reads(couch) == []


def test_later_laps_read_their_revisions_once_a_batch(couch, client, book):
    for driver in "abc":
        lease = claim_window(client, book, 7, driver)
        outcome = write(client, book, lease)
        book.change(lambda ledger: (ledger.with_claims([]), None))
        assert outcome.written == 7
    assert holds(couch, 14, 21)
    assert len(reads(couch)) == 2 and outcome.conflicts == 0


def test_documents_in_the_way_in_the_first_lap_are_overwritten(couch, client, book):
    couch.documents["cdyno_000000000003"] = {"_id": "cdyno_000000000003", "_rev": "1-x", "mine": True}
    outcome = write(client, book, claim_window(client, book, 10))
    assert (outcome.written, outcome.conflicts, outcome.foreign, outcome.errors) == (10, 1, 1, 0)
    assert holds(couch, 0, 10)


def test_documents_in_the_way_are_counted_whichever_batch_meets_them_first(couch, client, book, monkeypatch):
    """Once one is in the way, later batches read before they write."""
    monkeypatch.setattr(pace_module, "BATCH_DOCUMENTS", 3)
    for document_id in ("cdyno_000000000001", "cdyno_000000000008"):
        couch.documents[document_id] = {"_id": document_id, "_rev": "1-x", "mine": True}
    outcome = write(client, book, claim_window(client, book, 10), pace=Pace(1))
    assert (outcome.written, outcome.conflicts, outcome.foreign) == (10, 1, 2)
    assert holds(couch, 0, 10)


def test_a_window_is_split_into_batches_that_together_are_the_window(couch, client, book, monkeypatch):
    monkeypatch.setattr(pace_module, "BATCH_DOCUMENTS", 3)
    reported = []
    lease = claim_window(client, book, 10)
    outcome = Writer(client, book.ledger.stream, lease).write(reported.append)
    assert outcome.written == 10 and len(bulk_writes(couch)) == 4 and sum(outcome.latencies.counts.values()) == 4
    assert reported[-1] == 10 and reported == sorted(reported)
    assert holds(couch, 0, 10)


def test_a_window_that_was_taken_over_leaves_newer_documents_alone(couch, client, book):
    claim_window(client, book, 6, "dead")
    exact = book.ledger.stream
    for update, rev in ((1, "5-later"), (2, "1-same")):
        text = exact.content.render(update + 10 if rev == "5-later" else update, 1)
        couch.documents[exact.document_id(update)] = dict(json.loads(text), _rev=rev)
    couch.clock += LEASE
    book.read()
    lease = claim_window(client, book, 4, "next")
    outcome = write(client, book, lease)
    assert (outcome.written, outcome.current) == (8, 2)
    assert couch.documents["cdyno_000000000001"]["_rev"] == "5-later"
    assert couch.documents["cdyno_000000000002"]["_rev"] == "1-same"
    assert couch.documents["cdyno_000000000003"]["ts"] == lease.claims[0].ts


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("broken", [{4}, {0, 1, 2}, set(range(5))])
def test_unreadable_documents_of_a_window_that_was_taken_over_are_overwritten(couch, client, book, replicas, broken):
    claim_window(client, book, 6, "dead")
    text = book.ledger.stream.content.render
    couch.documents.update((f"cdyno_{i:012d}", dict(json.loads(text(i, 1)), _rev="1-a")) for i in range(5))
    couch.unreadable = {f"cdyno_{index:012d}" for index in broken}
    couch.replicas = client._replicas = replicas
    couch.clock += LEASE
    book.read()
    outcome = write(client, book, claim_window(client, book, 1, "next"))
    assert (outcome.written, outcome.current) == (2 + len(broken), 5 - len(broken))
    assert (outcome.errors, outcome.foreign, outcome.conflicts) == (0, 0, 0) and client.waits == []
    assert holds(couch, 0, 7) and couch.unreadable == set()


@pytest.mark.parametrize("replicas", [1, 3])
def test_large_and_deep_documents_of_a_window_that_was_taken_over_are_overwritten(
    couch, client, book, replicas, monkeypatch
):
    monkeypatch.setattr(client_module, "LIST", 20_000)
    monkeypatch.setattr(client_module, "DOCUMENT", 50_000)
    claim_window(client, book, 6, "dead")
    text = book.ledger.stream.content.render
    couch.documents.update((f"cdyno_{i:012d}", dict(json.loads(text(i, 1)), _rev="1-a")) for i in range(5))
    couch.documents["cdyno_000000000001"]["data"] = "x" * 30_000
    couch.documents["cdyno_000000000003"]["data"] = "x" * 60_000
    couch.documents["cdyno_000000000004"]["data"] = json.loads("[" * 200 + "]" * 200)
    couch.replicas = client._replicas = replicas
    couch.clock += LEASE
    book.read()
    outcome = write(client, book, claim_window(client, book, 1, "next"))
    assert (outcome.written, outcome.current, outcome.errors, outcome.foreign) == (5, 2, 0, 3)
    assert holds(couch, 0, 7) and client.waits == []


@pytest.mark.parametrize("lap", [0, 1])
def test_documents_of_others_within_a_window_are_not_all_read(couch, client, book, lap):
    if lap:
        write(client, book, claim_window(client, book, 10, "d1"))
        book.change(lambda ledger: (ledger.with_claims([]), None))
    else:
        claim_window(client, book, 6, "dead")
        couch.clock += LEASE
        book.read()
    others = {f"cdyno_000000000001{number:05d}": {"_rev": "1-a"} for number in range(3000)}
    couch.documents.update((name, dict(each, _id=name)) for name, each in others.items())
    couch.requests.clear()
    outcome = write(client, book, claim_window(client, book, 4, "d2"))
    assert outcome.errors == 0 and holds(couch, 10 * lap, 10 * lap + 4)
    assert len(reads(couch)) <= 6


def test_a_revision_with_any_characters_is_replaced(couch, client, book):
    """Replication accepts every revision."""
    write(client, book, claim_window(client, book, 10, "d1"))
    book.change(lambda ledger: (ledger.with_claims([]), None))
    couch.documents["cdyno_000000000002"]["_rev"] = '7-"ä\\'
    assert write(client, book, claim_window(client, book, 4, "d2")).written == 4 and holds(couch, 10, 14)


@pytest.mark.parametrize(
    "foreign", [{"update": 999}, {"update": "5"}, {"update": True}, {"update": 2, "ts": 1}, {"update": -8, "ts": 1}, {}]
)
def test_what_others_wrote_into_update_does_not_count(couch, client, book, foreign):
    claim_window(client, book, 6, "dead")
    couch.documents["cdyno_000000000002"] = dict(foreign, _id="cdyno_000000000002", _rev="1-x")
    couch.clock += LEASE
    book.read()
    outcome = write(client, book, claim_window(client, book, 4, "next"))
    assert (outcome.errors, outcome.foreign) == (0, 1)
    assert holds(couch, 2, 3)


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_lost_connection_loses_nothing(couch, client, book, fault):
    lease = claim_window(client, book, 10)
    couch.faults.append(fault)
    outcome = write(client, book, lease)
    assert outcome.errors == 0 and outcome.written + outcome.current == 10
    assert holds(couch, 0, 10)


def test_a_document_that_is_refused_for_good_is_an_error_with_a_name_and_not_open(couch, client, book):
    couch.refuse["cdyno_000000000004"] = "forbidden"
    outcome = write(client, book, claim_window(client, book, 10))
    assert (outcome.written, outcome.errors) == (9, 1)
    assert outcome.samples == (Failure("cdyno_000000000004", 4, "forbidden: because"),)
    assert outcome.parts == Parts([], ((4, 5),), is_complete=True)


def test_a_document_that_fails_is_tried_again_and_then_an_error(couch, client, book):
    couch.refuse["cdyno_000000000004"] = "internal_server_error"
    outcome = write(client, book, claim_window(client, book, 10))
    assert (outcome.written, outcome.errors) == (9, 1)
    assert len(bulk_writes(couch)) == writer_module.ROUNDS


def test_unfinished_parts_are_reported_update_by_update(couch, client, book):
    for number in (2, 7):
        couch.refuse[f"cdyno_{number:012d}"] = "internal_server_error"
    outcome = write(client, book, claim_window(client, book, 10))
    assert unfinished(outcome) == [((2, 3), (7, 8))] and outcome.errors == 2
    assert outcome.parts.is_complete and "left" not in outcome.dump(1.0, 0)


def test_a_request_that_is_too_large_is_split(couch, client, book):
    lease = claim_window(client, book, 10)
    couch.largest = 700
    outcome = write(client, book, lease)
    assert len(bulk_writes(couch)) > 2
    assert (outcome.written, outcome.errors) == (10, 0) and holds(couch, 0, 10)


GATEWAY_TIMEOUT = (504, {"Content-Type": "text/html"}, b"<html>")


@pytest.mark.parametrize("is_done", [False, True])
def test_a_batch_that_takes_a_gateway_too_long_is_halved(couch, client, book, monkeypatch, is_done):
    """The server may have written it all the same."""
    lease, pace = claim_window(client, book, 8), Pace()
    answer, left = couch._answer, [2]

    def slow(request, path):
        if path.endswith("_bulk_docs") and b"cdyno_" in request.body and left[0]:
            left[0] -= 1
            return (answer(request, path), (504, {}))[1] if is_done else (504, {})
        return answer(request, path)

    couch._answer = slow
    outcome = write(client, book, lease, pace=pace)
    assert (outcome.written + outcome.current, outcome.errors, outcome.broken) == (8, 0, None)
    assert is_done or [len(ids) for ids in bulk_writes(couch)] == [2, 2, 4]
    assert pace.batch_documents(150) < 8 and holds(couch, 0, 8)


def test_a_gateway_that_is_always_too_slow_ends_the_writing(couch, client, book):
    """It is not asked for each document of the batch: the first one ends it."""
    lease = claim_window(client, book, 8)
    couch.faults.extend([GATEWAY_TIMEOUT] * 100)
    sent = len(couch.requests)
    outcome = write(client, book, lease)
    assert isinstance(outcome.broken, Unreachable) and "answered 504" in str(outcome.broken)
    assert len(couch.requests) - sent <= 3 + client_module.TRIES and outcome.errors == 8


def test_a_single_document_that_is_too_large_is_an_error(couch, client, book):
    lease = claim_window(client, book, 10)
    couch.largest = 100
    outcome = write(client, book, lease)
    assert (outcome.written, outcome.errors) == (0, 10)
    assert "413" in outcome.samples[0].reason and len(outcome.samples) == SAMPLES


def test_a_server_that_goes_away_leaves_everything_open(couch, client, book):
    lease = claim_window(client, book, 10)
    couch.faults.extend(["lost"] * 1000)
    outcome = write(client, book, lease)
    assert isinstance(outcome.broken, Unreachable)
    assert (outcome.written, outcome.errors) == (0, 10)
    assert unfinished(outcome) == [((0, 10),)] and not outcome.parts.is_complete


def test_credentials_that_stop_working_end_the_writing(couch, client, book):
    lease = claim_window(client, book, 10)
    couch.faults.append((401, {}, b'{"error":"unauthorized"}'))
    outcome = write(client, book, lease)
    assert isinstance(outcome.broken, NotAllowed) and outcome.errors == 10


def test_a_stop_leaves_the_rest_open_without_an_error(couch, client, stop, book, monkeypatch):
    monkeypatch.setattr(pace_module, "BATCH_DOCUMENTS", 1)
    lease = claim_window(client, book, 10)
    outcome = Writer(client, book.ledger.stream, lease, Pace(1), stop=stop).write(lambda done: stop.request())
    assert 0 < outcome.written < 10 and outcome.errors == 0
    assert unfinished(outcome) == [((outcome.written, 10),)] and not outcome.parts.is_complete
    assert outcome.dump(1.0, 0)["left"] == 10 - outcome.written


def test_a_driver_whose_window_was_taken_over_stops_writing(couch, client, book):
    lease = claim_window(client, book, 10)
    couch.clock += LEASE
    other = LedgerDocument(client)
    other.read()
    claim_window(client, other, 1, "other")
    before = len(bulk_writes(couch))
    with pytest.raises(ClaimLost):
        write(client, book, lease)
    assert len(bulk_writes(couch)) == before


def test_a_late_write_under_an_old_revision_changes_nothing(couch, client, book):
    """A driver that stalls between reading and writing, while others write a whole lap."""
    write(client, book, claim_window(client, book, 10))
    book.change(lambda ledger: (ledger.with_claims([]), None))
    claim_window(client, book, 5, "slow")
    found = revisions(client, book.ledger.stream, list(range(10, 15)))
    couch.clock += LEASE
    other = LedgerDocument(client)
    other.read()
    lease = claim_window(client, other, 10, "other")
    parts = write(client, other, lease).parts
    lease.proceed(Driver("other", "h", ""), parts, lambda ledger: 10)
    write(client, other, lease)
    with pytest.raises(Conflict):
        client.put(dict(json.loads(book.ledger.stream.content.render(10, 1)), _rev=found[10]))
    assert holds(couch, 15, 25)


def test_a_document_that_is_gone_is_counted_once(couch, client, book):
    couch.refuse["cdyno_000000000004"] = "internal_server_error"  # tried again and again
    outcome = write(client, book, claim_window(client, book, 10))
    assert (outcome.foreign, outcome.written) == (0, 9)
    book.change(lambda ledger: (ledger.with_claims([]), None))
    outcome = write(client, book, claim_window(client, book, 10, "later"), expects=lambda update: update == 14 or None)
    assert (outcome.foreign, outcome.written, outcome.errors) == (1, 9, 1)


def test_a_driver_whose_database_was_recreated_stops_at_the_first_conflict(couch, client, book, monkeypatch):
    """Its lease lasts, but the ledger no longer names it."""
    write(client, book, claim_window(client, book, 10))
    book.change(lambda ledger: (ledger.with_claims([]), None))
    lease = claim_window(client, book, 10, "old")
    for update in range(10):
        document = couch.documents[f"cdyno_{update:012d}"]
        couch.documents[document["_id"]] = dict(document, _rev="1-new", data="of another stream")
    writer = Writer(client, book.ledger.stream, lease)
    monkeypatch.setattr(writer_module, "revisions", lambda client, stream, updates: dict.fromkeys(updates, "1-old"))
    couch.ledger.update(_rev="1-new", claims=[])
    with pytest.raises(ClaimLost, match="the database was recreated"):
        writer.write()
    assert all(couch.documents[f"cdyno_{update:012d}"]["_rev"] == "1-new" for update in range(10))


def test_what_one_replica_accepted_and_the_others_refused_is_written_again(couch, client, book):
    write(client, book, claim_window(client, book, 10))
    book.change(lambda ledger: (ledger.with_claims([]), None))
    couch.replicas = client._replicas = 3
    couch.astray = {"cdyno_000000000001"}
    lease = claim_window(client, book, 5)
    outcome = write(client, book, lease)
    assert (outcome.written, outcome.accepted, outcome.errors) == (5, 0, 0)
    assert holds(couch, 10, 15) and not couch.strays


def test_what_too_few_replicas_accepted_counts_when_all_reachable_ones_have_it(couch, client, book, monkeypatch):
    lease = claim_window(client, book, 5)
    client._replicas = 3

    def bulk_post(body, **options):
        return [dict(answer, accepted=True) for answer in Client.bulk_post(client, body, **options)]

    monkeypatch.setattr(client, "bulk_post", bulk_post)
    outcome = write(client, book, lease)
    assert (outcome.written, outcome.accepted, outcome.current, outcome.errors) == (5, 5, 0, 0)


# -- documents that are created and deleted


def workload(**types):
    return Workload(tuple(DocumentType(name, *numbers, f"{name}:", 150) for name, numbers in types.items()))


QUEUE = workload(q=(4, 1, 2, 2))  # 0-3 create; then each lap deletes 2, rewrites 2 and creates 2


@pytest.fixture
def queue(couch, client):
    return new_book(couch, client, QUEUE)


def new_book(couch, client, types):
    book = LedgerDocument(client)
    book.create(Parameters(types.total, types.size, 3, 7, types))
    book.change(lambda ledger: (ledger, None))
    couch.requests.clear()
    return book


def advance(client, book, count, **options):
    """Write the next updates and close their claim; returns the outcome."""
    lease = claim_window(client, book, count)
    outcome = write(client, book, lease, expects=expects_of(book), **options)
    book.change(lambda ledger: (ledger.with_claims([]), None))
    return outcome


def expects_of(book):
    return lambda update: book.ledger.stream.previous(update) is not None


def indexes(couch, prefix="q:"):
    return [int(name[len(prefix) :]) for name in sorted(couch.documents) if name.startswith(prefix)]


def test_documents_are_created_and_deleted(couch, client, queue):
    assert advance(client, queue, 4).written == 4 and indexes(couch) == [0, 1, 2, 3]
    outcome = [advance(client, queue, 4) for __ in range(6)][-1]
    assert (outcome.written, outcome.current, outcome.foreign, outcome.errors) == (4, 0, 0, 0)
    assert indexes(couch) == [8, 9, 10, 11] and len(couch.tombstones) >= 8
    assert couch.documents["q:000000000011"]["_rev"].startswith("1-")


def test_a_creation_that_comes_late_revives_nothing(couch, client, queue):
    advance(client, queue, 4)
    created = dict(couch.documents["q:000000000000"])
    advance(client, queue, 2)
    assert "q:000000000000" in couch.tombstones
    client.bulk_post(bulk_body([json.dumps(created)], new_edits=False))
    assert "q:000000000000" not in couch.documents
    ts = created["ts"]
    assert created["_rev"] == queue.ledger.stream.content.first_revision(0, ts)
    assert json.loads(queue.ledger.stream.content.render(0, ts, created["_rev"])) == created


def test_the_deletion_of_an_absent_document_sends_nothing(couch, client, queue):
    advance(client, queue, 4)
    del couch.documents["q:000000000000"]
    couch.bulk_writes.clear()
    outcome = advance(client, queue, 1)
    assert (outcome.written, outcome.current, outcome.foreign, outcome.errors) == (0, 1, 1, 0)
    assert not any("q:000000000000" in ids for ids in couch.bulk_writes)


def test_a_redone_deletion_that_was_done_is_not_foreign(couch, client, queue):
    advance(client, queue, 4)
    claim_window(client, queue, 2)
    couch.clock += LEASE + 1
    client.get("couchdyno_meta")  # the answer shows the time
    del couch.documents["q:000000000000"]
    lease = claim_window(client, queue, 2, "e")
    outcome = write(client, queue, lease, expects=expects_of(queue))
    assert (outcome.current, outcome.foreign) == (1, 0) and indexes(couch)[0] == 2


def test_a_deletion_whose_answer_is_lost_is_not_foreign(couch, client, queue):
    advance(client, queue, 4)
    lease = claim_window(client, queue, 1)
    couch.faults.extend([None, "lost after"])  # reading the revision, deleting
    outcome = write(client, queue, lease, expects=expects_of(queue))
    assert (outcome.written, outcome.current, outcome.foreign, outcome.conflicts) == (0, 1, 0, 1)
    assert indexes(couch) == [1, 2, 3]


def test_documents_that_others_have_deleted_or_created_are_foreign(couch, client, queue):
    advance(client, queue, 4)
    advance(client, queue, 2)
    del couch.documents["q:000000000002"]
    couch.documents["q:000000000004"] = {"_id": "q:000000000004", "_rev": "1-x", "mine": True}
    outcome = advance(client, queue, 4)
    assert (outcome.written, outcome.foreign, outcome.errors) == (4, 2, 0)
    assert couch.documents["q:000000000004"]["type"] == "q" and indexes(couch) == [2, 3, 4, 5]


def test_pushed_requests_that_are_too_large_are_halved(couch, client, monkeypatch):
    book = new_book(couch, client, workload(q=(40, 1, 2, 2)))
    couch.largest = 2000
    outcome = advance(client, book, 40)
    assert (outcome.written, outcome.errors) == (40, 0) and indexes(couch) == list(range(40))


def test_a_pushed_document_that_is_refused_is_named(couch, client, queue):
    couch.refuse = {"q:000000000002": "forbidden"}
    outcome = advance(client, queue, 4)
    assert (outcome.written, outcome.errors) == (3, 1) and outcome.samples[0].id == "q:000000000002"


def test_on_a_cluster_pushed_documents_count_once_they_are_read_back(couch, client, queue):
    couch.replicas = client._replicas = 3
    outcome = advance(client, queue, 4)
    assert (outcome.written, outcome.foreign, outcome.conflicts, outcome.errors) == (4, 0, 0, 0)
    assert any(path.endswith("_bulk_get") for __, path in couch.requests)


def test_on_a_cluster_pushed_documents_do_not_count_while_most_replicas_are_away(couch, client, queue, monkeypatch):
    couch.replicas = client._replicas = 3
    lease = claim_window(client, queue, 4)
    monkeypatch.setattr(Client, "reaches", lambda self, replicas: False)
    outcome = write(client, queue, lease)
    assert (outcome.written, outcome.foreign, outcome.errors) == (0, 0, 4)
    assert all(document["_rev"].startswith("1-") for name, document in couch.documents.items() if name[:2] == "q:")


def test_on_a_cluster_a_deletion_is_done_only_if_no_replica_has_the_document(couch, client, queue):
    couch.replicas = client._replicas = 3
    advance(client, queue, 4)
    couch.shown["q:000000000000"] = None  # this replica has missed the creation
    outcome = advance(client, queue, 1)
    assert (outcome.written, outcome.current, outcome.foreign) == (1, 0, 0) and indexes(couch) == [1, 2, 3]


def test_a_window_of_several_types_is_written_in_few_requests(couch, client):
    types = workload(a=(6, 2, 1, 1), b=(4, 1, 1, 0), c=(3, 3, 0, 0))
    book = new_book(couch, client, types)
    assert advance(client, book, types.total).written == types.total
    couch.requests.clear()
    stream, before = book.ledger.stream, book.ledger.position
    outcome = advance(client, book, 5)
    count = book.ledger.position - before
    assert outcome.written == count and outcome.foreign == 0
    states = {stream.number(update): stream.state_at(stream.number(update), before + count)
              for update in range(before + count)}  # fmt: skip
    for number, state in states.items():
        document = couch.documents.get(stream.id_of(number))
        assert (document or {}).get("update") == (state.update if state.exists else None)
    assert sum(path.endswith("_bulk_docs") for __, path in couch.requests) <= 3  # deletions and rewrites, creations
