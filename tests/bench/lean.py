# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ceiling: the requests of a cycle, sent through raw sockets without any other work in between.

    COUCHDYNO_URL=http://user:password@host:port/db lean.py fill|write|cycle --documents N --size BYTES
        [--first INDEX] [--connections N] [--batch-bytes N] [--cycles N] [--total N] [--render]

Each cycle updates the next of ``total`` documents, round robin (default: as many as one cycle updates). ``fill``
creates documents, ``write`` overwrites documents whose revisions it knows, and ``cycle`` reads the revisions of each
batch before writing it, like couchdyno. The batches have the size that couchdyno starts with. Everything possible is
done beforehand: bodies are rendered, revisions are known, and answers are only searched for their end and for the word
error. With ``--render`` bodies are rendered when they are due, as in couchdyno, where documents are not known
beforehand. Prints {"seconds", "cpu", "batch"}: for each cycle the seconds and the CPU seconds from the first request to
the last answer, and the number of documents per request.
"""
from __future__ import annotations

import argparse
import json
import os
import socket
import sys
import threading
import time
from base64 import b64encode
from typing import Any, Iterator, NamedTuple, Sequence
from urllib.parse import unquote, urlencode, urlsplit

from couchdyno.jobs.pace import Pace
from couchdyno.model.classic_stream import ClassicStream
from couchdyno.model.stream import Stream

BUFFER = 1 << 18
LAST_CHUNK = b"\r\n0\r\n\r\n"
HEAD_END = b"\r\n\r\n"
ERROR = b'"error":'
SEED = 1


class Broken(Exception):
    """The server did not do what was requested."""


class Address(NamedTuple):
    """The address of the database: ``path`` as in a request, ``authorization`` as a line of its head."""

    host: str
    port: int
    path: str
    authorization: str

    @classmethod
    def of(cls, url: str) -> Address:
        parts = urlsplit(url)
        if parts.scheme != "http":
            raise Broken("the ceiling is measured over http, not https")
        credentials = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}".encode()
        authorization = f"Authorization: Basic {b64encode(credentials).decode()}\r\n" if parts.username else ""
        return cls(parts.hostname or "", parts.port or 80, parts.path, authorization)

    def request(self, method: str, path: str, body: bytes = b"") -> bytes:
        """A complete request, ready to send."""
        head = (f"{method} {self.path}/{path} HTTP/1.1\r\nHost: {self.host}:{self.port}\r\n{self.authorization}"
                f"Accept: application/json\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n")
        return head.encode() + body


class Connection:
    """A persistent connection; answers end after their length or with their last chunk.

    ``checks``: an answer with an error in it raises Broken.
    """

    def __init__(self, connected: socket.socket, checks: bool = True) -> None:
        self._socket = connected
        self._checks = checks
        self._buffer = bytearray(BUFFER)
        self._view = memoryview(self._buffer)

    @classmethod
    def to(cls, address: Address, checks: bool = True) -> Connection:
        connected = socket.create_connection((address.host, address.port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connected, checks)

    def exchange(self, request: bytes) -> None:
        """Send a request and wait for the end of its answer; raises Broken for any error."""
        self._socket.sendall(request)
        for __ in self._answer():
            pass

    def ask(self, request: bytes) -> Any:
        """Send a request; returns the JSON of the answer."""
        self._socket.sendall(request)
        head, __, body = b"".join(bytes(part) for part in self._answer()).partition(HEAD_END)
        return json.loads(_joined(body) if b"chunked" in head else body)

    def _answer(self) -> Iterator[memoryview]:
        """The parts of an answer as they arrive, each valid until the next."""
        count = self._receive(0)
        while HEAD_END not in self._buffer[:count]:
            count += self._receive(count)
        head, __, rest = bytes(self._buffer[:count]).partition(HEAD_END)
        if not head.startswith(b"HTTP/1.1 20"):
            raise Broken(head.splitlines()[0].decode())
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith(b"content-length:")), -1)
        left, tail = length - len(rest), self._buffer[:count][-len(LAST_CHUNK):]
        yield self._checked(count)
        while left > 0 if length >= 0 else tail != LAST_CHUNK:
            count = self._receive(0)
            left, tail = left - count, (tail + self._buffer[max(0, count - len(LAST_CHUNK)):count])[-len(LAST_CHUNK):]
            yield self._checked(count)

    def _receive(self, start: int) -> int:
        count = self._socket.recv_into(self._view[start:])
        if not count:
            raise Broken("the server closed the connection")
        return count

    def _checked(self, count: int) -> memoryview:
        if self._checks and self._buffer.find(ERROR, 0, count) >= 0:
            raise Broken(bytes(self._buffer[:count]).decode(errors="replace")[-300:])
        return self._view[:count]


class Lean:
    """Cycles over the documents of a database.

    All requests are prepared in advance, unless they are to be rendered when they are due. Each connection takes the
    next batch as soon as it is free.
    """

    def __init__(self, address: Address, what: str, stream: Stream, batch: int, connections: int,
                 renders: bool = False) -> None:
        self._address = address
        self._what = what
        self._stream = stream
        self._batch = batch
        self._renders = renders
        self._connections = [Connection.to(address) for __ in range(connections)]

    def cycle(self, start: int, stop: int) -> tuple[float, float]:
        """Do the updates from ``start`` to ``stop``, all in one lap; returns seconds and CPU seconds."""
        work = [self._requests(range(first, min(first + self._batch, stop)))
                for first in range(start, stop, self._batch)]
        batches = iter(work)
        failures: list[Exception] = []
        lock = threading.Lock()

        def drive(connection: Connection) -> None:
            try:
                while not failures:
                    with lock:
                        requests = next(batches, None)
                    if requests is None:
                        return
                    for request in requests:
                        connection.exchange(request)
            except (Broken, OSError) as error:
                failures.append(error)

        threads = [threading.Thread(target=drive, args=(connection,)) for connection in self._connections]
        started, cpu = time.monotonic(), time.process_time()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        ended = time.monotonic() - started, time.process_time() - cpu
        if failures:
            raise failures[0]
        return ended

    def _requests(self, updates: range) -> Iterator[bytes]:
        """The requests of a batch of updates; reads their revisions."""
        ids = [self._stream.document_id(update) for update in updates]
        bounds = {"buffer_response": "true", "startkey": json.dumps(ids[0]), "endkey": json.dumps(ids[-1])}
        read = self._address.request("GET", "_all_docs?" + urlencode(bounds))
        revisions: Sequence[str | None] = [None] * len(ids)
        if self._what != "fill":
            revisions = [row["value"]["rev"] for row in self._connections[0].ask(read)["rows"]]
        if len(revisions) != len(ids):
            raise Broken("documents are missing")
        requests = self._rendered(updates, revisions, [read] if self._what == "cycle" else [])
        return requests if self._renders else iter(list(requests))

    def _rendered(self, updates: range, revisions: Sequence[str | None], before: list[bytes]) -> Iterator[bytes]:
        yield from before
        ts = int(time.time())
        texts = [self._stream.content.render(update, ts, rev) for update, rev in zip(updates, revisions)]
        yield self._address.request("POST", "_bulk_docs", ('{"docs":[' + ",".join(texts) + "]}").encode())


def _joined(chunks: bytes) -> bytes:
    """A chunked body without the lengths of its chunks."""
    parts: list[bytes] = []
    start = 0
    while True:
        end = chunks.index(b"\r\n", start)
        length = int(chunks[start:end], 16)
        if not length:
            return b"".join(parts)
        parts.append(chunks[end + 2:end + 2 + length])
        start = end + 4 + length


def main() -> int:
    parser = argparse.ArgumentParser(description="Send the requests of cycles as fast as a server accepts them.")
    parser.add_argument("what", choices=("fill", "write", "cycle"))
    parser.add_argument("--documents", type=int, required=True)
    parser.add_argument("--size", type=int, required=True)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--batch-bytes", type=int)
    parser.add_argument("--cycles", type=int, default=1)
    parser.add_argument("--total", type=int)
    parser.add_argument("--render", action="store_true")
    args = parser.parse_args()
    total = args.total or args.first + args.documents
    batch = Pace(args.connections, args.batch_bytes).batch_documents(args.size)
    try:
        lean = Lean(Address.of(os.environ["COUCHDYNO_URL"]), args.what, ClassicStream(SEED, total, args.size), batch,
                    args.connections, args.render)
        starts = (args.first + number * args.documents for number in range(args.cycles))
        times = [lean.cycle(start, start + args.documents) for start in starts]
    except (Broken, OSError) as error:
        print(f"lean.py: {error}", file=sys.stderr)
        return 1
    print(json.dumps({"seconds": [each[0] for each in times], "cpu": [each[1] for each in times], "batch": batch}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
