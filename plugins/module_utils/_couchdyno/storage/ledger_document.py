# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its document: any number of drivers change it, each change based on the revision that was read."""
from __future__ import annotations

import random
from typing import Any, Callable, Tuple, TypeVar

from ..couchdb.client import Client
from ..couchdb.shared_document import SharedDocument
from ..couchdb.source import Source
from ..errors import RETRY_LATER, Conflict, CouchdynoError, NoDatabase, NoLedger, Unreachable, command
from ..model.ledger import LEDGER_ID, Ledger
from ..model.parameters import Parameters

TRIES = 200

Answer = TypeVar("Answer")
Change = Callable[[Ledger], Tuple[Ledger, Answer]]


def read_ledger(source: Source) -> Ledger:
    """The ledger of a database; raises NoDatabase, NoLedger or LedgerDamaged."""
    document = source.get(LEDGER_ID)
    if document is None:
        raise _absence(source)
    return Ledger.load(document)


class LedgerDocument:
    """The ledger of a database; create one for each thread that changes it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._document = SharedDocument(client, LEDGER_ID)
        self._known: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger as last read or written; reads it if necessary."""
        return self._known or self.read()

    def read(self) -> Ledger:
        """Read the ledger; raises NoDatabase, NoLedger or LedgerDamaged."""
        self._known = read_ledger(self._client)
        return self._known

    def create(self, parameters: Parameters) -> Ledger:
        """Write the ledger of a new database; Conflict if it already has one."""
        ledger = Ledger.new(parameters, self._client.now())
        self._known = ledger._replace(rev=self._document.write(ledger.dump()))
        return self._known

    def change(self, apply: Change[Answer], companion: dict[str, Any] | None = None) -> Answer:
        """Apply a function to the ledger and write the result; starts over if another process was first.

        The function receives the last known ledger, and returns the new one and an answer; the answer is returned. An
        unchanged ledger is not written; if the function raises an error, the ledger stays as it was. ``companion`` is
        another document to write in the same request, if possible.
        """
        for attempt in range(TRIES):
            before = self.ledger
            after, answer = apply(before)
            try:
                if after == before:
                    self._document.confirm(before.rev)
                else:
                    after = after._replace(rev=self._document.write(after.dump(), companion))
            except Conflict:
                companion = None
                self._client.pause(random.uniform(0, 0.05) * 2 ** min(attempt, 5))
                self.read()
            else:
                self._known = after
                return answer
        url = self._client.address.url
        raise Unreachable(f"too many drivers are changing the ledger of {url} at once; {RETRY_LATER}")


def _absence(source: Source) -> CouchdynoError:
    """The error for a missing ledger."""
    if source.document_count() is None:
        return NoDatabase(f"there is no database {source.place}; create it with ", command("setup"))
    return NoLedger(f"the database {source.place} was not set up by couchdyno: it has no document {LEDGER_ID}; "
                    "check the URL, or restore the document")
