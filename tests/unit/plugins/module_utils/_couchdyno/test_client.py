# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the client makes of answers, and of the lack of them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import client as client_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import errors

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
        (507, errors.Refused),
        (302, errors.Refused),
    ],
)
def test_a_refusal_is_an_error_of_its_own_and_is_not_repeated(couch, client, status, expected):
    couch.faults.append(error(status, "word", "the reason"))
    with pytest.raises(expected, match=f"answered {status} .word: the reason") as raised:
        client.put({"_id": "x"})
    assert type(raised.value) is expected and raised.value.status == status
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
        HTML,
        (200, {}, b'{"_id": "x", "tru'),
    ],
)
def test_what_may_pass_is_tried_again(couch, client, fault):
    couch.documents["x"] = {"_id": "x", "_rev": "1-a"}
    couch.faults.extend([fault, fault])
    assert client.get("x") == {"_id": "x", "_rev": "1-a"}
    assert len(couch.requests) == 3 and len(client.waits) == 2


def test_what_does_not_pass_is_given_up_after_bounded_waits(couch, client):
    client.database_info()
    couch.faults.extend([error(503, "down", "maintenance")] * 100)
    with pytest.raises(errors.Unreachable, match=r"503 \(down: maintenance\)"):
        client.get("x")
    assert len(client.waits) == client_module.TRIES - 1
    assert sum(client.waits) < 60


def test_a_server_that_never_answered_is_given_up_soon(couch, client):
    couch.faults.extend(["lost"] * 100)
    with pytest.raises(errors.Unreachable, match="cannot talk to http://couch:5984: connection reset by peer"):
        client.get("x")
    assert sum(client.waits) < 2


def test_a_stop_ends_the_tries(couch, client):
    client.database_info()
    couch.faults.extend(["lost"] * 100)
    client.stopping.set()
    with pytest.raises(errors.Unreachable):
        client.get("x")
    assert len(couch.requests) == 2


@pytest.mark.parametrize("header, wait", [("7", 7.0), ("100000", client_module.LONGEST_RETRY_AFTER), ("0", 0.0)])
def test_retry_after_is_followed_within_reason(couch, client, header, wait):
    couch.faults.append(error(429, Retry_After=header))
    client.database_info()
    assert client.waits == [wait]


@pytest.mark.parametrize("header", ["soon", "-5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_of_another_form_is_no_obstacle(couch, client, header):
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


def test_rows_leave_out_what_is_not_there(couch, client):
    couch.documents["b"] = {"_id": "b", "_rev": "1-b"}
    assert [row["id"] for row in client.rows(["a", "b"])] == ["b"]
    assert [row["id"] for row in client.rows_between("a", "c")] == ["b"]


def test_no_error_shows_the_password(couch, client):
    couch.faults.extend([error(401, "unauthorized", "Name or password is incorrect.")])
    with pytest.raises(errors.NotAllowed) as raised:
        client.get("x")
    assert "sesame" not in str(raised.value) and "check the username" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_redirect_names_its_goal(couch, client):
    couch.faults.append(error(301, Location="https://couch:6984/db"))
    with pytest.raises(errors.Refused, match="https://couch:6984/db"):
        client.get("x")


def test_without_requests_the_user_is_told(monkeypatch, client):
    monkeypatch.setattr(client_module, "requests", None)
    with pytest.raises(errors.MissingLibrary, match="pip install requests"):
        client_module.Client(client.address)
