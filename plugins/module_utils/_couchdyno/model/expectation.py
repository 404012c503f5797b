# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What documents may hold, according to a ledger or to the span of updates during which a copy was created. Pure."""
from __future__ import annotations

from typing import NamedTuple

from .claim import Claim, Superseded
from .document_state import NOT_CREATED, DocumentState, holding
from .ledger import Ledger
from .stream import Stream


class Expectation(NamedTuple):
    """Which updates documents may hold: the one that each held at position ``since``, or a later one below ``until``.

    Updates of the open ``claims`` may be missing; if present, they have the time stamps of these claims. ``superseded``
    updates before them may be missing, too. ``until`` is None if nothing is known. In a database of the original tool,
    documents belong to the stream from position ``origin`` on.
    """

    since: int = 0
    until: int | None = None
    claims: tuple[Claim, ...] = ()
    origin: int | None = None
    superseded: Superseded | None = None

    @classmethod
    def of(cls, ledger: Ledger) -> Expectation:
        """What the documents of a database with this ledger may hold."""
        return cls(ledger.position, ledger.position, ledger.claims, ledger.origin, ledger.superseded)

    def oldest(self, stream: Stream, index: int) -> DocumentState:
        """The oldest state that a document may be in."""
        state = stream.state_at(index, self.since)
        if not state.exists or self.claim_of(state.update) is None:
            return state
        update = stream.previous(state.update)
        if self.superseded and state.update < self.superseded.stop:
            while update is not None and update >= self.superseded.first:
                update = stream.previous(update)
        return NOT_CREATED if update is None else holding(update)

    def claim_of(self, update: int) -> Claim | None:
        """The open claim that contains an update, None if there is none."""
        for claim in self.claims:
            if claim.holds(update):
                return claim
        return None

    def time_stamp(self, update: int) -> int | None:
        """The time stamp that an update must have; None: any."""
        claim = self.claim_of(update)
        return claim.ts if claim else None
