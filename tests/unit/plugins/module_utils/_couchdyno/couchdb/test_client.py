# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the client handles answers, and missing answers."""

from __future__ import annotations

import json
import socket
import time

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import errors
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import client as client_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import Address, parse

HTML = (200, {"Content-Type": "text/html"}, b"<html>welcome to the proxy</html>")


def error(status, word="", reason="", **headers):
    body = json.dumps({"error": word, "reason": reason}).encode() if word else b""
    return status, {name.replace("_", "-"): value for name, value in headers.items()}, body


@pytest.mark.parametrize(
    "status, expected",
    [
        (401, errors.NotAllowed),
        (403, errors.NotAllowed),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (412, errors.NameTaken),
        (413, errors.TooLarge),
        (400, errors.Refused),
        (302, errors.Refused),
    ],
)
def test_a_refusal_is_an_error_of_its_own_and_is_not_repeated(couch, client, status, expected):
    couch.faults.append(error(status, "word", "the reason"))
    with pytest.raises(expected, match=f"answered {status} .word: the reason") as raised:
        client.put({"_id": "x"})
    assert raised.type is expected and raised.value.status == status
    assert len(couch.requests) == 1 and client.waits == []


@pytest.mark.parametrize(
    "fault",
    [
        "lost",
        "lost after",
        error(429),
        error(500, "timeout", "slow"),
        error(503),
        error(502),
        error(507, "insufficient_storage", "no room"),
        HTML,
        (200, {}, b'{"_id": "x", "tru'),
    ],
)
def test_what_may_pass_is_tried_again(couch, client, fault):
    couch.documents["x"] = {"_id": "x", "_rev": "1-a"}
    couch.faults.extend([fault, fault])
    assert client.get("x") == {"_id": "x", "_rev": "1-a"}
    assert len(couch.requests) == 3 and len(client.waits) == 2


def test_what_does_not_pass_fails_after_bounded_waits(couch, client):
    client.database_info()
    couch.faults.extend([error(503, "down", "maintenance")] * 100)
    with pytest.raises(errors.Unreachable, match=r"503 \(down: maintenance\)"):
        client.get("x")
    assert len(client.waits) == client_module.TRIES - 1
    assert sum(client.waits) < 60


def test_a_server_that_never_answered_fails_soon(couch, client):
    couch.faults.extend(["lost"] * 100)
    with pytest.raises(errors.Unreachable, match="cannot reach http://couch:5984: connection reset by peer"):
        client.get("x")
    assert sum(client.waits) < 2


def test_a_stop_ends_the_tries(couch, client, stop):
    client.database_info()
    couch.faults.extend(["lost"] * 100)
    stop.request()
    with pytest.raises(errors.Unreachable):
        client.get("x")
    assert len(couch.requests) == 2


@pytest.mark.parametrize("header, wait", [("7", 7.0), ("100000", client_module.LONGEST_RETRY_AFTER), ("0", 0.0)])
def test_retry_after_is_followed_within_reason(couch, client, header, wait):
    couch.faults.append(error(429, Retry_After=header))
    client.database_info()
    assert client.waits == [wait]


@pytest.mark.parametrize("header", ["soon", "-5", "²", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_of_another_form_is_ignored(couch, client, header):
    couch.faults.append(error(429, Retry_After=header))
    client.database_info()
    assert len(client.waits) == 1 and client.waits[0] < 1


def test_the_time_is_the_servers(couch, client):
    couch.clock = 4_000_000_000
    client.database_info()
    assert abs(client.now() - 4_000_000_000) <= 1


def test_a_missing_document_is_none_and_so_is_a_missing_database(couch, client):
    assert client.get("none") is None
    couch.exists = False
    assert client.database_info() is None


def test_rows_leave_out_missing_documents(couch, client):
    couch.documents["b"] = {"_id": "b", "_rev": "1-b"}
    assert [row["id"] for row in client.rows(["a", "b"])] == ["b"]
    assert [row["id"] for row in client.rows_before("a", "c", 5, include_docs=False)] == ["b"]


CHANGED = {"id": "a", "changes": [{"rev": "1-a"}]}
IDS = [f"d{number:03d}" for number in range(100)]


@pytest.fixture
def many(couch):
    couch.documents.update((name, {"_id": name, "_rev": "1-a"}) for name in IDS)
    return couch


@pytest.mark.parametrize("broken", [{"d007"}, {"d000", "d099"}, set(IDS[40:50]), set(IDS)])
@pytest.mark.parametrize("replicas", [1, 3])
def test_an_unreadable_document_does_not_hide_the_others(many, client, broken, replicas):
    """CouchDB fails the whole request."""
    many.replicas, many.unreadable = replicas, set(broken)
    shown = {name: {**many.documents[name], **({"_unreadable": True} if name in broken else {})} for name in IDS}
    assert client.whole_documents([*IDS, "missing"]) == client.documents([*IDS, "missing"]) == shown
    assert [row["id"] for row in client.rows(IDS, include_docs=True)] == IDS
    assert client.waits == []


def test_few_requests_find_an_unreadable_document(many, client):
    many.unreadable = {"d042"}
    client.documents(IDS)
    assert len(many.requests) < 20


def test_a_server_that_is_broken_ends_the_search_for_an_unreadable_document(many, client):
    many.faults.extend([error(500)] * 100)
    with pytest.raises(errors.Unreachable, match="answered 500"):
        client.documents(IDS)
    assert len(many.requests) < 20


def test_leaves_that_no_replica_can_read_do_not_count_as_missing(many, client):
    many.unreadable = {"d001"}
    assert client.leaves_of(["d000", "d001", "gone"], 3) == {
        "d000": [{"_id": "d000", "_rev": "1-a"}],
        "d001": [{"_id": "d001", "_rev": "1-a", "_unreadable": True}],
    }


def test_a_document_of_all_replicas_shows_losing_leaves_as_a_range_does(couch, client):
    couch.replicas = 3
    couch.documents["a"] = {"_id": "a", "_rev": "3-a"}
    couch.strays["a"] = {"_id": "a", "_rev": "3-b", "x": 1}
    couch.revisions["gone"] = {"1-a"}
    expected = {"a": {"_id": "a", "_rev": "3-b", "x": 1, "_conflicts": ["3-a"]}}
    assert client.whole_documents(["a", "gone"]) == expected


@pytest.mark.parametrize("ids", [["b", "b"], ["c", "b"], ["a", "b"], ["c", "d"], ["e"]])
def test_a_page_that_repeats_documents_or_goes_back_is_refused(couch, client, ids):
    rows = [{"id": name, "key": name, "value": {"rev": "1-a"}} for name in ids]
    couch.faults.append((200, {}, json.dumps({"rows": rows}).encode()))
    with pytest.raises(errors.Unreachable, match="documents that repeat or are out of order; check the URL"):
        client.rows_before("b", "d", 10, include_docs=False)


def test_a_page_with_more_documents_than_asked_for_is_refused(couch, client):
    rows = [{"id": name, "key": name, "value": {"rev": "1-a"}} for name in "abc"]
    couch.faults.append((200, {}, json.dumps({"rows": rows}).encode()))
    with pytest.raises(errors.Unreachable, match="check the URL"):
        client.rows_before("a", None, 2, include_docs=False)


@pytest.mark.parametrize("rows, last", [([CHANGED], "7-x"), ([CHANGED] * 3, 8)])
def test_changes_that_repeat_are_refused(couch, client, rows, last):
    answer = {"results": rows, "last_seq": last}
    couch.faults.append((200, {}, json.dumps(answer).encode()))
    with pytest.raises(errors.Unreachable, match="documents that repeat"):
        client.changes("7-x", 2)


# -- large documents


@pytest.fixture
def small_limits(monkeypatch):
    """Answers of at most 20 kB, documents of at most 50 kB."""
    monkeypatch.setattr(client_module, "LIST", 20_000)
    monkeypatch.setattr(client_module, "DOCUMENT", 50_000)


def weighing(size):
    return {"_rev": "1-a", "x": "x" * size}


@pytest.mark.parametrize("heavy", [{}, {"d050": 30_000}, dict.fromkeys(IDS[40:70], 15_000), dict.fromkeys(IDS, 45_000)])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 99, 100, 1000])
def test_pages_follow_what_documents_weigh(many, client, small_limits, heavy, limit):
    many.documents.update((name, {"_id": name, **weighing(size)}) for name, size in heavy.items())
    pages = list(client.pages(None, None, limit))
    assert [row["doc"] for rows, __ in pages for row in rows] == list(many.documents.values())
    assert [last for __, last in pages] == [False] * (len(pages) - 1) + [True]
    assert all(len(rows) <= limit for rows, __ in pages) and len(many.requests) <= 3 * len(heavy) + 102


def test_light_documents_are_read_as_before(many, client, small_limits):
    assert [len(rows) for rows, __ in client.pages(None, None, 60)] == [60, 40] and len(many.requests) == 2


@pytest.mark.parametrize("replicas", [1, 3])
def test_a_document_that_is_too_large_hides_no_other(many, client, small_limits, replicas):
    many.replicas = replicas
    many.documents["d007"] = {"_id": "d007", **weighing(60_000)}
    flawed = {"_id": "d007", "_rev": "1-a", "_flawed": client_module.TOO_LARGE}
    expected = {**many.documents, "d007": flawed}
    assert {row["id"]: row["doc"] for rows, __ in client.pages(None, None, 100) for row in rows} == expected
    assert client.documents(IDS) == client.whole_documents(IDS) == expected
    with pytest.raises(errors.TooLarge, match="answered with more than"):
        client.get("d007")


def test_a_stop_ends_the_reading_of_pages(many, client, stop):
    pages = client.pages(None, None, 30)
    next(pages)
    stop.request()
    with pytest.raises(errors.Interrupted):
        next(pages)
    assert [last for __, last in client.pages(None, None, 100)] == [True]  # one page is read to its end


def test_an_error_of_any_size_is_an_error(couch, client):
    with pytest.raises(errors.Unreachable, match="the answer is not from CouchDB"):
        couch.faults.extend([error(404, "not_found", "x" * 10**7)] * 10)
        client.get("x")
    couch.faults.clear()
    couch.faults.append(error(403, "forbidden", "x" * 10**5))
    with pytest.raises(errors.NotAllowed, match=r"forbidden: xxx.*….; check the permissions") as raised:
        client.get("x")
    assert len(str(raised.value)) < 400


def test_the_replicas_of_a_cluster_are_read_from_the_files_of_its_nodes(couch, client):
    couch.replicas = 3
    layout = {"by_range": {"00-ff": ["n1@h", "n2@h"]}, "shard_suffix": [46, 49]}
    client.replicas()
    couch.faults.extend([(200, {}, json.dumps(layout).encode()), (200, {}, b'{"rows":[]}')])
    (shard,) = client.shards()
    assert list(shard) == ["n1@h", "n2@h"] and shard["n1@h"].replicas() == 1
    shard["n2@h"].documents(["a"])
    assert [path for __, path in couch.requests[1:]] == [
        "/_node/_local/_dbs/db",
        "/_node/n2@h/shards/00-ff/db.1/_all_docs",
    ]


@pytest.mark.parametrize(
    "replicas, status, words",
    [
        (1, None, "--replicas requires a cluster: http://couch:5984/db has only one replica"),
        (3, 401, "--replicas requires a user who is a server admin"),
        (3, 404, "--replicas requires a cluster of CouchDB 3; http://couch:5984 does not show its nodes"),
    ],
)
def test_replicas_that_cannot_be_read(couch, client, replicas, status, words):
    couch.replicas = replicas
    client.replicas()
    if status:
        couch.faults.append(error(status))
    with pytest.raises(errors.UsageError, match=words):
        client.shards()


LOCKED = error(403, "forbidden", "Account is temporarily locked due to multiple authentication failures")
WRONG = error(401, "unauthorized", "Name or password is incorrect.")


def test_a_locked_account_is_not_a_lack_of_permissions(couch, client):
    couch.faults.append(LOCKED)
    words = r"answered 403 .*temporarily locked .*\); wait until CouchDB unlocks it .* that tried wrong passwords"
    with pytest.raises(errors.AccountLocked, match=words) as raised:
        client.get("x")
    assert raised.value.exit_code == 1 and len(couch.requests) == 1
    assert client.get("x") is None  # later


@pytest.mark.parametrize("answer", [WRONG, (401, {}, b"<html>"), (401, {}, b"")])
def test_wrong_credentials_are_never_tried_twice(couch, client, answer):
    client.replicas()
    copy = client._at("n1@h", "shards/00-ff/db.1")
    sent = len(couch.requests)
    couch.faults.append(answer)
    for each in (client, client, copy):
        with pytest.raises(errors.NotAllowed, match=r"answered 401.*; check the username and") as raised:
            each.get("x")
        assert raised.value.status == 401
    assert len(couch.requests) == sent + 1


@pytest.mark.parametrize("reason", ["You are not a server admin.", "You are not authorized to access this db.", "no"])
def test_a_missing_permission_is_not_a_wrong_password(couch, client, reason):
    couch.faults.append(error(401, "unauthorized", reason))
    with pytest.raises(errors.NotAllowed):
        client.get("x")
    assert client.get("x") is None


def test_without_credentials_nothing_was_wrong_with_them(couch, client):
    client.address = client.address._replace(username=None, password=None)
    couch.faults.append(WRONG)
    with pytest.raises(errors.NotAllowed):
        client.get("x")
    assert client.get("x") is None


@pytest.fixture
def told(client, monkeypatch):
    """What a client has told; its waits take their time, but only on this clock."""
    lines, clock = [], [0.0]
    client._state.tell = lines.append
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    client.pause = lambda seconds: clock.__setitem__(0, clock[0] + seconds)
    return lines


def test_a_request_that_is_retried_for_long_is_told_once(couch, client, told):
    client.database_info()
    couch.faults.extend([error(503, "down", "maintenance")] * 7)
    client.get("x")
    assert told == ["still trying: http://couch:5984/db answered 503 (down: maintenance); retry later"]
    couch.faults.extend(["lost"] * 7)
    client.get("x")  # another outage
    assert len(told) == 2 and told[1].startswith("still trying: cannot reach http://couch:5984: connection reset")


def test_a_request_that_is_retried_shortly_is_not_told(couch, client, told):
    client.database_info()
    couch.faults.extend(["lost"] * 3)
    client.get("x")
    assert told == []


def test_several_requests_of_an_outage_are_told_once(couch, client, told):
    client.database_info()
    couch.faults.extend(["lost"] * 100)
    for __ in range(3):
        with pytest.raises(errors.Unreachable):
            client.get("x")
    assert len(told) == 1


def test_a_request_that_fails_while_others_succeed_is_told_once(couch, client, told):
    client.database_info()
    couch.faults.extend([error(503)] * 7)
    pause = client.pause

    def meanwhile(seconds):
        pause(seconds)
        client._state.is_told = False  # another thread has had an answer

    client.pause = meanwhile
    client.get("x")
    assert len(told) == 1


@pytest.mark.parametrize(
    "body, words",
    [
        (b'[{"id":"x","error":"badmatch","reason":"disk"}]', r"answered 500 \(badmatch: disk\)"),
        (b'[1,{"error":"enospc"}]', r"answered 500 \(enospc\)"),
        (b'["no space left"]', r'answered 500 \(\["no space left"\]\)'),
        (b'"no space left"', r'answered 500 \("no space left"\)'),
        (b"[]", "answered 500; retry later"),
        (b"7", r"answered 500 \(7\)"),
        (b'["' + 10**5 * b"x" + b'"]', r"answered 500 \(.{400,600}\)"),
    ],
)
def test_the_reason_of_an_error_may_be_in_a_list(couch, client, body, words):
    couch.faults.extend([(500, {}, body)] * 10)
    with pytest.raises(errors.Unreachable, match=words):
        client.get("x")


@pytest.mark.parametrize("timeout, connecting", [(60.0, 5.0), (2.0, 2.0)])
def test_connecting_has_a_timeout_of_its_own(couch, client, monkeypatch, timeout, connecting):
    seen, send = [], couch.send
    monkeypatch.setattr(couch, "send", lambda request, **how: seen.append(how["timeout"]) or send(request))
    client._timeout = timeout
    client.get("x")
    assert seen == [(connecting, timeout)]


def test_tls_with_a_port_that_does_not_speak_it_fails_soon(monkeypatch):
    """The port accepts the connection and never answers, as CouchDB's port for http does."""
    monkeypatch.setattr(client_module, "CONNECTING", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        client = client_module.Client(parse(f"https://127.0.0.1:{listener.getsockname()[1]}/db"))
        started = time.monotonic()
        with pytest.raises(errors.Unreachable, match="no TLS connection within the timeout, perhaps because"):
            client.get("x")
        assert time.monotonic() - started < 10


def test_no_error_shows_the_password(couch, client):
    couch.faults.extend([error(401, "unauthorized", "Name or password is incorrect.")])
    with pytest.raises(errors.NotAllowed) as raised:
        client.get("x")
    assert "sesame" not in str(raised.value) and "check the username" in str(raised.value)
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("target", ["http://[::1/x", "http://\xff\xfe/x", "http://adm:s3cret@h/x", "//", ""])
def test_a_redirect_is_neither_read_nor_followed_wherever_it_leads(couch, client, target):
    couch.faults.append((302, {"Location": target}, b"x" * 3_000_000))
    with pytest.raises(errors.Refused, match=r"answered 302.*; use the URL of the redirect: ") as raised:
        client.get("x")
    assert "s3cret" not in str(raised.value)


def test_a_redirect_names_its_target(couch, client):
    couch.faults.append(error(301, Location="https://couch:6984/db"))
    with pytest.raises(errors.Refused, match="https://couch:6984/db"):
        client.get("x")


def test_without_requests_the_error_names_it(monkeypatch, client):
    monkeypatch.setattr(client_module, "requests", None)
    with pytest.raises(errors.MissingLibrary, match="pip install requests"):
        client_module.Client(client.address)


ASK = {
    "get": lambda client: client.get("x"),
    "put": lambda client: client.put({"_id": "x"}),
    "bulk_write": lambda client: client.bulk_write(["{}"]),
    "rows": lambda client: client.rows(["x"]),
    "rows_before": lambda client: client.rows_before("x", "y", 5),
    "database_info": lambda client: client.database_info(),
}


OTHERS = [b"", b"null", b'"hello"', b"[1]", b'{"rows', b'{"message":"hello"}']


@pytest.mark.parametrize(
    "name, body",
    [(name, body) for name in ASK for body in OTHERS if (name, body) != ("database_info", OTHERS[-1])],  # any object
)
def test_an_answer_of_the_wrong_kind_is_not_accepted(couch, client, name, body):
    couch.faults.extend([(200, {}, body)] * 100)
    with pytest.raises(errors.Unreachable, match="answered 200; check the URL: the answer is not from CouchDB"):
        ASK[name](client)


def test_a_404_of_a_proxy_does_not_mean_that_a_document_is_missing(couch, client):
    couch.documents["x"] = {"_id": "x", "_rev": "1-a"}
    couch.faults.append((404, {"Content-Type": "text/html"}, b"<html>no such route</html>"))
    assert client.get("x") == {"_id": "x", "_rev": "1-a"}


def test_a_database_that_is_gone_has_an_exit_code_of_its_own(couch, client):
    couch.exists = False
    with pytest.raises(errors.NotFound, match="check that the database exists") as raised:
        client.bulk_write(["{}"])
    assert raised.value.exit_code == 3


@pytest.mark.parametrize("date", [{}, {"Date": ""}, {"Date": "soon"}, {"Date": "Tue, 01 Jan 2030 00:00:00 GMT"}])
def test_the_time_of_a_proxy_is_not_the_servers(couch, client, date, stop):
    client.database_info()
    assert client.now() == couch.clock
    couch.faults.append((502, date, b"<html>"))
    couch.faults.append("lost")
    with pytest.raises(errors.Unreachable):
        stop.request()
        client.database_info()
    assert client.now() == couch.clock


@pytest.mark.parametrize("year", ["1900", "9999"])
def test_a_time_that_no_ledger_can_hold_is_not_the_servers(couch, client, year):
    client.database_info()
    couch.faults.append((200, {"Date": f"Thu, 31 Dec {year} 23:59:59 GMT"}, b"{}"))
    client.database_info()
    assert client.now() == couch.clock


def test_an_answer_without_a_date_does_not_change_the_time(couch, client):
    client.database_info()
    couch.faults.append((200, {"Date": ""}, b"{}"))
    client.database_info()
    assert client.now() == couch.clock


def test_sizes_are_read_once_a_minute_and_taken_once(couch, client, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    couch.sizes = {"file": 5}
    assert (client.take_sizes(), client.take_sizes(), len(couch.requests)) == ({"file": 5}, None, 1)
    clock[0] += 59
    assert (client.take_sizes(), len(couch.requests)) == (None, 1)
    clock[0] += 2
    assert (client.take_sizes(), client.take_sizes(), len(couch.requests)) == ({"file": 5}, None, 2)


def test_sizes_that_were_read_for_another_purpose_count_only_at_once(couch, client, monkeypatch):
    clock = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: clock[0])
    couch.sizes = {"file": 5}
    client.replicas()
    clock[0] += 1
    assert (client.take_sizes(), len(couch.requests)) == ({"file": 5}, 1)
    client.database_info()
    clock[0] += 10
    assert (client.take_sizes(), len(couch.requests)) == (None, 2)


def test_a_server_that_reports_no_sizes(couch, client):
    assert (client.take_sizes(), client.take_sizes(), len(couch.requests)) == (None, None, 1)
    couch.exists = False
    assert client.take_sizes() is None


@pytest.mark.parametrize("host", ["a\u200db", "xn--\u1fef.example"])
def test_a_host_that_requests_refuses_is_wrong_usage(host):
    """The check of addresses is that of the codec, and requests has a stricter one."""
    client = client_module.Client(Address(f"http://{host}", "db"))
    with pytest.raises(errors.UsageError, match="cannot use the URL"):
        client.get("x")
