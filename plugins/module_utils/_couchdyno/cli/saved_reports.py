# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The part of couchdyno-info that works on saved reports: compares them, or creates a page from them."""
from __future__ import annotations

from argparse import ArgumentParser, Namespace

from ..errors import UsageError
from .command import Invocation
from .ending import DONE, WITH_ERRORS


def add_options(parser: ArgumentParser) -> None:
    """The options that make couchdyno-info work on files."""
    parser.add_argument("--from", dest="infos", nargs="+", metavar="FILE.json",
                        help="with --report: create the page from saved --json output of couchdyno-info and "
                             "couchdyno-verify")
    comparing = parser.add_argument_group("compare two saved --json outputs; no database needed")
    comparing.add_argument("--compare", nargs=2, metavar=("A.json", "B.json"),
                           help="show them side by side; exit code 4 if B is worse")
    comparing.add_argument("--tolerance", type=float, metavar="PERCENT", default=10.0,
                           help="how much worse B may be (default: %(default)g)")
    comparing.add_argument("--force", action="store_true",
                           help="compare them even if parameters, settings or server versions differ")


def asks_for_files(args: Namespace) -> bool:
    """Whether the options request work on files."""
    return args.infos is not None or args.compare is not None


def run_on_files(invocation: Invocation) -> int:
    """Do what the options request, and return the exit code."""
    _check_alone(invocation.args)
    return _report(invocation.args) if invocation.args.compare is None else _compare(invocation)


def _check_alone(args: Namespace) -> None:
    """Raise UsageError if other options request something else."""
    chosen = "--from" if args.compare is None else "--compare"
    others = {"a database": args.url, "--from": args.compare and args.infos, "--report": args.compare and args.report,
              "--metrics": args.metrics, "--watch": args.watch}
    for name, value in others.items():
        if value:
            raise UsageError(f"{chosen} cannot be combined with {name}")


def _report(args: Namespace) -> int:
    from ..reports import saved
    from ..reports.html import page

    if args.report is None:
        raise UsageError("--from requires --report, the page to write")
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
