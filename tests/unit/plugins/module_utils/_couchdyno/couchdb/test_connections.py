# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Headers that trickle, from a server on a socket."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.connections import Adapter

WHOLE = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.fixture
def serve():
    """Starts a server that answers one request with pieces, a tenth of a second apart; returns its URL."""
    listener = socket.socket()  # create_server came with Python 3.8
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    ended = threading.Event()

    def answer(pieces):
        connection = listener.accept()[0]
        with connection, contextlib.suppress(OSError):
            connection.recv(65536)
            for piece in pieces:
                connection.sendall(piece)
                if ended.wait(0.1):
                    return

    def begin(*pieces):
        threading.Thread(target=answer, args=(pieces,), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield begin
    ended.set()
    listener.close()


@pytest.fixture
def session():
    with requests.Session() as session:
        session.mount("http://", Adapter())
        session.trust_env = False
        yield session


@pytest.mark.parametrize("pieces", [[WHOLE[:15], *[b"X: y\r\n"] * 80], [b"HTTP/1.1 100 Continue\r\n\r\n"] * 80])
def test_headers_must_be_complete_within_the_timeout(serve, session, pieces):
    began = time.monotonic()
    with pytest.raises(requests.exceptions.ReadTimeout):
        session.get(serve(*pieces), timeout=(5, 0.5))
    assert time.monotonic() - began < 4


def test_headers_that_are_complete_in_time_are_read_whatever_comes_before(serve, session):
    url = serve(b"HTTP/1.1 100 Continue\r\n\r\n", WHOLE[:20], WHOLE[20:])
    assert session.get(url, timeout=(5, 5)).json() == {}


def test_a_proxy_has_the_same_deadline(serve, session):
    session.proxies = {"all": serve(WHOLE[:15], *[b"X: y\r\n"] * 80)}
    began = time.monotonic()
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get("http://h.invalid/", timeout=(5, 0.5))
    assert time.monotonic() - began < 4


def test_a_broken_answer_is_no_timeout(serve, session):
    with pytest.raises(requests.exceptions.ConnectionError):
        session.get(serve(b"nonsense\r\n\r\n"), timeout=(5, 5))
