# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the ledger, under any interleaving of drivers that claim, settle, fail, die and come back."""

from __future__ import annotations

import copy

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import ledger, proof
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.driver import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    Busy,
    ClaimLost,
    Conflict,
    LedgerDamaged,
    NoDatabase,
    NoLedger,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.ledger import (
    LEASE,
    Lease,
    Ledger,
    Result,
    claim,
    new,
    open_claims,
    renew,
    settle,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.parameters import Parameters
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule


def named(name, host="h", process=""):
    return Driver(name, host, process)


RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)


class Drivers(RuleBasedStateMachine):
    """Any number of drivers on one ledger; ``documents`` are what they have written, by index."""

    @initialize(total=st.integers(1, 30), updates=st.integers(1, 40))
    def set_up(self, total, updates):
        self.total = total
        self.now = 1000
        self.ledger = new(Parameters(total, 100, min(updates, total), 7), self.now)
        self.drivers = {}  # those that think they hold claims
        self.number = 0
        self.handed_out = []
        self.documents = {}

    @rule(count=st.integers(1, 40))
    def claims(self, count):
        self.number += 1
        driver = f"driver{self.number}"
        before = copy.deepcopy(self.ledger)
        try:
            mine = claim(self.ledger, named(driver), count, self.now)
        except Busy:
            assert self.ledger == before
            return
        assert claim(self.ledger, named(driver), count, self.now) == mine  # asked again, the answer was lost
        self.handed_out += [k for entry in mine if not entry.redo for k in range(entry.first, entry.stop)]
        self.drivers[driver] = mine

    @precondition(lambda self: self.drivers)
    @rule(data=st.data())
    def settles(self, data):
        driver = data.draw(st.sampled_from(sorted(self.drivers)))
        mine = self.drivers.pop(driver)
        left = [entry._replace(count=data.draw(st.integers(0, entry.count))) for entry in mine]
        done = [entry._replace(first=part.stop, count=entry.count - part.count) for entry, part in zip(mine, left)]
        try:
            settle(self.ledger, driver, [entry for entry in left if entry.count], RESULT)
        except ClaimLost:
            assert self.now >= mine[0].lease  # nobody loses a claim before its lease ends
            return
        for entry in done:
            for update in range(entry.first, entry.stop):
                index = update % self.total
                self.documents[index] = max(update, self.documents.get(index, -1))

    @precondition(lambda self: self.drivers)
    @rule(data=st.data())
    def renews(self, data):
        driver = data.draw(st.sampled_from(sorted(self.drivers)))
        try:
            self.drivers[driver] = renew(self.ledger, driver, self.now)
        except ClaimLost:
            del self.drivers[driver]

    @rule(seconds=st.integers(1, 2 * LEASE))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def every_update_is_handed_out_once(self):
        assert self.handed_out == list(range(self.ledger["position"]))

    @invariant()
    def open_claims_name_no_document_twice(self):
        indexes = [k % self.total for entry in open_claims(self.ledger) for k in range(entry.first, entry.stop)]
        assert len(indexes) == len(set(indexes))

    @invariant()
    def documents_are_what_arithmetic_says_but_for_open_claims(self):
        opened = {k % self.total for entry in open_claims(self.ledger) for k in range(entry.first, entry.stop)}
        stream = ledger.stream(self.ledger)
        for index in set(range(self.total)) - opened:
            assert self.documents.get(index) == stream.held(index, self.ledger["position"])

    @invariant()
    def no_document_is_older_than_the_ledger_lets_expect(self):
        bounds, stream, settled = proof.of_ledger(self.ledger), ledger.stream(self.ledger), proof.settled(self.ledger)
        for index in range(self.total):
            held = self.documents.get(index, -1)
            least = bounds.least(stream, index)
            assert held >= (-1 if least is None else least)
            assert held >= (-1 if stream.held(index, settled) is None else stream.held(index, settled))

    @invariant()
    def nothing_is_torn_without_an_open_claim(self):
        assert self.ledger["claims"] or "torn_from" not in self.ledger

    @invariant()
    def start_is_position_within_the_lap(self):
        assert self.ledger["start"] == self.ledger["position"] % self.total


TestDrivers = Drivers.TestCase
TestDrivers.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def state(total=10, **fields):
    return dict(new(Parameters(total, 100, 3, 7), 1000), **fields)


def test_seed_example_five_documents_three_at_a_time():
    five, seen = state(5), []
    for number in range(3):
        (window,) = claim(five, named(f"d{number}"), 3, 1000)
        settle(five, f"d{number}", [], RESULT)
        seen.append([k % 5 for k in range(window.first, window.stop)])
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert five["start"] == 4


def test_a_window_is_never_longer_than_a_lap():
    (window,) = claim(state(5), named("d"), 99, 1000)
    assert window.count == 5


def test_a_claim_past_its_lease_is_redone_with_its_own_time_stamp():
    ten = state()
    claim(ten, named("dead", "h1"), 3, 1000)
    redo, own = claim(ten, named("next", "h2"), 3, 1000 + LEASE)
    assert (redo.first, redo.count, redo.ts, redo.redo, redo.host) == (0, 3, 1000, True, "h2")
    assert (own.first, own.count, own.ts, own.redo) == (3, 3, 1000 + LEASE, False)
    with pytest.raises(ClaimLost):
        settle(ten, "dead", [], RESULT)


def test_the_claim_of_a_driver_that_is_gone_is_redone_at_once():
    ten = state()
    claim(ten, named("dead", "h", "space 1 2"), 3, 1000)
    claim(ten, named("alive", "h", "space 3 4"), 3, 1000)
    redo, own = claim(ten, named("next"), 3, 1001, lambda name, process: process == "space 1 2")
    assert (redo.first, redo.ts, redo.redo, own.first) == (0, 1000, True, 6)
    assert [entry.driver for entry in open_claims(ten)] == ["next", "alive", "next"]


def test_documents_in_other_hands_are_waited_for():
    ten = state()
    claim(ten, named("slow"), 8, 1000)
    with pytest.raises(Busy):
        claim(ten, named("fast"), 3, 1000 + LEASE - 1)
    assert ten["position"] == 8


def test_what_the_new_window_writes_anyway_is_not_redone():
    ten = state()
    claim(ten, named("dead"), 8, 1000)
    redo, own = claim(ten, named("next"), 5, 1000 + LEASE)
    assert (own.first, own.count) == (8, 5)
    assert (redo.first, redo.count) == (3, 5)  # 0, 1 and 2 are the documents of 10, 11 and 12


def test_too_many_claims_left_behind_stop_the_handing_out():
    hundred = state(1000)
    for number in range(ledger.MOST_LEFT):
        claims = claim(hundred, named(f"d{number}"), 1, 1000)
        settle(hundred, f"d{number}", claims, RESULT)
    position = hundred["position"]
    mine = claim(hundred, named("repair"), 1, 1000)
    assert all(entry.redo for entry in mine) and hundred["position"] == position


def test_a_settled_cycle_is_in_the_ledger():
    ten = state()
    claim(ten, named("d"), 3, 1000)
    settle(ten, "d", [], Result(ts=1000, dt=2.7, updates=2, errors=1))
    assert ten["claims"] == []
    assert {name: ten[name] for name in ten if name.startswith("last_")} == {
        "last_ts": 1000,
        "last_dt": 2,
        "last_updates": 2,
        "last_errors": 1,
    }


@pytest.mark.parametrize(
    "field, value",
    [
        ("total", "ten"),
        ("total", 0),
        ("total", True),
        ("size", None),
        ("updates", -1),
        ("start", 1.5),
        ("position", -1),
        ("seed", "x"),
        ("claims", None),
        ("claims", [{"first": 0}]),
        ("claims", [5]),
        ("runs", "many"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(LedgerDamaged, match=r"claims|" + field):
        ledger.check(state(**{field: value}))


def test_the_ledger_of_the_earlier_tool_is_understood(earlier_ledger):
    checked = ledger.check(earlier_ledger)
    assert (checked["position"], checked["origin"], checked["claims"]) == (4, 4, [])


def test_a_small_ledger_stays_small():
    biggest = Parameters(10**12, 10**8, 10**12, 2**53 - 1)
    assert len(str(dict(new(biggest, 1795461866), position=10**15))) < 1000


# -- over HTTP


def made(client, **parameters):
    book = Ledger(client)
    book.create(Parameters(**dict({"total": 10, "size": 100, "updates": 3, "seed": 7}, **parameters)))
    return book


def test_reading_tells_what_is_missing(couch, client):
    with pytest.raises(NoLedger, match="was not set up by couchdyno"):
        Ledger(client).read()
    couch.exists = False
    with pytest.raises(NoDatabase, match="there is no database http://couch:5984/db"):
        Ledger(client).read()


def test_a_ledger_is_created_once(client):
    made(client)
    with pytest.raises(Conflict):
        made(client)


def test_a_change_that_lost_the_race_is_applied_anew(couch, client):
    mine, other = made(client), Ledger(client)
    other.read()
    first = other.change(lambda book: claim(book, named("other"), 3, couch.clock))
    second = mine.change(lambda book: claim(book, named("mine"), 3, couch.clock))
    assert (first[0].first, second[0].first) == (0, 3)


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_claim_whose_answer_is_lost_is_made_once(couch, client, fault):
    book = made(client)
    couch.faults.append(fault)
    mine = book.change(lambda state: claim(state, named("d"), 3, couch.clock))
    assert [(entry.first, entry.count) for entry in mine] == [(0, 3)]
    assert book.read()["position"] == 3


@pytest.mark.parametrize("fault", ["lost", "lost after"])
def test_a_cycle_whose_settling_is_lost_is_settled_once(couch, client, fault):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("d"), 3, couch.clock)))
    couch.faults.append(fault)
    book.settle(lease, [], RESULT, {"_id": "couchdyno_run_00000", "run": 0})
    assert book.read()["claims"] == []
    assert couch.documents["couchdyno_run_00000"]["run"] == 0


def test_settling_a_claim_that_was_taken_over_fails(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("slow"), 3, couch.clock)))
    couch.clock += LEASE
    other = Ledger(client)
    other.read()
    other.change(lambda state: claim(state, named("other"), 3, couch.clock))
    with pytest.raises(ClaimLost):
        book.settle(lease, [], RESULT, {"_id": "couchdyno_run_00000"})


def test_a_lease_is_renewed_when_half_of_it_has_gone(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("d"), 3, couch.clock)))
    before = len(couch.requests)
    lease.renew_when_due()
    assert len(couch.requests) == before
    couch.clock += LEASE // 2 + 1
    book.read()
    lease.renew_when_due()
    assert open_claims(book.read())[0].lease == couch.clock + LEASE


def test_a_driver_that_slept_past_its_lease_goes_on_unless_it_was_taken_over(couch, client):
    book = made(client)
    lease = Lease(client, book, book.change(lambda state: claim(state, named("slow"), 3, couch.clock)))
    couch.clock += 10 * LEASE
    book.read()
    lease.check()
    couch.clock += 10 * LEASE
    other = Ledger(client)
    other.read()
    other.change(lambda state: claim(state, named("other"), 3, couch.clock))
    with pytest.raises(ClaimLost):
        lease.check()
