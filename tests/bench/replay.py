# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Records the requests of a client, and sends the same requests again, prepared, as fast as the server answers them.

CouchDB computes revisions from what is written, so in another database that has had the same requests before, the same
revisions are current, and recorded requests succeed again. Each is sent over a connection of its own client's, and as
soon as those are answered that were answered before it when it was recorded.
"""
from __future__ import annotations

import contextlib
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Iterator, NamedTuple
from urllib.parse import urlsplit

from lean import Address, Broken, Connection
from processes import Failed


class Request(NamedTuple):
    """A recorded request; ``path`` is that below the database. Times are seconds of the monotonic clock."""

    connection: int
    method: str
    path: str
    body: bytes
    began: float
    ended: float
    status: int  # of the answer


class Recorder:
    """A proxy for one database that records what passes."""

    def __init__(self, database: str) -> None:
        self.requests: list[Request] = []
        parts = urlsplit(database)
        recorder, name = self, parts.path

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                self._behind = HTTPConnection(parts.hostname or "", parts.port)

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                began = time.monotonic()
                head = {key: value for key, value in self.headers.items() if key.lower() != "host"}
                self._behind.request(self.command, self.path, body, head)
                answer = self._behind.getresponse()
                content = answer.read()
                if self.path.startswith(name):
                    path = self.path[len(name):].lstrip("/")
                    recorder.requests.append(Request(id(self), self.command, path, body, began, time.monotonic(),
                                                     answer.status))
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key.lower() not in ("transfer-encoding", "content-length", "server", "date"):
                        self.send_header(key, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _pass_on

            def log_message(self, *__: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        credentials = f"{parts.username}:{parts.password}@" if parts.username else ""
        self.url = f"http://{credentials}127.0.0.1:{self._server.server_port}{name}"

    def serve(self) -> None:
        self._server.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self) -> list[Request]:
        """The requests since the last time, in the order of their ends."""
        taken, self.requests = sorted(self.requests, key=lambda each: each.ended), []
        return taken


@contextlib.contextmanager
def recording(database: str) -> Iterator[Recorder]:
    """A running recorder in front of a database."""
    recorder = Recorder(database)
    threading.Thread(target=recorder.serve, daemon=True).start()
    try:
        yield recorder
    finally:
        recorder.close()


def replay(database: str, requests: list[Request]) -> float:
    """Send recorded requests to a database; returns the seconds from the first request to the last answer."""
    address = Address.of(database)
    ends = [each.ended for each in requests]
    needs = [sum(end <= each.began for end in ends) for each in requests]
    prepared = [address.request(each.method, each.path, each.body) for each in requests]
    done = [False] * len(requests)
    first_open = 0  # all before it are answered
    changed = threading.Condition()
    failures: list[Exception] = []

    def drive(mine: list[int]) -> None:
        nonlocal first_open
        try:
            connection = Connection.to(address, checks=False)  # documents that do not exist yet are errors in a list
            for number in mine:
                with changed:
                    while not failures and first_open < needs[number]:
                        changed.wait()
                if failures:
                    return
                connection.exchange(prepared[number])
                with changed:
                    done[number] = True
                    while first_open < len(done) and done[first_open]:
                        first_open += 1
                    changed.notify_all()
        except (Broken, OSError) as error:
            with changed:
                failures.append(error)
                changed.notify_all()

    by_connection: dict[int, list[int]] = {}
    for number in sorted(range(len(requests)), key=lambda number: requests[number].began):
        by_connection.setdefault(requests[number].connection, []).append(number)
    threads = [threading.Thread(target=drive, args=(mine,)) for mine in by_connection.values()]
    started = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Failed(f"a recorded request failed: {failures[0]}")
    return time.monotonic() - started
