# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many documents exist, according to ledgers in all kinds of states."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim, Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import (
    Parts,
    Result,
    claim,
    proceed,
    settle,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.existence import (
    existing,
    existing_by_type,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import NUMBERS
from hypothesis import given, settings
from hypothesis import strategies as st

DRIVER = Driver("d", "h", "")
RESULT = Result(1, 0.5, 1, 0)


def ledger(position, *claims, total=10, **fields):
    claims = tuple(Claim(updates, 1000, 0, "d", "h", "", 0) for updates in claims)
    return Ledger.new(Parameters(total, 100, 1, 7), 0)._replace(position=position, claims=claims, **fields)


def entries(*updates, visits=1):
    return tuple(Missed(first, stop, visits, stop - first) for first, stop in updates)


@pytest.mark.parametrize(
    "given, count",
    [
        (ledger(0), 0),
        (ledger(4), 4),
        (ledger(10), 10),
        (ledger(37), 10),
        (ledger(7, ((2, 7),)), 2),
        (ledger(8, ((1, 3), (5, 6)), ((7, 8),)), 4),  # what is left of a claim has holes
        (ledger(14, ((8, 14),)), 8),  # of the claim, 8 and 9 create documents, the others are of lap 1
        (ledger(25, ((15, 18),), ((21, 25),)), 10),
        (ledger(5, refused=entries((0, 5))), 0),
        (ledger(9, ((6, 9),), refused=entries((0, 2), (3, 4))), 3),
        (ledger(15, refused=entries((7, 9), (11, 13))), 8),
    ],
)
def test_documents_of_the_first_laps(given, count):
    assert existing(given) == count


def test_refused_documents_exist_once_any_update_of_them_was_written():
    never, earlier = entries((13, 15), visits=2), entries((17, 19))
    assert existing(ledger(20, refused=never + earlier)) == 8
    assert existing(ledger(24, ((21, 24),), superseded=never[:1], refused=earlier)) == 8
    assert existing(ledger(1000, refused=entries((993, 995), visits=100))) == 8
    assert existing(ledger(1000, refused=entries((993, 995), visits=99))) == 10


def test_a_claim_of_a_document_whose_earlier_updates_were_all_missed():
    assert existing(ledger(25, ((20, 25),), refused=entries((10, 12), visits=2))) == 8
    assert existing(ledger(25, ((20, 25),), superseded=entries((10, 12)))) == 10


def test_when_entries_were_merged_as_many_count_as_were_missed():
    assert existing(ledger(1000, total=1000, refused=(Missed(100, 900, 1, 12),))) == 988
    assert existing(ledger(1050, total=1000, refused=(Missed(100, 900, 1, 12),))) == 988


@pytest.mark.parametrize("start, claims, count", [(3, (), 3), (5, (((3, 5),),), 3), (13, (((10, 13),),), 10)])
def test_a_database_of_the_original_tool(start, claims, count):
    """It had done three updates of its last lap when it was upgraded, and two or ten have been handed out since."""
    assert existing(ledger(start, *claims, origin=3)) == count


def test_the_original_tool_itself():
    meta = {"_id": "couchdyno_meta", "start": 4, "total": 10, "size": 100, "updates": 1, "created": 1, "version": 1}
    assert existing(Ledger.load(meta)) == 4


class Cycle:
    """What one driver does with a ledger: it claims, writes some of it, and settles or dies."""

    def __init__(self, data, number):
        self.draw = data.draw
        self.driver = Driver(f"d{number}", "h", "")

    def parts(self, claims):
        left, refused = [], ranges.NONE
        for entry in claims:
            failed, given_up = (
                ranges.ranges_of(
                    k for first, stop in entry.updates for k in range(first, stop) if self.draw(st.booleans())
                )
                for __ in range(2)
            )
            refused = ranges.union(refused, given_up)
            rest = entry.minus(ranges.minus(ranges.window(0, 2**52), failed)).minus(given_up)
            left += [rest] if rest.updates else []
        return Parts(left, refused, True)

    def run(self, before, count):
        after, mine = claim(before, self.driver, count, 10**6)
        if mine and all(entry.redo for entry in mine):
            after, mine = proceed(after, self.driver, self.parts(mine), count, 10**6)
        if self.draw(st.booleans()):
            return after._replace(claims=tuple(entry._replace(lease=0, driver="") for entry in after.claims))
        return settle(after, self.driver.name, self.parts(mine), RESULT)


@settings(deadline=None)
@given(st.data(), st.integers(1, 8), st.integers(1, 12))
def test_it_agrees_with_what_each_document_must_hold(data, total, cycles):
    found = ledger(0, total=total)
    for number in range(cycles):
        found = Cycle(data, number).run(found, data.draw(st.integers(1, total)))
        expectation = Expectation.of(found)
        assert existing(found) == sum(expectation.oldest(found.stream, index).exists for index in range(total))


@st.composite
def workloads(draw):
    types = []
    for number in range(draw(st.integers(1, 3))):
        total = draw(st.integers(1, 5))
        create = draw(st.integers(0, total))
        delete = draw(st.integers(0, create))
        types.append(DocumentType(f"t{number}", total, draw(st.integers(1, 3)), create, delete, f"{number}:", 100))
    return Workload(tuple(types))


@settings(deadline=None)
@given(st.data(), workloads(), st.integers(1, 10))
def test_a_workload_agrees_with_what_each_document_must_hold(data, workload, cycles):
    found = Ledger.new(Parameters(workload.total, workload.size, 1, 7, workload), 0)
    for number in range(cycles):
        found = Cycle(data, number).run(found, data.draw(st.integers(1, workload.total)))
        expectation = Expectation.of(found)
        numbers = {found.stream.number(update) for update in range(found.position)}
        exist = [each // NUMBERS for each in numbers if expectation.oldest(found.stream, each).exists]
        assert existing_by_type(found) == [exist.count(kind) for kind in range(len(workload.types))]
        assert existing(found) == len(exist)
