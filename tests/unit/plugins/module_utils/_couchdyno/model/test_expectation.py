# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents may hold, in the cases that a stream of its own makes plain: also of documents that are deleted."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.document_state import (
    NOT_CREATED,
    deleted_by,
    holding,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import judge

STREAM = ClassicStream(7, 10, 100)


def claim(first, count):
    return Claim(((first, first + count),), 1000, 0, "d", "h", "", 0)


class Deleting(ClassicStream):
    """A stream whose update 14 deletes its document."""

    def state_at(self, number, position):
        return deleted_by(14) if number == 4 and position > 14 else super().state_at(number, position)


def test_the_three_states_are_told_apart():
    assert len({NOT_CREATED, holding(5), deleted_by(5)}) == 3
    assert [state.exists for state in (NOT_CREATED, holding(5), deleted_by(5))] == [False, True, False]


def test_a_document_of_an_open_claim_may_hold_what_it_held_before():
    expectation = Expectation(23, 23, (claim(20, 3),))
    assert [expectation.oldest(STREAM, index).update for index in (0, 2, 3)] == [10, 12, 13]
    assert Expectation(3, 3, (claim(0, 3),)).oldest(STREAM, 0) == NOT_CREATED


def test_superseded_updates_may_be_missing_too():
    expectation = Expectation(23, 23, (claim(20, 3),), missed=(Missed(10, 12, 1, 2),))
    assert [expectation.oldest(STREAM, index).update for index in (0, 1, 2, 3)] == [0, 1, 12, 13]


def test_a_missed_update_excuses_its_document_alone_and_as_many_visits_as_were_missed():
    expectation = Expectation(40, 40, missed=(Missed(33, 35, 2, 2), Missed(36, 37, 9, 1)))
    assert [expectation.oldest(STREAM, index).update for index in (2, 3, 4, 5)] == [32, 13, 14, 35]
    assert expectation.oldest(STREAM, 6) == NOT_CREATED
    assert [expectation.low(STREAM, index, held) for index, held in ((3, 23), (5, 25), (7, 37), (6, None))] == [
        43, 35, 47, 46]  # fmt: skip


def test_a_deleted_document_need_not_be_there():
    stream = Deleting(7, 10, 100)
    assert judge(stream, Expectation(20, 20), 4, None).kind == "deleted"
    assert judge(stream, Expectation(14, 14), 4, None).kind == "missing"


def test_an_update_of_an_open_claim_has_its_time_stamp():
    expectation = Expectation(23, 23, (claim(20, 3),))
    assert [expectation.time_stamp(STREAM, update) for update in (19, 20, 22, 23)] == [None, 1000, 1000, None]
