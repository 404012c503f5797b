# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measures couchdyno against the limit of a server; see README.md in this directory.

    ./venv/bin/python tests/bench [--url http://user:pass@host:port] [--quick] [--rounds N] [--json FILE] [--publish]
        [MEASURE ...]

Exit code: 0 all targets met, 1 a target missed or a measure failed, 2 usage. With --quick there are no targets.
"""
from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path[:0] = [str(HERE), str(ROOT / "playbooks" / "files" / "embedded")]

import report  # noqa: E402  (the paths come first)
from bench import Bench, say  # noqa: E402
from figures import Table  # noqa: E402
from measures import MEASURES, NAMED  # noqa: E402
from processes import Failed  # noqa: E402
from servers import machine, server_at  # noqa: E402

RESULTS = ROOT / ".test" / "bench.json"


def main() -> int:
    args = _parse()
    if args.publish_from:
        report.publish(json.loads(args.publish_from.read_text()), ROOT / "docs")
        return 0
    tables: list[Table] = []
    failed = []
    started = time.monotonic()
    with server_at(args.url) as server:
        results = {**machine(), **server.describe(), "date": time.strftime("%Y-%m-%d"), "rounds": args.rounds}
        print(report.facts(results), flush=True)
        bench = Bench(server, args.scripts, args.rounds, args.quick)
        for name in args.measures or MEASURES:
            begun = time.monotonic()
            try:
                for table in {**MEASURES, **NAMED}[name](bench):
                    tables.append(table)
                    print(f"\n{report.text(table, targets=not args.quick)}", flush=True)
            except (Failed, OSError) as error:  # of a process; of a direct request to the server
                failed.append(name)
                say(f"bench: {name}: {error}")
            finally:
                bench.delete_all()
            say(f"{name}: {time.monotonic() - begun:.0f} s in total")
    results.update(seconds=round(time.monotonic() - started), tables=[table.to_data() for table in tables])
    _write(results, args)
    missed = [] if args.quick else report.missed(tables)
    print(*missed, f"\ntables: {len(tables)}, seconds: {results['seconds']}, missed targets: {len(missed)}, "
          f"failed measures: {len(failed)}", sep="\n")
    return 1 if missed or failed else 0


def _write(results: dict[str, Any], args: argparse.Namespace) -> None:
    args.json.parent.mkdir(parents=True, exist_ok=True)
    args.json.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    if args.publish:
        report.publish(results, ROOT / "docs")


def _parse() -> argparse.Namespace:
    known = {**MEASURES, **NAMED}
    parser = argparse.ArgumentParser(prog="tests/bench", description="Measure couchdyno against the limit of a server.")
    parser.add_argument("measures", nargs="*", metavar="MEASURE",
                        help=f"{', '.join(known)} (default: all except {', '.join(NAMED)})")
    parser.add_argument("--url", default=os.environ.get("COUCHDYNO_TEST_URL", ""), metavar="URL",
                        help="http://user:password@host[:port] of an admin (default: COUCHDYNO_TEST_URL or the "
                             "embedded server)")
    parser.add_argument("--scripts", type=Path, default=ROOT / "venv" / "bin", metavar="DIRECTORY",
                        help="directory of the scripts and their python3 (default: %(default)s)")
    parser.add_argument("--rounds", type=int, metavar="N", help="(default: 4; with --quick 1)")
    parser.add_argument("--quick", action="store_true", help="tiny numbers, no targets: a test of the bench")
    parser.add_argument("--json", type=Path, default=RESULTS, metavar="FILE",
                        help="file for the results (default: %(default)s)")
    parser.add_argument("--publish", action="store_true", help="also write results and chart to docs/performance.md")
    parser.add_argument("--publish-from", type=Path, metavar="FILE",
                        help="only publish the results of an earlier run")
    args = parser.parse_args()
    unknown = set(args.measures) - set(known)
    if unknown:
        parser.error(f"unknown measure: {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    args.rounds = args.rounds or (1 if args.quick else 4)
    if args.rounds < 1:
        parser.error("--rounds must be at least 1")
    return args


if __name__ == "__main__":
    sys.exit(main())
