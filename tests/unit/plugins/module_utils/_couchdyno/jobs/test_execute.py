# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole cycles: claim, write, settle, and their reports."""

from __future__ import annotations

import time

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import TRIES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Busy, Unreachable, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import cycle
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute, plan, sum_up
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim, Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_reading import read_ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.run_records import read


@pytest.fixture
def book(client):
    book = LedgerDocument(client)
    book.create(Parameters(total=5, size=150, updates=3, seed=7))
    return book


def test_round_robin(client, book):
    reports = [execute(client) for __ in range(3)]
    assert [report["before"]["start"] for report in reports] == [0, 3, 1]
    assert [report["new_state"]["start"] for report in reports] == [3, 1, 4]
    assert all(report["after"]["updates"] == 3 and report["after"]["errors"] == 0 for report in reports)


@pytest.mark.parametrize("updates, count", [(None, 3), (1, 1), (5, 5), (10**6, 5)])
def test_the_number_of_updates_is_capped_at_total(client, book, updates, count):
    assert execute(client, updates)["after"]["updates"] == count


@pytest.mark.parametrize("updates", [0, -1, 10**13])
def test_absurd_numbers_are_refused_before_anything_is_touched(couch, client, book, updates):
    before = len(couch.requests)
    with pytest.raises(UsageError):
        execute(client, updates)
    assert len(couch.requests) == before


def test_a_small_cycle_needs_five_requests_after_the_first_has_read_the_number_of_replicas(couch, client, book):
    execute(client)
    couch.requests.clear()
    execute(client)
    assert [(method, path.rsplit("/", 1)[1]) for method, path in couch.requests] == [
        ("GET", "_all_docs"),
        ("POST", "_bulk_docs"),
        ("GET", "_all_docs"),
        ("POST", "_bulk_docs"),
        ("POST", "_bulk_docs"),
    ]


def test_each_settled_cycle_leaves_a_run_record(client, book):
    execute(client)
    execute(client, 2)
    first, second = read(client, read_ledger(client)).found
    assert (first.run, first.first, first.updates, first.errors, first.kind) == (0, 0, 3, 0, "cycle")
    assert (second.run, second.first, second.updates) == (1, 3, 2)
    assert set(first.shown()) == {
        *("run", "ts", "dt", "first", "count", "updates", "errors", "kind", "host", "latency", "connections"),
        *("refused", "throttled"),
    }


def test_a_cycle_records_how_often_it_was_throttled(couch, client, book):
    """Several cycles of a process share a client, and each counts its own."""
    busy, away = (429, {}, b"{}"), (503, {}, b"{}")
    couch.faults.extend([None, busy, None, away, busy])
    afters = [execute(client)["after"] for __ in range(2)]
    couch.faults.extend([None, None, busy])
    afters.append(execute(client)["after"])
    assert [after.get("throttled") for after in afters] == [3, None, 1]
    assert [record.throttled for record in read(client, read_ledger(client)).found] == [3, 0, 1]
    summary = info(client)["statistics"]["cycle"]
    assert summary["throttled"] == 4
    assert (afters[0]["updates"], afters[0]["errors"]) == (3, 0)


def test_sizes_are_on_record_for_the_cycles_that_read_them(couch, client, book, monkeypatch):
    clock = [time.monotonic() + 61]  # the database was last read when it was set up
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    for number in range(7):
        couch.sizes = {"file": 1000 + number, "active": 10, "external": 5}
        execute(client)
        clock[0] += 25
    found = read(client, read_ledger(client)).found
    assert [(record.sizes or {}).get("file") for record in found] == [1000, None, None, 1003, None, None, 1006]
    assert found[3].sizes == {"file": 1003, "active": 10}


def test_what_could_not_be_written_is_repaired_by_the_next_cycle(couch, client, book):
    couch.refuse["cdyno_000000000001"] = "internal_server_error"
    report = execute(client)
    assert (report["after"]["updates"], report["after"]["errors"], report["after"].get("left")) == (2, 1, None)
    assert report["new_state"]["claims"][0]["first"] == 1
    couch.refuse.clear()
    report = execute(client, 1)
    assert (report["after"]["updates"], report["after"]["redone"], report["new_state"]["claims"]) == (2, 1, [])
    assert couch.documents["cdyno_000000000001"]["update"] == 1


def test_a_document_that_is_refused_for_good_is_on_record_until_its_next_update(couch, client, book):
    couch.refuse["cdyno_000000000001"] = "forbidden"
    reports = [execute(client) for __ in range(10)]
    after, state = reports[0]["after"], reports[-1]["new_state"]
    assert (after["updates"], after["errors"], after["refused"], state["position"], state["claims"]) == (
        2,
        1,
        1,
        30,
        [],
    )
    assert book.read().refused == (Missed(26, 27, 6, 1),)
    couch.refuse.clear()
    execute(client, 5)
    assert book.read().refused == ()


def test_a_document_that_fails_again_and_again_does_not_hold_up_the_laps(couch, client, book):
    couch.refuse["cdyno_000000000001"] = "internal_server_error"
    reports = [execute(client) for __ in range(10)]
    assert reports[-1]["new_state"]["position"] == 30
    assert len(reports[-1]["new_state"]["claims"]) <= 2
    couch.refuse.clear()
    execute(client, 5)
    assert {document["update"] for key, document in couch.documents.items() if key.startswith("cdyno")} == set(
        range(30, 35)
    )


def test_a_dead_drivers_window_is_redone_after_its_lease(couch, client, book):
    book.change(lambda ledger: claim(ledger, Driver("dead", "h", ""), 2, couch.clock))
    couch.clock += LEASE
    report = execute(client, 2)
    assert (report["after"]["updates"], report["after"]["redone"]) == (4, 2)


def test_a_cycle_waits_for_documents_of_others_and_then_ends(couch, client, book, monkeypatch):
    book.change(lambda ledger: claim(ledger, Driver("other", "h", ""), 5, couch.clock))
    monkeypatch.setattr(cycle, "PATIENCE", 0.0)
    report = execute(client)
    assert report["after"]["busy"] == 1 and report["after"]["updates"] == 0
    assert report["new_state"]["position"] == 5 and read(client, read_ledger(client)).found == []


def test_a_server_that_goes_away_is_an_error_and_the_claim_stays(couch, client, book):
    execute(client, 1)
    couch.faults.extend([None, None] + ["lost"] * 1000)
    with pytest.raises(Unreachable):
        execute(client)
    couch.faults.clear()
    assert book.read().claims[0].count == 3


def test_a_server_that_comes_back_in_time_to_settle_is_reported(couch, client, book):
    execute(client, 1)
    couch.faults.extend([None, None] + ["lost"] * TRIES)
    report = execute(client)
    assert (report["after"]["updates"], report["after"]["errors"]) == (0, 3)
    assert "connection reset by peer" in report["after"]["reason"]
    assert execute(client, 1)["after"]["redone"] == 3


def test_planning_changes_nothing(couch, client, book):
    before = dict(couch.documents)
    reports = plan(client, updates=2, cycles=4)
    assert couch.documents == before
    real = [execute(client, 2) for __ in range(4)]
    assert [report["before"] for report in reports] == [report["before"] for report in real]
    assert [report["after"]["first"] for report in reports] == [report["after"]["first"] for report in real]
    assert reports[-1]["new_state"]["start"] == real[-1]["new_state"]["start"]


def test_a_database_of_the_original_tool_is_upgraded_in_place(couch, client, original_ledger):
    history = [{"ts": 1, "dt": 0.5, "updates": 3, "errors": 0}]
    couch.documents["couchdyno_meta"] = dict(original_ledger, history=history)
    for index in range(5):
        name = f"cdyno_{index:012d}"
        couch.documents[name] = {"_id": name, "_rev": "2-b", "data": "old"}
    assert info(client)["earlier"] == history
    report = execute(client)
    assert (report["before"]["start"], report["after"]["updates"], report["new_state"]["start"]) == (4, 3, 2)
    state = couch.documents["couchdyno_meta"]
    assert not {"history", "start", "state"} & set(state) and state["seed"] >= 0 and state["created"] == 5
    assert info(client)["earlier"] == history
    assert [couch.documents[f"cdyno_{index:012d}"].get("update") for index in (4, 0, 1, 2)] == [4, 5, 6, None]


def test_counts_are_summed_up():
    whole = sum_up(
        [
            {"updates": 10, "dt": 0.5, "rate": 20.0, "errors": 0, "first": 0},
            {"updates": 20, "dt": 1.0, "rate": 20.0, "errors": 1, "first": 10, "conflicts": 2},
        ]
    )
    assert whole == {"updates": 30, "dt": 1.5, "rate": 20.0, "errors": 1, "conflicts": 2}
    assert sum_up([]) == {"updates": 0, "dt": 0.0, "rate": 0.0, "errors": 0}


def test_busy_is_never_raised_while_nothing_overlaps(couch, client, book):
    book.change(lambda ledger: claim(ledger, Driver("other", "h", ""), 2, couch.clock))
    assert execute(client)["after"]["updates"] == 3
    with pytest.raises(Busy):
        claim(book.read(), Driver("third", "h", ""), 1, couch.clock)


def test_a_run_record_shows_its_windows(couch, client, book):
    book.change(lambda ledger: claim(ledger, Driver("dead", "h", ""), 2, client.now()))
    ts = couch.clock
    couch.clock += LEASE
    execute(client, 2)
    (record,) = read(client, read_ledger(client)).found
    assert (record.first, record.count, record.redone) == (2, 2, [[0, 2, ts]])


def test_which_documents_are_expected(couch, client, book):
    """Not known for documents of the original tool, and for documents in claims that are or were open."""
    left = Claim(((4, 5),), 0, 0, "d", "h", "", 0)
    expects = cycle._expects(book.ledger._replace(position=12), [left])
    assert [expects(update) for update in range(12)] == [False] * 5 + [True] * 4 + [None] + [True] * 2
    expects = cycle._expects(book.ledger._replace(position=12, origin=2), [left])
    assert [expects(update) for update in range(12)] == [None] * 7 + [True] * 2 + [None] + [True] * 2
    expects = cycle._expects(book.ledger._replace(origin=0), [])
    assert [expects(update) for update in range(7)] == [None] * 5 + [True] * 2


@pytest.mark.parametrize("history", [None, 5, "xyz", {"a": 1}, [], [1]])
def test_a_history_of_any_kind_is_kept_as_it_is(couch, client, original_ledger, history):
    couch.documents["couchdyno_meta"] = dict(original_ledger, history=history)
    shown = history if isinstance(history, (list, dict)) else []
    assert info(client)["earlier"] == shown
    assert execute(client)["after"]["updates"] == 3
    assert couch.documents["couchdyno_history"]["history"] == history and info(client)["earlier"] == shown


def test_a_cycle_that_is_stopped_while_it_waits_for_others_is_not_busy(couch, client, book, stop):
    book.change(lambda ledger: claim(ledger, Driver("other", "h", ""), 5, couch.clock))
    stop.request()
    after = execute(client, stop=stop)["after"]
    assert (after["updates"], after["errors"], after.get("busy")) == (0, 0, None)
