# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script from its arguments to its exit code: the common part of all scripts.

Exit codes: 0 done; 1 failed; 2 usage error; 3 the database or its ledger does not exist, or the ledger is damaged;
4 done, but not everything is right; 130 interrupted, after settling. If only the report could not be written, the exit
code is 1, too.
"""
from __future__ import annotations

import argparse
import atexit
import gc
import json
import os
import re
import threading
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, Callable, Dict, NoReturn, Sequence

from .. import __version__
from ..couchdb.client import Client
from ..couchdb.stop import Stop
from ..errors import CouchdynoError, Unshown, UsageError
from ..reports.text.unwritten import unwritten, warnings, why
from . import connection, ending, terminal
from .ending import DONE, FAILED, INTERRUPTED, PREFIX, WITH_ERRORS

if TYPE_CHECKING:
    from ..reports.fields.rows import Section

LONGEST = 300  # characters of a message that quotes an argument
LOCKED_WAIT = 60.0  # seconds between two tries of a script that outlives a locked account, at least

Report = Dict[str, Any]


class Command(ABC):
    """A script: its name, its options, and what it runs."""

    name: str  # without the prefix
    description: str
    sections: Sequence[Section] = ()  # of its report, for the metrics

    @abstractmethod
    def add_options(self, parser: argparse.ArgumentParser) -> None:
        """Add its own options to the common ones."""

    @abstractmethod
    def run(self, invocation: Invocation) -> int:
        """Run the script, and return the exit code; raises CouchdynoError."""


class Invocation:
    """One call of a script: its arguments, its database, its output; signals request the ``stop``."""

    def __init__(self, command: Command, args: argparse.Namespace) -> None:
        self.args = args
        self.stop = Stop()
        self._command = command
        self._client: Client | None = None
        self._is_mute = False  # whether the latest report could not be written
        self._code = DONE  # what the loss of a report makes of DONE

    def connect(self) -> Client:
        """A client of the database in the arguments; from now on, signals end the script cleanly."""
        given = {name: getattr(self.args, name, None) for name in connection.NAMES}
        address, options = connection.connection(given, os.environ, self.args.config)
        if self.args.metrics is not None:
            from ..reports.prometheus import textfile
            textfile.check(self.args.metrics)
        self._client = Client(address, options, self.stop, self.complain)
        _stop_on_signals(self.stop)
        return self._client

    def show(self, report: Report, render: Callable[[Report], str]) -> None:
        """Print a report."""
        self.attempt(lambda: terminal.show(json.dumps(report) if self.args.json else render(report)))

    def attempt(self, show: Callable[[], None]) -> None:
        """Show something with a function. If standard output cannot be written, the job continues all the same.

        A full disk must not end cycles. It is reported once, until there is space again; the exit code is then FAILED.
        """
        try:
            show()
            self._is_mute = False
        except Unshown as error:
            if not self._is_mute:
                self.complain(str(error))
            self._is_mute, self._code = True, FAILED

    def complain(self, message: str) -> None:
        """Print one line about what is wrong on standard error."""
        ending.complain(self._command.name, message)

    def fail(self, error: Exception) -> int:
        """Print an error, and return its exit code."""
        return self.end(ending.failed(self._command.name, error).exit_code)

    def exit_code(self, code: int) -> int:
        """The exit code of a job, which is not DONE if a report could not be written."""
        return code or self._code

    def end(self, code: int, report: Report | None = None) -> int:
        """Write the metrics if requested; ``report`` is None if the job failed.

        Returns the exit code: the job's, or FAILED if the metrics could not be written; cycles continue all the same.
        """
        code = self.exit_code(code)
        if self.args.metrics is None or self._client is None:
            return code
        from ..reports.prometheus import metrics, textfile

        families = metrics.ended(self._command.name, code, self._client.now())
        if report is not None:
            families += metrics.measured(self._command.name, self._command.sections, report)
        address = self._client.address
        try:
            textfile.write(self.args.metrics, {"server": address.server, "database": address.database}, families)
        except CouchdynoError as error:
            self.complain(str(error))
            return code or FAILED
        return code

    def code_after_writing(self, counts: Report, **retry: str) -> int:
        """The exit code of a job that wrote documents; complains if some, or the run record, could not be written."""
        for warning in warnings(counts):
            self.complain(warning)
        if self.stop.is_requested():
            return INTERRUPTED
        if not counts.get("errors"):
            return DONE
        self.complain(unwritten(counts["errors"], why(counts), counts.get("refused", 0), **retry))
        return WITH_ERRORS


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line, without credentials from the arguments."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As usual, but the error about surplus arguments does not show them: they may be of a --password."""
        found, surplus = self.parse_known_args(args, namespace)
        if surplus:
            self.error("unrecognized arguments: " + " ".join(map(_name_of_option, surplus)))
        return found

    def error(self, message: str) -> NoReturn:
        shown = _without_credentials(message)
        if len(shown) > LONGEST:
            shown = shown[:LONGEST] + "…"
        terminal.tell(f"{self.prog}: {shown}; see {self.prog} --help")
        self.exit(UsageError.exit_code)

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print the help or the version, which argparse drops if it cannot be written."""
        terminal.show(message.rstrip("\n"))


def run(command: Command, argv: list[str] | None) -> int:
    """Run a script with its arguments (None: those of the process); returns the exit code."""
    atexit.register(gc.freeze)  # collecting everything at exit would take longer than a small cycle
    terminal.replace_what_it_cannot_show()
    invocation: Invocation | None = None
    try:
        invocation = Invocation(command, _parser(command).parse_args(argv))
        if invocation.args.watch and invocation.args.json:
            raise UsageError("--watch cannot be combined with --json")
        return invocation.exit_code(command.run(invocation))
    except BrokenPipeError:  # the reader of the report has ended
        return FAILED
    except Exception as error:
        return invocation.fail(error) if invocation else ending.failed(command.name, error).exit_code
    finally:
        terminal.discard_what_it_cannot_write()


def _parser(command: Command) -> Parser:
    parser = Parser(prog=PREFIX + command.name, description=command.description)
    parser.set_defaults(metrics=None, watch=False)
    parser.add_argument("url", metavar="DB", nargs="?",
                        help="URL of the database, http[s]://[user:password@]host[:port][/prefix]/db (default: "
                             "COUCHDYNO_URL); keep passwords off the command line with COUCHDYNO_USERNAME and "
                             "COUCHDYNO_PASSWORD, or --config")
    parser.add_argument("--config", metavar="FILE",
                        help=f"INI file with a section [{connection.SECTION}] and any of: "
                             f"{', '.join(connection.NAMES)}; it must be accessible only to its owner (mode 0600)")
    parser.add_argument("--ca-path", metavar="FILE", help="CA certificates to trust instead of the default ones")
    parser.add_argument("--no-validate-certs", dest="validate_certs", action="store_false", default=None,
                        help="accept server certificates that cannot be verified")
    parser.add_argument("--client-cert", metavar="FILE", help="client certificate")
    parser.add_argument("--client-key", metavar="FILE", help="key of the client certificate, if not in the same file")
    parser.add_argument("--timeout", metavar="SECONDS",
                        help="seconds within which each answer must be complete (default: 60)")
    parser.add_argument("--json", action="store_true", help="print the report as a JSON object")
    parser.add_argument("--version", action="version", version="couchdyno " + __version__)
    command.add_options(parser)
    return parser


def _stop_on_signals(stop: Stop) -> None:
    """Let the first SIGINT or SIGTERM end the job cleanly, and the second one end the process."""
    def request(_number: int, _frame: Any) -> None:
        ending.on_signals(ending.end_at_once)
        # In a thread, as the interrupted code may hold the lock of the event.
        threading.Thread(target=stop.request).start()

    ending.on_signals(request)


def _without_credentials(message: str) -> str:
    return re.sub(r"://.*@", "://", message, flags=re.DOTALL)


def _name_of_option(argument: str) -> str:
    """An argument as far as it is the name of an option; otherwise dots."""
    found = re.match(r"--\w[\w-]*|-\w", argument)
    return found[0] if found else "…"
