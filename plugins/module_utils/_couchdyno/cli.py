# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts couchdyno-setup, -execute, -info and -verify: options, screen, exit codes.

Exit codes: 0 done; 1 could not do it; 2 usage; 3 the database or its ledger is not there; 4 done, but not all documents
are right; 130 interrupted, after settling.
"""
from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import random
import re
import signal
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Dict, Iterator, NoReturn

from . import __version__, screen, settings, text
from .client import Client
from .errors import CouchdynoError, Unreachable, UsageError
from .parameters import Parameters, check_count, check_seconds

if TYPE_CHECKING:
    from .pace import Pace

DONE, WITH_ERRORS, INTERRUPTED = 0, 4, 130
LONGEST_INTERVAL = 366 * 86400.0  # seconds
MOST_CYCLES = 10 ** 9
DEFAULTS = Parameters()

Shower = Callable[[Dict[str, Any]], None]


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without the credentials that an argument may hold."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {_without_credentials(message)}; see {self.prog} --help\n")


def setup_main(argv: list[str] | None = None) -> int:
    """couchdyno-setup: make a database and its ledger."""
    parser = _parser("couchdyno-setup", "Set up a database of documents that couchdyno-execute then keeps updating.")
    parser.add_argument("-t", "--total", type=int, metavar="N", default=DEFAULTS.total,
                        help="total number of documents (default: %(default)s)")
    parser.add_argument("-s", "--size", type=int, metavar="BYTES", default=DEFAULTS.size,
                        help="size of each document as JSON text (default: %(default)s)")
    parser.add_argument("-u", "--update-per-run", "--updates-per-run", dest="updates", type=int, metavar="N",
                        default=DEFAULTS.updates, help="how many documents to update on a run (default: %(default)s)")
    parser.add_argument("-w", "--wait-to-fill", action="store_true",
                        help="fill the database with documents; run it again to go on after an interruption")
    parser.add_argument("-f", "--force", action="store_true",
                        help="delete the database if it exists, with everything in it, and make it anew")
    parser.add_argument("--seed", type=int, metavar="N", help="seed of the documents' contents (default: by chance)")
    parser.add_argument("-q", type=int, metavar="N", help="number of shards of the new database")
    parser.add_argument("-n", type=int, metavar="N", help="number of copies of each shard of the new database")
    _add_pace(parser)
    return _run(parser, argv, _setup)


def execute_main(argv: list[str] | None = None) -> int:
    """couchdyno-execute: run update cycles."""
    parser = _parser("couchdyno-execute", "Update the next documents of a database, round robin.")
    parser.add_argument("-u", "--update-per-run", "--updates-per-run", dest="updates", type=int, metavar="N",
                        help="how many documents to update in each cycle (default: as set up; at most all)")
    parser.add_argument("-c", "--continuous", type=float, metavar="SECONDS",
                        help="run cycles in an endless loop, with so many seconds of sleep in between")
    parser.add_argument("--jitter", type=float, metavar="SECONDS", default=0.0,
                        help="before the first cycle, sleep for a random time of up to so many seconds")
    parser.add_argument("--cycles", type=int, metavar="N", help="with -c: stop after so many cycles")
    parser.add_argument("--rate", type=float, metavar="N",
                        help="write so many documents a second, evenly; with -c 0 from cycle to cycle (default: as "
                             "fast as it goes)")
    _add_pace(parser)
    parser.add_argument("--watch", action="store_true", help="with -c: show how it goes instead of a report each time")
    _add_metrics(parser)
    return _run(parser, argv, _execute)


def info_main(argv: list[str] | None = None) -> int:
    """couchdyno-info: tell what is there."""
    from . import cli_files

    parser = _parser("couchdyno-info", "Tell what is in a database and how its updates have been going.")
    parser.add_argument("-d", "--daily", action="store_true", help="show a calendar of the updates of each day, too")
    parser.add_argument("-c", "--conflicts", action="store_true",
                        help="look for documents with conflicting revisions, too; reads which revisions all have")
    parser.add_argument("--history", type=int, metavar="N", default=0, help="list the latest N runs, too")
    parser.add_argument("--watch", action="store_true", help="show how cycles go, until interrupted")
    parser.add_argument("--report", metavar="FILE.html",
                        help="write a page with charts, too, that opens without network; needs jinja2 and plotly")
    cli_files.add_options(parser)
    _add_metrics(parser)
    return _run(parser, argv, _info, cli_files.run)


def verify_main(argv: list[str] | None = None) -> int:
    """couchdyno-verify: prove what is there."""
    parser = _parser("couchdyno-verify", "Prove every document of a database, or of a copy of it. Exit code 4: wrong.")
    parser.add_argument("--from-position", dest="since", type=int, metavar="N",
                        help="what couchdyno-info of the source called settled when the copy was begun: documents may "
                             "hold any update that they have held from then on (default: they must hold what the "
                             "ledger in the copy says)")
    parser.add_argument("--to-position", dest="until", type=int, metavar="N",
                        help="what couchdyno-info of the source called position when the copy was done (default: its "
                             "position now, with --source)")
    parser.add_argument("--source", metavar="DB",
                        help="the URL of the database that this is a copy of, to tell what would be lost by going back "
                             "to the copy (default: COUCHDYNO_SOURCE_URL); credentials also from "
                             "COUCHDYNO_SOURCE_USERNAME and COUCHDYNO_SOURCE_PASSWORD, or --source-config")
    parser.add_argument("--source-config", metavar="FILE", help="like --config, for the source")
    for name, what in (("seed", "seed"), ("total", "total number of documents"), ("size", "size of each document")):
        parser.add_argument("--" + name, type=int, metavar="N", help=f"{what}, of a database without a ledger")
    _add_metrics(parser)
    return _run(parser, argv, _verify)


# -- the jobs; each script imports its own only, as starting up is a good part of a small cycle


def _setup(client: Client, args: argparse.Namespace) -> int:
    from .pace import Pace
    from .progress import Progress
    from .setup import Layout, setup

    wanted = Parameters(args.total, args.size, args.updates, args.seed)
    pace = Pace(args.connections, args.batch_bytes)
    progress = Progress("filling")
    try:
        report = setup(client, wanted, Layout(args.q, args.n), fill=args.wait_to_fill, force=args.force, pace=pace,
                       progress=progress)
    finally:
        progress.close()
    _show(report, text.setup, args)
    return _code("couchdyno-setup", client, report.get("fill", {}))


def _execute(client: Client, args: argparse.Namespace) -> int:
    from .pace import Pace

    if args.cycles is not None and args.continuous is None:
        raise UsageError("--cycles needs -c, the seconds between the cycles")
    if args.watch and args.continuous is None:
        raise UsageError("--watch needs -c, the seconds between the cycles")
    check_seconds("--jitter", args.jitter, LONGEST_INTERVAL)
    check_seconds("-c", args.continuous or 0.0, LONGEST_INTERVAL)
    check_count("cycles", 1 if args.cycles is None else args.cycles, MOST_CYCLES)
    pace = Pace(args.connections, args.batch_bytes, args.rate)
    if args.jitter and client.stopping.wait(random.uniform(0, args.jitter)):
        return INTERRUPTED
    with _shown(client, args) as show:
        if args.continuous is None:
            return _execute_once(client, args, pace, show)
        return _execute_on(client, args, pace, show)


def _execute_on(client: Client, args: argparse.Namespace, pace: Pace, show: Shower) -> int:
    code = DONE
    for left in range(args.cycles or MOST_CYCLES, 0, -1):
        try:
            code = max(code, _execute_once(client, args, pace, show))
        except Unreachable as error:  # it may come back, and the next cycle repairs what this one left
            _complain("couchdyno-execute", str(error))
            code = max(code, _meter(args, client, error.exit_code))
            pace.rest()
        if args.continuous:
            pace.rest()
        if client.stopping.is_set() or (left > 1 and client.stopping.wait(args.continuous)):
            return INTERRUPTED
    return code


def _execute_once(client: Client, args: argparse.Namespace, pace: Pace, show: Shower) -> int:
    from .execute import execute

    report = execute(client, args.updates, pace)
    show(report)
    return _meter(args, client, _code("couchdyno-execute", client, report["after"]), report)


@contextmanager
def _shown(client: Client, args: argparse.Namespace) -> Iterator[Shower]:
    """How to show the reports of cycles: each as it comes, or with --watch all of them in one view."""
    if not args.watch:
        yield lambda report: _show(report, text.execute, args)
        return
    from .glance import glance
    from .watch import View

    with View() as view:
        yield lambda report: view.show(glance(client))


def _watch(client: Client, args: argparse.Namespace) -> int:
    from .glance import glance
    from .watch import INTERVAL, View

    found = glance(client)
    with View() as view:
        while True:
            view.show(found)
            if client.stopping.wait(INTERVAL):
                return DONE
            try:
                found = glance(client)
            except Unreachable as error:  # it may come back
                _complain(args.script, str(error))


def _info(client: Client, args: argparse.Namespace) -> int:
    from . import info_text
    from .info import Wanted, info

    if args.watch and (args.report is not None or args.metrics is not None):
        raise UsageError("--watch goes without --report and --metrics; run couchdyno-info twice")
    if args.watch:
        return _watch(client, args)
    paged = args.report is not None
    if paged:
        from . import report
        report.check(args.report)  # before anything is read
    found = info(client, Wanted(args.history, args.daily or paged, args.conflicts, args.json or paged))
    _show(found, info_text.info, args)
    if paged:
        report.write(args.report, [found])
    return _meter(args, client, DONE, found)


def _verify(client: Client, args: argparse.Namespace) -> int:
    from .progress import Progress
    from .verify import RIGHT, Span, given_stream, verify

    given = given_stream(args.seed, args.total, args.size)
    progress = Progress("verifying")
    try:
        report = verify(client, Span(args.since, args.until), given, _source(args), progress)
    finally:
        progress.close()
    _show(report, text.verify, args)
    return _meter(args, client, DONE if report["verdict"] == RIGHT else WITH_ERRORS, report)


def _source(args: argparse.Namespace) -> Client | None:
    """The source of a copy, when one is named; it is reached in the same way as the copy, but as its own user."""
    settled = settings.source(args.source, vars(args), os.environ, args.source_config)
    return Client(*settled) if settled else None


def _code(prog: str, client: Client, counts: dict[str, Any]) -> int:
    """The exit code of a job that wrote documents; complains of those that it could not write."""
    if client.stopping.is_set():
        return INTERRUPTED
    if not counts.get("errors"):
        return DONE
    _complain(prog, text.unwritten(counts))
    return WITH_ERRORS


# -- around the jobs


def _add_pace(parser: Parser) -> None:
    """The options of the scripts that write documents, but for the rate."""
    parser.add_argument("--connections", type=int, metavar="N", help="how many requests to have in flight (default: 4)")
    parser.add_argument("--batch-bytes", type=int, metavar="BYTES",
                        help="how much to write in one request (default: by the size of the documents)")


def _parser(prog: str, description: str) -> Parser:
    parser = Parser(prog=prog, description=description)
    parser.set_defaults(script=prog, metrics=None, watch=False)
    parser.add_argument("url", metavar="DB", nargs="?",
                        help="http[s]://[user:password@]host[:port][/prefix]/db (default: COUCHDYNO_URL); to keep a "
                             "password off the command line use COUCHDYNO_USERNAME and COUCHDYNO_PASSWORD, or --config")
    parser.add_argument("--config", metavar="FILE",
                        help=f"an INI file, section [{settings.SECTION}], with any of: {', '.join(settings.NAMES)}; "
                             "only its owner may have access")
    parser.add_argument("--ca-path", metavar="FILE", help="certificates to trust instead of the usual ones")
    parser.add_argument("--no-validate-certs", dest="validate_certs", action="store_false", default=None,
                        help="talk to servers whose certificate cannot be verified")
    parser.add_argument("--client-cert", metavar="FILE", help="client certificate")
    parser.add_argument("--client-key", metavar="FILE", help="its key, where it is not in the same file")
    parser.add_argument("--timeout", metavar="SECONDS", help="seconds to wait for an answer (default: 60)")
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    parser.add_argument("--version", action="version", version="couchdyno " + __version__)
    return parser


def _add_metrics(parser: Parser) -> None:
    parser.add_argument("--metrics", metavar="FILE.prom",
                        help="write what it found there, for Prometheus (node_exporter's textfile collector); "
                             "needs prometheus_client")


def _meter(args: argparse.Namespace, client: Client, code: int, report: dict[str, Any] | None = None) -> int:
    """Write the metrics that were asked for; ``report`` is None when the job failed.

    Returns the exit code: the job's, or a failure to write them, which does not keep cycles from going on.
    """
    if args.metrics is None:
        return code
    from . import metrics, textfile

    script = args.script.rpartition("-")[2]
    found = [*metrics.ended(script, code, client.now()), *(metrics.OF[script](report) if report else ())]
    try:
        textfile.write(args.metrics, {"server": client.address.server, "database": client.address.database}, found)
    except CouchdynoError as error:
        _complain(args.script, str(error))
        return code or 1
    return code


def _run(parser: Parser, argv: list[str] | None, job: Callable[[Client, argparse.Namespace], int],
         without_database: Callable[[argparse.Namespace], int | None] = lambda args: None) -> int:
    """Run a job on the database that the arguments name, or what needs none; returns the exit code."""
    atexit.register(gc.freeze)  # to collect all that was imported would take longer than a small cycle
    _print_anything()
    args = parser.parse_args(argv)
    stopping = threading.Event()
    client = None
    try:
        if args.watch and args.json:
            raise UsageError("--watch is for people to look at; leave --json out")
        code = without_database(args)
        if code is not None:
            return code
        given = {name: getattr(args, name, None) for name in settings.NAMES}
        address, options = settings.connection(given, os.environ, args.config)
        if args.metrics is not None:
            from . import textfile
            textfile.check(args.metrics)
        client = Client(address, options, stopping=stopping)
        _stop_on_signals(stopping)
        return job(client, args)
    except CouchdynoError as error:
        _complain(parser.prog, str(error))
        return _meter(args, client, error.exit_code) if client else error.exit_code
    except BrokenPipeError:  # whoever read the report has gone; do not complain at exit either
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _print_anything() -> None:
    """Let what the screen has no character for become a question mark: hosts may be called anything."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


def _stop_on_signals(stopping: threading.Event) -> None:
    """Let the first SIGINT or SIGTERM end the job in good order, and the second end the process."""
    def stop(_number: int, _frame: Any) -> None:
        for each in (signal.SIGINT, signal.SIGTERM):
            signal.signal(each, lambda *__: os._exit(INTERRUPTED))
        # Not from here: the event's lock may be held by the very code that the signal interrupted.
        threading.Thread(target=stopping.set).start()

    for each in (signal.SIGINT, signal.SIGTERM):
        signal.signal(each, stop)


def _show(report: dict[str, Any], form: Callable[[dict[str, Any]], str], args: argparse.Namespace) -> None:
    screen.show(json.dumps(report) if args.json else form(report))


def _complain(prog: str, message: str) -> None:
    line = message.replace("\n", " ")
    screen.tell(f"{prog}: {line}")


def _without_credentials(message: str) -> str:
    return re.sub(r"://.*@", "://", message, flags=re.DOTALL)


SCRIPTS: dict[str, Callable[[], int]] = {  # by their names; whoever installs the scripts reads this
    "couchdyno-setup": setup_main,
    "couchdyno-execute": execute_main,
    "couchdyno-info": info_main,
    "couchdyno-verify": verify_main,
}
