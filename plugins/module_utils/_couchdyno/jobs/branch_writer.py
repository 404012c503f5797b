# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes losing leaves, before the winners of their documents are written.

A document that holds an update has the losing leaf of that update, too. So whoever dies in between leaves a document
with the winner of one update and the losing leaf of the next one, which is open then; it is redone.
"""
from __future__ import annotations

import random
from threading import Semaphore
from typing import Any, Dict, Sequence

from ..couchdb.bulk import bulk_body
from ..couchdb.client import NONE, TOO_SLOW, Client
from ..errors import TooLarge, TooSlow
from ..model.stream import Stream
from ..storage.lease import Lease

TOO_LARGE = "document_too_large"

Answers = Dict[int, Dict[str, Any]]  # by update: why its losing leaf was not written


class BranchWriter:
    """Pushes the losing leaves of updates; ``slots`` bounds the number of requests in flight."""

    def __init__(self, client: Client, stream: Stream, lease: Lease, slots: Semaphore) -> None:
        self._client = client
        self._stream = stream
        self._lease = lease
        self._slots = slots

    def push(self, updates: Sequence[int]) -> Answers:
        """Push the losing leaves of those updates that have one; returns CouchDB's answers about the ones that failed.

        The winners of their documents must be current: CouchDB would show the losing leaves of others.
        """
        branches = self._stream.branches
        chosen = [update for update in updates if branches.concerns(update)] if branches else []
        return self._push(chosen) if chosen else {}

    def _push(self, updates: Sequence[int]) -> Answers:
        branches = self._stream.branches
        body = bulk_body((branches.losing(update) for update in updates) if branches else (), new_edits=False)
        try:
            with self._slots:
                self._lease.check()
                answers = self._client.bulk_post(body, final=TOO_SLOW if len(updates) > 1 else NONE)
        except TooLarge as error:
            if len(updates) == 1:
                return {updates[0]: {"error": TOO_LARGE, "reason": str(error)}}
            return self._push_halves(updates)
        except TooSlow:
            self._client.pause(random.uniform(0.1, 0.3))
            return self._push_halves(updates)
        failed = {answer.get("id"): answer for answer in answers if answer.get("error")}
        ids = {update: self._stream.document_id(update) for update in updates} if failed else {}
        return {update: failed[document_id] for update, document_id in ids.items() if document_id in failed}

    def _push_halves(self, updates: Sequence[int]) -> Answers:
        half = len(updates) // 2
        return {**self._push(updates[:half]), **self._push(updates[half:])}
