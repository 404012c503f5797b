# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger over HTTP: racing changes, lost answers, expired leases."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    ClaimLost,
    Conflict,
    NoDatabase,
    NoLedger,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, Parts, Result, claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.lease import Lease
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)


def named(name, host="h", process=""):
    return Driver(name, host, process)


def made(client, **parameters):
    book = LedgerDocument(client)
    book.create(Parameters(**dict({"total": 10, "size": 100, "updates": 3, "seed": 7}, **parameters)))
    return book


def test_reading_reports_what_is_missing(couch, client):
    with pytest.raises(NoLedger, match="was not set up by couchdyno"):
        LedgerDocument(client).read()
    couch.exists = False
    with pytest.raises(NoDatabase, match="there is no database http://couch:5984/db"):
        LedgerDocument(client).read()


def test_a_ledger_is_created_once(client):
    made(client)
    with pytest.raises(Conflict):
        made(client)


def test_a_change_that_lost_the_race_is_applied_again(couch, client):
    mine, other = made(client), LedgerDocument(client)
    other.read()
    first = other.change(lambda book: claim(book, named("other"), 3, couch.clock))
    second = mine.change(lambda book: claim(book, named("mine"), 3, couch.clock))
    assert (first[0].updates[0][0], second[0].updates[0][0]) == (0, 3)


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_claim_whose_answer_is_lost_is_made_once(couch, client, fault):
    book = made(client)
    couch.faults.append(fault)
    mine = book.change(lambda state: claim(state, named("d"), 3, couch.clock))
    assert [(entry.updates[0][0], entry.count) for entry in mine] == [(0, 3)]
    assert book.read().position == 3


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_cycle_whose_settling_is_lost_is_settled_once(couch, client, fault):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("d"), 3, couch.clock)))
    couch.faults.append(fault)
    lease.settle(Parts([]), RESULT, {"_id": "couchdyno_run_00000", "run": 0})
    assert book.read().claims == ()
    assert couch.documents["couchdyno_run_00000"]["run"] == 0


def test_settling_a_claim_that_was_taken_over_fails(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("slow"), 3, couch.clock)))
    couch.clock += LEASE
    other = LedgerDocument(client)
    other.read()
    other.change(lambda state: claim(state, named("other"), 3, couch.clock))
    with pytest.raises(ClaimLost):
        lease.settle(Parts([]), RESULT, {"_id": "couchdyno_run_00000"})


def test_settling_a_claim_of_a_database_that_was_recreated_fails(couch, client):
    """Before the lease ends, a claim that is gone was settled, unless the ledger is another one."""
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("d"), 3, couch.clock)))
    couch.documents.clear()
    couch.revisions.clear()
    made(client).change(lambda state: claim(state, named("other"), 3, couch.clock))
    with pytest.raises(ClaimLost):
        lease.settle(Parts([]), RESULT, {"_id": "couchdyno_run_00000"})


def test_a_lease_is_renewed_when_half_of_it_has_gone(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("d"), 3, couch.clock)))
    before = len(couch.requests)
    lease.renew_when_due()
    assert len(couch.requests) == before
    couch.clock += LEASE // 2 + 1
    book.read()
    lease.renew_when_due()
    assert book.read().claims[0].lease == couch.clock + LEASE


def test_a_driver_that_slept_past_its_lease_continues_unless_it_was_taken_over(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("slow"), 3, couch.clock)))
    couch.clock += 10 * LEASE
    book.read()
    lease.check()
    couch.clock += 10 * LEASE
    other = LedgerDocument(client)
    other.read()
    other.change(lambda state: claim(state, named("other"), 3, couch.clock))
    with pytest.raises(ClaimLost):
        lease.check()
