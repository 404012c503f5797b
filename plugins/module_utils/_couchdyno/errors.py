# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that can go wrong, as one tree.

::

    CouchdynoError
     ├── UsageError            bad input, refused before anything was touched
     ├── MissingLibrary        a Python package is not installed
     ├── DatabaseExists        setup would have to overwrite something
     ├── NoDatabase            the database is not there
     ├── NoLedger              the database was not set up by couchdyno
     ├── LedgerDamaged         the ledger was edited into something that makes no sense
     ├── ClaimLost             the lease ran out and another driver took the window over
     ├── Busy                  the next documents are in the hands of other drivers
     ├── NotComparable         two saved infos are of different things
     ├── Interrupted           a signal ended what is of no use when it is done by half
     └── ServerError           talking to the server failed
          ├── Unreachable      no usable answer, after all retries
          └── Refused          an answer that retrying cannot change
               ├── NotAllowed  401 or 403
               ├── NotFound    404
               ├── Conflict    409
               ├── NameTaken   412
               └── TooLarge    413

``str()`` of each is one line that says what happened and what to do; it never holds a password.
``exit_code`` is what a script ends with.
"""
from __future__ import annotations


class CouchdynoError(Exception):
    """Base of all errors that this package raises on purpose."""

    exit_code = 1


class UsageError(CouchdynoError):
    """Bad input, refused before anything was touched."""

    exit_code = 2


class MissingLibrary(CouchdynoError):
    """A Python package that is needed is not installed; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the Python package {name} is missing; install it with: pip install {name}")
        self.name = name


class DatabaseExists(CouchdynoError):
    """Setup was asked for a database that is there already and is not the one asked for."""


class NoDatabase(CouchdynoError):
    """The database does not exist."""

    exit_code = 3


class NoLedger(CouchdynoError):
    """The database exists, but holds no ledger."""

    exit_code = 3


class LedgerDamaged(CouchdynoError):
    """The ledger is there, but its fields make no sense."""

    exit_code = 3


class ClaimLost(CouchdynoError):
    """The lease of a claim ran out before it was settled, so another driver may be redoing it."""


class Busy(CouchdynoError):
    """The documents of the next window are still being written by other drivers."""


class NotComparable(CouchdynoError):
    """Two saved infos are of things too different to compare, or there are too few cycles in them."""


class Interrupted(CouchdynoError):
    """A signal ended a job that is of no use when it is done by half."""

    exit_code = 130


class ServerError(CouchdynoError):
    """Talking to the server failed."""


class Unreachable(ServerError):
    """The server gave no usable answer, after all retries."""


class Refused(ServerError):
    """The server answered with a status that repeating the request cannot change.

    ``status`` is the HTTP status, ``error`` CouchDB's own word for it (``"forbidden"``), where there was one.
    """

    def __init__(self, message: str, status: int = 0, error: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.error = error


class NotAllowed(Refused):
    """401 or 403: the credentials are wrong, or not enough."""


class NotFound(Refused):
    """404: no such database or document."""

    exit_code = 3


class Conflict(Refused):
    """409: somebody else has changed the document."""


class NameTaken(Refused):
    """412: a database of that name exists already."""


class TooLarge(Refused):
    """413: the request, or a document in it, is larger than the server takes."""
