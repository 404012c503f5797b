# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification over HTTP: damage by the corrupter, updates meanwhile, copies and their sources."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    Interrupted,
    NoDatabase,
    NoLedger,
    UsageError,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span, given_stream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import SAY_WHEN, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, Parts, claim, proceed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import CREATES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.tally import Tally
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.verify import render
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

sys.path.insert(0, str(next(path for path in Path(__file__).resolve().parents if path.name == "tests")))

from corrupter import CORRUPTIONS, FOUR_TYPES, WORKLOAD_CORRUPTIONS, assert_found

MERGE = missed.bounded
TOTAL, POSITION = 20, 50


class Store:
    """The documents of a fake server, for the corrupter."""

    def __init__(self, couch):
        self._couch = couch

    def get(self, document_id):
        return dict(self._couch.documents[document_id])

    def ledger(self):
        return dict(self._couch.ledger)

    def put(self, document):
        self._couch.documents[document["_id"]] = dict(document, _rev="9-corrupted")

    def drop(self, document_id):
        del self._couch.documents[document_id]

    def fork(self, document):
        self._couch.conflicts[document["_id"]] = ["1-fork"]
        return "1-fork"


@pytest.fixture
def book(client):
    """A database of twenty documents at position 50: two laps, and half of another."""
    book = LedgerDocument(client)
    book.create(Parameters(TOTAL, 300, 10, 7))
    for __ in range(POSITION // 10):
        execute(client)
    book.read()
    return book


@pytest.fixture(params=[1000, 7, 1])
def pages(request, monkeypatch):
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", request.param)
    monkeypatch.setattr(reader, "PAGE_IDS", request.param)


def without_ledger(couch, client):
    updates = ClassicStream(7, TOTAL, 300)
    for name in [name for name in couch.documents if name.startswith(("couchdyno_meta", "couchdyno_ledger_"))]:
        del couch.documents[name]
    return verify(client, given=updates)


def test_a_right_database(couch, client, book, pages):
    couch.documents["_design/view"] = {"_id": "_design/view", "_rev": "1-a"}
    couch.documents["couchdyno_history"] = {"_id": "couchdyno_history", "_rev": "1-a"}
    before = json.dumps(couch.documents)
    report = verify(client)
    assert (report["verdict"], report["reasons"], report["samples"]) == ("right", [], {})
    assert report["counts"].pop("exact") == report["checked"] == TOTAL and not any(report["counts"].values())
    assert (report["low"], report["high"]) == (POSITION, POSITION)
    assert report["low_ts"] == report["high_ts"] == couch.clock
    assert report["ledger"] == {"position": POSITION, "settled": POSITION, "claims": 0, "refused": 0, "agrees": True}
    assert report["stream"] == {"seed": 7, "total": TOTAL, "size": 300}
    assert json.dumps(couch.documents) == before and all(method != "PUT" for method, __ in couch.requests[-5:])


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_every_corruption_is_found_and_named_and_nothing_else(couch, client, book, pages, corrupt):
    expected = corrupt(Store(couch), book.ledger.stream)
    assert_found(verify(client), expected)


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_every_corruption_is_found_within_a_span(couch, client, book, corrupt):
    expected = corrupt(Store(couch), book.ledger.stream)
    assert_found(verify(client, Span(POSITION - 2, POSITION + 100)), expected)


@pytest.mark.parametrize("corrupt", [each for each in CORRUPTIONS if "ledger" not in each.__name__])
def test_every_corruption_of_documents_is_found_without_a_ledger(couch, client, book, corrupt):
    expected = corrupt(Store(couch), book.ledger.stream)
    assert_found(without_ledger(couch, client), expected)


def test_without_a_ledger_the_documents_must_agree(couch, client, book):
    report = without_ledger(couch, client)
    assert (report["verdict"], report["low"], report["high"], report["ledger"]) == ("right", POSITION, POSITION, None)
    report = verify(client, Span(POSITION - 2, POSITION), given=ClassicStream(7, TOTAL, 300))
    assert (report["verdict"], report["ledger"]) == ("right", None)
    remedy = "it is an incomplete copy; to verify it anyway, give --source, or --seed, --total and --size of its source"
    with pytest.raises(NoLedger, match=remedy):
        verify(client)
    couch.exists = False
    for given in (None, ClassicStream(7, TOTAL, 300)):
        with pytest.raises(NoDatabase, match=r"there is no database http://couch:5984/db; check the URL$"):
            verify(client, given=given)


def test_a_ledger_that_was_rewound_does_not_agree(couch, client, book):
    couch.ledger.update(position=POSITION - 5, start=(POSITION - 5) % TOTAL)
    assert not verify(client)["ledger"]["agrees"]


def test_another_seed_makes_everything_damaged(couch, client, book):
    report = verify(client, given=ClassicStream(8, TOTAL, 300))
    assert report["counts"]["damaged"] == TOTAL and len(report["samples"]["damaged"]) == 5
    assert (report["low"], report["high"], report["low_ts"]) == (None, 0, None)


@pytest.mark.parametrize("position", [0, 1, 7, TOTAL - 1, TOTAL])
def test_a_database_that_is_not_full_yet(client, position, pages):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 1, 7))
    for __ in range(position):
        execute(client)
    report = verify(client)
    assert (report["verdict"], report["low"], report["high"]) == ("right", position, position)
    assert (report["checked"], report["counts"]["absent"]) == (position, TOTAL - position)


# -- open claims


@pytest.mark.parametrize("written", [(), (50,), (50, 51, 53), (50, 51, 52, 53, 54)])
def test_unfinished_windows_of_a_dead_driver_may_be_partly_written(couch, client, book, written):
    book.change(lambda ledger: claim(ledger, Driver("dead", "h", ""), 5, couch.clock + 9))
    for update in written:
        write(couch, book, update, couch.clock + 9)
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"]) == ("right", TOTAL)
    low = next((update for update in range(50, 55) if update not in written), 55)
    assert (report["low"], report["high"]) == (low, max((50, *(update + 1 for update in written))))
    assert report["ledger"] == {"position": 55, "settled": 50, "claims": 1, "refused": 0, "agrees": True}


def test_updates_of_an_open_claim_have_its_time_stamp(couch, client, book):
    book.change(lambda ledger: claim(ledger, Driver("dead", "h", ""), 5, couch.clock + 9))
    write(couch, book, 52, couch.clock + 8)
    report = verify(client)
    assert report["reasons"] == ["1 document damaged"]
    assert "; its claim has time stamp" in report["samples"]["damaged"][0]["reason"]


def test_documents_outside_of_the_claims_must_be_there(couch, client, book):
    book.change(lambda ledger: claim(ledger, Driver("dead", "h", ""), 5, couch.clock))
    write(couch, book, 15, couch.clock)
    report = verify(client)
    assert report["reasons"] == [f"1 document older than allowed; {SAY_WHEN}"]
    assert report["low"] == 35 and not report["ledger"]["agrees"]
    assert "it should hold update 35" in report["samples"]["behind"][0]["reason"]


def test_a_window_that_a_later_one_supersedes_may_be_partly_written(couch, client, book):
    """A driver dies in a lap, the next one cannot redo it and dies, too: some documents hold what they held before."""
    first, second = Driver("first", "h", ""), Driver("second", "h", "")
    book.change(lambda ledger: claim(ledger, first, TOTAL, couch.clock))
    for update in (51, 52):
        write(couch, book, update, couch.clock)
    couch.clock += LEASE
    (redo,) = book.change(lambda ledger: claim(ledger, second, TOTAL, couch.clock))
    failed = Parts([redo._replace(updates=((50, 51), (53, 70)))], is_complete=True)
    book.change(lambda ledger: proceed(ledger, second, failed, TOTAL, couch.clock))
    for update in (71, 73):
        write(couch, book, update, couch.clock)
    couch.clock += LEASE
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"]) == ("right", TOTAL), report
    assert report["ledger"] == {"position": 90, "settled": 50, "claims": 1, "refused": 0, "agrees": True}
    assert report["low"] == 70
    assert verify(client, Span(report["ledger"]["settled"], 90))["verdict"] == "right"
    write(couch, book, 14, couch.clock)
    (behind,) = verify(client)["samples"]["behind"]
    assert behind["reason"] == "holds update 14; it should hold update 34 or a later one"
    execute(client)
    execute(client, TOTAL)
    assert verify(client)["ledger"] == {"position": 120, "settled": 120, "claims": 0, "refused": 0, "agrees": True}
    assert "superseded" not in couch.ledger


def test_documents_that_are_tolerated_for_want_of_space_are_told(couch, client, book, monkeypatch):
    monkeypatch.setattr(missed, "bounded", lambda entries, most=1: MERGE(entries, most))
    for index in (2, 7):
        couch.refuse[f"cdyno_{index:012d}"] = "forbidden"
    execute(client, TOTAL)
    couch.refuse.clear()
    found = verify(client)
    assert (found["verdict"], found["ledger"]["refused"], found["ledger"]["tolerated"]) == ("right", 2, 4)
    assert ", 2 refused documents (4 other documents may be older, too), " in render(found)


def write(couch, book, update, ts):
    document = json.loads(book.ledger.stream.content.render(update, ts))
    couch.documents[document["_id"]] = dict(document, _rev=f"{update}-written")


# -- documents that are updated meanwhile


class Meanwhile:
    """Does something between two requests of a verification: before the number-th read of documents."""

    def __init__(self, couch, number, action):
        self.left, self.action = number, action
        self._answer, couch._answer = couch._answer, self

    def __call__(self, request, path):
        if "include_docs" in request.url:
            self.left -= 1
            if self.left == 0:
                self.action()
        return self._answer(request, path)


@pytest.fixture
def one_by_one(monkeypatch):
    monkeypatch.setattr(reader, "CONNECTIONS", 1)
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", 5)


@pytest.mark.parametrize("number", [1, 2, 3, 4])
@pytest.mark.parametrize("cycles", [1, 2, 5])
def test_a_database_that_is_updated_meanwhile_is_right(couch, client, book, one_by_one, number, cycles):
    Meanwhile(couch, number, lambda: [execute(client) for __ in range(cycles)])
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"]) == ("right", TOTAL), report
    assert report["ledger"]["position"] == POSITION + 10 * cycles and report["ledger"]["agrees"]


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_database_that_is_filled_meanwhile_is_right(couch, client, one_by_one, number):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 7, 7))
    execute(client)
    Meanwhile(couch, number, lambda: execute(client))
    report = verify(client)
    assert report["verdict"] == "right" and 7 <= report["checked"] <= 14


def test_a_document_that_comes_back_is_read_again_before_it_is_called_missing(couch, client, book, one_by_one):
    gone = couch.documents.pop("cdyno_000000000007")
    Meanwhile(couch, 3, lambda: couch.documents.update({gone["_id"]: gone}))
    assert verify(client)["verdict"] == "right" and client.waits == []


def test_a_document_that_keeps_changing_is_judged_by_its_last_state(couch, client, book, one_by_one):
    document = couch.documents["cdyno_000000000007"]
    answer = couch._answer

    def change(request, path):
        couch.documents[document["_id"]] = dict(document, data="x", _rev=f"{len(couch.requests)}-x")
        return answer(request, path)

    couch._answer = change
    report = verify(client)
    assert report["counts"]["damaged"] == 1 and len(client.waits) == reader.ROUNDS - 1


def test_the_ledger_is_the_one_at_the_end(client, couch, book, one_by_one):
    Meanwhile(couch, 7, lambda: execute(client, 1))  # a document that was read before
    report = verify(client)
    assert (report["high"], report["ledger"]["position"], report["ledger"]["agrees"]) == (POSITION, POSITION + 1, True)


def test_pages_are_requested_no_faster_than_they_are_read(client, book, monkeypatch):
    """Or memory would grow with the database."""
    asked, done = [], []
    stream = book.ledger.stream
    whole = reader.Reader(client, stream, Expectation.of(book.ledger), lambda: Tally(stream))
    page = Tally(stream)
    monkeypatch.setattr(whole, "_jobs", lambda *_: (asked.append(number) or (lambda: page) for number in range(100)))
    monkeypatch.setattr(page, "add", None)
    collect = whole._collect

    def count(flying, *rest):
        before = len(flying)
        collect(flying, *rest)
        done.append(before - len(flying))
        assert len(asked) - sum(done) <= reader.CONNECTIONS + 1

    monkeypatch.setattr(whole, "_collect", count)
    whole.read()
    assert len(asked) == sum(done) == 100


def test_progress_is_reported(client, book, one_by_one):
    reported = []
    verify(client, progress=lambda done, total: reported.append((done, total)))
    assert reported[-1] == (TOTAL, TOTAL) and reported == sorted(reported) and len(reported) > 2


def test_a_signal_ends_it_without_a_verdict(client, stop, book):
    stop.request()
    with pytest.raises(Interrupted):
        verify(client, stop=stop)


# -- copies and their sources


@pytest.mark.parametrize(
    "span, verdict",
    [
        (Span(50, 50), "right"),
        (Span(0, 50), "right"),
        (Span(33, 77), "right"),
        (Span(51, 60), "wrong"),
        (Span(40, 49), "wrong"),
    ],
)
def test_a_copy_within_a_span(client, book, span, verdict):
    assert verify(client, span)["verdict"] == verdict


def test_a_copy_without_one_position_is_right_within_its_span(couch, client, book):
    for update in (51, 54, 58):
        write(couch, book, update, couch.clock)
    assert verify(client)["reasons"] == [f"3 documents newer than allowed; {SAY_WHEN}"]
    report = verify(client, Span(50, 60))
    assert (report["verdict"], report["low"], report["high"]) == ("right", 50, 59)
    assert report["span"] == {"from_position": 50, "to_position": 60}
    assert verify(client, Span(50, 58))["counts"]["ahead"] == 1


def test_the_lag_behind_the_source(couch, client, book, another):
    other_couch, source = another
    other_couch.documents.update(couch.documents)
    other_couch.clock = couch.clock + 100
    assert verify(client, original=source)["lag"] == {"updates": 0, "seconds": 0}
    execute(source)
    report = verify(client, original=source)
    assert report["verdict"] == "right"
    assert report["source"] == {"position": 60, "ts": couch.clock + 100}
    assert report["lag"] == {"updates": 10, "seconds": 100}
    report = verify(source, original=client)
    assert report["reasons"] == ["not a copy of the source: the source is at update 50, but a document holds update 59"]
    report = verify(client, Span(50), original=source)
    assert (report["verdict"], report["span"]) == ("right", {"from_position": 50, "to_position": 60})


def test_the_lag_counts_from_the_final_position_of_the_source(couch, client, book, another, one_by_one):
    other_couch, source = another
    other_couch.documents.update(couch.documents)
    Meanwhile(couch, 2, lambda: execute(source, 3))
    assert verify(client, original=source)["lag"]["updates"] == 3


def test_the_time_of_the_source_is_that_of_its_latest_claim(couch, client, book, another):
    other_couch, source = another
    other_couch.documents.update(couch.documents)
    ahead = LedgerDocument(source)
    ahead.read()
    ahead.change(lambda ledger: claim(ledger, Driver("busy", "h", ""), 5, couch.clock + 30))
    report = verify(client, original=source)
    assert report["source"] == {"position": 55, "ts": couch.clock + 30}
    assert report["lag"] == {"updates": 5, "seconds": 30}


def test_a_lag_that_is_not_known(couch, client, book, another):
    other_couch, source = another
    other_couch.documents.update(couch.documents)
    found = verify(client, given=ClassicStream(8, TOTAL, 300), original=source)
    assert found["lag"] == {"updates": None, "seconds": None}
    execute(source, 1)
    del other_couch.documents["cdyno_000000000010"]
    assert verify(client, original=source)["lag"] == {"updates": 1, "seconds": None}


def test_a_copy_of_a_database_that_is_empty(couch, client, another):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    another[0].documents.update(couch.documents)
    assert verify(client, original=another[1])["lag"] == {"updates": 0, "seconds": 0}


def test_a_ledger_from_outside_of_the_span(couch, client, book):
    couch.ledger.update(position=POSITION + 15, start=(POSITION + 15) % TOTAL)
    report = verify(client, Span(POSITION - 5, POSITION + 5))
    assert report["reasons"] == ["ledger and span disagree: ledger at update 65, span from 45 to 55"]


def test_a_copy_of_another_database(client, book, another):
    LedgerDocument(another[1]).create(Parameters(TOTAL, 300, 10, 8))
    reasons = verify(client, original=another[1])["reasons"]
    assert "not a copy of the source: seed, total or size differ" in reasons


@pytest.mark.parametrize("span", [Span(None, 5), Span(5, None), Span(6, 5), Span(-1, 5), Span(0, 10**16)])
def test_spans_that_make_no_sense(client, book, span):
    with pytest.raises(UsageError):
        verify(client, span)


@pytest.mark.parametrize(
    "given",
    [
        *((1, None, None), (None, 5, None), (None, 5, 5), (1, None, 5), (1, 5, None)),
        *((-1, 5, 5), (1, 0, 5), (1, 5, 0)),
    ],
)
def test_streams_that_make_no_sense(given):
    with pytest.raises(UsageError):
        given_stream(*given)


def test_given_streams():
    assert given_stream(None, None, None) is None
    given = given_stream(1, 5, 70)
    assert (given.seed, given.total, given.size) == (1, 5, 70)


# -- databases of the original tool


@pytest.fixture
def original(couch):
    """Five documents of the original tool, whose next update is that of number 3."""
    couch.documents["couchdyno_meta"] = {
        "_id": "couchdyno_meta",
        "_rev": "1-a",
        "version": 1,
        "total": 5,
        "size": 300,
        "updates": 2,
        "start": 3,
    }
    for index in range(5):
        name = f"cdyno_{index:012d}"
        couch.documents[name] = {"_id": name, "_rev": "4-a", "ts": 1653544694, "data": "x"}


def test_documents_of_the_original_tool_are_counted_but_not_verified(couch, client, original):
    with pytest.raises(NoLedger, match="original couchdyno"):
        verify(client)
    execute(client, 1)
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"], report["counts"]["earlier"]) == ("right", 1, 4)
    assert (report["low"], report["high"]) == (4, 4)
    execute(client, 1)
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"], report["counts"]["earlier"]) == ("right", 2, 3)
    assert (report["low"], report["high"]) == (5, 5)
    execute(client, 5)
    report = verify(client)
    assert (report["verdict"], report["counts"]["exact"], report["counts"]["earlier"]) == ("right", 5, 0)


def test_a_document_that_went_back_to_the_original_tool_is_behind(couch, client, original):
    old = couch.documents["cdyno_000000000003"]
    execute(client, 2)
    couch.documents[old["_id"]] = dict(old, _rev="9-a")
    report = verify(client)
    assert report["reasons"] == [f"1 document older than allowed; {SAY_WHEN}"]
    assert "was written by the original couchdyno" in report["samples"]["behind"][0]["reason"]


# -- workloads


@pytest.fixture
def shop(client):
    """A database of four types, after a few laps."""
    workload = resolve({"types": FOUR_TYPES}, 40, 250)
    book = LedgerDocument(client)
    book.create(Parameters(workload.total, workload.size, 10, 7, workload))
    while book.ledger.position < 260:
        execute(client)
        book.read()
    return book


def types_of(report):
    return {each["name"]: {key: count for key, count in each.items() if key != "name"} for each in report["types"]}


def test_a_right_database_of_four_types(couch, client, shop, pages):
    report = verify(client)
    position, stream = shop.ledger.position, shop.ledger.stream
    live, deleted = stream.existing_by_type(position), stream.deleted_of(position)
    assert (report["verdict"], report["reasons"], report["samples"]) == ("right", [], {})
    assert report["low"] == report["high"] == position and report["ledger"]["agrees"]
    assert report["low_ts"] == report["high_ts"] == couch.clock
    assert report["documents"] == {"expected": sum(live), "deleted": sum(deleted), "found": sum(live),
                                   "tombstones": sum(deleted)}  # fmt: skip
    assert report["checked"] == sum(live) and report["counts"]["deleted"] == sum(deleted) > 0
    types = zip(stream.workload.types, live, deleted)
    assert report["types"] == [
        {"name": each.name, "checked": count, "exact": count, **({"deleted": gone} if gone else {})}
        for each, count, gone in types
    ]
    assert f"checked : {sum(live)} of {sum(live)}" in render(report)


@pytest.mark.parametrize("corrupt", WORKLOAD_CORRUPTIONS)
def test_every_corruption_of_four_types_is_found_and_named(couch, client, shop, pages, corrupt):
    expected = corrupt(Store(couch), shop.ledger.stream, shop.ledger.position)
    report = verify(client)
    assert_found(report, expected)
    for kind, document_id in expected:
        if not document_id.startswith("invoice"):
            assert types_of(report)[document_id.split(":")[0]][kind] >= 1


@pytest.mark.parametrize("corrupt", WORKLOAD_CORRUPTIONS)
def test_every_corruption_of_four_types_is_found_within_a_span(couch, client, shop, corrupt):
    position = shop.ledger.position
    expected = corrupt(Store(couch), shop.ledger.stream, position)
    assert_found(verify(client, Span(position - 2, position)), expected)


@pytest.mark.parametrize("corrupt", WORKLOAD_CORRUPTIONS)
def test_every_corruption_of_four_types_is_found_without_a_ledger(couch, client, shop, corrupt):
    stream = shop.ledger.stream
    expected = corrupt(Store(couch), stream, shop.ledger.position)
    for name in [name for name in couch.documents if name.startswith(("couchdyno_meta", "couchdyno_ledger_"))]:
        del couch.documents[name]
    assert_found(verify(client, given=stream), expected)


def test_a_copy_of_a_later_time_is_undecided_although_documents_were_deleted_meanwhile(couch, client, shop):
    ledger = json.loads(json.dumps(couch.ledger))
    for __ in range(4):
        execute(client)
    after = LedgerDocument(client)
    after.read()
    couch.documents[couch.ledger["_id"]].update({name: ledger[name] for name in ("position", "start", "runs")})
    report = verify(client)
    assert report["verdict"] == "undecided" and report["low"] == report["high"] == after.ledger.position
    assert report["reasons"][0].startswith(f"the documents are those of update {after.ledger.position}, but the ledger")


def test_an_earlier_copy_is_undecided_although_documents_exist_that_were_deleted_later(couch, client, shop):
    documents = json.loads(json.dumps({name: each for name, each in couch.documents.items() if ":" in name}))
    position = shop.ledger.position
    for __ in range(4):
        execute(client)
    for name in [name for name in couch.documents if ":" in name]:
        del couch.documents[name]
    couch.documents.update(documents)
    report = verify(client)
    assert (report["verdict"], report["low"], report["high"]) == ("undecided", position, position)


def test_documents_that_are_deleted_during_the_reading_are_not_missing(couch, client, shop, monkeypatch):
    """All pages are read with the expectation of the beginning, but the documents are of a later time."""
    read, done = reader.Reader._judge_range, []

    def later(self, *page):
        if not done:
            done.append([execute(client) for __ in range(6)])
        return read(self, *page)

    monkeypatch.setattr(reader, "CONNECTIONS", 1)
    monkeypatch.setattr(reader.Reader, "_judge_range", later)
    before = set(couch.documents)
    report = verify(client)
    assert before - set(couch.documents), "no document was deleted meanwhile"
    assert (report["verdict"], report["reasons"]) == ("right", [])


def test_a_damaged_document_that_is_due_next_says_nothing_about_other_updates(couch, client, shop):
    name = shop.ledger.stream.document_id(shop.ledger.position)
    if name not in couch.documents:
        execute(client, 1)
        name = shop.ledger.stream.document_id(LedgerDocument(client).read().position)
    couch.documents[name] = dict(couch.documents[name], ts=1)
    assert verify(client)["reasons"] == ["1 document damaged"]


def test_at_the_edge_of_a_span_the_tombstones_decide(couch, client, shop):
    position = shop.ledger.position
    for __ in range(6):
        execute(client)
    after = LedgerDocument(client)
    after.read()
    span = Span(position, after.ledger.position)
    report = verify(client, span)
    assert (report["verdict"], report["reasons"]) == ("right", []) and report["counts"]["absent"] == 0
    deleted_since = report["counts"]["deleted"] - sum(shop.ledger.stream.deleted_of(position))
    assert deleted_since > 0
    couch.tombstones.clear()  # as in a copy by a tool that does not keep them
    del couch.documents[after.ledger.holder]
    report = verify(client, span)
    assert (report["verdict"], report["reasons"]) == ("right", []) and report["counts"]["absent"] == deleted_since


def test_documents_that_were_created_while_the_copy_was_made_need_not_be_in_it(couch, client, shop):
    since, stream = shop.ledger.position, shop.ledger.stream
    for __ in range(6):
        execute(client)
    until = LedgerDocument(client).read().position
    created = [stream.document_id(update) for update in range(since, until) if stream.operation(update) == CREATES]
    assert created
    for name in created:
        couch.documents.pop(name, None)
    report = verify(client, Span(since, until))
    assert (report["verdict"], report["reasons"], report["counts"]["absent"]) == ("right", [], len(created))
    before = next(name for name in sorted(couch.documents) if name.startswith("order:"))
    del couch.documents[before]
    report = verify(client, Span(since, until))
    assert report["verdict"] == "wrong" and [each["id"] for each in report["samples"]["missing"]] == [before]
