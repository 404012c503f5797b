# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lease of a driver: its claims for as long as they are its own, renewed in time, and settled at the end."""
from __future__ import annotations

import threading
from typing import Any

from ..couchdb.client import Client
from ..errors import ClaimLost
from ..model import claiming
from ..model.claim import Claim
from ..model.claiming import Result, renew, settle
from .ledger_document import LedgerDocument

MARGIN = 5  # seconds before its end from which a driver no longer trusts its lease


class Lease:
    """The claims of a driver for as long as they are its own; safe to use from several threads."""

    def __init__(self, client: Client, document: LedgerDocument, claims: list[Claim]) -> None:
        self._client = client
        self._document = document
        self._lock = threading.Lock()
        self.claims = claims
        self.end = claims[0].lease
        self._driver = claims[0].driver
        self._is_missing = False

    def check(self) -> None:
        """Raise ClaimLost when another driver has taken the claims over."""
        self._renew_in(MARGIN)

    def confirm(self) -> None:
        """Raise ClaimLost when the ledger no longer names the driver, whatever the time.

        That happens within a lease when the ledger is edited, or the database deleted and recreated.
        """
        self.check()
        with self._lock:
            self._is_missing = not any(claim.driver == self._driver for claim in self._document.read().claims)
        self.check()

    def renew_when_due(self) -> None:
        """Renew the lease when half of it has gone; raises ClaimLost as ``check`` does."""
        self._renew_in(claiming.LEASE // 2)

    def settle(self, left: list[Claim], result: Result, record: dict[str, Any]) -> None:
        """Close the claims, keep what is ``left`` of them open, and write the run record in its document.

        ClaimLost when another driver has taken them over.
        """
        try:
            self._document.change(lambda ledger: (settle(ledger, self._driver, left, result), None), beside=record)
        except ClaimLost:
            # Nobody may take a claim over before its lease ends: it was settled, and only the answer was lost.
            if self._client.now() >= self.end:
                raise

    def _renew_in(self, seconds: int) -> None:
        """Renew the lease when it ends in so many seconds or has ended: the ledger says whether it is too late."""
        with self._lock:
            if self._is_missing:
                raise ClaimLost("the claim is no longer in the ledger; was the database made anew? run it again")
            now = self._client.now()
            if now >= self.end - seconds:
                renewed = self._document.change(lambda ledger: renew(ledger, self._driver, now))
                self.end = renewed[0].lease
