# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What servers, networks and proxies do to a driver: how it ends, what it reports, and that nothing is lost."""

from __future__ import annotations

import re
import signal
import threading
import time

import proxy as faults
import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.bulk import FINAL
from drivers import CLAIM, LONGEST, PLACES, WRITE, Ended, drive, hold, hold_all, launch, make, wait_until
from support import Database, Server, report
from verification import assert_nothing_lost

TOTAL = 60
WINDOW = 50  # five batches of a driver of the tests; the rest of the lap stays free, so that no repair is superseded
LASTING = 10**9


@pytest.fixture
def filled(database):
    return make(database, TOTAL, fill=True)


PASSING = {
    "connection reset before the server has seen it": faults.cut_before,
    "connection reset after the server has done it": faults.cut_after,
    "429 with Retry-After": faults.status(429, "too_many_requests", Retry_After=1),
    "408": faults.status(408, "request_timeout"),
    "429": faults.status(429, "too_many_requests"),
    "500": faults.status(500),
    "503": faults.status(503, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT"),
    "502 with HTML": faults.html(502),
    "504 with HTML": faults.html(504),
    "404 with HTML": faults.html(404),
    "200 with HTML": faults.html(200),
    "507": faults.status(507, "insufficient_storage"),
    "answer cut in the middle": faults.truncated,
    "half of the JSON": faults.half_the_json,
    "answer that never ends": faults.endless,
    "no answer": faults.silent,
    "empty answer": faults.nothing,
    "JSON object of others": faults.json_of({"message": "hello"}),
    "JSON list of others": faults.json_of(["hello"]),
}


@pytest.mark.parametrize("name", PASSING)
def test_a_fault_that_passes_is_not_even_noticed(filled, proxy, figures, name):
    """Each kind of request of a cycle meets the fault once."""
    rules = [proxy.fail(PASSING[name], **place) for place in PLACES.values()]
    started = time.monotonic()
    ended = drive(filled.behind(proxy).url, "-u", WINDOW, "--timeout", 1)
    assert (ended.code, ended.lines) == (0, [])
    assert time.monotonic() - started < LONGEST
    assert [rule.applied for rule in rules] == [1] * len(rules)
    assert ended.after["errors"] == 0
    assert_nothing_lost(filled)
    figures(f"passing, {name}: exit code 0")


def test_slow_answers_are_waited_for(filled, proxy):
    proxy.fail(faults.slow(0.5), times=LASTING)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW, "--timeout", 3)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert_nothing_lost(filled)


LINES = {
    "500": (faults.status(500), r"answered 500 \(broken: on purpose\)"),
    "507": (faults.status(507, "insufficient_storage"), r"answered 507 \(insufficient_storage.*free space on"),
    "429": (faults.status(429, "too_many_requests"), r"answered 429 \(too_many_requests"),
    "500 with a list": (faults.json_of([{"error": "enospc", "reason": "disk"}], 500), r"answered 500 \(enospc: disk\)"),
    "502 with HTML": (faults.html(502), r"answered 502"),
    "504 with HTML": (faults.html(504), r"answered 504"),
    "200 with HTML": (faults.html(200), r"not from CouchDB"),
    "half of the JSON": (faults.half_the_json, r"not from CouchDB"),
    "connection reset": (faults.cut_before, r"cannot reach .*; check the URL and that the server is up"),
    "no answer": (faults.silent, r"no complete answer within the timeout"),
    "answer that never ends": (faults.endless, r"no complete answer within the timeout"),
    "401": (faults.status(401, "unauthorized"), r"answered 401 .*check the username and the password"),
    "403": (faults.status(403, "forbidden"), r"answered 403 .*check the permissions of this user"),
    "413": (faults.status(413, "too_large"), r"answered 413 \(too_large"),
    "403 of a locked account": (faults.LOCKED, r"temporarily locked .*wait until CouchDB unlocks it"),
}


@pytest.mark.parametrize("name", LINES)
def test_a_fault_that_stays_ends_the_run_with_one_line(filled, proxy, figures, name):
    """From the fifth request on, in the middle of the writing, every request fails."""
    fault, line = LINES[name]
    proxy.fail(fault, skip=4, times=LASTING)
    started = time.monotonic()
    ended = drive(filled.behind(proxy).url, "-u", WINDOW, "--timeout", 0.5)
    assert ended.code == 1 and len(ended.lines) == 1 and ended.afters == []
    assert re.search(line, ended.lines[0]), ended.lines
    assert time.monotonic() - started < LONGEST
    proxy.heal()
    assert_nothing_lost(filled)
    figures(f"lasting, {name}: exit code {ended.code}: {ended.lines[0]}")


@pytest.mark.parametrize(
    "name", ["500", "504 with HTML", "507", "200 with HTML", "connection reset", "401", "403", "413"]
)
def test_a_fault_that_stays_on_writes_leaves_documents_for_later(filled, proxy, figures, name):
    """Writes of documents fail, the ledger can be settled."""
    fault, line = LINES[name]
    proxy.fail(fault, times=LASTING, skip=2, **WRITE)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW, "--timeout", 0.5)
    assert ended.code == 4 and len(ended.lines) == 1
    assert re.search(r"\d+ documents could not be written: .*" + line, ended.lines[0]), ended.lines
    assert ended.after["errors"] == WINDOW - ended.after["updates"] > 0
    proxy.heal()
    assert_nothing_lost(filled)
    figures(f"lasting on writes, {name}: exit code {ended.code}: {ended.lines[0]}")


@pytest.mark.parametrize("error", ["internal_server_error", "enospc", "timeout", "document_too_large", "forbidden"])
def test_a_document_that_cannot_be_written_is_left_for_later(filled, proxy, figures, error):
    proxy.fail(faults.rows(error, "00000007"), times=LASTING, **WRITE)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    assert ended.code == 4 and ended.after["errors"] == 1 and ended.after["updates"] == WINDOW - 1
    (line,) = ended.lines
    assert f"cdyno_000000000007 (update 67): {error}: on purpose" in line
    proxy.heal()
    left = [claim["updates"] for claim in filled.ledger["claims"]], filled.ledger.get("refused")
    assert left == (([], [[67, 1, 1, 1]]) if error in FINAL else ([[[67, 1]]], None))
    assert_nothing_lost(filled)
    figures(f"a document, {error}: exit code 4: {line}")


@pytest.mark.parametrize("error", ["internal_server_error", "timeout"])
def test_a_document_that_is_refused_once_is_written_after_all(filled, proxy, error):
    proxy.fail(faults.rows(error, "00000007"), **WRITE)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert_nothing_lost(filled)


@pytest.mark.parametrize("place", ["claim", "settle"])
def test_a_ledger_that_is_refused_once_is_written_after_all(filled, proxy, place):
    proxy.fail(faults.rows("internal_server_error", "couchdyno_ledger_"), **PLACES[place])
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert_nothing_lost(filled)


@pytest.mark.parametrize(
    "error, advice",
    [("internal_server_error", "retry later"), ("forbidden", "check the validate_doc_update functions")],
)
def test_a_ledger_that_cannot_be_written(filled, proxy, figures, error, advice):
    proxy.fail(faults.rows(error, "couchdyno_ledger_"), times=LASTING, **CLAIM)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    (line,) = ended.lines
    assert ended.code == 1 and f"was not written: {error}: on purpose; {advice}" in line
    proxy.heal()
    assert_nothing_lost(filled)
    figures(f"the ledger, {error}: exit code 1: {line}")


def test_requests_that_are_too_large_are_split(filled, proxy):
    """A proxy between driver and server may accept less than the server: 413 without CouchDB's JSON."""
    proxy.fail(faults.html(413), times=3, **WRITE)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert_nothing_lost(filled)


def test_writes_that_missed_the_quorum_count_as_accepted(filled, proxy):
    proxy.fail(faults.accepted, times=LASTING, **WRITE)
    ended = drive(filled.behind(proxy).url, "-u", WINDOW)
    assert (ended.code, ended.lines, ended.after["accepted"]) == (0, [], WINDOW)
    assert_nothing_lost(filled)


@pytest.mark.parametrize("place", ["read", "write", "settle"])
def test_a_server_that_goes_away_and_comes_back(filled, proxy, place):
    """The requests of the cycle are held, until all connections are cut and new ones are refused for a second."""
    driver, __ = hold(filled, proxy, WINDOW, place, times=LASTING, couchdb__client__TRIES=30)
    proxy.shut()
    proxy.heal()
    time.sleep(1)
    proxy.open()
    ended = Ended(driver)
    assert (ended.code, ended.lines, ended.after["errors"]) == (0, [], 0)
    assert_nothing_lost(filled)


def test_a_server_that_stays_away(filled, proxy, figures):
    driver, __ = hold(filled, proxy, WINDOW, "read", times=LASTING)
    proxy.shut()
    proxy.heal()
    ended = Ended(driver)
    assert ended.code == 1 and len(ended.lines) == 1
    assert "connection refused; check the URL and that the server is up" in ended.lines[0]
    assert_nothing_lost(filled)
    figures(f"lasting, connection refused: exit code 1: {ended.lines[0]}")


def test_a_continuous_driver_outlives_a_full_disk(filled, proxy):
    """The server accepts no writes for a while, and the driver complains in one line each cycle."""
    driver = launch(filled.behind(proxy).url, "-u", 5, "-c", 0.1)
    wait_until(lambda: filled.ledger["runs"] >= 3)
    rule = proxy.fail(faults.status(507, "insufficient_storage"), times=LASTING, on="_bulk_docs")
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(driver.stderr))
    reader.start()
    wait_until(lambda: len(lines) >= 2)
    rule.release()
    runs = filled.ledger["runs"]
    wait_until(lambda: filled.ledger["runs"] >= runs + 2)
    driver.send_signal(signal.SIGTERM)
    driver.stdout.read()
    assert driver.wait(LONGEST) == 130
    reader.join()
    assert all("answered 507" in line for line in lines)
    assert_nothing_lost(filled)


def test_a_continuous_driver_outlives_a_locked_account(filled, proxy, figures):
    """Somebody has tried wrong passwords for its user. It waits for long between two tries, and says why."""
    driver = launch(filled.behind(proxy).url, "-u", 5, "-c", 0.1, "--cycles", 20, cli__execute__LOCKED_WAIT=1)
    wait_until(lambda: filled.ledger["runs"] >= 2)
    rule = proxy.fail(faults.LOCKED, times=LASTING)
    sent = len(proxy.seen)
    time.sleep(3)
    sent = len(proxy.seen) - sent
    rule.release()
    ended = Ended(driver)
    assert ended.code == 1 and len(ended.lines) <= 4 and sent <= 20
    assert all("temporarily locked" in line and "tried wrong passwords" in line for line in ended.lines)
    assert len(ended.afters) + len(ended.lines) == 20
    assert_nothing_lost(filled)
    figures(f"locked account, -c: exit code 1 at the end: {ended.lines[0]}")


def test_a_password_that_is_changed_is_not_tried_again(filled, server, proxy, figures):
    """CouchDB would lock the account after five tries: then the new password would not help either."""
    user = f"faults_{filled.name}"
    server.add_user(user, "before")
    filled.open_to(user)
    driver, rule = hold(Database(Server(proxy.url, user, "before"), filled.name), proxy, WINDOW, "read", skip=1)
    server.change_password(user, "after")
    settling = proxy.fail(faults.passed, times=LASTING, **PLACES["settle"])
    rule.release()
    ended = Ended(driver)
    (line,) = ended.lines
    assert settling.applied == 0
    assert ended.code == 1 and "answered 401" in line and "check the username and the password" in line
    assert drive(filled.as_user(user, "after")).code == 0
    assert_nothing_lost(filled)
    figures(f"password changed: exit code 1: {line}")


def test_a_server_that_is_silent_for_long_is_told_in_one_line(filled, proxy):
    """And the run goes on when it is back."""
    proxy.fail(faults.status(503, "down"), times=8, **PLACES["read"])
    ended = drive(filled.behind(proxy).url, "-u", 5, couchdb__client__TOLD_AFTER=0.1, couchdb__client__TRIES=30)
    (line,) = ended.lines
    assert ended.code == 0 and re.search(r"^couchdyno-execute: still trying: .* answered 503 \(down: on", line)
    assert ended.after["throttled"] == 8 and ended.after["errors"] == 0


# -- others change the database and the ledger


def test_the_database_is_deleted_in_the_middle(filled, proxy, figures):
    driver, rule = hold_all(filled, proxy, WINDOW)
    assert filled.request("DELETE").ok
    rule.release()
    ended = Ended(driver)
    assert ended.code == 3 and len(ended.lines) == 1, ended.lines
    assert "check that the database exists" in ended.lines[0]
    make(filled, TOTAL, fill=True, force=True)
    assert_nothing_lost(filled)
    figures(f"database deleted: exit code 3: {ended.lines[0]}")


def test_the_database_is_recreated_in_the_middle(filled, proxy, figures):
    """The driver still writes the old stream; it stops at the first document of the new one."""
    driver, rule = hold_all(filled, proxy, WINDOW)
    make(filled, TOTAL, fill=True, force=True)
    before = filled.documents()
    rule.release()
    ended = Ended(driver)
    assert ended.code == 1 and len(ended.lines) == 1, ended.lines
    assert "the database was recreated" in ended.lines[0]
    assert filled.documents() == before
    assert_nothing_lost(filled)
    figures(f"database recreated: exit code 1: {ended.lines[0]}")


def test_documents_of_another_stream_are_overwritten_by_the_fill(filled, proxy):
    """The database is recreated and empty, and the driver writes documents of the old stream before it notices.

    CouchDB 3.5 lets it write all of its window, and its run record.
    """
    driver, rule = hold_all(filled, proxy, WINDOW)
    make(filled, TOTAL, force=True)
    rule.release()
    assert Ended(driver).code == 1
    for record in filled.documents("couchdyno_run_").values():
        assert filled.request("DELETE", f"/{record['_id']}", params={"rev": record["_rev"]}).ok
    report("couchdyno-execute", "-u", TOTAL - 1, filled.url)
    assert_nothing_lost(filled)


def test_the_constants_are_damaged_in_the_middle(filled, proxy, figures):
    """The driver has read them before; the next one refuses them."""
    driver, rule = hold_all(filled, proxy, WINDOW)
    meta = filled.get("couchdyno_meta")
    filled.put(dict(meta, total="many"))
    rule.release()
    assert (Ended(driver).code, drive(filled.url).code) == (0, 3)
    (line,) = drive(filled.url).lines
    assert "the ledger (document couchdyno_meta) is damaged: field 'total'" in line
    filled.put(dict(filled.get("couchdyno_meta"), total=meta["total"]))
    assert_nothing_lost(filled)
    figures(f"constants damaged: exit code 3: {line}")


@pytest.mark.parametrize("name", ["state", "couchdyno_meta"])
def test_the_ledger_is_deleted_in_the_middle(filled, proxy, figures, name):
    driver, rule = hold_all(filled, proxy, WINDOW)
    document = filled.get(filled.ledger["_id"] if name == "state" else name)
    assert filled.request("DELETE", "/" + document["_id"], params={"rev": document["_rev"]}).ok
    rule.release()
    ended = Ended(driver) if name == "state" else drive(filled.url)
    assert ended.code == 3 and len(ended.lines) == 1, ended.lines
    missing = "has lost the state of its ledger (a document couchdyno_ledger_…); restore that document"
    assert (missing if name == "state" else "has no document couchdyno_meta") in ended.lines[0]
    if name != "state":
        assert Ended(driver).code == 0
    del document["_rev"]
    filled.put(document)  # from a backup
    assert_nothing_lost(filled)
    figures(f"ledger deleted: exit code 3: {ended.lines[0]}")


@pytest.mark.parametrize("field, value", [("position", "far"), ("claims", [{"first": 1}]), ("runs", None)])
def test_the_ledger_is_damaged_in_the_middle(filled, proxy, figures, field, value):
    driver, rule = hold_all(filled, proxy, WINDOW)
    ledger = filled.ledger
    filled.change_ledger(**{field: value})
    rule.release()
    ended = Ended(driver)
    assert ended.code == 3 and len(ended.lines) == 1, ended.lines
    assert f"the ledger (document {ledger['_id']}) is damaged" in ended.lines[0]
    repaired = dict(filled.get(ledger["_id"]), **{field: ledger[field]})
    filled.put(repaired)
    assert_nothing_lost(filled)
    figures(f"ledger damaged ({field}): exit code 3: {ended.lines[0]}")


def test_a_harmless_edit_of_the_ledger_stays(filled, proxy):
    driver, rule = hold_all(filled, proxy, WINDOW)
    filled.change_ledger(updates=7, note="seven is enough")
    rule.release()
    ended = Ended(driver)
    assert (ended.code, ended.lines) == (0, [])
    assert report("couchdyno-execute", filled.url)["after"]["updates"] == 7
    assert filled.ledger["note"] == "seven is enough"
    assert_nothing_lost(filled)


def test_a_claim_that_was_removed_from_the_ledger_by_hand(filled, proxy):
    """The driver of the claim continues to write it; nothing is wrong in the end."""
    driver, rule = hold_all(filled, proxy, WINDOW)
    filled.change_ledger(claims=[])
    rule.release()
    ended = Ended(driver)
    assert len(ended.lines) <= 1
    assert_nothing_lost(filled)
