# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease of a driver: keeps its claims while it writes, renews them in time, and settles them at the end."""
from __future__ import annotations

import threading
from typing import Any, Callable

from ..couchdb.client import Client
from ..errors import ClaimLost
from ..model import claiming
from ..model.claim import Claim, Driver
from ..model.claiming import Parts, Result, proceed, renew, settle
from ..model.ledger import Ledger
from .ledger_document import LedgerDocument

MARGIN = 5  # seconds: a driver stops trusting its lease this long before the end


class Lease:
    """The claims of a driver while it owns them; safe to use from several threads."""

    def __init__(self, client: Client, document: LedgerDocument, claims: list[Claim]) -> None:
        self._client = client
        self._document = document
        self._lock = threading.Lock()
        self.claims = claims
        self.end = claims[0].lease
        self._driver = claims[0].driver
        self._identity = document.ledger.identity
        self._is_missing = False

    def check(self) -> None:
        """Raise ClaimLost if another driver has taken over the claims."""
        self._renew_in(MARGIN)

    def confirm(self) -> None:
        """Raise ClaimLost if the ledger no longer names the driver, even before the lease ends.

        That happens when the ledger is edited, or the database deleted and recreated.
        """
        self.check()
        with self._lock:
            self._is_missing = not any(claim.driver == self._driver for claim in self._document.read().claims)
        self.check()

    def renew_when_due(self) -> None:
        """Renew the lease after half of it; raises ClaimLost as ``check`` does."""
        self._renew_in(claiming.LEASE // 2)

    def proceed(self, driver: Driver, parts: Parts, window_size: Callable[[Ledger], int]) -> None:
        """Close the claims, which were all redone, and claim the next window; Busy if other drivers are in the way.

        ClaimLost if another driver has taken them over.
        """
        self.claims = self._document.change(
            lambda ledger: proceed(ledger, driver, parts, window_size(ledger), self._client.now()))
        self.end = self.claims[0].lease

    def settle(self, parts: Parts, result: Result, record: dict[str, Any]) -> str:
        """Close the claims, keep their unfinished parts open, and write the document of the run record.

        Returns why the record was not written, ``""`` if it was. ClaimLost if another driver has taken the claims over.
        """
        try:
            self._document.change(lambda ledger: (settle(ledger, self._driver, parts, result), None),
                                  companion=record)
        except ClaimLost:
            # Before the lease ends, no driver may take over the claims: they were settled, only the answer was lost,
            # unless the database has been recreated.
            if self._client.now() >= self.end or not self._is_settled():
                raise
        return self._document.unwritten

    def _is_settled(self) -> bool:
        """Whether the ledger is the one that had the claims."""
        ledger = self._document.ledger
        return ledger.identity == self._identity and ledger.runs > self.claims[0].run

    def _renew_in(self, seconds: int) -> None:
        """Renew the lease if it ends within some seconds or has ended; the ledger shows whether it is too late."""
        with self._lock:
            if self._is_missing:
                raise ClaimLost("the claim is no longer in the ledger: the database was recreated, or its ledger "
                                "edited; start a new cycle")
            now = self._client.now()
            if now >= self.end - seconds:
                renewed = self._document.change(lambda ledger: renew(ledger, self._driver, now))
                self.end = renewed[0].lease
