# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The laws of the ledger, under any interleaving of drivers that claim, settle, fail and die, and of restores."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Busy, ClaimLost
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopted
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import missed, ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import (
    LEASE,
    MOST_FAILURES,
    MOST_UNFINISHED,
    Parts,
    Result,
    claim,
    proceed,
    renew,
    settle,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.document_state import NOT_CREATED
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.existence import existing
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import DELETES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule


def named(name, host="h", process=""):
    return Driver(name, host, process)


def last_of(stream, number, position):
    """The last update of a document, which may be its deletion, None if it has not been created."""
    state = stream.state_at(number, position)
    return None if state == NOT_CREATED else state.update


@st.composite
def workloads(draw):
    """None for classic, or one to three types, some of them hot."""
    types = []
    for number in range(draw(st.integers(0, 3))):
        total = draw(st.integers(1, 8))
        create = draw(st.integers(0, total))
        delete = draw(st.integers(0, create))
        hot = not create and draw(st.booleans())
        types.append(
            DocumentType(str(number), total, draw(st.integers(1, 4)), create, delete, f"{number}:", 100, hot=hot)
        )
    return Workload(tuple(types)) if types else None


RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)


class Drivers(RuleBasedStateMachine):
    """Any number of drivers on one ledger; ``documents`` are the last updates that they have written, by number.

    Drivers that have lost their claims may still write: the server gets such requests late, and documents never go
    back, as the writer sees to it.
    """

    @initialize(workload=workloads(), total=st.integers(1, 30), updates=st.integers(1, 40))
    def set_up(self, workload, total, updates):
        total = workload.total if workload else total
        self.now = 1000
        self.ledger = Ledger.new(Parameters(total, 100, min(updates, total), 7, workload), self.now)
        self.stream = self.ledger.stream
        self.drivers = {}  # that believe to have claims
        self.number = 0
        self.handed_out = []
        self.documents = {}
        self.settled = {}  # by index, the latest update that a driver has settled as written
        self.late = []  # updates of requests that may still arrive
        self.backups = [self.ledger]  # that may be restored

    @rule(count=st.integers(1, 40))
    def claims(self, count):
        self.number += 1
        driver = f"driver{self.number}"
        before = self.ledger
        try:
            self.ledger, mine = claim(before, named(driver), count, self.now)
        except Busy:
            return
        assert claim(self.ledger, named(driver), count, self.now) == (self.ledger, mine)  # the answer was lost
        self.hand_out(driver, mine)

    @precondition(lambda self: self.redoing())
    @rule(data=st.data(), count=st.integers(1, 40))
    def proceeds(self, data, count):
        driver = data.draw(st.sampled_from(self.redoing()))
        mine = self.drivers[driver]
        parts = self.tried(data, mine)
        try:
            self.ledger, new = proceed(self.ledger, named(driver), parts, count, self.now)
        except ClaimLost:
            assert self.now >= mine[0].lease
            self.lose(driver)
            return
        except Busy:
            return
        assert proceed(self.ledger, named(driver), parts, count, self.now) == (self.ledger, new)
        self.write(mine, parts)
        self.hand_out(driver, new)

    @precondition(lambda self: self.drivers)
    @rule(data=st.data())
    def settles(self, data):
        driver = data.draw(st.sampled_from(sorted(self.drivers)))
        mine = self.drivers[driver]
        parts = self.tried(data, mine)
        try:
            self.ledger = settle(self.ledger, driver, parts, RESULT)
        except ClaimLost:
            assert self.now >= mine[0].lease  # no driver loses a claim before its lease ends
            self.lose(driver)
            return
        with pytest.raises(ClaimLost):  # it is settled once
            settle(self.ledger, driver, parts, RESULT)
        self.write(mine, parts)
        del self.drivers[driver]

    @precondition(lambda self: self.drivers)
    @rule(data=st.data())
    def renews(self, data):
        driver = data.draw(st.sampled_from(sorted(self.drivers)))
        try:
            self.ledger, self.drivers[driver] = renew(self.ledger, driver, self.now)
        except ClaimLost:
            self.lose(driver)

    @precondition(lambda self: self.late)
    @rule(data=st.data())
    def a_late_request_arrives(self, data):
        self.put(self.late.pop(data.draw(st.integers(0, len(self.late) - 1))))

    @rule(seconds=st.integers(1, 2 * LEASE))
    def time_passes(self, seconds):
        self.now += seconds

    @rule()
    def is_backed_up(self):
        self.backups.append(self.ledger)

    @rule(data=st.data())
    def is_restored_and_adopted(self, data):
        """Drivers are stopped; the ledger is an older one, and so are some documents."""
        self.now += LEASE
        self.drivers, self.late = {}, []
        ledger = data.draw(st.sampled_from([self.ledger, *self.backups]))
        for number, update in sorted(self.documents.items()):
            visits = data.draw(st.sampled_from([0, 0, 1, 2]))
            if self.stream.visits(update) < visits:
                del self.documents[number]
            else:
                self.documents[number] = self.stream.back(update, visits)
        position = max([ledger.position, *(update + 1 for update in self.documents.values())])
        lacking = {}
        for number in self.numbers(position):
            last, present = last_of(self.stream, number, position), self.documents.get(number)
            if present is None and self.stream.operation(last) == DELETES:  # nobody can tell
                self.documents[number] = last
            elif present != last:
                earlier = self.stream.visits(last) - (0 if present is None else self.stream.visits(present) + 1)
                lacking.setdefault(earlier, []).append(self.stream.place(last))
        lacking = {earlier: ranges.ranges_of(updates) for earlier, updates in lacking.items()}
        self.ledger = adopted(ledger, position, lacking, ledger.runs, self.now, "i")
        self.handed_out = list(range(position))
        self.settled = dict(self.documents)
        self.backups = [self.ledger]

    def redoing(self):
        """The drivers that only have claims of others to redo."""
        return sorted(name for name, mine in self.drivers.items() if all(entry.redo for entry in mine))

    def hand_out(self, driver, mine):
        new = [place for entry in mine if not entry.redo for place in ranges.updates(entry.updates)]
        self.handed_out += sorted(map(self.stream.update, new))
        if mine:
            self.drivers[driver] = mine

    def tried(self, data, mine):
        """What became of claims: any updates failed, others were refused."""
        unfinished, refused = [], []
        for entry in mine:
            fates = {k: data.draw(st.sampled_from("wwfr")) for k in ranges.updates(entry.updates)}
            failed = ranges.ranges_of(k for k, fate in fates.items() if fate == "f")
            refused += [k for k, fate in fates.items() if fate == "r"]
            if failed:
                unfinished.append(entry._replace(updates=failed))
        return Parts(unfinished, ranges.ranges_of(refused), data.draw(st.booleans()))

    def write(self, mine, parts):
        """The documents of updates that neither failed nor were refused; requests that failed may arrive late."""
        failed = ranges.union(*(entry.updates for entry in parts.unfinished))
        for entry in mine:
            for place in ranges.updates(entry.updates):
                if ranges.holds(failed, place):
                    self.late.append(place)
                elif not ranges.holds(parts.refused, place):
                    self.put(place)
                    update = self.stream.update(place)
                    number = self.stream.number(update)
                    self.settled[number] = max(update, self.settled.get(number, -1))

    def lose(self, driver):
        """A driver stops; its requests may arrive late."""
        for entry in self.drivers.pop(driver):
            self.late += ranges.updates(entry.updates)

    def put(self, place):
        update = self.stream.update(place)
        number = self.stream.number(update)
        self.documents[number] = max(update, self.documents.get(number, -1))

    def numbers(self, position):
        """The documents that have ever been created."""
        return sorted({self.stream.number(update) for update in range(position)})

    @invariant()
    def every_update_is_handed_out_once(self):
        assert self.handed_out == list(range(self.ledger.position))

    @invariant()
    def a_document_has_at_most_one_open_update_unless_it_is_hot(self):
        places = [place for entry in self.ledger.claims for place in ranges.updates(entry.updates)]
        places = [place for place in places if self.stream.period(place) is None]
        numbers = [self.stream.number(self.stream.update(place)) for place in places]
        assert len(numbers) == len(set(numbers))

    @invariant()
    def each_update_is_written_or_open_or_missed(self):
        """A document that is exactly what it was to be is written, any other is open or on record."""
        stream, expectation = self.stream, Expectation.of(self.ledger)
        for number in self.numbers(self.ledger.position):
            present, last = self.documents.get(number), last_of(stream, number, self.ledger.position)
            if present != last:
                is_open = any(each.holds(stream.place(last)) for each in self.ledger.claims)
                assert is_open or expectation.is_missed(stream, last)

    @invariant()
    def no_document_is_older_than_the_ledger_lets_expect(self):
        expectation = Expectation.of(self.ledger)
        for number in self.numbers(self.ledger.position):
            assert self.documents.get(number, -1) >= expectation.oldest(self.stream, number).update

    @invariant()
    def what_is_missed_is_recorded_exactly(self):
        """The oldest update that a document may hold is the latest one that was settled as written.

        Nothing is on record twice, or as missed while it is open, and so few entries are not merged.
        """
        expectation = Expectation.of(self.ledger)
        for number in self.numbers(self.ledger.position):
            assert expectation.oldest(self.stream, number).update == self.settled.get(number, -1)
        for entries in (self.ledger.refused, self.ledger.superseded):
            assert not any(each.is_merged for each in entries)
        both = ranges.both(missed.as_ranges(self.ledger.refused), missed.as_ranges(self.ledger.superseded))
        assert both == ()
        open_updates = ranges.union(*(entry.updates for entry in self.ledger.claims))
        assert ranges.both(open_updates, missed.as_ranges(self.ledger.missed)) == ()

    @invariant()
    def a_document_counts_as_missed_once_and_only_while_nothing_later_is_written(self):
        """An open update, or an adoption, can divide the missed updates of a hot document."""
        stream, position = self.stream, self.ledger.position
        entries = self.ledger.missed
        claims = (claim.updates for claim in self.ledger.claims)
        unwritten = ranges.union(missed.all_visits(entries, stream), *claims)
        counts = {}
        for update in map(stream.update, ranges.updates(missed.as_ranges(entries))):
            counts[stream.number(update)] = counts.get(stream.number(update), 0) + 1
            later = stream.next(update)
            while later is not None and later < position:
                assert ranges.holds(unwritten, stream.place(later))
                later = stream.next(later)
        if not (self.ledger.claims or self.ledger.superseded):
            assert all(count == 1 for count in counts.values())

    @invariant()
    def documents_that_exist_are_counted(self):
        deleted = sum(self.stream.operation(update) == DELETES for update in self.settled.values())
        assert existing(self.ledger) == len(self.settled) - deleted

    @invariant()
    def what_supersedes_is_open(self):
        """A superseded update is forgotten when the update that superseded it is written, open until then."""
        for entry in self.ledger.superseded:
            for place in range(entry.first, entry.stop):
                ((following, __),) = self.stream.next_of(((place, place + 1),))
                assert any(claim.holds(following) for claim in self.ledger.claims)

    @invariant()
    def start_is_position_within_the_lap(self):
        assert self.ledger.start == self.ledger.position % self.ledger.total

    @invariant()
    def it_is_stored_and_read_as_it_is(self):
        stored = Ledger.load(json.loads(json.dumps(self.ledger.dump_nested())))
        assert stored._replace(meta=self.ledger.meta) == self.ledger


TestDrivers = Drivers.TestCase
TestDrivers.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def state(total=10):
    return Ledger.new(Parameters(total, 100, 3, 7), 1000)


def window(entry):
    """The window of a claim without holes."""
    ((first, stop),) = entry.updates
    return first, stop


ALL_WRITTEN = Parts([])


def failed(*claims, complete=True):
    """Claims of which nothing could be written."""
    return Parts(list(claims), is_complete=complete)


def test_seed_example_five_documents_three_at_a_time():
    five, seen = state(5), []
    for number in range(3):
        five, (mine,) = claim(five, named(f"d{number}"), 3, 1000)
        five = settle(five, f"d{number}", ALL_WRITTEN, RESULT)
        seen.append([k % 5 for k in ranges.updates(mine.updates)])
    assert seen == [[0, 1, 2], [3, 4, 0], [1, 2, 3]]
    assert five.start == 4


def test_a_window_is_never_longer_than_a_lap():
    __, (mine,) = claim(state(5), named("d"), 99, 1000)
    assert mine.count == 5


def test_a_claim_past_its_lease_is_redone_with_its_own_time_stamp():
    ten, __ = claim(state(), named("dead", "h1"), 3, 1000)
    ten, (redo, own) = claim(ten, named("next", "h2"), 3, 1000 + LEASE)
    assert (window(redo), redo.ts, redo.redo, redo.host) == ((0, 3), 1000, True, "h2")
    assert (window(own), own.ts, own.redo) == ((3, 6), 1000 + LEASE, False)
    with pytest.raises(ClaimLost):
        settle(ten, "dead", ALL_WRITTEN, RESULT)


def test_the_claim_of_a_driver_that_is_gone_is_redone_at_once():
    ten, __ = claim(state(), named("dead", "h", "space 1 2"), 3, 1000)
    ten, __ = claim(ten, named("alive", "h", "space 3 4"), 3, 1000)
    ten, (redo, own) = claim(ten, named("next"), 3, 1001, lambda name, process: process == "space 1 2")
    assert (redo.updates[0][0], redo.ts, redo.redo, own.updates[0][0]) == (0, 1000, True, 6)
    assert [entry.driver for entry in ten.claims] == ["next", "alive", "next"]


def test_a_cycle_waits_for_documents_of_other_drivers():
    ten, __ = claim(state(), named("slow"), 8, 1000)
    with pytest.raises(Busy):
        claim(ten, named("fast"), 3, 1000 + LEASE - 1)
    assert ten.position == 8


def test_what_is_written_again_is_redone_first_and_superseded_only_if_that_fails():
    ten, __ = claim(state(), named("dead"), 8, 1000)
    ten, (redo,) = claim(ten, named("next"), 5, 1000 + LEASE)  # 10, 11 and 12 write the documents of 0, 1 and 2
    assert window(redo) == (0, 8) and redo.redo and ten.position == 8
    left = redo._replace(updates=ranges.ranges_of([1, 6]))
    ten, (own,) = proceed(ten, named("next"), failed(left), 5, 1000 + LEASE)
    assert (window(own), own.redo, own.run) == ((8, 13), False, redo.run)
    assert missed.as_ranges(ten.superseded) == ((1, 2),)
    assert [entry.updates for entry in ten.claims if entry.driver != "next"] == [((6, 7),)]
    assert Expectation.of(ten).oldest(ten.stream, 1).update == -1 and ten.settled == 1
    ten = settle(ten, "next", ALL_WRITTEN, RESULT)
    assert (ten.superseded, ten.settled) == ((), 6)


def test_a_document_that_is_superseded_again_and_again_keeps_the_last_update_that_was_written():
    ten, __ = claim(state(), named("d0"), 10, 1000)
    ten = settle(ten, "d0", ALL_WRITTEN, RESULT)
    for lap in (1, 2, 3):
        ten, mine = claim(ten, named(f"d{lap}"), 10, 1000)
        if mine[0].redo:
            ten, mine = proceed(ten, named(f"d{lap}"), failed(*mine), 10, 1000)
        ten = settle(ten, f"d{lap}", failed(*mine), RESULT)
    assert [(each.first, each.visits) for each in ten.superseded] == [(20, 2)]
    assert Expectation.of(ten).oldest(ten.stream, 3).update == 3 and ten.settled == 10


def test_many_unfinished_claims_come_first_and_never_stop_new_windows():
    thousand = state(1000)
    for number in range(3 * MOST_UNFINISHED):
        position = thousand.position
        thousand, mine = claim(thousand, named(f"d{number}"), 1, 1000)
        if all(entry.redo for entry in mine):
            assert len(mine) == MOST_UNFINISHED and thousand.position == position
            thousand, mine = proceed(thousand, named(f"d{number}"), Parts([]), 1, 1000)
        assert thousand.position == position + 1
        thousand = settle(thousand, f"d{number}", failed(*mine, complete=False), RESULT)


def test_a_refused_document_alone_may_be_older_until_its_next_update_is_written():
    ten, __ = claim(state(), named("a"), 10, 1000)
    ten = settle(ten, "a", ALL_WRITTEN, RESULT)
    ten, __ = claim(ten, named("b"), 10, 1000)
    ten = settle(ten, "b", Parts([], ranges.ranges_of([12, 17])), RESULT)
    expectation = Expectation.of(ten)
    assert ten.claims == () and missed.count(ten.refused) == 2 and ten.settled == 20
    assert [expectation.oldest(ten.stream, index).update for index in (1, 2, 7, 8)] == [11, 2, 7, 18]
    ten, __ = claim(ten, named("c"), 10, 1000)
    ten = settle(ten, "c", Parts([], ranges.ranges_of([27])), RESULT)
    assert [(each.first, each.visits) for each in ten.refused] == [(27, 2)]
    assert Expectation.of(ten).oldest(ten.stream, 7).update == 7


def test_an_update_that_fails_again_and_again_counts_as_refused():
    thousand, (mine,) = claim(state(1000), named("d"), 2, 1000)
    thousand = settle(thousand, "d", failed(mine._replace(updates=((1, 2),))), RESULT)
    for number in range(MOST_FAILURES - 1):
        assert missed.count(thousand.refused) == 0
        thousand, mine = claim(thousand, named(f"d{number}"), 1, 1000)
        thousand = settle(thousand, f"d{number}", failed(mine[0]), RESULT)
    assert thousand.claims == () and missed.as_ranges(thousand.refused) == ((1, 2),)


def test_a_settled_cycle_is_in_the_ledger():
    ten, __ = claim(state(), named("d"), 3, 1000)
    ten = settle(ten, "d", ALL_WRITTEN, Result(ts=1000, dt=2.7, updates=2, errors=1))
    assert ten.claims == ()
    assert {name: value for name, value in ten._asdict().items() if name.startswith("last_")} == {
        "last_ts": 1000,
        "last_dt": 2,
        "last_updates": 2,
        "last_errors": 1,
    }
