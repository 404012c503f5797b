#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures couchdyno against a server and prints the results beside their targets; see README.md beside this file.

    bench.py [--url http://user:pass@host:port] [--quick] [--rounds N] [--json FILE] [MEASURE ...]

The two sides of a ratio run in turns, and each ratio is taken between neighbours in time, as the machine may be busy
with other things. Both sides are processes, measured from start to exit. Exit code: 0 all targets met, 1 one missed
or a run failed, 2 usage.
"""
from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import statistics
import string
import subprocess
import sys
import time
import urllib.error
import urllib.request
from base64 import b64encode
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Callable, Iterator, NamedTuple
from urllib.parse import quote, unquote, urlsplit

ROOT = Path(__file__).resolve().parents[2]
PREFIX = f"bench_{os.getpid()}_"
MEASURES = ("laps", "start", "memory", "drivers", "verify")
DRIVERS = 4  # at once, with a connection each; the single driver beside them has as many connections
CYCLES = 4  # of each driver
SIZE = 1000  # bytes of a document, but for the measure of memory
NAIVE_BATCH = 2000
PLAIN_PAGE = 1000
PLAIN_CONNECTIONS = 4
NAIVE_OVERHEAD = 100  # bytes of a document beside its data
SMALL_SIZE = 200  # bytes of a document in the measure of memory, to save time
IMPORT = "import requests"
STARTS = 3  # how many times as many rounds for starts, which are short and so the noisiest


class Failed(Exception):
    """A run ended in error; the text says which."""


class Numbers(NamedTuple):
    """How much to measure, in documents: of a lap; of the large database, its window; of the one that is read."""

    lap: int = 30_000
    total: int = 10_000_000
    window: int = 1_000_000
    filled: int = 200_000


QUICK = Numbers(lap=4000, window=50_000, filled=20_000)


class Server(NamedTuple):
    """A CouchDB; ``url`` without credentials."""

    url: str
    username: str
    password: str

    def database(self, name: str) -> str:
        """The URL of a database of the bench, with credentials."""
        scheme, rest = self.url.split("://", 1)
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        return f"{scheme}://{credentials}{rest}/{PREFIX}{name}"


class Run(NamedTuple):
    """What a process took from start to exit: seconds, seconds of CPU (user and system), and MB (10^6 bytes) of RSS."""

    seconds: float
    cpu: float
    rss: float


class Result(NamedTuple):
    """A line of the table: one number per round, of which the median counts; ``target`` is the limit to be met,
    from above with ``at_least``, or else from below."""

    name: str
    unit: str
    values: list[float]
    target: float
    at_least: bool = False
    note: str = ""

    @property
    def median(self) -> float:
        return statistics.median(self.values)

    @property
    def met(self) -> bool:
        return self.median >= self.target if self.at_least else self.median <= self.target


# -- running things


def run(command: list[str], database: str = "") -> Run:
    """Run a command to its end, the database in its environment; Failed when its exit code is not 0."""
    environ = dict(os.environ, COUCHDYNO_URL=database)
    started = time.monotonic()
    # The peak of a child begins at that of its parent: this process must stay small, and import nothing large.
    process = subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - started
    process.returncode = status  # it is gone, and Popen need not look for it
    if status:
        raise Failed(f"{' '.join(command)} failed")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def run_at_once(commands: list[list[str]], database: str) -> float:
    """Run commands side by side; returns the seconds until the last has ended."""
    environ = dict(os.environ, COUCHDYNO_URL=database)
    started = time.monotonic()
    processes = [subprocess.Popen(command, env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
                 for command in commands]
    codes = [process.wait() for process in processes]
    if any(codes):
        raise Failed(f"{' '.join(commands[0])} failed")
    return time.monotonic() - started


class Bench:
    """The measures; each makes its own databases on the server and yields lines of the table."""

    def __init__(self, server: Server, scripts: Path, numbers: Numbers, rounds: int) -> None:
        self.server = server
        self.numbers = numbers
        self.rounds = rounds
        self._python = str(scripts / "python3")
        self._setup = str(scripts / "couchdyno-setup")
        self._execute = str(scripts / "couchdyno-execute")
        self._verify = str(scripts / "couchdyno-verify")

    def laps(self) -> Iterator[Result]:
        """Updates per second against the naive way, and CPU per document; both of laps that read revisions."""
        lap = self.numbers.lap
        ours, naives, small = (self.make(name, lap, SIZE, fill=True) for name in ("ours", "naive", "single"))
        ratios, cpus, rates, naive_rates, naive_cpus = [], [], [], [], []
        for number in self._rounds("laps", self.rounds):
            turns: list[Callable[[], Run]] = [lambda: self.execute(ours, lap), lambda: self._naive(naives, lap)]
            if number % 2:
                naive, mine = turns[1](), turns[0]()
            else:
                mine, naive = turns[0](), turns[1]()
            one = self.execute(small, 1)
            ratios.append(naive.seconds / mine.seconds)
            rates.append(lap / mine.seconds)
            naive_rates.append(lap / naive.seconds)
            cpus.append((mine.cpu - one.cpu) / (lap - 1) * 1e6)
            naive_cpus.append(naive.cpu / lap * 1e6)
        yield Result("updates per second, against naive", "x", ratios, 3, True,
                     f"{_median(rates):.0f} against {_median(naive_rates):.0f} per second, {lap} documents of {SIZE} B")
        yield Result("client CPU per document", "us", cpus, 25, False,
                     f"start-up subtracted; naive: {_median(naive_cpus):.0f} us with start-up")

    def start(self) -> Iterator[Result]:
        """A cycle of 10 documents, start to exit, against importing requests."""
        database = self.make("start", 1000, SIZE, fill=True)
        ratios, mine, imports = [], [], []
        for _ in self._rounds("starts", self.rounds * STARTS):
            mine.append(self.execute(database, 10).seconds)
            imports.append(run([self._python, "-c", IMPORT]).seconds)
            ratios.append(mine[-1] / imports[-1])
        yield Result("start to exit with 10 documents, against import requests", "x", ratios, 1.5, False,
                     f"{_median(mine) * 1000:.0f} against {_median(imports) * 1000:.0f} ms")

    def memory(self) -> Iterator[Result]:
        """Peak RSS: of a large window in lap 0, which writes without reading, and of one that reads revisions."""
        large, window, filled = self.numbers.total, self.numbers.window, self.numbers.filled
        database = self.make("large", large, SMALL_SIZE)
        _say(f"memory: {window} of {large} documents, nothing read")
        yield Result("peak RSS, lap 0", "MB", [self.execute(database, window).rss], 80, False,
                     f"{window} of {large} documents of {SMALL_SIZE} B")
        self.delete("large")
        database = self.make("read", filled, SMALL_SIZE, fill=True)
        _say(f"memory: {filled} of {filled} documents, revisions read")
        yield Result("peak RSS, reading revisions", "MB", [self.execute(database, filled).rss], 80, False,
                     f"{filled} of {filled} documents of {SMALL_SIZE} B")
        self.delete("read")

    def drivers(self) -> Iterator[Result]:
        """What drivers lose by coordinating: several of one connection each against one with as many connections."""
        window = self.numbers.lap // (DRIVERS * CYCLES)
        database = self.make("drivers", self.numbers.lap, SIZE, fill=True)
        ratios, rates, single_rates = [], [], []
        for number in self._rounds("drivers", self.rounds):
            turns = [lambda: self._at_once(database, DRIVERS, 1, window),
                     lambda: self._at_once(database, 1, DRIVERS, window * DRIVERS)]
            if number % 2:
                single, many = turns[1](), turns[0]()
            else:
                many, single = turns[0](), turns[1]()
            ratios.append(single / many)
            rates.append(window * DRIVERS * CYCLES / many)
            single_rates.append(window * DRIVERS * CYCLES / single)
        yield Result(f"total rate of {DRIVERS} drivers, against one", "x", ratios, 0.9, True,
                     f"{_median(rates):.0f} against {_median(single_rates):.0f} per second, start-up subtracted, "
                     f"{CYCLES} cycles each")

    def _at_once(self, database: str, drivers: int, connections: int, window: int) -> float:
        """The seconds that so many drivers take for their cycles, less those of starting and ending that many."""
        launcher = [self._python, str(ROOT / "tests" / "faults" / "launcher.py"),
                    json.dumps({"pace.CONNECTIONS": connections}), "-c", "0"]
        started = run_at_once([[*launcher, "--cycles", "1", "-u", "1"]] * drivers, database)
        cycles = [*launcher, "--cycles", str(CYCLES), "-u", str(window)]
        return run_at_once([cycles] * drivers, database) - started

    def verify(self) -> Iterator[Result]:
        """Documents verified a second against reading and decoding them only; CPU per document; peak RSS."""
        total = self.numbers.filled
        database, small = self.make("proved", total, SIZE, fill=True), self.make("single", 1, SIZE, fill=True)
        ratios, cpus, rates, plain_rates, plain_cpus, peaks = [], [], [], [], [], []
        plain_command = [self._python, __file__, "--plain", str(total)]
        for number in self._rounds("verify", self.rounds):
            turns = [lambda: run([self._verify], database), lambda: run(plain_command, database)]
            if number % 2:
                plain, mine = turns[1](), turns[0]()
            else:
                mine, plain = turns[0](), turns[1]()
            one = run([self._verify], small)
            ratios.append(plain.seconds / mine.seconds)
            rates.append(total / mine.seconds)
            plain_rates.append(total / plain.seconds)
            cpus.append((mine.cpu - one.cpu) / (total - 1) * 1e6)
            plain_cpus.append(plain.cpu / total * 1e6)
            peaks.append(mine.rss)
        yield Result("verified per second, against plain reading", "x", ratios, 0.8, True,
                     f"{_median(rates):.0f} against {_median(plain_rates):.0f} per second, {total} documents")
        yield Result("client CPU per document verified", "us", cpus, 45, False,
                     f"start-up subtracted; plain reading: {_median(plain_cpus):.0f} us with start-up")
        yield Result("peak RSS, verifying", "MB", peaks, 80, False, f"{total} documents of {SIZE} B")

    def make(self, name: str, total: int, size: int, fill: bool = False) -> str:
        """Set a database up; returns its URL with credentials."""
        database = self.server.database(name)
        if fill:
            _say(f"filling {name}: {total} documents of {size} B")
        run([self._setup, "-t", str(total), "-s", str(size), *(["-w"] if fill else [])], database)
        return database

    def delete(self, name: str) -> None:
        """Delete a database of the bench; fine when there is none."""
        request = urllib.request.Request(f"{self.server.url}/{PREFIX}{name}", method="DELETE")
        credentials = b64encode(f"{self.server.username}:{self.server.password}".encode()).decode()
        if self.server.username:
            request.add_header("Authorization", f"Basic {credentials}")
        try:
            urllib.request.urlopen(request, timeout=60).close()
        except urllib.error.HTTPError as error:
            if error.code != 404:
                raise

    def delete_all(self) -> None:
        """Delete whatever databases the bench has left."""
        for name in ("ours", "naive", "single", "start", "large", "read", "drivers",
                     "proved"):
            self.delete(name)

    def execute(self, database: str, updates: int) -> Run:
        """One cycle of couchdyno-execute."""
        return run([self._execute, "-u", str(updates)], database)

    def _naive(self, database: str, updates: int) -> Run:
        return run([self._python, __file__, "--naive", str(updates)], database)

    def _rounds(self, what: str, rounds: int) -> Iterator[int]:
        for number in range(rounds):
            _say(f"{what}: round {number + 1} of {rounds}")
            yield number


def naive(database: str, updates: int) -> None:
    """Update documents as the earlier tool did: one connection, a random choice for each character."""
    import requests  # here and nowhere else: see run

    session = requests.Session()
    answer = session.get(database + "/_all_docs", params={"startkey": '"cdyno_"', "endkey": '"cdyno_~"',
                                                          "limit": str(updates)})
    answer.raise_for_status()
    rows = answer.json()["rows"]
    for first in range(0, len(rows), NAIVE_BATCH):
        documents = []
        for row in rows[first:first + NAIVE_BATCH]:
            data = "".join(random.choice(string.ascii_letters) for _ in range(SIZE - NAIVE_OVERHEAD))
            documents.append({"_id": row["id"], "_rev": row["value"]["rev"], "ts": int(time.time()), "data": data})
        answer = session.post(database + "/_bulk_docs", json={"docs": documents})
        answer.raise_for_status()
        if not all("rev" in row for row in answer.json()):
            sys.exit("naive: not all documents were written")


def plain(database: str, total: int) -> None:
    """Read all documents page by page, a few pages at once, and decode their JSON."""
    import requests  # here and nowhere else: see run

    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"

    def page(first: int) -> int:
        bounds = {"startkey": f'"cdyno_{first:012d}"', "endkey": f'"cdyno_{first + PLAIN_PAGE - 1:012d}"'}
        answer = session.get(database + "/_all_docs", params={"include_docs": "true", **bounds})
        answer.raise_for_status()
        return len(answer.json()["rows"])

    with ThreadPoolExecutor(PLAIN_CONNECTIONS) as pool:
        if sum(pool.map(page, range(0, total, PLAIN_PAGE))) != total:
            sys.exit("plain: not all documents were read")


# -- the server


@contextlib.contextmanager
def server_at(url: str) -> Iterator[Server]:
    """The server of a URL, or else the embedded one for as long as the context lasts."""
    if url:
        parts = urlsplit(url)
        plain = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        yield Server(plain, unquote(parts.username or ""), unquote(parts.password or ""))
        return
    sys.path.insert(0, str(ROOT / "playbooks" / "files" / "embedded"))
    import embedded

    with embedded.running() as found:
        yield Server(found.url, found.username, found.password)


# -- what people see


def table(results: list[Result]) -> str:
    """The results: median, target, whether it was met, the range over the rounds; and the numbers behind each."""
    lines = [f"{'measure':<57} {'median':>9}  {'target':>9}  {'met':<3}  range"]
    for each in results:
        target = f"{'>=' if each.at_least else '<='} {each.target:g} {each.unit}"
        met = "yes" if each.met else "NO"
        spread = f"{min(each.values):.2f} to {max(each.values):.2f} in {len(each.values)}"
        lines.append(f"{each.name:<57} {each.median:>6.2f} {each.unit:<2}  {target:>9}  {met:<3}  {spread}")
        lines.append(f"    {each.note}")
    return "\n".join(lines)


def report(results: list[Result], server: Server) -> dict[str, Any]:
    """The results as data."""
    lines = [dict(each._asdict(), median=each.median, met=each.met) for each in results]
    return {"server": server.url, "python": sys.version.split()[0], "results": lines}


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _median(values: list[float]) -> float:
    return statistics.median(values)


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure couchdyno against a server, beside its targets.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE", help=f"{', '.join(MEASURES)} (default: all)")
    parser.add_argument("--url", default=os.environ.get("COUCHDYNO_TEST_URL", ""), metavar="URL",
                        help="http[s]://user:password@host[:port] of an admin (default: COUCHDYNO_TEST_URL, else the "
                             "embedded server)")
    parser.add_argument("--scripts", type=Path, default=ROOT / "venv" / "bin", metavar="DIRECTORY",
                        help="where couchdyno-execute and its python3 are (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, metavar="N", help="(default: %(default)s)")
    parser.add_argument("--quick", action="store_true", help="smaller numbers")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there, too")
    parser.add_argument("--naive", type=int, help=argparse.SUPPRESS)  # the other side of a ratio, as a process
    parser.add_argument("--plain", type=int, help=argparse.SUPPRESS)  # likewise
    args = parser.parse_args()
    unknown = set(args.measures) - set(MEASURES)
    if unknown:
        parser.error(f"unknown measure: {', '.join(sorted(unknown))}; known are {', '.join(MEASURES)}")
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    return args


def main() -> int:
    args = _parse()
    if args.naive:
        naive(os.environ["COUCHDYNO_URL"], args.naive)
        return 0
    if args.plain:
        plain(os.environ["COUCHDYNO_URL"], args.plain)
        return 0
    with server_at(args.url) as server:
        bench = Bench(server, args.scripts, QUICK if args.quick else Numbers(), args.rounds)
        results: list[Result] = []
        try:
            for measure in args.measures or MEASURES:
                results += getattr(bench, measure)()
        except Failed as failed:
            _say(f"bench.py: {failed}")
            return 1
        finally:
            bench.delete_all()
    print(table(results))
    if args.json:
        args.json.write_text(json.dumps(report(results, server), indent=2) + "\n")
    return 0 if all(each.met for each in results) else 1


if __name__ == "__main__":
    sys.exit(main())
