# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments from the workload to the verification: written, kept, renewed, lost and found."""

from __future__ import annotations

import json
import signal

import proxy as faults
import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import READ, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.faults import KINDS
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from corrupter import ATTACHMENT_CORRUPTIONS, WITH_ATTACHMENTS, assert_found
from support import report, run, run_until, start
from test_workload_verification import Store, check, replicate

TOTAL = 36
FILES = {"types": {"file": {"size": 200, "attachments": {"count": 2, "size": [0, 5000], "renew": 3}}}}


@pytest.fixture
def album(database):
    setup(database.client(), Request(Parameters(TOTAL, 250, 12, 7), fill=True, workload={"types": WITH_ATTACHMENTS}))
    return database


@pytest.fixture
def drawer(database):
    """Ten documents with two files each, which every third update of a document renews."""
    setup(database.client(), Request(Parameters(10, 250, 10, 7), fill=True, workload=FILES))
    return database


@pytest.fixture
def stubs_suffice(server, database):
    """Whether the names of the files that a document keeps suffice; PouchDB wants them whole each time."""
    database.create()
    database.put({"_id": "a", "_attachments": {"b": {"content_type": "image/png", "data": ""}}})
    answer = database.request("PUT", "/a", json=dict(database.get("a"), _attachments={"b": {"stub": True}}))
    database.request("DELETE")
    return answer.status_code != 412


def assert_right(database, **options):
    """All documents and attachments are as they should be; returns the counts of attachments."""
    found = check(verify(database.client(), **options))["attachments"]
    assert found["expected"] == found["checked"] > 0 and not any(found[kind] for kind in KINDS)
    return found


def stubs(database):
    """The attachments of all documents, by id and name."""
    return {name: each.get("_attachments", {}) for name, each in database.documents("").items() if ":" in name}


def test_attachments_are_right_in_each_lap(album):
    assert_right(album)
    for __ in range(14):
        assert execute(album.client())["after"]["errors"] == 0
        assert_right(album)
    found = assert_right(album, attachments=READ)
    assert found["read"] == found["expected"]
    stream, position = album.book().stream, album.book().position
    for document_id, shown in stubs(album).items():
        files = stream.content.files.of(stream.state_at(stream.number_of(document_id), position).update)
        assert {name: each["length"] for name, each in shown.items()} == {file.name: file.length for file in files}
        assert all(each["stub"] for each in shown.values())


def test_files_are_kept_between_two_renewals(stubs_suffice, drawer):
    """They are not even sent: only a renewal raises the generation of which a file is."""
    for number in range(1, 8):
        assert execute(drawer.client())["after"]["errors"] == 0
        generations = {each["revpos"] for shown in stubs(drawer).values() for each in shown.values()}
        assert generations == {number // 3 * 3 + 1 if stubs_suffice else number + 1}
        assert_right(drawer)


@pytest.mark.parametrize("how", ["stubs", "read"])
@pytest.mark.parametrize("corrupt", ATTACHMENT_CORRUPTIONS, ids=[each.__name__ for each in ATTACHMENT_CORRUPTIONS])
def test_what_is_wrong_is_found_and_named(album, corrupt, how):
    run_until(album, 150)
    book = album.book()
    expected = corrupt(Store(album), book.stream, book.position)
    found = json.loads(json.dumps(verify(album.client(), attachments=how)))
    assert_found(found, expected)
    assert {kind: count for kind, count in found["attachments"].items() if kind in KINDS and count} == (
        ATTACHMENT_CORRUPTIONS[corrupt]
    )
    assert found["ledger"]["agrees"] and found["low"] == found["high"] == book.position
    wrong = ", ".join(f"{count} {kind}" for kind, count in sorted(ATTACHMENT_CORRUPTIONS[corrupt].items(),
                                                                  key=lambda item: KINDS.index(item[0])))  # fmt: skip
    assert found["reasons"] == [f"1 document damaged (attachments: {wrong})"]


def test_what_others_have_dropped_or_deleted_comes_back_with_the_next_update(drawer):
    for index, name in enumerate(("cover", "front page")):
        document = drawer.get(f"file:{index:012d}")
        del document["_attachments"][name]
        drawer.put(document)
    document = drawer.get("file:000000000002")
    drawer.put({"_id": document["_id"], "_rev": document["_rev"], "_deleted": True})
    assert check(verify(drawer.client()), "wrong")["attachments"]["missing"] == 2
    after = execute(drawer.client())["after"]
    assert (after["errors"], after["updates"], after["foreign"]) == (0, 10, 1)
    assert_right(drawer)


def test_what_others_have_replaced_is_put_right_by_the_next_renewal(stubs_suffice, drawer):
    document = drawer.get("file:000000000005")
    document["_attachments"]["cover"] = {"content_type": "image/png", "data": "AAAA"}
    drawer.put(document)
    for __ in range(3 if stubs_suffice else 1):  # without stubs, each update renews the files
        assert check(verify(drawer.client()), "wrong")["attachments"]["damaged"] == 1
        assert execute(drawer.client())["after"]["errors"] == 0
    assert_right(drawer)


@pytest.mark.parametrize("corrupt", ATTACHMENT_CORRUPTIONS, ids=[each.__name__ for each in ATTACHMENT_CORRUPTIONS])
def test_after_adopting_the_next_cycle_repairs_attachments(album, corrupt):
    run_until(album, 150)
    book = album.book()
    corrupt(Store(album), book.stream, book.position)
    assert adopt(album.client())["adopted"]["open"] == 1
    assert execute(album.client())["after"]["errors"] == 0
    assert_right(album)


PLACES = {"before a batch": (faults.hold_before, 0), "after a batch, its answer not seen": (faults.hold_after, 0),
          "between two batches": (faults.hold_before, 2)}  # fmt: skip


@pytest.mark.parametrize("renews", [True, False], ids=["renewal", "other update"])
@pytest.mark.parametrize("place", PLACES)
def test_a_driver_is_killed_and_another_one_continues(drawer, proxy, place, renews):
    for __ in range(2 if renews else 0):
        execute(drawer.client())
    how, skip = PLACES[place]
    rule = proxy.fail(how(), on="_bulk_docs", holding='"file:', skip=skip)
    driver = start("couchdyno-execute", "--batch-bytes", 700, drawer.behind(proxy).url)  # two documents in a request
    assert rule.reached.wait(30)
    driver.send_signal(signal.SIGKILL)
    driver.communicate(timeout=30)
    assert drawer.ledger["claims"]
    for number in range(4):
        after = execute(drawer.client())["after"]
        assert after["errors"] == 0 and bool(after.get("redone")) == (number == 0)
        assert_right(drawer)
    rule.release()
    assert_right(drawer)


def refuse_once(proxy, document_id):
    """The server refuses the next write of a document for good."""
    def refused(exchange):
        body = json.loads(exchange.body)
        kept = [each for each in body["docs"] if each["_id"] != document_id]
        exchange.body = json.dumps(dict(body, docs=kept)).encode()
        status, headers, answer = exchange.forward()
        rows = [*json.loads(answer), {"id": document_id, "error": "forbidden", "reason": "not today"}]
        exchange.answer(status, headers, json.dumps(rows).encode())

    proxy.fail(refused, on="_bulk_docs", holding=f'"{document_id}"')


def test_after_a_refused_renewal_the_next_update_sends_the_files_whole(drawer, proxy):
    for __ in range(2):
        execute(drawer.client())
    name = "file:000000000004"
    before = stubs(drawer)[name]
    refuse_once(proxy, name)
    assert execute(drawer.behind(proxy).client())["after"]["refused"] == 1
    assert stubs(drawer)[name] == before
    assert_right(drawer)
    for __ in range(3):
        assert execute(drawer.client())["after"]["errors"] == 0
        assert_right(drawer)
        assert stubs(drawer)[name] != before


def test_a_copy_is_verified_and_cycles_go_on_with_it(server, album):
    run_until(album, 100)
    copy = server.database()
    try:
        replicate(album, copy, attachments=True)
        assert_right(copy, original=album.client())
        for __ in range(5):
            assert execute(copy.client())["after"]["errors"] == 0
            assert_right(copy)
    finally:
        copy.request("DELETE")


def test_a_copy_without_attachments_is_wrong(server, album):
    run_until(album, 100)
    copy = server.database()
    copy.create()
    try:
        rows = album.request("GET", "/_all_docs", params={"include_docs": "true"}).json()["rows"]
        documents = [{name: each for name, each in row["doc"].items() if name != "_attachments"} for row in rows]
        assert copy.request("POST", "/_bulk_docs", json={"new_edits": False, "docs": documents}).ok
        found = check(verify(copy.client()), "wrong")
        lost = found["attachments"]
        assert lost["expected"] == lost["missing"] > 0 and lost["checked"] == 0
        assert found["ledger"]["agrees"] and f"(attachments: {lost['missing']} missing)" in found["reasons"][0]
        assert len(found["samples"]["damaged"]) == 5
    finally:
        copy.request("DELETE")


def test_what_users_see(album, tmp_path):
    metrics = tmp_path / "verify.prom"
    assert "1 of 2 documents has 4 attachments of 50 to 9000 bytes, image/png, renewed by 1 of 2 updates" in run(
        "couchdyno-info", album.url
    )
    text = run("couchdyno-verify", "--attachments", "read", "--metrics", metrics, album.url)
    found = report("couchdyno-verify", album.url)["attachments"]
    expected = found["expected"]
    assert f"attachments : {expected} of {expected}, {expected} read" in text
    (line,) = (line for line in metrics.read_text().splitlines() if "attachments" in line and 'kind="read"' in line)
    assert line.startswith("couchdyno_verify_attachments{") and float(line.split()[-1]) == expected
    assert "--attachments: invalid choice" in run("couchdyno-verify", "--attachments", "all", album.url, code=2)
