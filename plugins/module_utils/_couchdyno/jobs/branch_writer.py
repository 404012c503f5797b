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
from typing import Any, Dict

from ..couchdb.bulk import Text, bulk_body
from ..couchdb.client import NONE, TOO_SLOW, Client
from ..errors import TooLarge, TooSlow
from ..model.laps import DELETES
from ..model.stream import Stream
from ..storage.before_write import Revisions
from ..storage.lease import Lease
from .attaching import with_files

TOO_LARGE = "document_too_large"

Answers = Dict[int, Dict[str, Any]]  # by update: why its losing leaf was not written
Texts = Dict[int, Text]  # by update: a document to push


class BranchWriter:
    """Pushes what updates need before they are written; ``slots`` bounds the number of requests in flight."""

    def __init__(self, client: Client, stream: Stream, lease: Lease, slots: Semaphore) -> None:
        self._client = client
        self._stream = stream
        self._lease = lease
        self._slots = slots

    def prepare(self, updates: list[int], ts: int, found: Revisions) -> tuple[Revisions, Answers]:
        """Push the losing leaves of updates; winners that these would overtake are raised first.

        ``found`` are the revisions of the documents. Returns the ones that the updates are to replace, and CouchDB's
        answers about the updates that must not be written now. Deletions are left out.
        """
        branches = self._stream.branches
        if not branches:
            return found, {}
        chosen = [update for update in updates
                  if branches.concerns(update) and self._stream.operation(update) != DELETES]
        raised = {update: branches.raised(update, ts, found.get(update)) for update in chosen
                  if not branches.is_current(update, found.get(update))}
        failed = self._push({update: self._with_files(update, text) for update, (__, text) in raised.items()})
        failed.update(self._push({update: branches.losing(update, is_complete=update in raised) for update in chosen
                                  if update not in failed}))
        return {**found, **{update: rev for update, (rev, __) in raised.items()}}, failed

    def _with_files(self, update: int, document: str) -> Text:
        """A winner that is raised, with the attachments that it should have, if any."""
        files = self._stream.content.files
        return with_files(files, update, document, keeps=False) if files else document

    def _push(self, texts: Texts) -> Answers:
        """Push documents; returns the answers about the ones that failed."""
        if not texts:
            return {}
        body = bulk_body(texts.values(), new_edits=False)
        try:
            with self._slots:
                self._lease.check()
                answers = self._client.bulk_post(body, final=TOO_SLOW if len(texts) > 1 else NONE)
        except TooLarge as error:
            if len(texts) == 1:
                return {update: {"error": TOO_LARGE, "reason": str(error)} for update in texts}
            return self._push_halves(texts)
        except TooSlow:
            self._client.pause(random.uniform(0.1, 0.3))
            return self._push_halves(texts)
        failed = {answer.get("id"): answer for answer in answers if answer.get("error")}
        ids = {update: self._stream.document_id(update) for update in texts} if failed else {}
        return {update: failed[document_id] for update, document_id in ids.items() if document_id in failed}

    def _push_halves(self, texts: Texts) -> Answers:
        items, half = list(texts.items()), len(texts) // 2
        return {**self._push(dict(items[:half])), **self._push(dict(items[half:]))}
