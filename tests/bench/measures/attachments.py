# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Attachments: written against the same requests prepared, verified by digests, and read against plain reading."""
from __future__ import annotations

from functools import partial
from typing import Iterator

from bench import Bench
from figures import Table, at_least, at_most, ratios
from replay import Request, recording, replay

from .workloads import workload_file

SIZE = 1000
COUNT = 2  # attachments of a document
CYCLES = 4  # one of which renews
WORKLOAD = {"types": {"photo": {"attachments": {"count": COUNT, "renew": CYCLES}}}}
LARGE = {"types": {"film": {"attachments": {"size": 5_000_000}}}}
MB = 10 ** 6
PLAIN = "plain reading"
NOTE = (f"{{documents:,}} documents with {COUNT} attachments of 1 to 200 KB (image/png), {{megabytes:,.0f}} MB, and "
        f"{CYCLES} cycles over all of them, one of which renews the attachments; start-up subtracted. The ceiling "
        "sends the requests of a recorded run, prepared, to another database. Peak RSS: {large} documents with one "
        "attachment of 5 MB each.")
VERIFY_NOTE = ("The same attachments, by their digests, or all bytes; start to exit. Plain reading requests the same "
               "documents and attachments, four at a time, and computes nothing.")


def measure(bench: Bench) -> Iterator[Table]:
    total, large = bench.pick(13_000, 20), bench.pick(40, 2)
    with workload_file(WORKLOAD) as path:
        recorded = _record(bench, total, ("--workload", path))
        megabytes = _megabytes(recorded[1])
        rates: dict[str, list[float]] = {"couchdyno": [], "ceiling": []}
        cycles: dict[str, list[float]] = {"couchdyno": [], "ceiling": []}
        for number in bench.rounds("attachments"):
            start = _create(bench, "attachments_one", 1, ("--workload", path, "-w"))
            found = bench.in_turns(number, {
                "couchdyno": partial(_ours, bench, total, ("--workload", path), start),
                "ceiling": partial(_replayed, bench, recorded)})
            for name, (fill, cycle) in found.items():
                rates[name].append(megabytes / fill)
                cycles[name].append(CYCLES * total / cycle)
    with workload_file(LARGE) as path:
        _create(bench, "attachments_large", large, ("--workload", path))
        fill = bench.script("setup", bench.database("attachments_large"), "-t", large, "--workload", path, "-w")
    table = Table("attachments", "Client", NOTE.format(documents=total, megabytes=megabytes, large=large))
    for name, values in rates.items():
        table.add(name, "fill, MB per second", values)
        table.add(name, "cycles, updates per second", cycles[name])
    table.add("couchdyno", "fill, of the ceiling", ratios(rates["couchdyno"], rates["ceiling"]), at_least(0.8))
    table.add("couchdyno", "cycles, of the ceiling", ratios(cycles["couchdyno"], cycles["ceiling"]), at_least(0.8))
    table.add("couchdyno", "peak RSS, MB", fill.rss, at_most(150))
    yield table
    bench.delete("attachments_recorded", "attachments_replayed", "attachments_large")
    yield _verification(bench, total, megabytes)


def _create(bench: Bench, name: str, total: int, options: tuple[object, ...]) -> float:
    """Set a database up again; returns the seconds."""
    return bench.script("setup", bench.database(name), "-f", "-t", total, "-s", SIZE, *options).seconds


def _record(bench: Bench, total: int, workload: tuple[object, ...]) -> list[list[Request]]:
    """The requests of setting up, of filling, and of the cycles, without those that only look at the database.

    PouchDB refuses attachments that a document is to keep, if only their names are sent; these are left out, too.
    """
    bench.delete("attachments_recorded")
    with recording(bench.database("attachments_recorded")) as recorder:
        steps = []
        for script, options in (("setup", ["-t", total, "-s", SIZE, "-u", total, *workload]),
                                ("setup", ["-w", "-t", total, "-s", SIZE, "-u", total, *workload]),
                                ("execute", ["-c", 0, "--cycles", CYCLES])):
            bench.script(script, recorder.url, *options)
            steps.append([each for each in recorder.take()
                          if (each.method != "GET" or "_all_docs" in each.path) and each.status < 400])
    return steps


def _megabytes(fill: list[Request]) -> float:
    """How large the attachments are that a fill sends as base64, in MB; the documents are small beside them."""
    return sum(len(request.body) for request in fill) * 3 / 4 / MB


def _ours(bench: Bench, total: int, workload: tuple[object, ...], start: float) -> tuple[float, float]:
    """The seconds of a fill and of cycles by couchdyno."""
    _create(bench, "attachments_ours", total, ("-u", total, *workload))
    database, options = bench.database("attachments_ours"), ("-t", total, "-s", SIZE, "-u", total, *workload)
    fill = bench.script("setup", database, "-w", *options).seconds
    cycles = bench.script("execute", database, "-c", 0, "--cycles", CYCLES).seconds
    return max(fill - start, 1e-3), max(cycles - start, 1e-3)


def _replayed(bench: Bench, steps: list[list[Request]]) -> tuple[float, float]:
    """The seconds of the recorded fill and cycles in another database."""
    bench.delete("attachments_replayed")
    database = bench.database("attachments_replayed")
    __, fill, cycles = (replay(database, requests) for requests in steps)
    return fill, cycles


def _verification(bench: Bench, total: int, megabytes: float) -> Table:
    database, count = bench.database("attachments_ours"), total * COUNT
    seconds: dict[str, list[float]] = {"by digests": [], "all bytes": [], PLAIN: []}
    peaks = []
    for number in bench.rounds("verification of attachments"):
        found = bench.in_turns(number, {
            "by digests": partial(bench.script, "verify", database),
            "all bytes": partial(bench.script, "verify", database, "--attachments", "read"),
            PLAIN: partial(bench.other, "plain_attachments.py", database, count)})
        for name, run in found.items():
            seconds[name].append(run.seconds)
        peaks.append(found["all bytes"].rss)
    table = Table("attachments_verify", "Reader", VERIFY_NOTE)
    for name, values in seconds.items():
        table.add(name, "MB per second", [megabytes / value for value in values])
        table.add(name, "attachments per second", [count / value for value in values])
    table.add("all bytes", "of plain reading", ratios(seconds[PLAIN], seconds["all bytes"]), at_least(0.7))
    table.add("all bytes", "peak RSS, MB", peaks, at_most(150))
    bench.delete("attachments_ours", "attachments_one")
    return table
