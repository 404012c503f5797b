# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The overhead of a run: start-up, and the requests and bytes of bookkeeping."""
from __future__ import annotations

import sys
from functools import partial
from typing import Any, Callable, Iterator

from bench import ROOT, Bench
from figures import Table, at_most, ratios
from processes import Run, run
from servers import Server

SCRIPTS = ("setup", "execute", "info", "verify")
UPDATES = 10
IMPORT = 'python3 -c "import requests"'
NOTE = "Start to exit of a process, compared with an interpreter that only imports the library requests."
BOOKKEEPING_NOTE = ("The requests of a cycle of 10 documents and the bytes of their bodies. Bookkeeping is every "
                    "request that does not read or write the documents themselves.")


def measure(bench: Bench) -> Iterator[Table]:
    database = bench.create("start", 1000, 1000, fill=True)
    yield _starts(bench, database)
    yield _bookkeeping(bench)
    bench.delete("start")


def _starts(bench: Bench, database: str) -> Table:
    table = Table("start", "Command", NOTE)
    cycle = f"couchdyno-execute, {UPDATES} documents"
    sides: dict[str, Callable[[], Run]] = {
        f"couchdyno-{name} --version": partial(bench.script, name, database, "--version") for name in SCRIPTS}
    sides[cycle] = partial(bench.cycle, database, UPDATES)
    sides[IMPORT] = partial(run, [bench.python, "-c", "import requests"])
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for number in bench.rounds("starts", times=3):
        for name, took in bench.in_turns(number, sides).items():
            seconds[name].append(took.seconds)
    for name, series in seconds.items():
        table.add(name, "ms", [1000 * value for value in series])
        if name != IMPORT:
            table.add(name, "times the import", ratios(series, seconds[IMPORT]),
                      at_most(1.35) if name == cycle else None)
    return table


def _bookkeeping(bench: Bench) -> Table:
    seen = _exchanges(bench)
    table = Table("bookkeeping", "Requests", BOOKKEEPING_NOTE)
    for kind, limits in (("bookkeeping", (None, at_most(2048))), ("all", (at_most(6), None))):
        chosen = [each for each in seen if kind == "all" or each["bookkeeping"]]
        table.add(kind, "requests", len(chosen), limits[0])
        table.add(kind, "bytes sent", sum(each["sent"] for each in chosen))
        table.add(kind, "bytes received", sum(each["received"] for each in chosen))
        table.add(kind, "bytes in total", sum(each["sent"] + each["received"] for each in chosen), limits[1])
    return table


def _exchanges(bench: Bench) -> list[dict[str, Any]]:
    """The requests of a cycle, recorded by a proxy."""
    sys.path.insert(0, str(ROOT / "tests" / "integration"))
    from proxy import Proxy

    seen: list[dict[str, Any]] = []

    def note(exchange: Any) -> None:
        status, headers, body = exchange.forward()
        documents = b'"cdyno_' in exchange.body or "_all_docs" in exchange.path
        seen.append({"bookkeeping": not documents, "sent": len(exchange.body), "received": len(body)})
        exchange.answer(status, headers, body)

    name = bench.database("start").rpartition("/")[2]
    proxy = Proxy(bench.server.url)
    proxy.fail(note, times=10 ** 9)
    try:
        behind = Server(proxy.url, bench.server.username, bench.server.password)
        bench.cycle(f"{behind.full_url}/{name}", UPDATES)
    finally:
        proxy.close()
    return seen
