# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Proxies in the environment: for which servers they are used, and what is shown of them."""

from __future__ import annotations

import os
import socket
import threading

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import parse
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.proxies import proxy_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import ServerError, UsageError

PROXY = "http://me:s3cr3t@proxy.example:3128"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(Stop, "wait", lambda stop, _seconds: stop.is_requested())


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "127.8.9.10", "localhost", "localhost.", "couch.localhost", "[::1]", "[::ffff:127.0.0.1]"],
)
@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY", "all_proxy"])
def test_never_to_this_machine(monkeypatch, host, variable):
    monkeypatch.setenv(variable, PROXY)
    assert proxy_of(f"http://{host}:5984") is None


@pytest.mark.parametrize("host", ["h", "10.0.0.1", "128.0.0.1", "127.example", "localhost.example", "[::2]"])
def test_to_any_other_machine(monkeypatch, host):
    monkeypatch.setenv("http_proxy", PROXY)
    assert proxy_of(f"http://{host}:5984") == PROXY
    assert proxy_of(f"https://{host}:5984") is None


@pytest.mark.parametrize("no_proxy", ["*", "example", ".couch.example", "couch.example:5984", "x, couch.example"])
def test_not_where_no_proxy_says_so(monkeypatch, no_proxy):
    monkeypatch.setenv("http_proxy", PROXY)
    monkeypatch.setenv("no_proxy", no_proxy)
    assert proxy_of("http://couch.example:5984") is None


def test_the_scheme_may_be_left_out(monkeypatch):
    monkeypatch.setenv("http_proxy", "me:s3cr3t@proxy.example:3128")
    assert proxy_of("http://h") == PROXY


@pytest.mark.parametrize(
    "proxy",
    [
        "http://me:12/s3cr3t@h:1",
        "http://me:s3cr3t@h:port",
        "http://me:s3cr3t@h:99999",
        "http://me:s3cr3t@a..b",
        "http://me:s3cr3t@",
        "ftp://me:s3cr3t@h",
        "http://me:s3cr3t\udcff@h:1",
        "http://me:s3cr3t\n@h:1",
        "http://[s3cr3t",
    ],
)
def test_a_proxy_that_cannot_be_used_is_refused_without_quoting_it(monkeypatch, proxy):
    monkeypatch.setenv("http_proxy", proxy)
    with pytest.raises(UsageError, match="proxy in the environment") as refusal:
        Client(parse("http://h/db"))
    assert "s3cr3t" not in str(refusal.value)


def listening():
    listener = socket.socket()  # create_server came with Python 3.8
    listener.bind(("127.0.0.1", 0))
    listener.listen(5)
    return listener


@pytest.fixture
def proxy():
    """A proxy that answers each request with the words that it got, as the error of a proxy that wants credentials."""
    with listening() as listener:
        asked = []

        def serve():
            while True:
                try:
                    connection, __ = listener.accept()
                except OSError:
                    return
                with connection:
                    request = b""
                    while not request.endswith(b"\r\n\r\n"):
                        request += connection.recv(65536)
                    asked.append(request.decode())
                    connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{listener.getsockname()[1]}", asked
        listener.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_refuses(monkeypatch, proxy, scheme):
    place, asked = proxy
    monkeypatch.setenv(f"{scheme}_proxy", f"http://me:s3cr3t@{place}")
    with pytest.raises(ServerError) as refusal:
        Client(parse(f"{scheme}://adm:pass@db.example:5984/db")).get("x")
    message = str(refusal.value)
    assert "s3cr3t" not in message and "pass" not in message.replace("proxy authentication", "")
    if scheme == "http":
        assert message.endswith("answered 407; write the credentials for the proxy into its URL")
        assert asked[0].startswith("GET http://db.example:5984/db/x ")
    else:
        assert f"cannot reach https://db.example:5984 through the proxy http://{place}: proxy auth" in message
    assert "Proxy-Authorization: Basic" in asked[0]


def test_a_proxy_that_is_down(monkeypatch):
    with listening() as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("http_proxy", f"http://me:s3cr3t@127.0.0.1:{port}/")
    with pytest.raises(ServerError) as refusal:
        Client(parse("http://db.example/db")).get("x")
    where = f"cannot reach http://db.example through the proxy http://127.0.0.1:{port}: connection refused; "
    assert str(refusal.value).startswith(where)
