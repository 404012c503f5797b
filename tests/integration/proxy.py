# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of a server that injects, on request, the faults of networks, servers and other proxies.

::

    proxy = Proxy(server.url)
    proxy.fail(cut_after, on="_bulk_docs")                    # the next bulk write
    proxy.fail(status(503), on="_all_docs", times=3)          # three reads in a row
    rule = proxy.fail(hold_before(), on="_bulk_docs", skip=1)  # the second bulk write waits until rule.release()
    proxy.shut_for(2)                                         # refuses and cuts all connections for two seconds

A fault is a function of an Exchange, one request and its answer. The first rule that matches a request is applied to
it and used up; without one, the request is forwarded.
"""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
import time
from email.utils import formatdate
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "server"}
FOREVER = 3600.0  # seconds


class Cut(Exception):
    """Resets the connection to the driver."""


class Rule:
    """Which requests get a fault.

    ``on`` is a part of the path or the query, ``holding`` a part of the body; ``skip`` lets that many matches pass
    first.
    """

    def __init__(self, fault, on="", method="", holding="", times=1, skip=0):
        self.fault, self._on, self._method, self._holding = fault, on, method, holding.encode()
        self._times, self._skip = times, skip
        self.applied = 0
        self.answered = 0  # how many of these are finished
        self.body = b""  # of the latest of these
        self.reached = threading.Event()
        self._released = threading.Event()

    def matches(self, method, target, body):
        if self._on not in target or self._method not in ("", method) or self._holding not in body:
            return False
        if self.applied >= self._times:
            return False
        self._skip -= 1
        return self._skip < 0

    def release(self):
        """Release what is held, and leave further requests alone."""
        self._times = 0
        self._released.set()

    def wait_for_release(self):
        self._released.wait(FOREVER)


class Exchange:
    """A request, and ways to answer it."""

    def __init__(self, handler, rule, body):
        self._handler, self.rule = handler, rule
        self.method, self.path, self.body = handler.command, handler.path, body

    def forward(self):
        """Forward it to the server; returns (status, headers, body)."""
        return self._handler.ask(self.path, self.body)

    def answer(self, status, headers, body, length=None):
        """Answer the driver; ``length`` replaces the true length of the body."""
        self._handler.send_response_only(status)
        for name, value in headers.items():
            self._handler.send_header(name, value)
        self._handler.send_header("Content-Length", str(len(body) if length is None else length))
        self._handler.end_headers()
        self._handler.wfile.write(body)

    def send(self, chunk):
        """Send more of the body, after ``answer``; Cut if the driver has gone."""
        try:
            self._handler.wfile.write(chunk)
        except OSError:
            raise Cut from None


# -- faults


def passed(exchange):
    exchange.answer(*exchange.forward())


def cut_before(exchange):
    """Reset the connection; the server never sees the request."""
    raise Cut


def cut_after(exchange):
    """Reset the connection after the server has done the request."""
    exchange.forward()
    raise Cut


def truncated(exchange):
    """End the connection in the middle of the answer."""
    status, headers, body = exchange.forward()
    exchange.answer(status, headers, body[: len(body) // 2], length=len(body))
    raise Cut


def half_the_json(exchange):
    """Answer with half of the JSON, as if that were all."""
    status, headers, body = exchange.forward()
    exchange.answer(status, headers, body[: len(body) // 2])


def endless(exchange):
    """Trickle an answer that never ends, each byte well within any timeout."""
    status, headers, __ = exchange.forward()
    exchange.answer(status, headers, b"[", length=10**9)
    while not exchange.rule._released.wait(0.05):
        exchange.send(b" ")
    raise Cut


def silent(exchange):
    """Never answer."""
    exchange.rule.wait_for_release()
    raise Cut


def slow(seconds):
    def fault(exchange):
        time.sleep(seconds)
        passed(exchange)

    return fault


def hold_before():
    """Hold the request back until the rule is released, then forward it, even if the driver has died."""

    def fault(exchange):
        exchange.rule.reached.set()
        exchange.rule.wait_for_release()
        passed(exchange)

    return fault


def hold_after():
    """Hold the answer back until the rule is released."""

    def fault(exchange):
        answer = exchange.forward()
        exchange.rule.reached.set()
        exchange.rule.wait_for_release()
        exchange.answer(*answer)

    return fault


def status(code, error="broken", reason="on purpose", **headers):
    """Answer as CouchDB does, without forwarding: ``headers`` may be Retry_After and the like."""

    def fault(exchange):
        body = json.dumps({"error": error, "reason": reason}).encode()
        sent = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        exchange.answer(code, {"Content-Type": "application/json", "Date": formatdate(usegmt=True), **sent}, body)

    return fault


def html(code):
    """Answer as a proxy without a server: with an error page and a clock of its own."""

    def fault(exchange):
        date = formatdate(time.time() + 8 * 3600, usegmt=True)
        exchange.answer(code, {"Content-Type": "text/html", "Date": date}, b"<html><body>Sorry!</body></html>")

    return fault


LOCKED = status(403, "forbidden", "Account is temporarily locked due to multiple authentication failures")


def json_of(value, code=200):
    """Answer with JSON that no CouchDB would send, and no Date."""

    def fault(exchange):
        exchange.answer(code, {"Content-Type": "application/json"}, json.dumps(value).encode())

    return fault


def nothing(exchange):
    """Answer 200 with an empty body."""
    exchange.answer(200, {"Content-Type": "application/json"}, b"")


def rows(error, part, reason="on purpose"):
    """Refuse documents of a bulk write whose ids contain ``part``; forward the others."""

    def fault(exchange):
        documents = json.loads(exchange.body)["docs"]
        exchange.body = json.dumps({"docs": [each for each in documents if part not in each["_id"]]}).encode()
        status, headers, body = exchange.forward()
        answers = iter(json.loads(body))
        refused = {"error": error, "reason": reason}
        merged = [dict(refused, id=each["_id"]) if part in each["_id"] else next(answers) for each in documents]
        exchange.answer(status, headers, json.dumps(merged).encode())

    return fault


def accepted(exchange):
    """Answer a bulk write as a cluster that could not reach its quorum."""
    __, headers, body = exchange.forward()
    answers = [dict(each, accepted=True) if "rev" in each else each for each in json.loads(body)]
    exchange.answer(202, headers, json.dumps(answers).encode())


def unreadable(*ids):
    """Answer as CouchDB does if it cannot read the bodies of some documents; use it for all requests."""

    def fault(exchange):
        target, body = unquote(exchange.path), exchange.body.decode()
        with_docs = "include_docs=true" in target
        of_one = exchange.method == "GET" and target.endswith(ids)
        if of_one or (with_docs and '"keys"' in body and any(each in body for each in ids)):
            status(500, "error", "read_failure")(exchange)
        elif with_docs:
            code, headers, body = exchange.forward()
            answer = json.loads(body)
            for row in answer["rows"]:
                row.update({"doc": None} if row.get("id") in ids else {})
            exchange.answer(code, headers, json.dumps(answer).encode())
        else:
            passed(exchange)

    return fault


def first_page_again(exchange):
    """Answer each range of ids with the beginning of all documents, as a cache that ignores the query."""
    exchange.path = exchange.path.partition("?")[0] + "?include_docs=true&limit=5"
    passed(exchange)


# -- the proxy


class Proxy:
    """Forwards a loopback port to a server. ``seen`` are the requests of drivers, as (method, path)."""

    def __init__(self, server_url):
        parts = urlsplit(server_url)
        self.target = (parts.hostname, parts.port)
        self.seen = []
        self._rules = []
        self._lock = threading.Lock()
        self._connections = set()
        self._server = None
        self.port = 0
        self.open()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def fail(self, fault, **matching):
        """Inject a fault into the requests of a Rule with these ``matching`` parts; returns the rule."""
        rule = Rule(fault, **matching)
        with self._lock:
            self._rules.append(rule)
        return rule

    def heal(self):
        """Forget all rules."""
        with self._lock:
            rules, self._rules = self._rules, []
        for rule in rules:
            rule.release()

    def rule_for(self, method, target, body):
        """The rule for a request; ``target`` is its path and query."""
        with self._lock:
            self.seen.append((method, target.partition("?")[0]))
            for rule in self._rules:
                if rule.matches(method, target, body):
                    rule.applied += 1
                    rule.body = body
                    return rule
        return Rule(passed)

    def open(self):
        self._server = _Listener(self)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def shut(self):
        """Refuse new connections, and cut existing ones."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def shut_for(self, seconds):
        self.shut()
        time.sleep(seconds)
        self.open()

    def close(self):
        self.heal()
        self.shut()


class _Listener(ThreadingHTTPServer):
    request_queue_size = 64

    def __init__(self, proxy):
        self.proxy = proxy
        super().__init__(("127.0.0.1", proxy.port), _Handler)

    def shutdown_request(self, request):
        self.close_request(request)  # without a farewell before it, so that a reset is one

    def process_request(self, request, client_address):
        self.proxy._connections.add(request)
        super().process_request(request, client_address)

    def close_request(self, request):
        self.proxy._connections.discard(request)
        super().close_request(request)

    def handle_error(self, request, client_address):
        pass  # drivers that were killed


class _Handler(BaseHTTPRequestHandler):
    """One connection of a driver, with one to the server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        self._upstream = HTTPConnection(*self.server.proxy.target, timeout=FOREVER)

    def finish(self):
        self._upstream.close()
        with contextlib.suppress(OSError):
            super().finish()

    def _exchange(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        rule = self.server.proxy.rule_for(self.command, unquote(self.path), body)
        try:
            rule.fault(Exchange(self, rule, body))
        except Cut:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
        except (OSError, HTTPException):  # the driver or the server has gone
            self.close_connection = True
        finally:
            rule.answered += 1

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _exchange

    def ask(self, path, body):
        """Send the request to the server; returns (status, headers, body)."""
        headers = {name: value for name, value in self.headers.items() if name.lower() not in HOP_BY_HOP | {"host"}}
        self._upstream.request(self.command, path, body or None, headers)
        answer = self._upstream.getresponse()
        kept = {name: value for name, value in answer.getheaders() if name.lower() not in HOP_BY_HOP}
        return answer.status, kept, answer.read()

    def log_message(self, *_args):
        pass
