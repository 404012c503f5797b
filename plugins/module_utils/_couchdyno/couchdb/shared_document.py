# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document that any number of processes change, each change based on the previous one, on one node or on a cluster.

On one node it is enough that a write under an old revision is refused. On a cluster each replica decides for itself:
two writes under the same revision can both be stored, on different replicas, and the refused one can come back as a
conflicting leaf, even as the winner. So on a cluster a write counts only when its revision is *established*:

- every replica holds it (all have confirmed the write, or it was pushed to all of them), so none can accept another
  child of its parent;
- after that, every replica was asked for all its leaves, and no other leaf can win: live rivals are deleted, and
  deleted leaves that rivals might still be based on are pushed to every replica.

Every revision that is established later is based on it. A write under a revision that this process has established is
itself established when all replicas accept it, without a further request.

If some replicas cannot be reached, a majority suffices, and nothing is written without one: a revision that only a
minority holds could win when the replicas meet again. So a process makes sure of a majority before its first write, and
whenever not all replicas have accepted its last one. ``tests/unit`` runs this code in a model of replicas, messages and
writers.

A shared document can end: a last change makes it *sealed*, and its deletion keeps the field ``sealed``. A replica that
has missed both may still accept a write, and CouchDB prefers any live leaf to a deleted one, but here such a deletion
wins over every other leaf. A document can also begin with a first revision that is *planted*: computed, so that all
processes that plant it store the same.
"""
from __future__ import annotations

import json
import random
from typing import NamedTuple, Sequence

from ..errors import RETRY_LATER, Conflict, Refused, Unreachable
from .bulk import FINAL, row_error, row_reason
from .client import Client
from .revisions import Document, Leaf, end_of, leaf_of, path, rank, with_nearest_ancestors

ROUNDS = 20  # of pushing leaves and reading them again
PROBES = 5  # for a majority
TRIES = 5  # for a write that fails on the server
CHECK_NODES = "check that all nodes are up, then retry"
CHECK_VALIDATORS = "check the validate_doc_update functions of the database, and its limits"


SEALED = "sealed"  # the field of a document that has ended


class Written(NamedTuple):
    """The result of a write that was not refused; ``everywhere``: all replicas have accepted it."""

    rev: str
    everywhere: bool


class SharedDocument:
    """A shared document; create one per process, and do not use it from several threads at once."""

    def __init__(self, client: Client, document_id: str) -> None:
        self._client = client
        self._id = document_id
        self._established = ""
        self._is_everywhere = False  # whether all replicas have accepted the revision that was established last
        self.refused: dict[str, str] = {}  # by id, why companions of the latest write were not written

    def read(self) -> Document | None:
        """The document, None if it does not exist."""
        return self._client.get(self._id)

    def plant(self, document: Document) -> None:
        """Store a first revision with its ``_revisions`` in all reachable replicas, as replication does.

        Make sure of a majority first, by establishing another document. The server does not say whether it is stored,
        so read it back. Raises Refused if a validator forbids it.
        """
        for answer in self._client.push([document], self._client.replicas()):
            if answer.get("id") == self._id and row_error(answer):
                raise self._refusal(row_error(answer), row_reason(answer))

    def write(self, document: Document, companions: Sequence[Document] = ()) -> str:
        """Write the document under its ``_rev``, and ``companions`` in the same request, if possible.

        Returns the revision for the next write. Raises Conflict if another process was first. This write may have been
        stored all the same, if only its answer was lost: read the document again to see.
        """
        replicas = self._client.replicas()
        is_based_on_established = document.get("_rev") == self._established
        if replicas > 1 and not (is_based_on_established and self._is_everywhere):
            self._check_majority(replicas)
        written = self._post(document, replicas, companions)
        if replicas > 1 and not (written.everywhere and is_based_on_established):
            self._establish(written, replicas)
            if not written.everywhere:
                self._check_majority(replicas)
        self._established, self._is_everywhere = written
        return written.rev

    def confirm(self, rev: str) -> None:
        """Establish a revision that was read; Conflict if another one wins."""
        replicas = self._client.replicas()
        if replicas > 1 and rev != self._established:
            self._check_majority(replicas)
            self._establish(Written(rev, False), replicas)
            self._established, self._is_everywhere = rev, False

    def _post(self, document: Document, replicas: int, companions: Sequence[Document] = ()) -> Written:
        """Write the document under its revision, and wait for this number of replicas."""
        texts = [json.dumps(each, separators=(",", ":")) for each in (document, *companions)]
        for attempt in range(TRIES):
            answers = self._client.bulk_write(texts, replicas if replicas > 1 else None)
            answer = next((each for each in answers if each.get("id") == self._id), {"error": "no answer"})
            error = row_error(answer)
            if companions and not attempt:
                self.refused = {str(each.get("id")): row_reason(each) for each in answers
                                if row_error(each) and each is not answer}
            if not error:
                return Written(str(answer["rev"]), "accepted" not in answer)
            if error == "conflict" or error in FINAL:
                break
            self._client.pause(random.uniform(0.05, 0.15) * 2 ** attempt)
        raise self._refusal(error, row_reason(answer))

    def _refusal(self, error: str, reason: str) -> Refused:
        """The exception for a write that the server has refused."""
        advice = CHECK_VALIDATORS if error in FINAL else RETRY_LATER
        return (Conflict if error == "conflict" else Refused)(
            f"{self._id} in {self._client.address.url} was not written: {reason}; {advice}")

    def _establish(self, written: Written, replicas: int) -> None:
        """Establish a revision; raises Conflict if another one wins."""
        pushed = {written.rev} if written.everywhere else set()
        for __ in range(ROUNDS):
            best, rivals = self._weigh(written.rev, replicas)
            if pushed and pushed.issuperset(map(str, rivals)):  # of live rivals, only the deletions were pushed
                return
            pushed = self._push(best, rivals, replicas)
        raise Unreachable(f"the replicas of {self._id} in {self._client.address.url} did not converge; {CHECK_NODES}")

    def _weigh(self, rev: str, replicas: int) -> tuple[Leaf, list[Leaf]]:
        """The winning leaf, and the rivals of ``rev`` that could still win; Conflict if ``rev`` has lost."""
        found = self._client.leaves(self._id, replicas)
        if any(leaf.get("_deleted") and leaf.get(SEALED) for leaf in found):
            raise Conflict(f"{self._id} has ended")
        leaves = sorted(map(leaf_of, found))
        if not leaves or not leaves[-1].live:
            raise Conflict(f"{self._id} was deleted")
        best, generation, built_upon = leaves[-1], rank(rev)[0], {rev}
        later = [str(leaf) for leaf in leaves if leaf.generation > generation]
        if later:
            built_upon.update(leaf["_rev"] for leaf in self._client.leaves(self._id, replicas, later)
                              if rev in path(leaf))
        if str(best) not in built_upon:
            raise Conflict(f"{self._id} was changed by another process")
        return best, [leaf for leaf in leaves if str(leaf) not in built_upon
                      and (leaf.live or leaf.generation >= generation)]

    def _push(self, best: Leaf, rivals: list[Leaf], replicas: int) -> set[str]:
        """Push the winning leaf and the deletion of its rivals to every replica; returns the pushed revisions."""
        documents = []
        for leaf in self._client.leaves(self._id, replicas, list(map(str, [best, *rivals]))):
            rival = leaf["_rev"] != str(best) and not leaf.get("_deleted")
            documents.append(end_of(leaf) if rival else with_nearest_ancestors(leaf))
        self._client.push(documents, replicas)
        return {document["_rev"] for document in documents}

    def _check_majority(self, replicas: int) -> None:
        """Raise Unreachable unless a majority of replicas can be reached."""
        for attempt in range(PROBES):
            if self._client.reaches(replicas // 2 + 1):
                return
            self._client.pause(random.uniform(0.1, 0.3) * 2 ** attempt)
        raise Unreachable(f"most replicas of {self._id} in {self._client.address.url} cannot be reached; "
                          f"{CHECK_NODES}")
