# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measures share: their own databases, couchdyno's scripts, other clients, and alternating rounds."""
from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Callable, Iterator, Mapping, TypeVar

from processes import Run, run
from servers import Server

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PREFIX = f"bench_{os.getpid()}_"
CONNECTIONS = 4  # unless a measure says otherwise; couchdyno's default

T = TypeVar("T")


class Bench:
    """A server and the operations of measures; with ``quick``, everything is as small as possible."""

    def __init__(self, server: Server, scripts: Path, rounds: int, quick: bool) -> None:
        self.server = server
        self.quick = quick
        self.scripts = scripts
        self.python = scripts / "python3"
        self._rounds = rounds
        self._made: set[str] = set()

    # -- numbers, rounds and order

    def pick(self, full: T, quick: T) -> T:
        """A number for a full run, or for a quick one."""
        return quick if self.quick else full

    def rounds(self, what: str, times: int = 1) -> Iterator[int]:
        """The numbers of the rounds; ``times`` multiplies them, for measures whose rounds are short and noisy."""
        count = self._rounds * (1 if self.quick else times)
        for number in range(count):
            say(f"{what}: round {number + 1} of {count}")
            yield number

    def in_turns(self, number: int, sides: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """Call all sides, in the opposite order in odd rounds; returns their results."""
        names = list(sides)
        if number % 2:
            names.reverse()
        found = {name: sides[name]() for name in names}
        return {name: found[name] for name in sides}

    # -- databases

    def database(self, name: str) -> str:
        """The URL of a database of the bench, with credentials; the database is deleted at the end."""
        self._made.add(name)
        return f"{self.server.full_url}/{PREFIX}{name}"

    def plain_url(self, name: str) -> str:
        """The same, without credentials."""
        self._made.add(name)
        return f"{self.server.url}/{PREFIX}{name}"

    def create(self, name: str, total: int, size: int, fill: bool = False) -> str:
        """Delete a database and set it up again; returns its URL with credentials."""
        database = self.database(name)
        if fill and total > 1:
            say(f"filling {name}: {total} documents of {size} B")
        self.script("setup", database, "-f", "-t", total, "-s", size, *(["-w"] if fill else []))
        return database

    def empty(self, name: str) -> str:
        """Delete a database and create it empty; returns its URL with credentials."""
        self.delete(name)
        self.server.ask(PREFIX + name, "PUT")
        return self.database(name)

    def delete(self, *names: str) -> None:
        """Delete databases of the bench, if they exist."""
        for name in names:
            self.server.ask(PREFIX + name, "DELETE")
            self._made.discard(name)

    def delete_all(self) -> None:
        """Delete all databases of the bench."""
        self.delete(*list(self._made))

    # -- clients

    def script(self, name: str, database: str, *options: object, output: bool = False) -> Run:
        """Run one of couchdyno's scripts."""
        return run([self.scripts / f"couchdyno-{name}", *map(str, options)], output=output, COUCHDYNO_URL=database)

    def cycle(self, database: str, updates: int, *options: object) -> Run:
        """Run one cycle of couchdyno-execute."""
        return self.script("execute", database, "-u", updates, *options)

    def lean(self, what: str, database: str, documents: int, size: int, *options: object) -> dict[str, list[float]]:
        """Send the requests of couchdyno with the leanest client; see lean.py."""
        words = map(str, ("--documents", documents, "--size", size, *options))
        found = run([self.python, HERE / "lean.py", what, *words], output=True, COUCHDYNO_URL=database)
        return dict(json.loads(found.output))

    def other(self, script: str, database: str, *options: object) -> Run:
        """Run another client of the bench."""
        return run([self.python, HERE / script, *map(str, options)], COUCHDYNO_URL=database)


def say(line: str) -> None:
    """Print a line about the progress."""
    print(line, file=sys.stderr, flush=True)


def size_name(size: int) -> str:
    """A number of bytes, such as 2 KB."""
    return f"{size // 1000} KB" if size >= 1000 else f"{size} B"
