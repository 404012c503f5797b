# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much of an answer is read, over a real connection, and how much memory that takes."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import tracemalloc
import zlib

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.body import CHUNK, TooMuch, body_of

MOST = 10**6
BOMB = gzip.compress(b" " * 10**8)


class Server:
    """Answers one request with a head and pieces, as long as the client reads them; ``sent`` counts bytes."""

    def __init__(self, head, pieces):
        self._listener = socket.socket()
        self._listener.bind(("127.0.0.1", 0))
        self._listener.listen()
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self.sent = 0
        self._thread = threading.Thread(target=self._serve, args=(head, pieces), daemon=True)
        self._thread.start()

    def _serve(self, head, pieces):
        with self._listener, self._listener.accept()[0] as connection:
            connection.recv(CHUNK)
            connection.sendall(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n")
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    self.sent += len(piece)
            except OSError:
                pass

    def body(self, most=MOST):
        try:
            with requests.get(self.url, stream=True, timeout=10) as response:
                return body_of(response, time.monotonic() + 10, most)
        finally:
            self._thread.join()


def endless(piece):
    while True:
        yield piece


@pytest.mark.parametrize("size", [0, 1, CHUNK, MOST])
def test_a_body_of_the_right_size(size):
    assert Server(b"Content-Length: %d\r\n" % size, [b"x" * size]).body() == b"x" * size


@pytest.mark.parametrize(
    "head, piece",
    [
        (b"Content-Length: 2000000000\r\n", b"x" * CHUNK),
        (b"Transfer-Encoding: chunked\r\n", b"10000\r\n" + b"x" * CHUNK + b"\r\n"),
        (b"", b"x" * CHUNK),
    ],
    ids=["length", "chunks", "neither"],
)
def test_a_body_without_end_is_cut(head, piece):
    server = Server(head, endless(piece))
    with pytest.raises(TooMuch):
        server.body()
    assert server.sent < 20 * MOST  # what is under way


@pytest.mark.parametrize(
    "name, content",
    [(b"gzip", BOMB), (b"GZIP", BOMB), (b"deflate", zlib.compress(b" " * 10**8))],
    ids=["gzip", "GZIP", "deflate"],
)
def test_a_bomb_does_not_explode(name, content):
    server = Server(b"Content-Encoding: %s\r\nContent-Length: %d\r\n" % (name, len(content)), [content])
    tracemalloc.start()
    try:
        with pytest.raises(TooMuch):
            server.body()
        assert tracemalloc.get_traced_memory()[1] < 10 * MOST
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_proxy_that_compresses_anyway(compress):
    content = compress(b"x" * MOST)
    name = b"gzip" if compress is gzip.compress else b"deflate"
    server = Server(b"Content-Encoding: %s\r\nContent-Length: %d\r\n" % (name, len(content)), [content])
    assert server.body() == b"x" * MOST


def test_what_is_not_compressed_at_all():
    with pytest.raises(requests.exceptions.RequestException):
        Server(b"Content-Encoding: gzip\r\nContent-Length: 2\r\n", [b"{}"]).body()
