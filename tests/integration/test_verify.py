# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-verify and its module, against a real server."""

from __future__ import annotations

import json
import signal
import time
from urllib.parse import quote

import pytest
from corrupter import CORRUPTIONS, assert_found
from proxy import first_page_again, unreadable
from support import ansible, report, run, start

VERIFY = "dyno.couchdb.couchdyno_verify"
FLIP = CORRUPTIONS[0]


class Store:
    """The documents of a database, for the corrupter."""

    def __init__(self, database):
        self._database = database
        self.get = database.get
        self.put = database.put

    def ledger(self):
        return self.get(self._database.book().holder)

    def drop(self, document_id):
        rev = self.get(document_id)["_rev"]
        assert self._database.request("DELETE", "/" + quote(document_id, safe=""), params={"rev": rev}).ok

    def fork(self, document):
        """Add a leaf that loses against the document; returns its revision."""
        rev = "1-" + "0" * 32
        body = {"new_edits": False, "docs": [dict(document, _rev=rev)]}
        assert self._database.request("POST", "/_bulk_docs", json=body).ok
        return rev


@pytest.fixture
def ready(database):
    """A database of twenty documents at position 50."""
    run("couchdyno-setup", "-t", 20, "-s", 300, "-w", database.url)
    run("couchdyno-execute", "-u", 20, database.url)
    run("couchdyno-execute", "-u", 10, database.url)
    return database


def test_a_database_that_is_right(ready):
    before = ready.request("GET").json()["update_seq"]
    found = report("couchdyno-verify", ready.url)
    assert (found["verdict"], found["checked"], found["low"], found["high"]) == ("right", 20, 50, 50)
    assert found["low_ts"] == found["high_ts"] == ready.ledger["last_ts"]
    out = run("couchdyno-verify", ready.url)
    assert "    verdict : right\n" in out and "    checked : 20 of 20\n" in out
    assert ready.request("GET").json()["update_seq"] == before


@pytest.mark.parametrize("corrupt", CORRUPTIONS)
def test_every_corruption_is_found_and_named_and_nothing_else(ready, corrupt):
    expected = corrupt(Store(ready), ready.book().stream)
    process = start("couchdyno-verify", "--json", ready.url)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (4, "")
    assert_found(json.loads(out), expected)


def test_a_wrong_database_is_reported_in_words(ready):
    FLIP(Store(ready), ready.book().stream)
    process = start("couchdyno-verify", ready.url)
    out, __ = process.communicate(timeout=60)
    assert process.returncode == 4
    assert out.startswith("verify:\n    verdict : wrong\n    because : 1 document damaged\n")
    assert "    damaged : cdyno_000000000003 has data that differs from update 43 with time stamp " in out


def test_without_a_ledger(ready):
    ledger = ready.ledger
    for name in ("couchdyno_meta", ledger["_id"]):
        Store(ready).drop(name)
    assert "was not set up by couchdyno" in run("couchdyno-verify", ready.url, code=3)
    together = "--seed, --total and --size must be given together"
    assert together in run("couchdyno-verify", "--seed", 1, ready.url, code=2)
    given = ("--seed", ledger["seed"], "--total", 20, "--size", 300)
    found = report("couchdyno-verify", *given, ready.url)
    assert (found["verdict"], found["low"], found["high"], found["ledger"]) == ("right", 50, 50, None)


def test_missing_databases(database):
    assert "there is no database" in run("couchdyno-verify", database.url, code=3)
    given = ("--seed", 1, "--total", 20, "--size", 300)
    assert "there is no database" in run("couchdyno-verify", *given, database.url, code=3)


def test_a_database_of_several_pages_while_it_is_updated(database):
    run("couchdyno-setup", "-t", 5000, "-s", 200, "-u", 700, "-w", database.url)
    driver = start("couchdyno-execute", "-c", 0, database.url)
    try:
        for __ in range(5):
            found = report("couchdyno-verify", database.url)
            assert (found["verdict"], found["checked"], found["counts"]["exact"]) == ("right", 5000, 5000)
        assert database.ledger["position"] > 5000
    finally:
        driver.send_signal(signal.SIGTERM)
        driver.communicate(timeout=60)
    found = report("couchdyno-verify", database.url)
    assert found["verdict"] == "right" and found["ledger"]["agrees"]


def test_a_database_while_it_is_filled(database):
    filling = start("couchdyno-setup", "-t", 20_000, "-s", 200, "-w", database.url)
    unfinished = 0
    while filling.poll() is None:
        ledger = database.ledger
        if "position" in ledger:
            unfinished += ledger["position"] < 20_000 or bool(ledger["claims"])
            assert report("couchdyno-verify", database.url)["verdict"] == "right"
        time.sleep(0.05)
    filling.communicate(timeout=60)
    assert unfinished
    assert report("couchdyno-verify", database.url)["checked"] == 20_000


def test_after_a_driver_was_killed(database):
    run("couchdyno-setup", "-t", 20_000, "-s", 200, "-w", database.url)
    driver = start("couchdyno-execute", "-u", 20_000, database.url)
    while not database.ledger["claims"]:
        time.sleep(0.01)
    time.sleep(0.3)
    driver.kill()
    driver.communicate()
    found = report("couchdyno-verify", database.url)
    assert found["verdict"] == "right" and found["ledger"]["claims"] == 1 and found["ledger"]["agrees"]
    assert found["ledger"]["settled"] == 20_000 <= found["low"] <= found["high"] <= 40_000


@pytest.mark.parametrize("indexes", [(7,), (0, 7, 8, 19)])
def test_an_unreadable_document_is_named_and_the_others_are_verified(ready, proxy, indexes):
    ids = [f"cdyno_{index:012d}" for index in indexes]
    proxy.fail(unreadable(*ids), times=10**9)
    process = start("couchdyno-verify", "--json", ready.behind(proxy).url)
    out, err = process.communicate(timeout=60)
    found = json.loads(out)
    assert err == "" and (found["counts"]["unreadable"], found["counts"]["exact"]) == (len(ids), 20 - len(ids))
    reason = "exists, but the server cannot read it"
    assert found["samples"]["unreadable"] == [{"id": name, "reason": reason} for name in ids]
    assert found["counts"]["missing"] == 0 and found["checked"] == 20


def test_pages_that_do_not_proceed_are_an_error_and_not_an_endless_loop(ready, proxy):
    proxy.fail(first_page_again, times=10**9, on="_all_docs?buffer_response=true&include_docs=true", skip=1)
    complaint = run("couchdyno-verify", ready.behind(proxy).url, code=1)
    assert "answered with documents that repeat or are out of order; check the URL" in complaint
    assert complaint.count("\n") == 1


def test_a_large_database_of_which_little_is_left(database):
    run("couchdyno-setup", "-t", 10_000_000, "-s", 200, "-u", 100, database.url)
    run("couchdyno-execute", database.url)
    process = start("couchdyno-verify", "--json", "--from-position", 10**7, "--to-position", 10**7, database.url)
    found = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 4 and (found["low"], found["high"]) == (100, 100)
    assert (found["counts"]["exact"], found["counts"]["missing"]) == (100, 9_999_900)
    assert [sample["id"] for sample in found["samples"]["missing"]] == [f"cdyno_{i:012d}" for i in range(100, 105)]


# -- copies


@pytest.fixture
def copy(server):
    copy = server.database()
    yield copy
    copy.request("DELETE")


def copy_over(source, target, leave=()):
    """Copy the documents of a database, with their revisions, except some."""
    if not target.request("GET").ok:
        target.create()
    rows = source.request("GET", "/_all_docs", params={"include_docs": "true"}).json()["rows"]
    documents = [row["doc"] for row in rows if row["id"] not in leave]
    assert target.request("POST", "/_bulk_docs", json={"new_edits": False, "docs": documents}).ok


def test_a_copy_and_the_lag_behind_its_source(ready, copy):
    copy_over(ready, copy)
    time.sleep(1.1)
    run("couchdyno-execute", "-u", 7, ready.url)
    found = report("couchdyno-verify", "--source", ready.url, copy.url)
    assert (found["verdict"], found["source"]["position"], found["lag"]["updates"]) == ("right", 57, 7)
    assert 1 <= found["lag"]["seconds"] < 60
    out = run("couchdyno-verify", "--source", ready.url, copy.url)
    assert "    lag (updates) : 7\n" in out
    server = ready.server
    secret = {"COUCHDYNO_SOURCE_USERNAME": server.username, "COUCHDYNO_SOURCE_PASSWORD": server.password}
    assert "    lag (updates) : 7\n" in run("couchdyno-verify", "--source", ready.plain_url, copy.url, **secret)
    assert "    lag (updates) : 7\n" in run("couchdyno-verify", copy.url, COUCHDYNO_SOURCE_URL=ready.url)
    assert "401" in run("couchdyno-verify", "--source", ready.plain_url, copy.url, code=1)


def test_a_copy_that_was_created_while_its_source_was_updated(ready, copy):
    before = report("couchdyno-info", ready.url)["progress"]["settled"]
    ledger = {"couchdyno_meta", "couchdyno_ledger_00000000"}
    copy_over(ready, copy, leave=ledger | {f"cdyno_{index:012d}" for index in range(12, 16)})
    run("couchdyno-execute", "-u", 6, ready.url)
    copy_over(ready, copy, leave={f"cdyno_{index:012d}" for index in range(12)})
    after = report("couchdyno-info", ready.url)["dyno_config"]["position"]
    span = ("--from-position", before, "--to-position", after)
    found = report("couchdyno-verify", *span, copy.url)
    assert (found["verdict"], found["low"], found["high"]) == ("right", 50, 56)
    assert report("couchdyno-verify", *span[:2], "--source", ready.url, copy.url)["span"]["to_position"] == 56
    process = start("couchdyno-verify", copy.url)
    assert "2 documents older than allowed" in process.communicate(timeout=60)[0] and process.returncode == 4
    assert "--to-position requires --from-position" in run("couchdyno-verify", "--to-position", after, copy.url, code=2)


# -- copies that have lost their ledger, and copies of something else


def verdict(*args):
    """The verdict of a verification, its reasons, and its exit code."""
    process = start("couchdyno-verify", "--json", *args)
    found = json.loads(process.communicate(timeout=60)[0])
    return found["verdict"], ", ".join(found["reasons"]), process.returncode


def test_a_dump_that_was_cut_off(ready, copy):
    beyond = {f"cdyno_{index:012d}" for index in range(8, 20)}
    copy_over(ready, copy, leave=beyond | {name for name in ids(ready) if name.startswith("couchdyno")})
    stream = ready.book().stream
    parameters = ("--seed", stream.seed, "--total", stream.total, "--size", stream.size)
    missing = "12 of 20 documents missing"
    assert verdict(*parameters, copy.url) == ("wrong", missing, 4)
    assert verdict("--source", ready.url, copy.url) == ("wrong", f"{missing}, ledger missing", 4)
    assert "give --source, or --seed, --total and --size" in run("couchdyno-verify", copy.url, code=3)
    __, result, __ = ansible(VERIFY, {"url": copy.url, "source_url": ready.url})
    assert result["msg"] == f"the database is wrong: {missing}, ledger missing"


def ids(database):
    return [row["id"] for row in database.request("GET", "/_all_docs").json()["rows"]]


def test_documents_and_ledger_of_different_times(ready, copy):
    documents = {name for name in ids(ready) if name.startswith("cdyno")}
    copy_over(ready, copy, leave=set(ids(ready)) - documents)
    began = report("couchdyno-info", ready.url)["progress"]["ts"]
    time.sleep(4.1)  # so that the last cycle before it is certainly over
    for __ in range(2):
        run("couchdyno-execute", ready.url)
    copy_over(ready, copy, leave=documents)
    ended = report("couchdyno-info", ready.url)["progress"]["ts"]
    found = verdict(copy.url)
    assert found[0] == "undecided" and found[2] == 4
    assert "the documents are those of update 50, but the ledger is that of update" in found[1]
    ok, result, __ = ansible(VERIFY, {"url": copy.url})
    words = "it is undecided whether the database is right: the documents are those of"
    assert not ok and result["msg"].startswith(words)
    taken = f"{began + 4}..{ended + 1}"
    for more in ((), ("--source", ready.url)):
        assert verdict("--taken", taken, *more, copy.url) == ("right", "", 0)
    given = {"url": copy.url, "source_url": ready.url, "taken_from": str(began + 4), "taken_to": str(ended + 1)}
    __, result, __ = ansible(VERIFY, given)
    assert (result["verdict"], result["span"]["from_position"]) == ("right", 50)
    for wrong in ("now..later", "5", "..5"):
        assert "FROM..TO" in run("couchdyno-verify", "--taken", wrong, copy.url, code=2) or "is not a time" in run(
            "couchdyno-verify", "--taken", wrong, copy.url, code=2)


def test_a_copy_of_another_database_and_one_that_was_driven(ready, copy, database):
    copy_over(ready, copy)
    run("couchdyno-execute", copy.url)
    time.sleep(1.1)
    for __ in range(3):
        run("couchdyno-execute", ready.url)
    words = verdict("--source", ready.url, copy.url)
    assert words[0] == "wrong" and "its runs differ from those of the source from update 50 on; " in words[1]
    stream = ready.book().stream
    parameters = ("-t", stream.total, "-s", stream.size, "-u", 10, "--seed", stream.seed)
    run("couchdyno-setup", "-f", *parameters, "-w", copy.url)
    words = verdict("--source", ready.url, copy.url)
    assert "not a copy of the source: it is a copy of another database with the same parameters" in words[1]


def test_a_conflict_of_the_ledger(ready, copy):
    copy_over(ready, copy)
    ledger = copy.get("couchdyno_ledger_00000000")
    assert copy.request("POST", "/_bulk_docs", json={"new_edits": False, "docs": [dict(ledger, _rev="2-a")]}).ok
    assert verdict(copy.url) == ("wrong", "conflicting revisions of the ledger", 4)


def test_what_is_not_checked_is_told(ready):
    words = "not checked : design documents, _security, _local documents, the contents of deleted documents, purges"
    assert words in run("couchdyno-verify", ready.url)


# -- the module


def test_the_module(ready):
    for flags in ((), ("--check", "--diff")):
        ok, result, __ = ansible(VERIFY, {"url": ready.url}, *flags)
        assert ok and not result["changed"] and (result["verdict"], result["low"]) == ("right", 50)
        assert "    verdict : right\n" in result["report"]


def test_the_module_fails_on_a_wrong_database_unless_it_only_reports(ready):
    expected = FLIP(Store(ready), ready.book().stream)
    ok, result, __ = ansible(VERIFY, {"url": ready.url})
    assert not ok and result["msg"] == "the database is wrong: 1 document damaged"
    assert_found(result, expected)
    ok, result, __ = ansible(VERIFY, {"url": ready.url, "fail_on_wrong": False})
    assert ok and result["verdict"] == "wrong"


def test_the_module_with_a_source_and_a_span(ready, copy):
    copy_over(ready, copy)
    server = ready.server
    args = {"url": copy.plain_url, "username": server.username, "password": server.password, "from_position": 45,
            "source_url": ready.url}  # fmt: skip
    ok, result, out = ansible(VERIFY, args)
    assert ok and result["span"] == {"from_position": 45, "to_position": 50} and result["lag"]["updates"] == 0
    assert server.password not in out and f"{server.username}:" not in out


@pytest.mark.parametrize(
    "args, says",
    [
        ({"from_position": 5}, "from_position requires to_position or source_url"),
        ({"to_position": 5}, "to_position requires from_position"),
        ({"from_position": -1, "to_position": 5}, "from_position"),
        ({"from_position": 6, "to_position": 5}, "6"),
        ({"seed": 5}, "seed"),
        ({"seed": 5, "total": 0, "size": 1}, "total"),
        ({"source_url": "http://h"}, "contains no database name"),
    ],
)
def test_the_module_refuses_bad_input(database, args, says):
    ok, result, __ = ansible(VERIFY, dict(args, url=database.url))
    assert not ok and says in result["msg"]
