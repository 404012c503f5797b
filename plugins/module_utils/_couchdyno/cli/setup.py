# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-setup: create a database and its ledger."""
from __future__ import annotations

from argparse import ArgumentParser

from ..couchdb.client import Client
from ..couchdb.security import NO_ACCESS, Access
from ..errors import option
from ..jobs.adopt import adopt, check_alone
from ..jobs.pace import Pace
from ..jobs.setup import Request, Sharding, setup
from ..model.parameters import DEFAULTS, Parameters
from ..model.workloads import BUILT_IN
from ..reports.text import workloads
from ..reports.text.setup import render
from .command import Command, Invocation, run
from .ending import DONE
from .options import add_pace, add_updates_per_run
from .progress import Progress
from .workload_file import workload

# The options that say what to create, and how, with their defaults.
FOR_NEW = {"total": DEFAULTS.total, "size": DEFAULTS.size, "updates_per_run": DEFAULTS.updates, "seed": None, "q": None,
           "n": None, "force": False, "wait_to_fill": False, "workload": None, "partitioned": False}
# The options that grant access, in the order of Access.
GRANTS = {"member_names": "let this user read and write documents: add the name to the members in _security, even if "
                          "the database already exists with these parameters; if it has no members, everybody may "
                          "use it, and nothing is added",
          "member_roles": "the same for users with this role",
          "admin_names": "make this user an admin of the database: add the name to the admins in _security",
          "admin_roles": "the same for users with this role"}


class Setup(Command):
    """Set up a database."""

    name = "setup"
    description = "Set up a database of documents for couchdyno-execute to update."

    def add_options(self, parser: ArgumentParser) -> None:
        """Its parameters, and how to fill it."""
        parser.add_argument("-t", "--total", type=int, metavar="N", default=DEFAULTS.total,
                            help="total number of documents (default: %(default)s)")
        parser.add_argument("-s", "--size", type=int, metavar="BYTES", default=DEFAULTS.size,
                            help="size of each document in bytes of JSON text; never less than about 70 "
                                 "(default: %(default)s)")
        add_updates_per_run(parser, default=DEFAULTS.updates,
                            help="documents to update per cycle (default: %(default)s)")
        parser.add_argument("--workload", metavar="NAME|FILE.json",
                            help=f"what documents there are, and how they change: {', '.join(BUILT_IN)}, or a file "
                                 "(default: classic); --total is the number of documents at the start, --size the size "
                                 "of documents whose type does not set one")
        parser.add_argument("--workloads", action="store_true",
                            help="list the built-in workloads, and do nothing else")
        parser.add_argument("-w", "--wait-to-fill", action="store_true",
                            help="fill the database with documents; if interrupted, run it again to resume")
        parser.add_argument("-f", "--force", action="store_true",
                            help="if the database exists, delete it with everything in it, and recreate it; its "
                                 "_security object is kept")
        parser.add_argument("--adopt", action="store_true",
                            help="make the ledger of an existing database agree with its documents, for example after "
                                 "an earlier ledger was restored; its parameters stay as they are, and it counts as a "
                                 "fork of its source from then on; stop all drivers first, and run it only once")
        parser.add_argument("--seed", type=int, metavar="N",
                            help="seed of the documents' contents (default: random)")
        parser.add_argument("-q", type=int, metavar="N", help="number of shards (default: the server's)")
        parser.add_argument("-n", type=int, metavar="N",
                            help="number of replicas of each shard (default: the server's)")
        parser.add_argument("--partitioned", action="store_true",
                            help="create a partitioned database, which requires CouchDB 3 or later; if an admin has "
                                 "already created an empty one, this option is not needed")
        for name, what in GRANTS.items():
            parser.add_argument(option(name).script, dest=name, action="append", metavar="NAME", default=[],
                                help=f"{what}; can be repeated")
        add_pace(parser)

    def run(self, invocation: Invocation) -> int:
        """Set up, show progress and report."""
        args = invocation.args
        if args.workloads:
            invocation.show({"workloads": [each.dump(name) for name, each in BUILT_IN.items()]}, workloads.render)
            return DONE
        client = invocation.connect()
        if args.adopt:
            return self._adopt(invocation, client)
        access = Access(*(tuple(vars(args)[name]) for name in GRANTS))
        request = Request(Parameters(args.total, args.size, args.updates_per_run, args.seed), Sharding(args.q, args.n),
                          fill=args.wait_to_fill, force=args.force, idempotent=access != NO_ACCESS, access=access,
                          workload=workload(args.workload), partitioned=args.partitioned)
        pace = Pace(args.connections, args.batch_bytes)
        with Progress("filling") as progress:
            report = setup(client, request, pace, progress, invocation.stop)
        invocation.show(report, render)
        for caution in request.cautions():
            invocation.complain(caution)
        return invocation.code_after_writing(report.get("fill", {}),
                                             retry="run couchdyno-setup -w again to write them")

    def _adopt(self, invocation: Invocation, client: Client) -> int:
        """Adopt, show progress and report."""
        args = vars(invocation.args)
        given = [name for name, default in FOR_NEW.items() if args[name] != default]
        check_alone(given + [name for name in GRANTS if args[name]])
        with Progress("adopting") as progress:
            report = adopt(client, progress, invocation.stop)
        invocation.show(report, render)
        return DONE


def main(argv: list[str] | None = None) -> int:
    """Run the script; returns its exit code."""
    return run(Setup(), argv)
