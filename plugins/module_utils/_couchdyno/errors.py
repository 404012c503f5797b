# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as one tree; and the words of its messages.

::

    CouchdynoError
     ├── UsageError            bad input, or a file that cannot be read or written
     ├── MissingLibrary        a Python package is not installed
     ├── DatabaseExists        setup would have to overwrite a database
     ├── NoDatabase            the database does not exist
     ├── NoLedger              the database was not set up by couchdyno
     │    └── StateMissing     its ledger has lost its state
     ├── LedgerDamaged         the fields of the ledger make no sense
     ├── TwoLedgers            the database has two ledgers
     ├── LedgerOutdated        the ledger is older than the run records
     ├── Recreated             the database was recreated while it was read
     ├── ClaimLost             the lease expired and another driver took over the window
     ├── Busy                  other drivers are still writing the next documents
     ├── NotComparable         two saved reports differ too much to be compared
     ├── Interrupted           a signal ended a job whose partial result is useless
     ├── Unshown               standard output cannot be written
     ├── Unforeseen            anything else: a bug, or a fault of the machine
     └── ServerError           a request failed
          ├── Unreachable      no usable answer, after all retries
          └── Refused          an answer that a retry cannot change
               ├── NotAllowed  401 or 403
               ├── AccountLocked  403 for a while, because of wrong passwords
               ├── NotFound    404
               ├── Conflict    409
               ├── NameTaken   412
               ├── TooLarge    413, or an answer that is larger than the program accepts
               └── TooSlow     504

A message is one line: what happened; what to do. It never contains a password. Where it names an option or a command,
scripts and modules need different words, so messages are built from parts::

    raise UsageError(option("to_position"), " requires ", option("from_position"))

``str(error)`` is in the words of the scripts (``--to-position``), ``error.for_module()`` in the words of the modules
(``to_position``). Strings among the parts are never interpreted, so a path, a URL or the reason of a server may contain
anything; ``cleaned`` makes it fit for a line.
"""
from __future__ import annotations

import os
import sys
from traceback import extract_tb, format_tb
from typing import Any, Iterator, NamedTuple, Union

HERE = os.path.join(os.path.dirname(__file__), "")
FRAMES = 30  # how many of the innermost a trace shows
RETRY_LATER = "retry later"
LONGEST_TEXT = 200  # characters of a foreign text that a message contains
LONGEST_PART = 2000  # and of any part of a message, in case it contains several
# Options that are not named after the parameter of the module.
SCRIPT_OPTIONS = {"source_url": "--source", "taken_from": "--taken", "taken_to": "--taken",
                  "interval": "--continuous", "fill": "--wait-to-fill", "member_names": "--member-name",
                  "member_roles": "--member-role", "admin_names": "--admin-name", "admin_roles": "--admin-role"}


class Term(NamedTuple):
    """The name of one thing, in the words of scripts and of modules."""

    script: str
    module: str

    def __str__(self) -> str:
        return self.script


Part = Union[str, Term]


def option(name: str) -> Term:
    """An option, by the name of the parameter: ``--from-position``, ``from_position``."""
    prefix = "-" if len(name) == 1 else "--"
    return Term(SCRIPT_OPTIONS.get(name, prefix + name.replace("_", "-")), name)


def switch(name: str) -> Term:
    """An option without a value that is to be set: ``--force``, ``force: true``."""
    return Term(option(name).script, f"{name}: true")


def command(name: str, with_switch: str = "") -> Term:
    """A command, on request with a switch: ``couchdyno-setup --force``, ``couchdyno_setup and force: true``."""
    script, module = f"couchdyno-{name}", f"couchdyno_{name}"
    if not with_switch:
        return Term(script, module)
    to_set = switch(with_switch)
    return Term(f"{script} {to_set.script}", f"{module} and {to_set.module}")


def cleaned(text: str, most: int = LONGEST_TEXT) -> str:
    """A text from outside (a server, a document, a file) as part of one line: at most ``most`` printable characters.

    White space becomes a space, other characters that a terminal would not print become escapes. Everything foreign
    that is shown to people passes through here.
    """
    if len(text) > most:
        text = text[:most - 1] + "…"
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else " " if each.isspace() else ascii(each)[1:-1] for each in text)


class CouchdynoError(Exception):
    """Base of all errors that this package raises on purpose; ``exit_code`` is that of a script."""

    exit_code = 1

    def __init__(self, *parts: Part) -> None:
        self.parts = tuple(part if isinstance(part, Term) else cleaned(part, LONGEST_PART) for part in parts)
        super().__init__("".join(map(str, self.parts)))

    def for_module(self) -> str:
        """The message in the words of the modules."""
        return "".join(part.module if isinstance(part, Term) else part for part in self.parts)


class UsageError(CouchdynoError):
    """Bad input, refused before anything is touched; or a file that cannot be read or written."""

    exit_code = 2


class MissingLibrary(CouchdynoError):
    """The required Python package ``name`` is not installed."""

    def __init__(self, name: str) -> None:
        install = f"{sys.executable} -m pip install {name}"
        super().__init__(f"the Python package {name} is missing; install it with: {install}")
        self.name = name


class DatabaseExists(CouchdynoError):
    """The requested database already exists, and is not as requested."""


class NoDatabase(CouchdynoError):
    """The database does not exist."""

    exit_code = 3


class NoLedger(CouchdynoError):
    """The database exists, but has no ledger."""

    exit_code = 3


class StateMissing(NoLedger):
    """The ledger has lost its state; ``meta`` is the document of its constants."""

    def __init__(self, meta: dict[str, Any], *parts: Part) -> None:
        super().__init__(*parts)
        self.meta = meta


class LedgerDamaged(CouchdynoError):
    """The fields of the ledger make no sense, for example after an edit by hand; ``what`` says which."""

    exit_code = 3

    def __init__(self, *parts: Part, what: str = "") -> None:
        super().__init__(*parts)
        self.what = what


class TwoLedgers(CouchdynoError):
    """The database has the ledger of a partitioned database, and that of another one."""

    exit_code = 3


class LedgerOutdated(CouchdynoError):
    """Cycles have settled that the ledger knows nothing of: it is an earlier one that was restored."""


class Recreated(CouchdynoError):
    """The database was deleted and recreated while it was read, so what was read is of two databases."""


class ClaimLost(CouchdynoError):
    """The lease of a claim expired before the claim was settled, so another driver may be redoing it."""


class Busy(CouchdynoError):
    """Other drivers are still writing the documents of the next window."""


class NotComparable(CouchdynoError):
    """Two saved reports differ too much to be compared, or contain too few cycles."""


class Interrupted(CouchdynoError):
    """A signal ended a job whose partial result is useless."""

    exit_code = 130


class Unshown(CouchdynoError):
    """Standard output cannot be written."""


class Unforeseen(CouchdynoError):
    """An exception that nobody foresaw: a bug, or a fault of the machine.

    The words of such an exception may quote anything, even a password. So the message has only its class, its place,
    and what the operating system says; ``trace`` are lines that show how it came about, without values.
    """

    def __init__(self, error: BaseException) -> None:
        frames = extract_tb(error.__traceback__)
        own = [frame for frame in frames if frame.filename.startswith(HERE)] or frames
        place = f" ({own[-1].filename.replace(HERE, '')}, line {own[-1].lineno})" if own else ""
        super().__init__(f"unexpected error: {_kind(error)}{place}; ",
                         Term("set COUCHDYNO_DEBUG=1", "use -vvv"), " to see where it comes from")
        self.trace = list(_trace(error))


class ServerError(CouchdynoError):
    """A request failed."""


class Unreachable(ServerError):
    """The server gave no usable answer, after all retries."""


class Refused(ServerError):
    """The server answered with a status that a retry cannot change.

    ``status`` is the HTTP status, ``error`` CouchDB's word for it (``"forbidden"``) if it gave one.
    """

    def __init__(self, *parts: Part, status: int = 0, error: str = "") -> None:
        super().__init__(*parts)
        self.status = status
        self.error = error


class NotAllowed(Refused):
    """401 or 403: the credentials are wrong or insufficient."""


class AccountLocked(Refused):
    """403 for a while: CouchDB 3.4 and later lock an account if somebody tries wrong passwords."""


class NotFound(Refused):
    """404: no such database or document."""

    exit_code = 3


class Conflict(Refused):
    """409: another client has changed the document."""


class NameTaken(Refused):
    """412: a database with this name already exists; or an attachment that a write refers to does not exist."""


class TooLarge(Refused):
    """413: the request, or a document in it, is larger than the server accepts.

    Or ``status`` is that of an answer that is larger than the program accepts. Either way, request less at a time.
    """


class TooSlow(Refused):
    """504: a gateway in front of the server has stopped waiting for the answer."""


def _kind(error: BaseException) -> str:
    """The class of an exception, and what the operating system says about it."""
    name = type(error).__name__
    return f"{name}: {error.strerror}" if isinstance(error, OSError) and error.strerror else name


def _trace(error: BaseException) -> Iterator[str]:
    """The lines of code that an exception passed, after those of the exception that it was raised for."""
    earlier = error.__cause__ or error.__context__
    if earlier is not None:
        yield from _trace(earlier)
    for frame in format_tb(error.__traceback__, -FRAMES):
        yield from frame.rstrip("\n").split("\n")
    yield _kind(error)
