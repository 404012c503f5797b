# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of couchdyno-info that works on reports it has printed before: compares them, makes a page of them."""
from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ..errors import UsageError
from .command import DONE, WITH_ERRORS, Invocation


def add_options(parser: ArgumentParser) -> None:
    """The options that make couchdyno-info work on files."""
    parser.add_argument("--from", dest="infos", nargs="+", metavar="FILE.json",
                        help="with --report: a page of what --json of couchdyno-info and couchdyno-verify has printed")
    comparing = parser.add_argument_group("to compare two infos that --json has printed; no database is needed")
    comparing.add_argument("--compare", nargs=2, metavar=("A.json", "B.json"),
                           help="set them side by side; exit code 4 when B is worse")
    comparing.add_argument("--tolerance", type=float, metavar="PERCENT", default=10.0,
                           help="by how much B may be worse (default: %(default)g)")
    comparing.add_argument("--force", action="store_true",
                           help="compare them although parameters, connections or server differ")


def asks_for_files(args: Namespace) -> bool:
    """Whether the options ask for anything of this."""
    return args.infos is not None or args.compare is not None


def run_on_files(invocation: Invocation) -> int:
    """Do what the options ask for, and return the exit code."""
    _check_alone(invocation.args)
    return _report(invocation.args) if invocation.args.compare is None else _compare(invocation)


def _check_alone(args: Namespace) -> None:
    """Raise UsageError where other options ask for something else, too."""
    chosen = "--from" if args.compare is None else "--compare"
    others = {"a database": args.url, "--from": args.compare and args.infos, "--report": args.compare and args.report,
              "--metrics": args.metrics, "--watch": args.watch}
    for name, value in others.items():
        if value:
            raise UsageError(f"{chosen} works on files alone; leave {name} out")


def _report(args: Namespace) -> int:
    from ..reports import saved
    from ..reports.html import page

    if args.report is None:
        raise UsageError("--from needs --report, the page to make")
    page.check(args.report)
    page.write(args.report, *saved.classified((path, saved.read(path)) for path in args.infos))
    return DONE


def _compare(invocation: Invocation) -> int:
    from ..jobs.compare import compare
    from ..reports import saved
    from ..reports.text.comparison import render
    from ..statistics.significance import WORSE

    args = invocation.args
    before, after = map(saved.read_comparable, args.compare)
    report = compare(before, after, args.tolerance, args.force)
    invocation.show(report, render)
    return WITH_ERRORS if report["verdict"] == WORSE else DONE
