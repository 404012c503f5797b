# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How documents with attachments are written: when with bytes, in which requests, and what if one is missing."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import attaching
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.cycle import _expects
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.writer import Writer
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, Result, claim, settle
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.lease import Lease
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

TYPES = {"file": {"attachments": {"count": 2, "size": [0, 400], "renew": 3}}}
TOTAL = 4
NAMES = [f"file:{index:012d}" for index in range(TOTAL)]
ALL = sorted((name, file) for name in NAMES for file in ("cover", "front page"))


@pytest.fixture
def book(client):
    """Four documents with two files each, which every third update of a document renews."""
    book = LedgerDocument(client)
    book.create(Parameters(TOTAL, 200, TOTAL, 7, resolve({"types": TYPES}, TOTAL, 200)))
    book.change(lambda ledger: (ledger, None))
    assert cycle(client, book).written == TOTAL
    return book


def begin(client, book, driver="a"):
    """A driver that has claimed the next updates, and is about to write them."""
    before = list(book.read().claims)
    lease = Lease(client, book, book.change(lambda ledger: claim(ledger, Driver(driver, "h", ""), TOTAL, client.now())))
    return Writer(client, book.ledger.stream, lease, expects=_expects(book.ledger, before))


def end(book, writer, driver="a"):
    outcome = writer.write()
    result = Result(1, 0.1, outcome.written, outcome.errors)
    book.change(lambda ledger: (settle(ledger, driver, outcome.parts, result), None))
    return outcome


def cycle(client, book):
    return end(book, begin(client, book))


def sent(couch):
    """The attachments that came with bytes since the last time."""
    found, couch.sent = sorted(couch.sent), []
    return found


def assert_right(client):
    found = verify(client)
    assert (found["verdict"], found["attachments"]["checked"]) == ("right", 2 * TOTAL), found


def test_bytes_are_sent_only_when_files_are_renewed(couch, client, book):
    assert sent(couch) == ALL
    for number in range(1, 8):
        assert cycle(client, book).written == TOTAL
        assert sent(couch) == (ALL if number % 3 == 0 else [])
        assert_right(client)


def test_documents_of_an_unfinished_cycle_are_sent_whole(couch, client, book):
    begin(client, book)
    couch.clock += LEASE + 1
    sent(couch)
    assert end(book, begin(client, book, "b"), "b").written == TOTAL
    assert sent(couch) == ALL
    assert_right(client)
    assert cycle(client, book).written == TOTAL and sent(couch) == []
    assert_right(client)


def test_after_a_refused_renewal_the_next_update_is_sent_whole(couch, client, book):
    cycle(client, book), cycle(client, book)
    couch.refuse[NAMES[1]] = "forbidden"
    assert cycle(client, book).errors == 1
    couch.refuse.clear()
    sent(couch)
    assert cycle(client, book).written == TOTAL
    assert sent(couch) == [each for each in ALL if each[0] == NAMES[1]]
    assert_right(client)
    assert cycle(client, book).written == TOTAL and sent(couch) == []
    assert_right(client)


def test_a_missing_attachment_makes_the_rest_of_the_request_whole(couch, client, book):
    del couch.documents[NAMES[2]]["_attachments"]["cover"]
    sent(couch)
    outcome = cycle(client, book)
    assert (outcome.written, outcome.errors, outcome.accepted) == (TOTAL, 0, 0)
    assert sent(couch) == ALL
    assert_right(client)


@pytest.mark.parametrize("count", range(TOTAL + 1))
def test_a_cluster_may_have_written_what_it_says_is_missing(couch, client, book, monkeypatch, count):
    """Some documents of the request are written, and their answer is lost."""
    answer = couch._answer
    sent(couch)

    def partly(request, path):
        body = json.loads(request.body) if request.body else {}
        if '"stub":true' not in str(request.body) or couch.sent or partly.done:
            return answer(request, path)
        partly.done = True
        for document in body["docs"][:count]:
            couch._takes_attachments(document)
            couch._write(document)
        return 412, {"error": "missing_stub", "reason": "Invalid attachment stub"}

    partly.done = False
    monkeypatch.setattr(couch, "_answer", partly)
    outcome = cycle(client, book)
    assert partly.done and (outcome.written, outcome.errors, outcome.accepted) == (TOTAL, 0, count)
    assert sent(couch) == [each for each in ALL if each[0] in NAMES[count:]]
    assert_right(client)


def test_another_412_ends_the_cycle(couch, client, book):
    writer = begin(client, book)
    couch.faults.extend([None, (412, {}, b'{"error":"precondition_failed"}')])  # the first request reads revisions
    outcome = writer.write()
    assert (outcome.broken.status, outcome.errors) == (412, TOTAL)


def test_a_document_that_others_have_deleted_is_sent_whole(couch, client, book):
    del couch.documents[NAMES[0]]
    sent(couch)
    outcome = cycle(client, book)
    assert (outcome.written, outcome.foreign, outcome.errors) == (TOTAL, 1, 0)
    assert sent(couch) == [each for each in ALL if each[0] == NAMES[0]]
    assert_right(client)


def test_requests_are_bounded_by_their_bytes(couch, client, book, monkeypatch):
    monkeypatch.setattr(attaching, "MOST_BYTES", 1)
    for bulk in (1, 1, TOTAL):  # the third renews
        couch.bulk_writes.clear()
        assert cycle(client, book).written == TOTAL
        documents = [names for names in couch.bulk_writes if set(names) & set(NAMES)]
        assert [len(names) for names in documents] == TOTAL * [1], bulk
    assert_right(client)


def test_requests_that_keep_files_are_not_small(couch, client, book):
    couch.bulk_writes.clear()
    assert cycle(client, book).written == TOTAL
    assert NAMES in couch.bulk_writes


def test_reading_before_a_write_fetches_no_bytes(couch, client, book):
    begin(client, book)
    couch.clock += LEASE + 1
    couch.requests.clear()
    end(book, begin(client, book, "b"), "b")
    assert not any("attachments" in path or "cover" in path for __, path in couch.requests)
