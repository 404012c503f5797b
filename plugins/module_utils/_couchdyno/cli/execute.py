# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-execute: run update cycles."""
from __future__ import annotations

import random
from argparse import ArgumentParser, Namespace
from contextlib import contextmanager
from typing import Callable, Iterator

from ..couchdb.client import Client
from ..errors import AccountLocked, ClaimLost, Unreachable, UsageError
from ..jobs.execute import execute
from ..jobs.pace import Pace
from ..model.limits import MAX_CYCLES, MAX_INTERVAL, check_count, check_seconds
from ..reports.fields.written import EXECUTE
from ..reports.text.execute import render
from .command import LOCKED_WAIT, Command, Invocation, Report, run
from .ending import DONE, INTERRUPTED
from .options import add_metrics, add_pace, add_updates_per_run

Show = Callable[[Report], None]


class Execute(Command):
    """Run one cycle, or many."""

    name = "execute"
    description = "Run update cycles: write the next updates of a database."
    sections = EXECUTE

    def add_options(self, parser: ArgumentParser) -> None:
        """How many documents, how often, and how fast."""
        add_updates_per_run(parser, help="documents to update per cycle (default: as set up); fewer if "
                            "a document would be updated twice, unless its type in the workload is hot")
        parser.add_argument("-c", "--continuous", type=float, metavar="SECONDS",
                            help="run cycles in an endless loop, and sleep for SECONDS in between")
        parser.add_argument("--jitter", type=float, metavar="SECONDS", default=0.0,
                            help="before the first cycle, sleep for a random time of at most SECONDS")
        parser.add_argument("--cycles", type=int, metavar="N", help="with -c: stop after N cycles")
        parser.add_argument("--rate", type=float, metavar="N",
                            help="limit to N documents per second, evenly spread (default: no limit)")
        add_pace(parser)
        parser.add_argument("--watch", action="store_true",
                            help="with -c: show a live view instead of a report for each cycle")
        add_metrics(parser)

    def run(self, invocation: Invocation) -> int:
        """Run the cycles, and show each."""
        client, args = invocation.connect(), invocation.args
        _check(args)
        pace = Pace(args.connections, args.batch_bytes, args.rate)
        if args.jitter and invocation.stop.wait(random.uniform(0, args.jitter)):
            return INTERRUPTED
        with _shown(client, invocation) as show:
            cycles = Cycles(client, invocation, pace, show)
            return cycles.run_one() if args.continuous is None else cycles.run_all()


class Cycles:
    """The cycles of one call, which share a pace; ``show`` prints the report of each."""

    def __init__(self, client: Client, invocation: Invocation, pace: Pace, show: Show) -> None:
        self._client = client
        self._invocation = invocation
        self._args = invocation.args
        self._pace = pace
        self._show = show

    def run_one(self) -> int:
        """Run one cycle; returns its exit code."""
        report = execute(self._client, self._args.updates_per_run, self._pace, self._invocation.stop)
        self._show(report)
        return self._invocation.end(self._invocation.code_after_writing(report["after"]), report)

    def run_all(self) -> int:
        """Run cycles in a loop; returns the worst of their exit codes."""
        code, stop, args = DONE, self._invocation.stop, self._args
        for left in range(args.cycles or MAX_CYCLES, 0, -1):
            pause = args.continuous
            try:
                code = max(code, self.run_one())
            except (Unreachable, ClaimLost, AccountLocked) as error:  # the next cycle finishes this one
                code = max(code, self._invocation.fail(error))
                self._pace.rest()
                if isinstance(error, AccountLocked):
                    pause = max(pause, LOCKED_WAIT)
            if args.continuous:
                self._pace.rest()
            if stop.is_requested() or (left > 1 and stop.wait(pause)):
                return INTERRUPTED
        return code


def _check(args: Namespace) -> None:
    """Raise UsageError if options make no sense, alone or together."""
    if args.cycles is not None and args.continuous is None:
        raise UsageError("--cycles requires --continuous")
    if args.watch and args.continuous is None:
        raise UsageError("--watch requires --continuous")
    check_seconds("jitter", args.jitter, MAX_INTERVAL)
    check_seconds("continuous", args.continuous or 0.0, MAX_INTERVAL)
    check_count("cycles", 1 if args.cycles is None else args.cycles, MAX_CYCLES)


@contextmanager
def _shown(client: Client, invocation: Invocation) -> Iterator[Show]:
    """How to show the reports of cycles: each one printed, or with --watch all in a live view."""
    if not invocation.args.watch:
        yield lambda report: invocation.show(report, render)
        return
    from ..jobs.snapshot import snapshot
    from .live_view import LiveView

    with LiveView() as view:
        yield lambda _report: invocation.attempt(lambda: view.show(snapshot(client)))


def main(argv: list[str] | None = None) -> int:
    """Run the script; returns its exit code."""
    return run(Execute(), argv)
