# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What run records say about when updates were claimed and settled."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.history import History
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from hypothesis import given, settings
from hypothesis import strategies as st


def regular(runs, size=10, every=60, dt=5.0, first=0):
    """Records of runs, one a minute from 1000 on, of this number of updates each."""
    return [RunRecord(run, 1000 + every * run, dt, size * run, size, size) for run in range(first, runs)]


def test_the_times_of_updates():
    history = History(regular(5), total=10**6)
    assert [history.times(update) for update in (0, 9, 10, 49, 50)] == [{1000}, {1000}, {1060}, {1240}, set()]


def test_an_update_that_was_made_again_has_several_times():
    again = RunRecord(5, 1500, first=50, count=10, redone=[[12, 3, 1500]])
    history = History([*regular(5), again])
    assert (history.times(12), history.times(15)) == ({1060, 1500}, {1060})


def test_claims_belong_to_it():
    claim = Claim(((50, 53), (57, 60)), 1300, 1360, "d", "h", "", 5)
    assert [History(regular(5), [claim]).times(update) for update in (52, 53, 58)] == [{1300}, set(), {1300}]


def test_between_cycles_documents_stand_at_one_position():
    history = History(regular(5), total=10**6)
    assert history.between(1100, 1110) == (20, 20)
    assert history.between(1100, 1170) == (20, 30)
    assert history.between(1100, 1178) == (20, 30)
    assert history.between(1100, 1179) == (20, 40)


def test_a_window_is_unsettled_while_its_run_lasts():
    history = History(regular(5), total=10**6)
    assert history.between(1061, 1062).since == history.between(1067, 1068).since == 10
    assert history.between(1068, 1069).since == 20


def test_after_the_last_run_the_end_is_not_on_record():
    assert History(regular(5), total=10**6).between(2000, 2010) == (50, None)


def test_an_open_claim_is_unsettled():
    claim = Claim(((42, 45),), 1240, 1300, "d", "h", "", 4)
    records = [*regular(4), RunRecord(4, 1240, 5.0, 40, 10, 7, errors=3)]
    assert History(records, [claim], 10**6).between(2000, 2010) == (42, None)


def test_a_window_that_was_finished_later_is_unsettled_until_then():
    records = regular(6)
    records[2] = records[2]._replace(errors=3)
    records[4] = records[4]._replace(redone=[[24, 3, 1120]])
    history = History(records, total=10**6)
    assert history.between(1200, 1230).since == history.between(1240, 1250).since == 24
    assert history.between(1260, 1270).since == 50


def test_refused_documents_do_not_count_as_unsettled():
    records = regular(5)
    records[2] = records[2]._replace(errors=3, refused=3)
    assert History(records, total=10**6).between(1300, 1310).since == 50


def test_a_killed_run_has_no_record_but_the_one_that_took_over_has():
    records = [record for record in regular(6) if record.run != 2]
    records[2] = records[2]._replace(redone=[[20, 10, 1120]])
    history = History(records, total=10**6)
    assert history.between(1185, 1186).since == 20
    assert history.between(1200, 1201).since == 40
    assert history.times(25) == {1120}


def test_a_moment_before_the_ring_is_not_on_record():
    history = History(regular(30, first=10), total=10**6)
    assert history.between(1600, 1700) is None and history.between(1000, 2000) is None
    assert history.between(1700, 1710).since == 120
    assert History().between(1000, 1001) is None
    assert History(regular(3), total=10**6).between(500, 600) == (0, 0)  # nothing was before the first run


def test_histories_of_different_databases_differ():
    one, other = regular(5), regular(5)
    assert History(one).differs(History(other)) is None
    other[3] = other[3]._replace(ts=1181)
    assert History(one).differs(History(other)) == 30
    assert History(one).differs(History(regular(9, first=5))) is None


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 2000), st.integers(0, 300))
def test_what_documents_held_lies_within(runs, start, length):
    """Updates below since were settled at the start, and those from until on were not claimed at the end."""
    records = regular(runs)
    found = History(records, total=10**6).between(1000 + start, 1000 + start + length)
    settled = [record for record in records if record.ts + record.dt < 1000 + start]
    claimed = [record for record in records if record.ts <= 1000 + start + length]
    assert found.since <= 10 * len(settled)
    assert found.until is None or found.until >= 10 * len(claimed)
    assert found.since >= 10 * (len(settled) - 1)
