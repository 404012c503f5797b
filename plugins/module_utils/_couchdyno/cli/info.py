# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-info: show a database, or saved reports."""
from __future__ import annotations

from argparse import ArgumentParser

from ..couchdb.client import Client
from ..errors import AccountLocked, Unreachable, UsageError
from ..reports.fields.info import INFO
from .command import LOCKED_WAIT, Command, Invocation, run
from .ending import DONE
from .options import add_metrics
from .saved_reports import add_options, asks_for_files, run_on_files


class Info(Command):
    """Show a database, once or live."""

    name = "info"
    description = "Show parameters, progress and statistics of a database."
    sections = INFO

    def add_options(self, parser: ArgumentParser) -> None:
        """What to show, and how."""
        parser.add_argument("-d", "--daily", action="store_true",
                            help="also show a calendar of the updates per day")
        parser.add_argument("-c", "--conflicts", action="store_true",
                            help="also look for conflicting revisions; reads the changes feed of the whole database")
        parser.add_argument("--history", type=int, metavar="N", default=0, help="also list the latest N runs")
        parser.add_argument("--watch", action="store_true", help="show a live view of the cycles until interrupted")
        parser.add_argument("--report", metavar="FILE.html",
                            help="also write a page with charts, which can be viewed offline; requires jinja2 and "
                                 "plotly")
        add_options(parser)
        add_metrics(parser)

    def run(self, invocation: Invocation) -> int:
        """Show what was requested."""
        args = invocation.args
        if asks_for_files(args):
            return run_on_files(invocation)
        client = invocation.connect()
        if args.watch and (args.report is not None or args.metrics is not None):
            raise UsageError("--watch cannot be combined with --report or --metrics; run couchdyno-info twice")
        return _watch(client, invocation) if args.watch else _show(client, invocation)


def _show(client: Client, invocation: Invocation) -> int:
    from ..jobs.info import Wanted, info
    from ..reports.text.info import render

    args = invocation.args
    paged = args.report is not None
    if paged:
        from ..reports.html import page
        page.check(args.report)  # before anything is read
    wanted = Wanted(args.history, args.daily or paged, args.conflicts, args.json or paged)
    found = info(client, wanted, stop=invocation.stop)
    invocation.show(found, render)
    if paged:
        page.write(args.report, [found])
    return invocation.end(DONE, found)


def _watch(client: Client, invocation: Invocation) -> int:
    from ..jobs.snapshot import snapshot
    from .live_view import INTERVAL, LiveView

    found, pause = snapshot(client), INTERVAL
    with LiveView() as view:
        while True:
            view.show(found)
            if invocation.stop.wait(pause):
                return DONE
            pause = INTERVAL
            try:
                found = snapshot(client)
            except Unreachable as error:  # it may come back
                invocation.complain(str(error))
            except AccountLocked as error:
                invocation.complain(str(error))
                pause = LOCKED_WAIT


def main(argv: list[str] | None = None) -> int:
    """Run the script; returns its exit code."""
    return run(Info(), argv)
