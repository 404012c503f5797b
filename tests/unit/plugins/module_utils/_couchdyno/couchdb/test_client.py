# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the client handles answers, and missing answers."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import errors
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import client as client_module

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


@pytest.mark.parametrize("header", ["soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
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


def test_no_error_shows_the_password(couch, client):
    couch.faults.extend([error(401, "unauthorized", "Name or password is incorrect.")])
    with pytest.raises(errors.NotAllowed) as raised:
        client.get("x")
    assert "sesame" not in str(raised.value) and "check the username" in str(raised.value)
    assert "\n" not in str(raised.value)


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
    "is_admin": lambda client: client.is_admin(),
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
