# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its document: read by all, changed by any number of drivers, each change under the revision it read."""
from __future__ import annotations

import random
from typing import Any, Callable, Tuple, TypeVar

from ..couchdb.client import Client
from ..couchdb.shared_document import SharedDocument
from ..couchdb.source import Source
from ..errors import Conflict, CouchdynoError, NoDatabase, NoLedger, Unreachable
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
    """The ledger of a database; one for each thread that changes it."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._document = SharedDocument(client, LEDGER_ID)
        self._known: Ledger | None = None

    @property
    def ledger(self) -> Ledger:
        """The ledger as it was last read or written; read first if it was neither."""
        return self._known or self.read()

    def read(self) -> Ledger:
        """Read the ledger; raises NoDatabase, NoLedger or LedgerDamaged."""
        self._known = read_ledger(self._client)
        return self._known

    def create(self, parameters: Parameters) -> Ledger:
        """Write the ledger of a fresh database; Conflict when there is one."""
        ledger = Ledger.new(parameters, self._client.now())
        self._known = ledger._replace(rev=self._document.write(ledger.dump()))
        return self._known

    def change(self, apply: Change[Answer], beside: dict[str, Any] | None = None) -> Answer:
        """Apply a function to the ledger and write it back, starting over when somebody else was first.

        The function gets the ledger as it is known, and returns the changed one with an answer, which is returned. A
        ledger that it does not change is not written; what it raises leaves the ledger as it was. ``beside`` is another
        document to write in the same request, if it can be.
        """
        for attempt in range(TRIES):
            before = self.ledger
            after, answer = apply(before)
            try:
                if after == before:
                    self._document.confirm(before.rev)
                else:
                    after = after._replace(rev=self._document.write(after.dump(), beside))
            except Conflict:
                beside = None
                self._client.pause(random.uniform(0, 0.05) * 2 ** min(attempt, 5))
                self.read()
            else:
                self._known = after
                return answer
        raise Unreachable(f"too many drivers are changing the ledger of {self._client.address.url} at once; "
                          "run it again later")


def _absence(source: Source) -> CouchdynoError:
    """What a missing ledger means."""
    if source.document_count() is None:
        return NoDatabase(f"there is no database {source.place}; make one with setup")
    return NoLedger(f"the database {source.place} was not set up by couchdyno: it has no document {LEDGER_ID}; "
                    "restore that, or set the database up anew with force")
