# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads of several types: fill and cycles against the same requests prepared, CPU, verification, hot documents."""
from __future__ import annotations

import contextlib
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, Iterator

from bench import Bench
from figures import Table, at_least, at_most, ratios
from processes import run_at_once
from replay import Request, recording, replay

SIZE = 1000
DRIVERS = 8
CYCLES = 4
CRM = ("--workload", "crm")
FOUR = {"types": {name: {"create": 5, "delete": 5} for name in ("a", "b", "c", "d")}}
HOT = {"types": {"account": {"documents": 50, "updates": 20}, "counter": {"documents": 50, "updates": 80, "hot": True}}}
NOTE = ("The workload crm, {documents:,} documents of 1,000 B or of its own sizes, and " + str(CYCLES) + " cycles of "
        "{window:,} updates, start-up subtracted. The ceiling sends the requests of a recorded run, prepared, to "
        "another database. CPU is user plus system time per document; hex: four types with creations and deletions.")
VERIFY_NOTE = "couchdyno-verify of {documents:,} documents of the workload crm, start to exit, start-up subtracted."
HOT_NOTE = (f"{DRIVERS} drivers at once, {{window:,}} updates a cycle, 80 % of them of a type with half of the "
            "{documents:,} documents: documents written per second if the type is hot, and if it is not.")


def measure(bench: Bench) -> Iterator[Table]:
    total, window = bench.pick(20_000, 400), bench.pick(5_000, 100)
    fills: dict[str, list[float]] = {"couchdyno": [], "ceiling": []}
    cycles: dict[str, list[float]] = {"couchdyno": [], "ceiling": []}
    cpus: dict[str, list[float]] = {"crm": [], "hex": []}
    for number in bench.rounds("workloads"):
        start = _start(bench)
        recorded = _record(bench, total, window)
        found = bench.in_turns(number, {"couchdyno": partial(_ours, bench, total, window, start),
                                        "ceiling": partial(_replayed, bench, recorded)})
        for name, (fill, cycle) in found.items():
            fills[name].append(total / fill)
            cycles[name].append(CYCLES * window / cycle)
        cpus["crm"].append(_cpu(bench, total, CRM, start))
        with workload_file(FOUR) as path:
            cpus["hex"].append(_cpu(bench, total, ("--workload", path), start))
    table = Table("workloads", "Client", NOTE.format(documents=total, window=window))
    for name in fills:
        table.add(name, "fill, documents per second", fills[name])
        table.add(name, "cycles, updates per second", cycles[name])
    table.add("couchdyno", "fill, of the ceiling", ratios(fills["couchdyno"], fills["ceiling"]), at_least(0.9))
    table.add("couchdyno", "cycles, of the ceiling", ratios(cycles["couchdyno"], cycles["ceiling"]), at_least(0.9))
    table.add("couchdyno", "CPU, µs, crm", cpus["crm"], at_most(40))
    table.add("couchdyno", "CPU, µs, hex", cpus["hex"], at_most(14))
    yield table
    yield _verification(bench, total)
    bench.delete("workloads_ours", "workloads_cpu", "workloads_one", "workloads_recorded", "workloads_replayed")
    yield _crowd(bench)


def _create(bench: Bench, name: str, total: int, workload: tuple[Any, ...]) -> str:
    database = bench.database(name)
    bench.script("setup", database, "-f", "-t", total, "-s", SIZE, *workload)
    return database


def _start(bench: Bench) -> tuple[float, float]:
    """The seconds, and the CPU seconds, of a fill of next to nothing."""
    one = _create(bench, "workloads_one", 4, CRM)
    fill = bench.script("setup", one, "-w", "-t", 4, "-s", SIZE, *CRM)
    return fill.seconds, fill.cpu


def _record(bench: Bench, total: int, window: int) -> list[list[Request]]:
    """The requests of setting up, of filling, and of the cycles, without those that only look at the database."""
    with recording(bench.database("workloads_recorded")) as recorder:
        steps = []
        bench.delete("workloads_recorded")
        for script, options in (("setup", ["-t", total, "-s", SIZE, *CRM]),
                                ("setup", ["-w", "-t", total, "-s", SIZE, *CRM]),
                                ("execute", ["-c", 0, "--cycles", CYCLES, "-u", window])):
            bench.script(script, recorder.url, *options)
            steps.append([each for each in recorder.take() if each.method != "GET" or "_all_docs" in each.path])
    return steps


def _replayed(bench: Bench, steps: list[list[Request]]) -> tuple[float, float]:
    """The seconds of the recorded fill and cycles in another database."""
    bench.delete("workloads_replayed")
    database = bench.database("workloads_replayed")
    __, fill, cycles = (replay(database, requests) for requests in steps)
    return fill, cycles


def _ours(bench: Bench, total: int, window: int, start: tuple[float, float]) -> tuple[float, float]:
    """The seconds of a fill and of cycles by couchdyno."""
    database = _create(bench, "workloads_ours", total, CRM)
    fill = bench.script("setup", database, "-w", "-t", total, "-s", SIZE, *CRM).seconds
    cycles = bench.script("execute", database, "-c", 0, "--cycles", CYCLES, "-u", window).seconds
    return max(fill - start[0], 1e-3), max(cycles - start[0], 1e-3)


def _cpu(bench: Bench, total: int, workload: tuple[Any, ...], start: tuple[float, float]) -> float:
    """The CPU time of a client that fills a database, in microseconds per document."""
    database = _create(bench, "workloads_cpu", total, workload)
    return (bench.script("setup", database, "-w", "-t", total, "-s", SIZE, *workload).cpu - start[1]) / total * 1e6


def _verification(bench: Bench, total: int) -> Table:
    database, one = bench.database("workloads_ours"), bench.database("workloads_one")
    seconds, cpus, peaks = [], [], []
    for __ in bench.rounds("verification of workloads"):
        found, start = bench.script("verify", database), bench.script("verify", one)
        seconds.append((found.seconds - start.seconds) / total * 1e6)
        cpus.append((found.cpu - start.cpu) / total * 1e6)
        peaks.append(found.rss)
    table = Table("workloads_verify", "Reader", VERIFY_NOTE.format(documents=total))
    table.add("couchdyno-verify", "µs per document", seconds)
    table.add("couchdyno-verify", "CPU, µs per document", cpus, at_most(60))
    table.add("couchdyno-verify", "peak RSS, MB", peaks, at_most(80))
    return table


def _crowd(bench: Bench) -> Table:
    """Drivers on a hot type, against the same drivers on a type that is not."""
    total, window = bench.pick(16_000, 200), bench.pick(500, 10)
    rates: dict[str, list[float]] = {"hot": [], "not hot": []}
    for number in bench.rounds("hot documents"):
        found = bench.in_turns(number, {name: partial(_drive, bench, total, window, name == "hot") for name in rates})
        for name, rate in found.items():
            rates[name].append(rate)
    table = Table("workloads_hot", "Documents", HOT_NOTE.format(documents=total, window=window))
    for name, values in rates.items():
        table.add(name, "documents per second", values)
    table.add("hot", "of not hot", ratios(rates["hot"], rates["not hot"]), at_least(0.5))
    bench.delete("workloads_hot")
    return table


def _drive(bench: Bench, total: int, window: int, is_hot: bool) -> float:
    """The documents that drivers at once write per second."""
    types = {name: {**each, "hot": is_hot and "hot" in each} for name, each in HOT["types"].items()}
    with workload_file({"types": types}) as path:
        database = _create(bench, "workloads_hot", total, ("--workload", path, "-w"))
    command: list[str | Path] = [bench.scripts / "couchdyno-execute", "-c", "0"]
    started = run_at_once([[*command, "--cycles", "1", "-u", "1"]] * DRIVERS, COUCHDYNO_URL=database)
    before = _updates(bench, database)
    cycles = [*command, "--cycles", str(CYCLES), "-u", str(window)]
    seconds = max(run_at_once([cycles] * DRIVERS, COUCHDYNO_URL=database) - started, 1e-3)
    return (_updates(bench, database) - before) / seconds


def _updates(bench: Bench, database: str) -> int:
    report = json.loads(bench.script("info", database, "--json", output=True).output)
    return int(report["statistics"]["cycle"]["updates"])


@contextlib.contextmanager
def workload_file(workload: Any) -> Iterator[Path]:
    """A workload in a file, which is deleted at the end."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "workload.json"
        path.write_text(json.dumps(workload))
        yield path
