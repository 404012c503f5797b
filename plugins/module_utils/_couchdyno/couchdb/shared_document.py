# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A document that any number of processes change, each change based on the one before: on one node or on many.

On one node a write under an old revision is refused, and that is enough. On a cluster each replica decides for itself:
two writes under the same revision can both be stored, on different replicas, and the one that was refused can come back
as a conflicting leaf, even as the winner. So a write counts on a cluster only when its revision is *established*:

- every replica holds it (all of them said so, or it was pushed to all of them), so none can accept another child of its
  parent any more;
- every replica was asked for all its leaves after that, and no other leaf can come before it any more: live ones are
  deleted, and deleted ones that its rivals might still be based on are pushed to every replica.

Whatever is established later is then based on it. A write under a revision that this process has established is
established when all replicas accept it, without a further request. If replicas cannot be reached, a majority of them
has to do. ``tests/unit`` holds a model of replicas, messages and writers that this code is run in.
"""
from __future__ import annotations

import json
import random
from typing import NamedTuple

from ..errors import Conflict, Refused, Unreachable
from .bulk import FINAL, row_error, row_reason
from .client import Client
from .revisions import Document, Leaf, end_of, leaf_of, path, rank, with_nearest_ancestors

ROUNDS = 20  # of pushing leaves and looking at them again
PROBES = 5
TRIES = 5  # of a write that the server could not do


class Written(NamedTuple):
    """What became of a write that was not refused; ``everywhere``: all replicas have accepted it."""

    rev: str
    everywhere: bool


class SharedDocument:
    """A shared document; one for each process, not to be used by several threads at once."""

    def __init__(self, client: Client, document_id: str) -> None:
        self._client = client
        self._id = document_id
        self._established = ""

    def read(self) -> Document | None:
        """The document, None when there is none."""
        return self._client.get(self._id)

    def write(self, document: Document, beside: Document | None = None) -> str:
        """Write the document under its ``_rev``, and another document ``beside`` it in the same request, if it can be.

        Returns the revision to go on from. Raises Conflict when somebody else was first; whether this write was stored
        all the same (its answer may have been lost) tells the document when it is read again.
        """
        replicas = self._client.replicas()
        written = self._post(document, replicas, beside)
        rev = written.rev
        established = replicas == 1 or (written.everywhere and document.get("_rev") == self._established)
        if not (established or self._establish(written, replicas) or written.everywhere):
            rev = self._see_majority(dict(document, _rev=rev), replicas)
        self._established = rev
        return rev

    def confirm(self, rev: str) -> None:
        """See that a revision that was read is here to stay; Conflict when it is not."""
        replicas = self._client.replicas()
        if replicas > 1 and rev != self._established:
            self._establish(Written(rev, False), replicas)
            self._established = rev

    def _post(self, document: Document, replicas: int, beside: Document | None = None) -> Written:
        """Write the document under its revision, and wait for so many replicas of it."""
        documents = [document] if beside is None else [document, beside]
        texts = [json.dumps(each, separators=(",", ":")) for each in documents]
        for attempt in range(TRIES):
            answers = self._client.bulk_write(texts, replicas if replicas > 1 else None)
            answer = next((each for each in answers if each.get("id") == self._id), {"error": "no answer"})
            error = row_error(answer)
            if not error:
                return Written(str(answer["rev"]), "accepted" not in answer)
            if error == "conflict" or error in FINAL:
                break
            self._client.pause(random.uniform(0.05, 0.15) * 2 ** attempt)
        raise (Conflict if error == "conflict" else Refused)(
            f"{self._id} in {self._client.address.url} was not written: {row_reason(answer)}; run it again later")

    def _establish(self, written: Written, replicas: int) -> bool:
        """Establish a revision; returns whether it had rivals. Raises Conflict when one of them comes before it."""
        pushed = {written.rev} if written.everywhere else set()
        had_rivals = False
        for __ in range(ROUNDS):
            best, rivals = self._weigh(written.rev, replicas)
            had_rivals = had_rivals or bool(rivals)
            if pushed and pushed.issuperset(map(str, rivals)):  # of live rivals the ends were pushed, not they
                return had_rivals
            pushed = self._push(best, rivals, replicas)
        raise Unreachable(f"the copies of {self._id} in {self._client.address.url} do not come to agree; "
                          "are nodes of the cluster down? Run it again later")

    def _weigh(self, rev: str, replicas: int) -> tuple[Leaf, list[Leaf]]:
        """The best leaf, and those that could still come before a revision; Conflict when the best one does."""
        leaves = sorted(map(leaf_of, self._client.leaves(self._id, replicas)))
        if not leaves or not leaves[-1].live:
            raise Conflict(f"{self._id} was deleted")
        best, generation, built_upon = leaves[-1], rank(rev)[0], {rev}
        later = [str(leaf) for leaf in leaves if leaf.generation > generation]
        if later:
            built_upon.update(leaf["_rev"] for leaf in self._client.leaves(self._id, replicas, later)
                              if rev in path(leaf))
        if str(best) not in built_upon:
            raise Conflict(f"{self._id} was changed by somebody else")
        return best, [leaf for leaf in leaves if str(leaf) not in built_upon
                      and (leaf.live or leaf.generation >= generation)]

    def _push(self, best: Leaf, rivals: list[Leaf], replicas: int) -> set[str]:
        """Push the best leaf to every replica, and with it the end of the rivals; returns what was pushed."""
        documents = []
        for leaf in self._client.leaves(self._id, replicas, list(map(str, [best, *rivals]))):
            rival = leaf["_rev"] != str(best) and not leaf.get("_deleted")
            documents.append(end_of(leaf) if rival else with_nearest_ancestors(leaf))
        self._client.push(documents, replicas)
        return {document["_rev"] for document in documents}

    def _see_majority(self, document: Document, replicas: int) -> str:
        """Write the document once more, as it is: replicas are out of reach, and this shows that most are not.

        Returns the revision to go on from. When others build upon the document meanwhile, that shows as much.
        """
        for attempt in range(PROBES):
            try:
                written = self._post(document, replicas // 2 + 1)
                if written.everywhere or self._establish(written, replicas):
                    return written.rev
            except Conflict:
                return str(document["_rev"])
            document["_rev"] = written.rev
            self._client.pause(random.uniform(0.1, 0.3) * 2 ** attempt)
        raise Unreachable(f"most copies of {self._id} in {self._client.address.url} cannot be reached; "
                          "are nodes of the cluster down? Run it again later")
