# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The script couchdyno-info on files that it has printed before: to compare them, and to make a page of them.

Each job imports its own only, as in cli.py.
"""
from __future__ import annotations

import argparse
import json

from .errors import UsageError

DONE, WORSE_THAN_BEFORE = 0, 4


def add_options(parser: argparse.ArgumentParser) -> None:
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


def run(args: argparse.Namespace) -> int | None:
    """Do what the options ask for, and return the exit code; None when they ask for nothing of this."""
    if args.infos is None and args.compare is None:
        return None
    _check_alone(args)
    return _report(args) if args.compare is None else _compare(args)


def _check_alone(args: argparse.Namespace) -> None:
    """Raise UsageError where other options ask for something else, too."""
    chosen = "--from" if args.compare is None else "--compare"
    others = {"a database": args.url, "--from": args.compare and args.infos, "--report": args.compare and args.report,
              "--metrics": args.metrics, "--watch": args.watch}
    for name, value in others.items():
        if value:
            raise UsageError(f"{chosen} works on files alone; leave {name} out")


def _report(args: argparse.Namespace) -> int:
    from . import report, saved

    if args.report is None:
        raise UsageError("--from needs --report, the page to make")
    report.check(args.report)
    report.write(args.report, *saved.sort((path, saved.read(path)) for path in args.infos))
    return DONE


def _compare(args: argparse.Namespace) -> int:
    from . import compare_text, saved, screen
    from .compare import compare
    from .medians import WORSE

    before, after = map(saved.info, args.compare)
    report = compare(before, after, args.tolerance, args.force)
    screen.show(json.dumps(report) if args.json else compare_text.compare(report))
    return WORSE_THAN_BEFORE if report["verdict"] == WORSE else DONE
