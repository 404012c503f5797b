# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-verify: check every document of a database or copy."""
from __future__ import annotations

import os
from argparse import ArgumentParser, Namespace

from ..couchdb.client import Client
from ..errors import UsageError
from ..jobs.evidence import Span, given_stream
from ..jobs.taken import Period, period
from ..jobs.verify import READ, RIGHT, STUBS, check_allowed, verify
from ..model.stream import Stream
from ..reports.fields.verify import VERIFY
from ..reports.text.verify import render
from . import connection
from .command import Command, Invocation, run
from .ending import DONE, WITH_ERRORS
from .options import add_metrics
from .progress import Progress
from .workload_file import workload


class Verify(Command):
    """Verify a database or copy."""

    name = "verify"
    description = ("Check every document of a database or copy; exit code 4 if any is missing, stale, damaged, in "
                   "conflict or unexpected, or if that cannot be decided.")
    sections = VERIFY

    def add_options(self, parser: ArgumentParser) -> None:
        """What the documents may hold."""
        parser.add_argument("--from-position", dest="since", type=int, metavar="N",
                            help="'settled' as couchdyno-info showed it for the source before the copy; documents may "
                                 "be as they were then or newer (default: they must match the ledger in the copy)")
        parser.add_argument("--to-position", dest="until", type=int, metavar="N",
                            help="'position' as couchdyno-info showed it for the source after the copy (default: the "
                                 "current position of --source)")
        parser.add_argument("--taken", metavar="FROM..TO",
                            help="when the copy was taken, by the clock of the server: two times like "
                                 "2026-11-27T03:25:00Z, or in Unix seconds; the run records of the source, or of the "
                                 "copy, show the positions")
        parser.add_argument("--source", metavar="DB",
                            help="URL of the source: checks that DB is a copy of it, verifies DB even if the ledger "
                                 "of DB is lost, and reports the updates that would be lost by reverting to DB "
                                 "(default: COUCHDYNO_SOURCE_URL); credentials also from "
                                 "COUCHDYNO_SOURCE_USERNAME and COUCHDYNO_SOURCE_PASSWORD, or --source-config")
        parser.add_argument("--source-config", metavar="FILE", help="like --config, for the source")
        for name, what, others in (("seed", "seed", "--total and --size"),
                                   ("total", "--total of couchdyno-setup", "--seed and --size"),
                                   ("size", "--size of couchdyno-setup", "--seed and --total")):
            parser.add_argument("--" + name, type=int, metavar="N",
                                help=f"{what}, if the ledger is lost and there is no --source; requires {others}")
        parser.add_argument("--workload", metavar="NAME|FILE.json",
                            help="the workload, as for couchdyno-setup, if --seed, --total and --size are given "
                                 "(default: classic)")
        parser.add_argument("--replicas", action="store_true",
                            help="read every document from each replica, and name differing documents; requires "
                                 "CouchDB 3, a server admin, and all nodes up")
        parser.add_argument("--attachments", choices=(STUBS, READ), default=STUBS,
                            help="how to check attachments: by the digests that the server shows, reading only those "
                                 "that cannot be checked like that (stubs, the default), or by reading all of them")
        parser.add_argument("--allow", metavar="WHAT", help="what may have changed without making the verdict wrong, a "
                            "list with commas: 'numbers' (JavaScript has rounded integers beyond 2^53, or has written "
                            "1.0 as 1), 'conflicts' (losing revisions are missing), and what the workload asks of the "
                            "database: 'design', 'index', 'validator', 'security', 'revs_limit', 'partitioned', "
                            "'views'")
        parser.add_argument("--views", action="store_true",
                            help="query all views that the workload asks for, and compare what they say with the "
                                 "documents")
        add_metrics(parser)

    def run(self, invocation: Invocation) -> int:
        """Verify, show progress and report."""
        client, args = invocation.connect(), invocation.args
        given, taken = _given(args), _taken(args.taken)
        allowed = args.allow.split(",") if args.allow else []
        check_allowed(allowed)
        with Progress("verifying") as progress:
            report = verify(client, Span(args.since, args.until, taken), given, _original(invocation), progress,
                            invocation.stop, args.replicas, allowed, args.views, args.attachments)
        invocation.show(report, render)
        return invocation.end(DONE if report["verdict"] == RIGHT else WITH_ERRORS, report)


def _given(args: Namespace) -> Stream | None:
    """The stream with the given parameters, None if there are none."""
    return given_stream(args.seed, args.total, args.size, workload(args.workload))


def _taken(text: str | None) -> Period | None:
    """The period in which the copy was taken, from ``FROM..TO``."""
    if text is None:
        return None
    start, dots, end = text.partition("..")
    if not (start and dots and end):
        raise UsageError(f"--taken {text!a:.60} must be two times with two dots in between: FROM..TO")
    return period(start, end)


def _original(invocation: Invocation) -> Client | None:
    """A client of the source of the copy, if it is given; with the same options, but its own credentials."""
    args = invocation.args
    found = connection.source(args.source, vars(args), os.environ, args.source_config)
    return Client(*found, invocation.stop, invocation.complain) if found else None


def main(argv: list[str] | None = None) -> int:
    """Run the script; returns its exit code."""
    return run(Verify(), argv)
