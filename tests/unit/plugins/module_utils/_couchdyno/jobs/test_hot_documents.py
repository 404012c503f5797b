# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hot documents, which several drivers update at once: none ever goes back to an older update."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.cycle import _expects
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.writer import Writer
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import (
    LEASE,
    Result,
    claim,
    settle,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.lease import Lease
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

HOT = Workload((DocumentType("h", 3, 1, 0, 0, "h:", 150, hot=True),))
MIXED = Workload((DocumentType("c", 40, 1, 0, 0, "c:", 150), DocumentType("h", 2, 1, 0, 0, "h:", 150, hot=True)))
NAMES = [f"h:{index:012d}" for index in range(3)]


def new_book(client, types):
    book = LedgerDocument(client)
    book.create(Parameters(types.total, types.size, 3, 7, types))
    book.change(lambda ledger: (ledger, None))
    cycle(client, book, "fill", types.total)
    return book


@pytest.fixture
def book(client):
    """Three hot documents that hold updates 0, 1 and 2."""
    return new_book(client, HOT)


def begin(client, book, driver, count):
    """A driver that has claimed the next updates, and is about to write them."""
    before = list(book.read().claims)
    lease = Lease(client, book, book.change(lambda ledger: claim(ledger, Driver(driver, "h", ""), count, client.now())))
    return Writer(client, book.ledger.stream, lease, expects=_expects(book.ledger, before))


def end(client, book, driver, writer):
    """It writes, and settles; returns the outcome."""
    outcome = writer.write()
    book.change(lambda ledger: (settle(ledger, driver, outcome.parts, Result(1, 0.1, outcome.written, 0)), None))
    return outcome


def cycle(client, book, driver, count):
    return end(client, book, driver, begin(client, book, driver, count))


def held(couch):
    return [couch.documents[name]["update"] for name in NAMES if name in couch.documents]


def expected(book):
    expectation = Expectation.of(book.ledger)
    return [expectation.oldest(book.ledger.stream, number).update for number in range(3)]


def test_a_window_may_write_a_document_several_times_but_no_request_does(couch, client, book):
    couch.bulk_writes.clear()
    outcome = cycle(client, book, "a", 8)
    assert (outcome.written, outcome.superseded, outcome.conflicts, outcome.errors) == (8, 0, 0, 0)
    writes = [ids for ids in couch.bulk_writes if ids[0].startswith("h:")]
    assert [len(ids) for ids in writes] == [3, 3, 2] and all(len(set(ids)) == len(ids) for ids in writes)
    assert held(couch) == expected(book) == [9, 10, 8]


def test_drivers_do_not_wait_for_each_other_and_the_latest_update_stays(couch, client, book):
    first, second = begin(client, book, "a", 4), begin(client, book, "b", 4)
    outcome = end(client, book, "b", second)
    assert outcome.written == 4 and held(couch) == [9, 10, 8]
    assert expected(book) == [9, 10, 8]  # although older ones are open
    outcome = end(client, book, "a", first)
    assert (outcome.written, outcome.current, outcome.superseded, outcome.errors) == (0, 4, 4, 0)
    assert outcome.dump(1.0, 3)["superseded"] == 4
    assert held(couch) == expected(book) == [9, 10, 8] and book.ledger.claims == ()


def test_a_driver_that_finds_a_later_update_after_a_conflict_is_done(couch, client, book, monkeypatch):
    """Another driver writes between its reading and its writing."""
    slow = begin(client, book, "a", 3)
    post, posts = Client.bulk_post, []

    def interrupted(self, body, *args, **options):
        if not posts:
            posts.append(body)
            cycle(client, book, "b", 3)
        return post(self, body, *args, **options)

    monkeypatch.setattr(Client, "bulk_post", interrupted)
    outcome = end(client, book, "a", slow)
    assert (outcome.written, outcome.superseded, outcome.conflicts, outcome.errors) == (0, 3, 3, 0)
    assert held(couch) == [6, 7, 8]


def test_unfinished_updates_of_a_driver_that_died_are_redone_unless_there_are_later_ones(couch, client, book):
    begin(client, book, "dead", 2)  # updates 3 and 4, of the first two documents
    cycle(client, book, "b", 2)  # 5 and 6, of the third and the first
    assert held(couch) == [6, 1, 5] and expected(book) == [6, 1, 5]
    couch.clock += LEASE + 1
    client.get("couchdyno_meta")  # the answer shows the time
    outcome = cycle(client, book, "c", 1)
    assert (outcome.written, outcome.superseded) == (2, 1)  # 4 and 7; the first document holds 6
    assert held(couch) == expected(book) == [6, 7, 5] and book.ledger.claims == ()


def test_a_refused_update_counts_until_a_later_one_is_written(couch, client, book):
    couch.refuse = {NAMES[1]: "forbidden"}
    outcome = cycle(client, book, "a", 9)
    assert (outcome.written, outcome.errors) == (6, 3)
    assert [(each.first, each.visits, each.count) for each in book.ledger.refused] == [(10, 3, 1)]
    assert held(couch) == expected(book) == [9, 1, 11]
    couch.refuse = {}
    cycle(client, book, "b", 3)
    assert book.ledger.refused == () and held(couch) == expected(book) == [12, 13, 14]


def test_a_document_that_is_always_refused_keeps_its_place_whoever_settles_first(couch, client, book):
    """Each window has two updates of it; the later window is settled first, before the earlier one is."""
    couch.refuse = {NAMES[1]: "forbidden"}
    cycle(client, book, "a", 6)
    first, second = begin(client, book, "b", 6), begin(client, book, "c", 6)
    end(client, book, "c", second)
    assert expected(book)[1] == 1
    end(client, book, "b", first)
    assert [(each.first, each.visits, each.count) for each in book.ledger.refused] == [(19, 6, 1)]
    assert held(couch) == expected(book) == [18, 1, 20]


def test_an_older_update_that_is_refused_after_a_later_one_was_written_does_not_count(couch, client, book):
    first, second = begin(client, book, "a", 3), begin(client, book, "b", 3)
    end(client, book, "b", second)
    del couch.documents[NAMES[1]]  # so that the older one is tried at all
    couch.refuse = {NAMES[1]: "forbidden"}
    outcome = end(client, book, "a", first)
    assert (outcome.errors, outcome.superseded, outcome.foreign) == (1, 2, 1)
    assert book.ledger.refused == () and expected(book) == [6, 7, 8]


def test_a_hot_document_that_others_have_deleted_is_foreign(couch, client, book):
    del couch.documents[NAMES[2]]
    outcome = cycle(client, book, "a", 3)
    assert (outcome.written, outcome.foreign, outcome.errors) == (3, 1, 0) and held(couch) == [3, 4, 5]


def test_the_other_types_of_a_window_are_written_as_ever(couch, client):
    book = new_book(client, MIXED)
    couch.bulk_writes.clear()
    couch.requests.clear()
    outcome = cycle(client, book, "a", 20)
    assert (outcome.written, outcome.errors, outcome.superseded) == (20, 0, 0)
    sizes = sorted(len(ids) for ids in couch.bulk_writes if ids[0][:2] in ("c:", "h:"))
    assert sizes == [2, 2, 2, 2, 2, 10]
    assert book.ledger.span == 42


# -- on a cluster


@pytest.fixture
def cluster(couch, client, book):
    couch.replicas = client._replicas = 3
    return couch


def stray(couch, name, update, book, rev):
    """A leaf that one replica has accepted, and the others have not."""
    couch.strays[name] = json.loads(book.ledger.stream.content.render(update, 1000, rev))


@pytest.mark.parametrize("rev", ["1-0", "9-f"])
@pytest.mark.parametrize("update, kept", [(6, 6), (0, 3)])
def test_of_several_leaves_the_one_with_the_latest_update_is_kept(cluster, client, book, rev, update, kept):
    """Whatever its revision; here, it is written upon at once."""
    begin(client, book, "a", 3).write()
    stray(cluster, NAMES[0], update, book, rev)
    written = []
    post = cluster._write
    cluster._write = lambda document: written.append(document) or post(document)
    begin(client, book, "b", 3)  # updates 6, 7 and 8, by a driver that dies
    cycle(client, book, "c", 3)
    deleted = [each["_rev"] for each in written if each.get("_deleted")]
    (successor,) = (each["_rev"] for each in written if each.get("update") == 9)
    assert (successor == rev) == (kept == 6) and len(deleted) == 1 and (deleted == [rev]) == (kept == 3)


def test_what_was_refused_is_done_only_if_all_replicas_show_one_leaf(cluster, client, book, monkeypatch):
    reached = []
    monkeypatch.setattr(Client, "reaches", lambda self, replicas: reached.append(replicas) or len(reached) > 2)
    first, second = begin(client, book, "a", 3), begin(client, book, "b", 3)
    end(client, book, "b", second)
    assert reached == []  # nothing was refused
    cluster.astray = {NAMES[0]}
    del cluster.documents[NAMES[0]]
    outcome = end(client, book, "a", first)
    assert set(reached) == {3} and len(reached) >= 3 and outcome.errors == 0


def test_a_redone_update_stays_open_while_a_replica_is_away(cluster, client, book, monkeypatch):
    begin(client, book, "dead", 3)
    cycle(client, book, "b", 3)
    cluster.clock += LEASE + 1
    client.get("couchdyno_meta")
    monkeypatch.setattr(Client, "reaches", lambda self, replicas: False)
    outcome = cycle(client, book, "c", 1)
    assert (outcome.errors, outcome.superseded) == (3, 0)
    assert [each.count for each in book.ledger.claims] == [3]
    assert [failure.reason for failure in outcome.samples] == ["accepted by too few replicas"] * 3
