# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on losing branches: whether a document has the losing leaf that it must have, and no other. Pure.

The losing leaf of an update is written before the update itself. So a document has the losing leaf of an update that it
may hold: of the one that it holds, and while later ones are open, missed or within the span of a copy, of one of these.
"""
from __future__ import annotations

from typing import Any, Dict, NamedTuple, Tuple

from .branches import Branches
from .document_state import DocumentState
from .stream import Stream

FIELD = "_losing"  # of a document: its losing leaves by their revisions, None where one cannot be read
UNBRANCHED, DAMAGED, CONFLICTED, ROUNDED, AHEAD = "unbranched", "damaged", "conflicted", "rounded", "ahead"

Document = Dict[str, Any]
Verdict = Tuple[str, str]  # a kind of verdicts.py, and the reason; two empty texts if all is right


class Bounds(NamedTuple):
    """The updates that a document may hold: from the ``oldest`` up to, but not including, ``until`` (None: any).

    ``is_ending``: one of these may have deleted it, or only its losing leaf.
    """

    oldest: DocumentState
    until: int | None
    is_ending: bool = False

    def contain(self, update: int) -> bool:
        """Whether an update is one of them."""
        return (not self.oldest.exists or self.oldest.update <= update) and not self.precede(update)

    def precede(self, update: int) -> bool:
        """Whether all of them are before an update."""
        return self.until is not None and self.until <= update


def wanted(stream: Stream, document: Document) -> list[str]:
    """The losing leaves of a document that are to be read: those that belong to the stream, by their revisions."""
    conflicts = document.get("_conflicts")
    number = stream.number_of(document["_id"]) if conflicts and stream.branches else None
    if number is None or not conflicts or not stream.branches:
        return []
    return [rev for rev in conflicts if stream.branches.update_of(number, rev) is not None]


def is_surfaced(branches: Branches | None, number: int, document: Document) -> bool:
    """Whether a losing leaf is shown as the document, as that has lost its winner."""
    return branches is not None and branches.update_of(number, document["_rev"]) is not None


def judge_branch(branches: Branches, bounds: Bounds, number: int, held: int | None, document: Document) -> Verdict:
    """The verdict on the losing leaves of a document that exists and ``held`` an update (None: not known)."""
    found = {rev: branches.update_of(number, rev) for rev in document.get("_conflicts", ())}
    right = [rev for rev, update in found.items()
             if update is not None and (update == held or bounds.contain(update))][:1]
    newer = {} if right else {rev: update for rev, update in found.items()
                              if update is not None and bounds.precede(update)}
    surplus = [rev for rev in found if rev not in right and rev not in newer]
    verdicts = [_judge_leaf(branches, rev, found[rev], document) for rev in right]
    if newer:
        verdicts.append((AHEAD, f"has the losing revision of update {max(newer.values())}; it can only have those of "
                                f"updates below {bounds.until}"))
    elif held is not None and branches.concerns(held) and not (right or bounds.is_ending):
        verdicts.append((UNBRANCHED, f"lacks its losing revision, {branches.revision(held)}"))
    if surplus:
        verdicts.append((CONFLICTED, _too_many(surplus)))
    kinds = [kind for kind, __ in verdicts if kind]
    return kinds[0] if kinds else "", "; ".join(reason for __, reason in verdicts if reason)


def _judge_leaf(branches: Branches, rev: str, update: int | None, document: Document) -> Verdict:
    """The verdict on what the losing leaf of an update contains."""
    leaf = document.get(FIELD, {}).get(rev)
    if leaf is None or update is None:
        return UNBRANCHED, f"has a losing revision that cannot be read, {rev}"
    flaw, is_rounded = branches.compare(update, leaf)
    if not flaw:
        return "", ""
    return ((ROUNDED, f"{flaw}, as JavaScript makes it, in its losing revision, {rev}") if is_rounded else
            (DAMAGED, f"{flaw} in its losing revision, {rev}"))


def _too_many(revisions: list[str]) -> str:
    if len(revisions) == 1:
        return f"has a losing revision that is not in the stream, {revisions[0]:.60}"
    return f"has {len(revisions)} losing revisions that are not in the stream, the first is {revisions[0]:.60}"
