# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What run records say about when updates were claimed and settled."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.history import History
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Fork
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import MAX_TOTAL
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import as_ranges, entries_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from hypothesis import given, settings
from hypothesis import strategies as st

FEW = 12  # documents


def regular(runs, size=10, every=60, dt=5.0, first=0):
    """Records of runs, one a minute from 1000 on, of this number of updates each."""
    return [RunRecord(run, 1000 + every * run, dt, size * run, size, size) for run in range(first, runs)]


def history_of(records=(), claims=(), total=MAX_TOTAL, forks=()):
    return History(ClassicStream(7, total, 100), records, claims, forks)


def test_the_times_of_updates():
    history = history_of(regular(5), total=10**6)
    assert [history.times(update) for update in (0, 9, 10, 49, 50)] == [{1000}, {1000}, {1060}, {1240}, set()]


def test_an_update_that_was_made_again_has_several_times():
    again = RunRecord(5, 1500, first=50, count=10, redone=[[12, 3, 1500]])
    history = history_of([*regular(5), again])
    assert (history.times(12), history.times(15)) == ({1060, 1500}, {1060})


def test_claims_belong_to_it():
    claim = Claim(((50, 53), (57, 60)), 1300, 1360, "d", "h", "", 5)
    assert [history_of(regular(5), [claim]).times(update) for update in (52, 53, 58)] == [{1300}, set(), {1300}]


def test_between_cycles_documents_stand_at_one_position():
    history = history_of(regular(5), total=10**6)
    assert history.between(1100, 1110)[:2] == (20, 20)
    assert history.between(1100, 1170)[:2] == (20, 30)
    assert history.between(1100, 1178)[:2] == (20, 30)
    assert history.between(1100, 1179)[:2] == (20, 40)


def test_a_window_is_unsettled_while_its_run_lasts():
    history = history_of(regular(5), total=10**6)
    assert history.between(1061, 1062).since == history.between(1067, 1068).since == 10
    assert history.between(1068, 1069).since == 20


def test_after_the_last_run_the_end_is_not_on_record():
    assert history_of(regular(5), total=10**6).between(2000, 2010)[:2] == (50, None)


def test_an_open_claim_is_unsettled():
    claim = Claim(((42, 45),), 1240, 1300, "d", "h", "", 4)
    records = [*regular(4), RunRecord(4, 1240, 5.0, 40, 10, 7, errors=3)]
    assert history_of(records, [claim], 10**6).between(2000, 2010)[:2] == (42, None)


def test_a_window_that_was_finished_later_is_unsettled_until_then():
    records = regular(6)
    records[2] = records[2]._replace(errors=3)
    records[4] = records[4]._replace(redone=[[24, 3, 1120]])
    history = history_of(records, total=10**6)
    assert history.between(1200, 1230).since == history.between(1240, 1250).since == 24
    assert history.between(1260, 1270).since == 50


def test_refused_documents_do_not_count_as_unsettled():
    records = regular(5)
    records[2] = records[2]._replace(errors=3, refused=3, missed=entries_of(((23, 26),)))
    assert history_of(records, total=10**6).between(1300, 1310).since == 50


def test_missed_updates_are_on_record():
    records = regular(5)
    records[2] = records[2]._replace(errors=3, missed=entries_of(((23, 26),)))
    records[4] = records[4]._replace(missed=entries_of(((25, 27), (40, 41))))
    assert as_ranges(history_of(records).missed) == ((23, 27), (40, 41))


def test_missed_updates_that_a_later_run_has_written_are_not_missed():
    records = regular(5)
    records[2] = records[2]._replace(errors=3, refused=3, missed=entries_of(((23, 26),)))
    records[3] = records[3]._replace(errors=1, redone=[[24, 2, 1120]], missed=entries_of(((25, 26),)))
    assert as_ranges(history_of(records).missed) == ((23, 24), (25, 26))
    records[3] = records[3]._replace(errors=2)  # one of them has failed again
    assert as_ranges(history_of(records).missed) == ((23, 26),)


def test_what_failed_and_is_in_no_later_record_may_not_have_been_written():
    """The run that redid it was killed after it had begun its own window."""
    records = regular(5)
    records[2] = records[2]._replace(errors=3, updates=7)
    assert history_of(records, total=30).between(1200, 1201) == (20, 40, True)
    assert history_of(records, total=30).between(1250, 1251) == (20, None, True)
    records[4] = records[4]._replace(redone=[[24, 3, 1120]])
    assert history_of(records, total=30).between(1200, 1201) == (24, 40, False)
    assert history_of(records, total=30).between(1250, 1251) == (50, None, False)


def test_missing_records_leave_a_gap():
    records = [record for record in regular(12) if record.run not in (7, 8)]
    assert history_of(records, total=40).between(1700, 1701) == (70, None, True)
    assert history_of(records, total=20).between(1700, 1701) == (120, None, False)  # all documents were written since
    assert history_of(records, total=20).between(1460, 1461) == (70, 90, True)  # nobody knows when these were written


def test_updates_that_a_restore_has_undone_count_no_longer():
    """After 40 updates, the state of update 20 was restored and adopted; the next runs wrote 20 updates again."""
    records = [*regular(4), RunRecord(4, 1500, 5.0, 20, 10, 10), RunRecord(5, 1560, 5.0, 30, 10, 10)]
    forks = [Fork(20, "a", 1400)]
    assert history_of(records, total=40, forks=forks).between(1520, 1521)[:2] == (30, 30)
    assert history_of(records, total=40, forks=forks).between(1200, 1201)[:2] == (40, 40)
    assert history_of(records, total=40, forks=forks).times(25) == {1120, 1500}


def test_what_an_adoption_opens_ends_no_period():
    records = [*regular(5), RunRecord(5, 1500, 5.0, 50, 10, 10, redone=[[12, 3, 1400]])]
    history = history_of(records, total=10**6, forks=[Fork(50, "a", 1400)])
    assert history.between(1300, 1310)[:2] == (50, 50)


def test_windows_that_no_run_can_have_are_ignored():
    edited = RunRecord(2, 1120, 5.0, 0, 2**40, 10)
    assert history_of([*regular(2), edited], total=100).times(5) == {1000}


def test_what_a_killed_run_superseded_is_pending_while_its_window_is():
    """Updates 10 to 15 were never written, which no record says. The run that superseded them was killed, too."""
    records = [*regular(1), RunRecord(2, 1120, 5.0, 20, 2, 2), RunRecord(4, 1240, 5.0, 32, 1, 1)]
    records[1] = records[1]._replace(redone=[[15, 5, 1060]])
    records[2] = records[2]._replace(redone=[[22, 10, 1180]])
    assert history_of(records, total=12).between(1200, 1201).since == 10
    assert history_of(records, total=12).between(1300, 1301).since == 33


def test_missed_updates_do_not_count_as_pending():
    records = [*regular(1), RunRecord(2, 1120, 5.0, 20, 2, 2), RunRecord(4, 1240, 5.0, 32, 1, 1)]
    records[1] = records[1]._replace(redone=[[15, 5, 1060]], missed=entries_of(((10, 15),)))
    records[2] = records[2]._replace(redone=[[22, 10, 1180]])
    assert history_of(records, total=12).between(1200, 1201).since == 22


def test_a_run_that_began_long_after_its_claim_is_unsettled_until_its_end():
    records = regular(5)
    records[2] = records[2]._replace(delay=30)
    history = history_of(records, total=10**6)
    assert history.between(1120 + 36, 1157).since == 20
    assert history.between(1120 + 38, 1159).since == 30


def test_wide_windows_that_were_redone_cost_little():
    """Each lookup would look at every window after the wide one if there were no index."""
    records = [*regular(2000), RunRecord(2000, 10**6, redone=[[0, 20000, 5]])]
    history = history_of(records)
    assert all(history.times(update) == {1000 + 60 * (update // 10), 5} for update in range(0, 20000, 7))
    assert history.times(20000) == frozenset()


def test_a_killed_run_has_no_record_but_the_one_that_took_over_has():
    records = [record for record in regular(6) if record.run != 2]
    records[2] = records[2]._replace(redone=[[20, 10, 1120]])
    history = history_of(records, total=10**6)
    assert history.between(1185, 1186).since == 20
    assert history.between(1200, 1201).since == 40
    assert history.times(25) == {1120}


def test_a_moment_before_the_ring_is_not_on_record():
    history = history_of(regular(30, first=10), total=10**6)
    assert history.between(1600, 1700) is None and history.between(1000, 2000) is None
    assert history.between(1700, 1710).since == 120
    assert history_of().between(1000, 1001) is None
    assert history_of(regular(3), total=10**6).between(500, 600)[:2] == (0, 0)  # nothing was before the first run


def test_histories_of_different_databases_differ():
    one, other = regular(5), regular(5)
    assert history_of(one).differs(history_of(other)) is None
    other[3] = other[3]._replace(ts=1181)
    assert history_of(one).differs(history_of(other)) == 30
    assert history_of(one).differs(history_of(regular(9, first=5))) is None


@settings(deadline=None)
@given(st.integers(1, 30), st.integers(0, 2000), st.integers(0, 300))
def test_what_documents_held_lies_within(runs, start, length):
    """Updates below since were settled at the start, and those from until on were not claimed at the end."""
    records = regular(runs)
    found = history_of(records, total=10**6).between(1000 + start, 1000 + start + length)
    settled = [record for record in records if record.ts + record.dt < 1000 + start]
    claimed = [record for record in records if record.ts <= 1000 + start + length]
    assert found.since <= 10 * len(settled)
    assert found.until is None or found.until >= 10 * len(claimed)
    assert found.since >= 10 * (len(settled) - 1)


@st.composite
def plays(draw):
    """Runs on twelve documents, some at the same time: ``(first, count, claimed, ended, is_recorded)``, in seconds."""
    runs, position = [], 0
    for __ in range(draw(st.integers(1, 12))):
        count = draw(st.integers(1, FEW))
        window = range(position, position + count)
        busy = [ended for first, __, __, ended, __ in runs if first + FEW < window.stop]
        claimed = max([1000, *busy, *(run[2] for run in runs[-1:])]) + draw(st.floats(0, 3))
        is_recorded = draw(st.sampled_from([True] * 5 + [False]))
        runs.append((position, count, claimed, claimed + draw(st.floats(0, 6)), is_recorded))
        position += count
    return runs


def updates(run):
    first, count, *__ = run
    return range(first, first + count)


@settings(deadline=None)
@given(plays(), st.floats(1000, 1040), st.floats(0, 5))
def test_laps_that_are_faster_than_the_clock(runs, start, length):
    """Whatever a document held then lies within the bounds, and these are never more than a lap too wide."""
    records = [
        RunRecord(number, int(claimed), ended - int(claimed), first, count, count)
        for number, (first, count, claimed, ended, is_recorded) in enumerate(runs)
        if is_recorded or number == 0
    ]
    found = history_of(records, total=FEW).between(start, start + length)
    written = [update for run in runs if run[3] <= start for update in updates(run)]
    handed_out = [update for run in runs if run[2] <= start + length for update in updates(run)]
    for index in range(FEW):
        latest = max((update for update in range(found.since) if update % FEW == index), default=None)
        assert latest is None or latest in written
    assert found.until is None or max(handed_out, default=-1) < found.until
    if len(records) == len(runs):
        certain = [update for run in runs if run[3] <= start - 4 for update in updates(run)]
        assert found.since >= max(certain, default=-1) + 1 - FEW
