# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stream of a workload against a naive simulation, which does one update after the other and remembers all."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.content import Reading
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.document_state import (
    NOT_CREATED,
    deleted_by,
    holding,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import CREATES, DELETES, REWRITES, Laps
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import REACHABLE
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import (
    NUMBERS,
    WorkloadStream,
)
from hypothesis import given
from hypothesis import strategies as st

UPDATES = 150  # of a simulation


class Simulation:
    """Does the updates of a workload one by one."""

    def __init__(self, workload):
        self.types = workload.types
        self.alive = [list(range(each.total)) for each in self.types]  # indexes, oldest first
        self.next_index = [each.total for each in self.types]
        self.queues = [iter(()) for __ in self.types]
        self.sums = [0] * len(self.types)
        self.steps = [(kind, index, CREATES) for kind, each in enumerate(self.types) for index in range(each.total)]
        while len(self.steps) < UPDATES:
            kind = self.turn()
            self.steps.append((kind, *self.visit(kind)))

    def turn(self):
        weights = [each.updates for each in self.types]
        self.sums = [one + other for one, other in zip(self.sums, weights)]
        kind = self.sums.index(max(self.sums))
        self.sums[kind] -= sum(weights)
        return kind

    def visit(self, kind):
        step = next(self.queues[kind], None)
        if step is None:
            self.queues[kind] = iter(self.lap(kind))
            step = next(self.queues[kind])
        return step

    def lap(self, kind):
        create, delete = self.types[kind].create, self.types[kind].delete
        gone, kept = self.alive[kind][:delete], self.alive[kind][delete:]
        new = list(range(self.next_index[kind], self.next_index[kind] + create))
        self.alive[kind] = kept + new
        self.next_index[kind] += create
        return [(i, DELETES) for i in gone] + [(i, REWRITES) for i in kept] + [(i, CREATES) for i in new]

    def states(self, position):
        """The state of each document that has ever been created, by its number."""
        found = {}
        for update, (kind, index, operation) in enumerate(self.steps[:position]):
            found[kind * NUMBERS + index] = deleted_by(update) if operation == DELETES else holding(update)
        return found

    def visits(self):
        """The updates of each document, by its number."""
        found = {}
        for update, (kind, index, __) in enumerate(self.steps):
            found.setdefault(kind * NUMBERS + index, []).append(update)
        return found


@st.composite
def types(draw, number):
    total = draw(st.integers(1, 12))
    create = draw(st.integers(0, total))
    ids, hot = draw(st.sampled_from(["ordered", "hashed"])), not create and draw(st.booleans())
    delete = draw(st.integers(0, create))
    updates = draw(st.integers(1, 9))
    return DocumentType(f"type{number}", total, updates, create, delete, f"{number}:", 300, ids=ids, hot=hot)


@st.composite
def workloads(draw):
    return Workload(tuple(draw(types(number)) for number in range(draw(st.integers(1, 4)))))


@given(workloads())
def test_every_update_does_what_the_simulation_does(workload):
    stream, simulation = WorkloadStream(0, workload), Simulation(workload)
    assert [stream.step(update) for update in range(UPDATES)] == simulation.steps


@given(workloads(), st.integers(0, UPDATES))
def test_the_state_of_every_document_at_any_position(workload, position):
    stream, states = WorkloadStream(0, workload), Simulation(workload).states(position)
    for kind, laps in enumerate(stream._laps):
        for index in range(laps.documents + UPDATES):
            number = kind * NUMBERS + index
            assert stream.state_at(number, position) == states.get(number, NOT_CREATED)
    alive = [state.exists for state in states.values()]
    assert stream.existing(position) == sum(alive)
    assert sum(stream.deleted_of(position)) == len(alive) - sum(alive)


@given(workloads())
def test_the_previous_and_the_next_update_of_the_same_document(workload):
    stream, simulation = WorkloadStream(0, workload), Simulation(workload)
    for number, updates in simulation.visits().items():
        assert stream.creation(number) == updates[0]
        for before, after in zip(updates, updates[1:]):
            assert (stream.next(before), stream.previous(after)) == (after, before)
        for visits, update in enumerate(updates):
            assert stream.visits(update) == visits
            back = [stream.back(update, back) for back in range(min(visits + 2, 9))]
            assert back == [*updates[visits::-1], updates[0]][:9]
        assert stream.previous(updates[0]) is None
        following = stream.next(updates[-1])
        is_deleted = simulation.steps[updates[-1]][2] == DELETES
        assert following is None if is_deleted else following >= UPDATES


@given(workloads())
def test_no_document_comes_twice_within_a_span(workload):
    """Unless it is hot."""
    stream, simulation = WorkloadStream(0, workload), Simulation(workload)
    cold = [updates for number, updates in simulation.visits().items() if not workload.types[number // NUMBERS].hot]
    distances = [b - a for updates in cold for a, b in zip(updates, updates[1:])]
    assert stream.span <= min(distances, default=REACHABLE)
    assert (stream.span == REACHABLE) == all(each.hot for each in workload.types)


def test_the_span_is_not_smaller_than_necessary():
    even = Workload((DocumentType("a", 10, 1, 0, 0, "a:", 100), DocumentType("b", 10, 1, 0, 0, "b:", 100)))
    assert WorkloadStream(0, even).spans == [20, 11]  # the fill creates b just before its next turns


@given(workloads())
def test_an_update_has_one_place(workload):
    stream = WorkloadStream(0, workload)
    places = {stream.place(update): update for update in range(UPDATES)}
    assert len(places) == UPDATES
    assert set(ranges.updates(stream.window(0, UPDATES))) == set(places)
    assert all(stream.update(place) == update for place, update in places.items())


@given(workloads(), st.integers(0, UPDATES - 1), st.integers(1, 50))
def test_a_window_and_its_bounds(workload, first, count):
    stream = WorkloadStream(0, workload)
    window = stream.window(first, first + count)
    assert sorted(map(stream.update, ranges.updates(window))) == list(range(first, first + count))
    assert (stream.first(window), stream.stop(window)) == (first, first + count)
    assert len(window) <= len(workload.types)


@given(workloads(), st.sets(st.integers(0, UPDATES - 1)), st.integers(0, UPDATES))
def test_sets_of_updates(workload, updates, stop):
    """At places, as ranges: the previous and next updates, and the ones that are written again."""
    stream = WorkloadStream(0, workload)

    def places(found):
        return ranges.ranges_of(stream.place(update) for update in found if update is not None)

    def joined(found):
        return ranges.union(found)

    at = places(updates)
    assert joined(stream.previous_of(at)) == places(map(stream.previous, updates))
    assert joined(stream.next_of(at)) == places(map(stream.next, updates))
    cold = [update for update in updates if stream.period(stream.place(update)) is None]
    again = [update for update in cold if (stream.next(update) or stop) < stop]
    assert joined(stream.rewritten(at, stop)) == places(again)


@given(workloads(), st.sets(st.integers(0, UPDATES - 1)), st.sets(st.integers(0, UPDATES - 1)))
def test_later_updates_make_up_for_missed_ones_of_hot_documents(workload, updates, others):
    stream = WorkloadStream(0, workload)
    found = stream.made_up(*(ranges.ranges_of(map(stream.place, each)) for each in (updates, others)))
    hot = [update for update in updates if stream.period(stream.place(update))]
    later = [k for k in hot if any(stream.number(k) == stream.number(other) and k < other for other in others)]
    assert sorted(map(stream.update, ranges.updates(found))) == sorted(later)


@given(workloads(), st.integers(0, UPDATES))
def test_the_latest_updates_below_a_position(workload, position):
    stream = WorkloadStream(0, workload)
    found = {stream.place(state.update) for state in Simulation(workload).states(position).values() if state.exists}
    deletions = {stream.place(update) for update in range(position) if stream.operation(update) == DELETES}
    latest = set(ranges.updates(stream.latest(position)))
    assert found <= latest <= found | deletions


@given(workloads(), st.integers(0, UPDATES), st.integers(0, 50))
def test_sections_hold_every_document_that_may_exist(workload, since, more):
    stream, simulation = WorkloadStream(0, workload), Simulation(workload)
    sections = stream.sections(since, since + more)
    bounds = [bound for section in sections for bound in (section.begin, section.before)]
    assert bounds == sorted(bounds)
    for position in (since, min(since + more, UPDATES)):
        for number, state in simulation.states(position).items():
            if state.exists:
                (section,) = (each for each in sections if each.first == number - number % NUMBERS)
                assert section.live <= number < section.stop
                assert section.begin <= stream.id_of(number) < section.before
                assert stream.number_of(stream.id_of(number)) == number
                if section.is_ordered:
                    assert stream.id_of(section.first) <= stream.id_of(number) < stream.id_of(section.stop)


@given(st.integers(1, 10**12), st.integers(0, 10**12), st.integers(0, 10**12), st.integers(0, 2**45))
def test_laps_of_any_length(documents, create, delete, visit):
    create = min(create, documents)
    laps = Laps(documents, create, min(delete, create))
    index, operation = laps.step(visit)
    assert laps.last_visit(index, visit + 1) == visit
    assert (laps.creation(index) == visit) == (operation == CREATES)
    assert (laps.deletion(index) == visit) == (operation == DELETES)
    assert laps.deleted(visit) <= index or operation == DELETES
    assert index < laps.created(visit + 1)


@given(workloads(), st.integers(0, 2**53 - 1), st.integers(0, UPDATES - 1), st.integers(0, 2**33))
def test_what_is_rendered_is_read_as_the_update(workload, seed, update, ts):
    stream = WorkloadStream(seed, workload)
    text = stream.content.render(update, ts, "1-a")
    document = json.loads(text)
    assert document["_id"] == stream.document_id(update)
    if stream.operation(update) == DELETES:
        assert document == {"_id": document["_id"], "_rev": "1-a", "_deleted": True}
        return
    kind = stream.step(update)[0]
    assert len(stream.content.render(update, ts)) == 300
    assert document["type"] == workload.types[kind].name
    assert stream.content.read(document) == Reading(update)
    assert stream.content.read(dict(document, type="other")).flaw == "has an invalid field type: 'other'"


def test_tombstones_can_name_their_update():
    workload = Workload((DocumentType('a"%d', 2, 1, 1, 1, "é/%:", 100, tombstone="fields"),))
    document = json.loads(WorkloadStream(5, workload).content.render(2, 1_700_000_000, "2-b"))
    assert document == {
        "_id": "é/%:000000000000",
        "type": 'a"%d',
        "update": 2,
        "ts": 1_700_000_000,
        "_rev": "2-b",
        "_deleted": True,
    }


@pytest.mark.parametrize("delete, has_one", [(0, False), (1, True)])
def test_documents_that_will_be_deleted_have_a_computed_first_revision(delete, has_one):
    content = WorkloadStream(5, Workload((DocumentType("a", 2, 1, 1, delete, "a:", 100),))).content
    assert [content.has_first_revision(update) for update in (0, 1, 3)] == [has_one, has_one, False]  # 3 rewrites
    assert len({content.first_revision(update, ts) for update in (0, 1) for ts in (1, 2)}) == 4


def test_the_bytes_never_change_between_versions_and_machines():
    workload = Workload((DocumentType("order", 3, 2, 1, 1, "order:", 120), DocumentType("b", 2, 1, 0, 0, "b-", 100)))
    stream = WorkloadStream(42, workload)
    assert [stream.step(update) for update in range(5, 14)] == [
        (0, 0, "deletes"),
        (1, 0, "rewrites"),
        (0, 1, "rewrites"),
        (0, 2, "rewrites"),
        (1, 1, "rewrites"),
        (0, 3, "creates"),
        (0, 1, "deletes"),
        (1, 0, "rewrites"),
        (0, 2, "rewrites"),
    ]
    assert stream.content.render(10, 1653543334) == (
        '{"_id":"order:000000000003","type":"order","update":10,"ts":1653543334,'
        '"data":"d6636821b650bd19df73cc63dcc76f1c4f14450"}'
    )
    assert stream.content.first_revision(10, 1653543334) == "1-6820ee9916d5c460de2252f97e0882ef"
