# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers that no CouchDB gives: whatever a server says, a script ends with an exit code of its own and in few lines.

A model of CouchDB answers over HTTP, and one of its answers, or all of a kind, are changed: their JSON, their headers,
their status, their bytes. The scripts run in this process, without waiting. COUCHDYNO_FUZZ=N runs N times the cases;
each is named by its seed, and is the same each time unless a script sends several requests at once.
"""

from __future__ import annotations

import copy
import gzip
import importlib.util
import json
import os
import random
import re
import threading
import time
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import command, execute, info, setup, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import CouchdynoError

ROOT = Path(__file__).resolve().parents[2]
SEEDS = range(24 * int(os.environ.get("COUCHDYNO_FUZZ", "1")))
CASES = 50  # for each seed
SECRET = "sesame-3141"
CODES = {0, 1, 2, 3, 4, 130}
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")
MOST_REQUESTS = 3000  # of one script, on some dozens of documents
PAGES = 25  # one in so many cases writes a page with charts, which takes long

HERE = "tests/unit/plugins/module_utils/_couchdyno/conftest.py"
_spec = importlib.util.spec_from_file_location("model_of_couchdb", ROOT / HERE)
_model = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_model)

HOSTILE = "\x1b[31mred\x07\r\ncouchdyno-info: forged\u202e\x9b2J"
RAW = {  # what json.dumps cannot write
    "@deep list@": "[" * 3000 + "]" * 3000,
    "@deep object@": '{"a":' * 3000 + "1" + "}" * 3000,
    "@long integer@": "9" * 5000,
    "@infinite@": "1e999",
    "@not a number@": "NaN",
    "@half a character@": '"\\ud800"',
}
JUNK = (
    *(None, True, False, 0, -1, 1.5, -0.0, 1e308, 2**53, 10**30, "", "x", "²", "0", "1-x", "-", HOSTILE, "x" * 100_000),
    *([], {}, [[]], [1], [None], {"a": 1}, {"rev": "x"}, {"error": HOSTILE, "reason": HOSTILE}, *RAW),
)
STATUSES = (200, 201, 202, 204, 301, 304, 400, 401, 403, 404, 409, 412, 413, 418, 429, 500, 502, 503, 504, 507, 599)
HEADERS = (
    *(("Date", value) for value in ("", "soon", "Mon, 01 Jan 1900 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT")),
    *(("Date", value) for value in ("Thu, 01 Jan 1970 00:00:00 GMT", "²", "Thu, 01 Jan 99999 00:00:00 GMT")),
    *(("Retry-After", value) for value in ("²", "9" * 5000, "-1", "1e3", "nan", "\x1b[31m", "Fri, 31 Dec 1999")),
    *(("Content-Encoding", value) for value in ("gzip", "deflate", "br", "gzip, gzip", "\x1b[31m")),
    *(("Content-Length", value) for value in ("0", "-5", "x", "999999", "3", "5, 6")),
    *(("Transfer-Encoding", value) for value in ("chunked", "x")),
    *(("Location", value) for value in ("\x1b[31m", "x" * 10_000, "http://adm:pw@h/")),
    *(("Set-Cookie", value) for value in ("\x1b[31m", "a=b; expires=never; max-age=x; path=²", "=;;;=")),
    *(("Content-Type", value) for value in ("", "text/html", "application/json; charset=utf-16", "\x1b[31m")),
    *(("Connection", "close"), ("X-Long", "x" * 70_000), ("X\x1b[31m", "x")),
)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
INSTEAD = (
    *(b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"\x15\x03\x01\x00\x02\x02\x28", b"HTTP/1.1", b"HTTP/1.1 200\r\n\r\n{}"),
    *(b"HTTP/9.9 200 OK\r\n\r\n{}", b"HTTP/1.1 x\r\n\r\n", b"HTTP/1.1 200 \x1b[31m\r\nContent-Length: 2\r\n\r\n{}"),
    *(b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n{}", b"HTTP/1.1 100 Continue\r\n\r\n" * 20, b"\x00" * 100_000),
    *(CHUNKED + each for each in (b"zz\r\n", b"5\r\n{}", b"-1\r\n", b"")),
    *(b"HTTP/1.1 200 OK\r\nno colon\r\n folded\r\n: empty\r\nContent-Length: 2\r\n\r\n{}",),
)


class Couch(_model.FakeCouch):
    """The model, with what only some scripts ask for."""

    def _answer(self, request, path):
        if path == "/":
            return 200, {"couchdb": "Welcome", "version": "3.5.0"}
        if path == "/db" and request.method == "DELETE":
            self.exists, self.documents = False, {}
            return 200, {"ok": True}
        if path == "/db/_changes":
            rows = [{"id": name, "changes": [{"rev": each["_rev"]}]} for name, each in self.documents.items()]
            return 200, {"results": rows, "last_seq": "1-x"}
        return super()._answer(request, path)


class Handler(BaseHTTPRequestHandler):
    """Answers as the case of the server says."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length", 0))
        request = SimpleNamespace(method=self.command, url=self.path, body=self.rfile.read(length))
        data, is_last = self.server.case.answer(request)
        try:
            self.wfile.write(data)
        except OSError:
            is_last = True
        self.close_connection = is_last

    do_GET = do_PUT = do_POST = do_DELETE = answer

    def log_message(self, *_args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, *_args):  # the client has gone
        pass


class Case:
    """A model in some state, and the change of its answers."""

    def __init__(self, rng, state, clock):
        self.couch = Couch()
        self.couch.sizes = {"file": 10**5, "active": 10**4, "external": 10**4}
        self.couch.__dict__.update(copy.deepcopy(state))
        self._rng = rng
        self._clock = clock
        self._lock = threading.Lock()
        self.asked = []  # the requests
        self.on = lambda path, number: False
        self.change = None

    def answer(self, request):
        with self._lock:
            path = request.url.partition("?")[0]
            self.asked.append((request.method, path))
            self.couch.clock = self._clock()
            status, answer = self.couch._answer(request, _model.unquote(path))
            if self.on(path, len(self.asked)) or len(self.asked) > MOST_REQUESTS:
                return self.change(self._rng, status, answer, self.couch.clock)
            return response(status, json.dumps(answer).encode(), self.couch.clock), False


def response(status, body, clock, *headers):
    """The bytes of an answer; headers replace those that are always there."""
    given = {"Date": formatdate(clock, usegmt=True), "Content-Length": str(len(body)), **dict(headers)}
    head = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} Whatever\r\n{head}\r\n".encode("latin-1", "replace") + body


def nodes(value):
    """Every place in JSON: what is around it, and its name in there."""
    for name in list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, name
        yield from nodes(value[name])


def with_junk(rng, answer):
    """JSON, as text, with something else in one or two places."""
    whole = [copy.deepcopy(answer)]
    for _time in range(rng.choice((1, 1, 1, 2))):
        around, name = rng.choice(list(nodes(whole)))
        how = rng.random()
        if how < 0.7:
            around[name] = copy.deepcopy(rng.choice(JUNK))
        elif how < 0.9 and isinstance(around, dict):
            del around[name]
        elif isinstance(around, list) and around is not whole:
            around[:] = rng.choice(([], around[::-1], around[1:], [*around, *copy.deepcopy(around)]))
        elif isinstance(around[name], dict):
            around[name][rng.choice(("_conflicts", "_flawed", "error", "extra", HOSTILE))] = rng.choice(JUNK)
    text = json.dumps(whole[0])
    for name, raw in RAW.items():
        text = text.replace(json.dumps(name), raw)
    return text.encode()


def cut(rng, answer):
    """JSON that ends early."""
    text = json.dumps(answer).encode()
    return text[: rng.randrange(len(text))]


def change_json(rng, status, answer, clock):
    return response(status, with_junk(rng, answer), clock), False


def change_error(rng, _status, _answer, clock):
    words = rng.choice((HOSTILE, "x" * 10**5))
    body = rng.choice(({"error": words, "reason": words}, {"error": "x", "reason": words}, [words], words, None))
    return response(rng.choice(STATUSES), with_junk(rng, body), clock), False


def change_status(rng, _status, answer, clock):
    return response(rng.choice(STATUSES), json.dumps(answer).encode(), clock), False


def change_header(rng, status, answer, clock):
    if rng.random() < 0.3:
        status = rng.choice(STATUSES)
    chosen = [rng.choice(HEADERS) for _time in range(rng.choice((1, 1, 2)))]
    return response(status, json.dumps(answer).encode(), clock, *chosen), True


def change_bytes(rng, status, answer, clock):
    body = bytearray(json.dumps(answer).encode())
    place = rng.randrange(len(body))
    how = rng.randrange(6)
    if how == 0:
        del body[place:]
    elif how == 1:
        body[place] = rng.randrange(256)
    elif how == 2:
        body[:0] = rng.choice((b"\xef\xbb\xbf", b"\x00", b"]", b" " * 10**5))
    elif how == 3:
        body = bytearray(rng.randbytes(place + 1))
    elif how == 4:
        body = bytearray(gzip.compress(bytes(body) + b" " * 10**7))
        return response(status, bytes(body), clock, ("Content-Encoding", "gzip")), False
    return response(status, bytes(body), clock), False


def change_connection(rng, status, answer, clock):
    if rng.random() < 0.3:
        whole = response(status, json.dumps(answer).encode(), clock)
        return whole[: rng.randrange(len(whole))], True
    return rng.choice(INSTEAD), True


CHANGES = (*(change_json,) * 6, change_error, change_status, change_header, change_header, change_bytes,
           change_connection)  # fmt: skip
SCRIPTS = (
    (setup, (("-t", "20", "-s", "200", "-u", "5"), ("-t", "20", "-s", "200", "-u", "5", "-w"), ("-f",), ("--adopt",))),
    (execute, ((), ("-u", "7"), ("-c", "0", "--cycles", "2", "--json"), ("-c", "1", "--cycles", "2", "--watch"))),
    (info, ((), ("--json",), ("-d", "-c", "--history", "5"), ("--watch",), ("-d", "--metrics", "FILE.prom"))),
    (verify, ((), ("--json",), ("--source", "SOURCE"), ("--taken", "1700000000..1700001000"),
              ("--from-position", "0", "--to-position", "40"))),
)  # fmt: skip


class Clock:
    """Time passes where a script waits, and nowhere else does one wait."""

    def __init__(self, monkeypatch):
        self._passed = 0.0
        monotonic = time.monotonic
        monkeypatch.setattr(time, "monotonic", lambda: monotonic() + self._passed)

        def wait(stop, seconds):  # a bound method would not be given the stop
            return self._wait(stop, seconds)

        monkeypatch.setattr(Stop, "wait", wait)

    def __call__(self):
        return _model.START + int(self._passed)

    def _wait(self, stop, seconds):
        self._passed += seconds
        return stop.is_requested() or seconds == 2.0  # the interval of info --watch


@pytest.fixture
def clock(monkeypatch):
    return Clock(monkeypatch)


@pytest.fixture(scope="module")
def server():
    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def run(server, capsys, monkeypatch, tmp_path):
    """Runs a script on the server; returns its exit code, output, errors, and what it did not foresee."""
    for name in [name for name in os.environ if name.startswith("COUCHDYNO_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(command, "_stop_on_signals", lambda stop: None)
    url = f"http://adm:{SECRET}@127.0.0.1:{server.server_port}/db"
    unforeseen = []
    for script in (setup.Setup, execute.Execute, info.Info, verify.Verify):
        monkeypatch.setattr(script, "run", noting(script.run, unforeseen))

    def run(script, *argv, database=True):
        unforeseen.clear()
        argv = [url if each == "SOURCE" else str(tmp_path / each) if "FILE" in each else each for each in argv]
        try:
            code = script.main([url, *argv] if database else argv)
        except SystemExit as ended:
            code = ended.code
        except Exception as error:
            code = error
        captured = capsys.readouterr()
        return code, captured.out, captured.err, list(unforeseen)

    return run


def noting(run, unforeseen):
    """A ``run`` of a script that notes exceptions which are nobody's on purpose."""

    def noted(self, invocation):
        try:
            return run(self, invocation)
        except CouchdynoError:
            raise
        except Exception as error:
            unforeseen.append(error)
            raise

    return noted


@pytest.fixture
def states(server, run, clock):
    """What the model holds before a case: nothing, a ledger, some cycles, an unfinished cycle."""
    states = [{"exists": False}, {"exists": True}]
    case = server.case = Case(random.Random(0), states[0], clock)
    keep = ("exists", "documents", "revisions")
    for script, *argv in ((setup, "-t", "20", "-s", "200", "-u", "5"), *[(execute,)] * 6):
        assert run(script, *argv)[0] == 0
        states.append(copy.deepcopy({name: case.couch.__dict__[name] for name in keep}))
    case.couch.refuse = {"cdyno_000000000011": "error"}
    assert run(execute)[0] == 4
    states.append(copy.deepcopy({name: case.couch.__dict__[name] for name in keep}))
    return [states[0], states[1], states[2], states[4], states[-2], states[-2], states[-1]]


def requests_to_change(rng):
    """Which requests are answered otherwise: one of the first, all of a kind, or all."""
    how = rng.random()
    if how < 0.6:
        which = rng.randrange(1, 14)
        return lambda path, number: number == which
    if how < 0.9:
        part = rng.choice(("_all_docs", "_bulk_docs", "couchdyno_", "/db", "_session", "_changes", "_bulk_get"))
        return lambda path, number: path.endswith(part) or part in path.rpartition("/")[2]
    after = rng.randrange(8)
    return lambda path, number: number > after


def check(what, code, out, err, unforeseen):
    """A script has ended as it should, whatever happened."""
    if unforeseen:
        raise AssertionError(what) from unforeseen[0]
    assert code in CODES, (what, code, err)
    assert SECRET not in out + err, (what, out, err)
    assert "Traceback" not in out + err, (what, err)
    assert not UNPRINTABLE.search(out + err), (what, out, err)
    lines = err.splitlines()
    assert all(re.match("couchdyno-|filling: |verifying: |adopting: ", line) for line in lines), (what, err)
    assert all(len(line) < 2500 for line in lines) and len(lines) < 10, (what, err)


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_a_server_answers(server, states, clock, run, seed):
    for number in range(CASES):
        rng = random.Random(f"{seed}/{number}")
        script, variants = rng.choice(SCRIPTS)
        argv = rng.choice(variants)
        if script is info and rng.randrange(PAGES) == 0:
            argv = ("--report", "FILE.html")
        case = server.case = Case(rng, rng.choice(states), clock)
        case.couch.replicas = rng.choice((1, 1, 1, 3))
        case.on, case.change = requests_to_change(rng), rng.choice(CHANGES)
        ended = run(script, *argv)
        what = f"case {seed}/{number}: {script.__name__.rpartition('.')[2]} {' '.join(argv)}, {case.change.__name__}"
        check(what, *ended)
        assert len(case.asked) <= MOST_REQUESTS, what


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_a_saved_report_says(server, states, clock, run, seed, tmp_path):
    """Reports are compared, and a few become pages, which takes longer."""
    server.case = Case(random.Random(seed), states[-1], clock)
    reports = {"a": run(info, "--json", "-d")[1], "b": run(verify, "--json")[1]}
    for number in range(CASES // 2):
        rng = random.Random(f"saved {seed}/{number}")
        kind = rng.choice("aaab")
        broken = rng.choice((with_junk, with_junk, with_junk, cut))
        for name, text in reports.items():
            (tmp_path / f"{name}.json").write_text(text)
        (tmp_path / "c.json").write_bytes(broken(rng, json.loads(reports[kind])))
        argv = ("--compare", *rng.sample(["a.json", "c.json"], 2), "--force")
        if rng.randrange(PAGES) == 0:
            argv = ("--report", "p.html", "--from", "a.json", "b.json", "c.json")
        argv = [str(tmp_path / each) if "." in each else each for each in argv]
        check(f"case {seed}/{number}: {argv}", *run(info, *argv, database=False))
