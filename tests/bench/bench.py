# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the measures share: databases of their own, couchdyno's scripts and the clients beside it, rounds in turns."""
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
CONNECTIONS = 4  # where a measure does not say; couchdyno's own default

T = TypeVar("T")


class Bench:
    """A server, and what measures do with it; with ``quick``, everything is as small as it can be."""

    def __init__(self, server: Server, scripts: Path, rounds: int, quick: bool) -> None:
        self.server = server
        self.quick = quick
        self.scripts = scripts
        self.python = scripts / "python3"
        self._rounds = rounds
        self._made: set[str] = set()

    # -- how much, how often, in which order

    def pick(self, full: T, quick: T) -> T:
        """A number for a full run, or for a quick one."""
        return quick if self.quick else full

    def rounds(self, what: str, times: int = 1) -> Iterator[int]:
        """The numbers of the rounds, ``times`` as many of them where single ones are short and so noisy."""
        count = self._rounds * (1 if self.quick else times)
        for number in range(count):
            say(f"{what}: round {number + 1} of {count}")
            yield number

    def in_turns(self, number: int, sides: Mapping[str, Callable[[], T]]) -> dict[str, T]:
        """Call each of the sides, in one order or the other by the number of the round; returns what they return."""
        names = list(sides)
        if number % 2:
            names.reverse()
        found = {name: sides[name]() for name in names}
        return {name: found[name] for name in sides}

    # -- databases

    def database(self, name: str) -> str:
        """The URL of a database of the bench, with credentials; it is deleted in the end."""
        self._made.add(name)
        return f"{self.server.full_url}/{PREFIX}{name}"

    def plain_url(self, name: str) -> str:
        """The same, without credentials."""
        self._made.add(name)
        return f"{self.server.url}/{PREFIX}{name}"

    def make(self, name: str, total: int, size: int, fill: bool = False) -> str:
        """Set a database up anew; returns its URL with credentials."""
        database = self.database(name)
        if fill and total > 1:
            say(f"filling {name}: {total} documents of {size} B")
        self.script("setup", database, "-f", "-t", total, "-s", size, *(["-w"] if fill else []))
        return database

    def empty(self, name: str) -> str:
        """Make a database anew, and nothing in it; returns its URL with credentials."""
        self.delete(name)
        self.server.ask(PREFIX + name, "PUT")
        return self.database(name)

    def delete(self, *names: str) -> None:
        """Delete databases of the bench; fine when there are none."""
        for name in names:
            self.server.ask(PREFIX + name, "DELETE")
            self._made.discard(name)

    def delete_all(self) -> None:
        """Delete whatever databases the bench has left."""
        self.delete(*list(self._made))

    # -- clients

    def script(self, name: str, database: str, *options: object, output: bool = False) -> Run:
        """Run one of couchdyno's scripts."""
        return run([self.scripts / f"couchdyno-{name}", *map(str, options)], output=output, COUCHDYNO_URL=database)

    def cycle(self, database: str, updates: int, *options: object) -> Run:
        """Run one cycle of couchdyno-execute."""
        return self.script("execute", database, "-u", updates, *options)

    def lean(self, what: str, database: str, documents: int, size: int, *options: object) -> dict[str, list[float]]:
        """Send the requests of couchdyno by the leanest client; see lean.py."""
        told = map(str, ("--documents", documents, "--size", size, *options))
        found = run([self.python, HERE / "lean.py", what, *told], output=True, COUCHDYNO_URL=database)
        return dict(json.loads(found.output))

    def beside(self, script: str, database: str, *options: object) -> Run:
        """Run a script of the bench."""
        return run([self.python, HERE / script, *map(str, options)], COUCHDYNO_URL=database)


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    print(line, file=sys.stderr, flush=True)


def size_name(size: int) -> str:
    """A number of bytes as people say it."""
    return f"{size // 1000} KB" if size >= 1000 else f"{size} B"
