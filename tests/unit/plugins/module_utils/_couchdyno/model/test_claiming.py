# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the ledger, under any interleaving of drivers that claim, settle, fail, die and come back."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Busy, ClaimLost
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import (
    LEASE,
    MOST_UNFINISHED,
    Result,
    claim,
    renew,
    settle,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule


def named(name, host="h", process=""):
    return Driver(name, host, process)


def held(stream, index, position):
    """The update that a document holds, None if it holds none."""
    state = stream.state_at(index, position)
    return state.update if state.exists else None


RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)


class Drivers(RuleBasedStateMachine):
    """Any number of drivers on one ledger; ``documents`` are what they have written, by index."""

    @initialize(total=st.integers(1, 30), updates=st.integers(1, 40))
    def set_up(self, total, updates):
        self.total = total
        self.now = 1000
        self.ledger = Ledger.new(Parameters(total, 100, min(updates, total), 7), self.now)
        self.drivers = {}  # that believe to have claims
        self.number = 0
        self.handed_out = []
        self.documents = {}

    @rule(count=st.integers(1, 40))
    def claims(self, count):
        self.number += 1
        driver = f"driver{self.number}"
        try:
            self.ledger, mine = claim(self.ledger, named(driver), count, self.now)
        except Busy:
            return
        assert claim(self.ledger, named(driver), count, self.now) == (self.ledger, mine)  # the answer was lost
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
            self.ledger = settle(self.ledger, driver, [entry for entry in left if entry.count], RESULT)
        except ClaimLost:
            assert self.now >= mine[0].lease  # no driver loses a claim before its lease ends
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
            self.ledger, self.drivers[driver] = renew(self.ledger, driver, self.now)
        except ClaimLost:
            del self.drivers[driver]

    @rule(seconds=st.integers(1, 2 * LEASE))
    def time_passes(self, seconds):
        self.now += seconds

    @invariant()
    def every_update_is_handed_out_once(self):
        assert self.handed_out == list(range(self.ledger.position))

    @invariant()
    def open_claims_name_no_document_twice(self):
        indexes = [k % self.total for entry in self.ledger.claims for k in range(entry.first, entry.stop)]
        assert len(indexes) == len(set(indexes))

    @invariant()
    def documents_are_what_arithmetic_says_but_for_open_claims(self):
        opened = {k % self.total for entry in self.ledger.claims for k in range(entry.first, entry.stop)}
        stream = self.ledger.stream
        for index in set(range(self.total)) - opened:
            assert self.documents.get(index) == held(stream, index, self.ledger.position)

    @invariant()
    def no_document_is_older_than_the_ledger_lets_expect(self):
        expectation, stream = Expectation.of(self.ledger), self.ledger.stream
        for index in range(self.total):
            present = self.documents.get(index, -1)
            assert present >= expectation.oldest(stream, index).update
            assert present >= stream.state_at(index, self.ledger.settled).update

    @invariant()
    def nothing_is_torn_without_an_open_claim(self):
        assert self.ledger.claims or self.ledger.torn_from is None

    @invariant()
    def start_is_position_within_the_lap(self):
        assert self.ledger.start == self.ledger.position % self.total


TestDrivers = Drivers.TestCase
TestDrivers.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def state(total=10):
    return Ledger.new(Parameters(total, 100, 3, 7), 1000)


def test_seed_example_five_documents_three_at_a_time():
    five, seen = state(5), []
    for number in range(3):
        five, (window,) = claim(five, named(f"d{number}"), 3, 1000)
        five = settle(five, f"d{number}", [], RESULT)
        seen.append([k % 5 for k in range(window.first, window.stop)])
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert five.start == 4


def test_a_window_is_never_longer_than_a_lap():
    __, (window,) = claim(state(5), named("d"), 99, 1000)
    assert window.count == 5


def test_a_claim_past_its_lease_is_redone_with_its_own_time_stamp():
    ten, __ = claim(state(), named("dead", "h1"), 3, 1000)
    ten, (redo, own) = claim(ten, named("next", "h2"), 3, 1000 + LEASE)
    assert (redo.first, redo.count, redo.ts, redo.redo, redo.host) == (0, 3, 1000, True, "h2")
    assert (own.first, own.count, own.ts, own.redo) == (3, 3, 1000 + LEASE, False)
    with pytest.raises(ClaimLost):
        settle(ten, "dead", [], RESULT)


def test_the_claim_of_a_driver_that_is_gone_is_redone_at_once():
    ten, __ = claim(state(), named("dead", "h", "space 1 2"), 3, 1000)
    ten, __ = claim(ten, named("alive", "h", "space 3 4"), 3, 1000)
    ten, (redo, own) = claim(ten, named("next"), 3, 1001, lambda name, process: process == "space 1 2")
    assert (redo.first, redo.ts, redo.redo, own.first) == (0, 1000, True, 6)
    assert [entry.driver for entry in ten.claims] == ["next", "alive", "next"]


def test_a_cycle_waits_for_documents_of_other_drivers():
    ten, __ = claim(state(), named("slow"), 8, 1000)
    with pytest.raises(Busy):
        claim(ten, named("fast"), 3, 1000 + LEASE - 1)
    assert ten.position == 8


def test_what_the_new_window_writes_anyway_is_not_redone():
    ten, __ = claim(state(), named("dead"), 8, 1000)
    ten, (redo, own) = claim(ten, named("next"), 5, 1000 + LEASE)
    assert (own.first, own.count) == (8, 5)
    assert (redo.first, redo.count) == (3, 5)  # 0, 1 and 2 are the documents of 10, 11 and 12


def test_too_many_unfinished_claims_stop_new_windows():
    hundred = state(1000)
    for number in range(MOST_UNFINISHED):
        hundred, claims = claim(hundred, named(f"d{number}"), 1, 1000)
        hundred = settle(hundred, f"d{number}", claims, RESULT)
    position = hundred.position
    hundred, mine = claim(hundred, named("repair"), 1, 1000)
    assert all(entry.redo for entry in mine) and hundred.position == position


def test_a_settled_cycle_is_in_the_ledger():
    ten, __ = claim(state(), named("d"), 3, 1000)
    ten = settle(ten, "d", [], Result(ts=1000, dt=2.7, updates=2, errors=1))
    assert ten.claims == ()
    assert {name: value for name, value in ten._asdict().items() if name.startswith("last_")} == {
        "last_ts": 1000,
        "last_dt": 2,
        "last_updates": 2,
        "last_errors": 1,
    }
