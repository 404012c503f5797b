# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other programs that write the same documents to CouchDB: couchimport and couchrestore."""
from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path
from typing import Callable, Dict, Iterator

import programs
from bench import CONNECTIONS, PREFIX, Bench
from figures import Table, at_least, ratios
from processes import Failed, Run, run

SIZE = 1000
FILL, UPDATES = "fill", "updates"
NOTE = ("{documents:,} documents of 1,000 B, start to exit of each program with {connections} requests at once and "
        "otherwise its own defaults. couchimport updates with --overwrite, which reads revisions as couchdyno does; "
        "couchrestore has no updates.")

Command = Callable[[str], Run]  # writes all documents into a database of the bench
Commands = Dict[str, Command]


def measure(bench: Bench) -> Iterator[Table]:
    documents = bench.pick(15_000, 300)
    runs: dict[tuple[str, str], list[Run]] = {}
    with tempfile.TemporaryDirectory(prefix="couchdyno-bench-") as directory:
        stages = _stages(bench, Path(directory), documents)
        for number in bench.rounds("peers"):
            for what, commands in stages.items():
                found = bench.in_turns(number, {name: partial(_write, bench, f"peers_{name}", documents, what, command)
                                                for name, command in commands.items()})
                for name, took in found.items():
                    runs.setdefault((name, what), []).append(took)
    bench.delete(*(f"peers_{name}" for name in stages[FILL]))
    yield _table(runs, documents)


def _stages(bench: Bench, directory: Path, documents: int) -> dict[str, Commands]:
    """The commands of each program: first the fills, then updates of the filled databases."""
    node, home = programs.install()
    lines = programs.write_lines(directory / "documents.jsonl", documents, SIZE)
    backup = programs.write_backup(directory / "documents.backup", documents, SIZE)
    couchimport = [*node, home / "couchimport" / "bin" / "couchimport.bin.js", "--type", "jsonl",
                   "--parallelism", CONNECTIONS]
    couchrestore = [*node, home / "@cloudant" / "couchbackup" / "bin" / "couchrestore.bin.js",
                    "--parallelism", CONNECTIONS]

    def peer(command: list[object], stdin: Path, name: str) -> Run:
        return run([str(word) for word in command], stdin, COUCH_URL=bench.server.full_url,
                   COUCH_DATABASE=PREFIX + name)

    def fill(name: str) -> Run:
        return bench.script("setup", bench.database(name), "-w", "-t", documents, "-s", SIZE)

    fills: Commands = {"couchdyno": fill, "couchimport": partial(peer, couchimport, lines)}
    if bench.server.is_couchdb:  # the embedded server lacks the kind of session that couchrestore uses
        fills["couchrestore"] = partial(peer, couchrestore, backup)
    return {FILL: fills,
            UPDATES: {"couchdyno": lambda name: bench.cycle(bench.database(name), documents),
                      "couchimport": partial(peer, [*couchimport, "--overwrite", "true"], lines)}}


def _write(bench: Bench, name: str, documents: int, what: str, command: Command) -> Run:
    """Run a program, for a fill on a new database; raises Failed if documents are missing or not updated."""
    if what == FILL:
        if name == "peers_couchdyno":
            bench.create(name, documents, SIZE)
        else:
            bench.empty(name)
    took = command(name)
    found = bench.server.ask(PREFIX + name)
    changes = int(str(found["update_seq"]).partition("-")[0])
    if found["doc_count"] < documents or changes < documents * (1 if what == FILL else 2):
        raise Failed(f"{name}: not all documents were written")
    return took


def _table(runs: dict[tuple[str, str], list[Run]], documents: int) -> Table:
    table = Table("peers", "Program", NOTE.format(documents=documents, connections=CONNECTIONS))
    for (name, what), series in runs.items():
        row = f"{name}, {what}"
        table.add(row, "documents per second", [documents / took.seconds for took in series])
        table.add(row, "CPU, µs per document", [took.cpu / documents * 1e6 for took in series])
        table.add(row, "peak RSS, MB", [took.rss for took in series])
        if name != "couchdyno":
            ours = [took.seconds for took in runs["couchdyno", what]]
            table.add(row, "couchdyno, times as fast", ratios((took.seconds for took in series), ours), at_least(1))
    return table
