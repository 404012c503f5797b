# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database has kept of the documents of a workload, property by property: in a few words what came back."""
from __future__ import annotations

from typing import TypeVar

from ..model.branch_verdicts import UNBRANCHED
from ..model.tally import Tally
from ..model.verdicts import REVIVED, ROUNDED, Finding
from ..model.workload_stream import NUMBERS, WorkloadStream
from .properties import CHANGED, KEPT, LOST, State

OF_DOCUMENTS = ("missing", "damaged", "unreadable", ROUNDED, "behind", "ahead", "conflicted", "extra")
AnyInventory = TypeVar("AnyInventory", bound="Inventory")


class Inventory:
    """How many of the documents that were created after the fill are there (``inserted``), and how many are missing.

    ``files`` and ``branches`` are how many attachments and losing revisions missing documents should have, about: the
    latter have some only after a while. ``only_files`` is how many documents are damaged by their attachments alone.
    """

    def __init__(self, stream: WorkloadStream) -> None:
        self._types = stream.workload.types
        self.inserted = 0
        self.missing = 0
        self.files = 0
        self.branches = 0
        self.only_files = 0

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        if finding.is_other:
            return
        kind, index = divmod(finding.number, NUMBERS)
        each, stop = self._types[kind], index + finding.count
        inserted = max(0, stop - max(index, each.total))
        if finding.kind == "missing":
            self.missing += inserted
            self.branches += _multiples(each.conflicts, index, stop) if each.conflicts else 0
            if each.attachments:
                self.files += each.attachments.count * _multiples(each.attachments.every, index, stop)
        elif finding.document is not None:
            self.inserted += inserted
        self.only_files += finding.kind == "damaged" and finding.held is not None

    def merge(self: AnyInventory, other: AnyInventory) -> None:
        """Add that of other documents."""
        self.inserted += other.inserted
        self.missing += other.missing
        self.files += other.files
        self.branches += other.branches
        self.only_files += other.only_files


def states_of_documents(stream: WorkloadStream, tally: Tally, inventory: Inventory) -> list[State]:
    """What became of the documents of a workload, and of what it does with them."""
    types, counts = stream.workload.types, tally.counts
    wrong = {kind: counts[kind] for kind in OF_DOCUMENTS}
    wrong["missing"] -= inventory.missing
    wrong["damaged"] -= inventory.only_files
    found = [_state("documents", tally.checked, wrong)]
    if any(each.create for each in types):
        found.append(_state("inserts", inventory.inserted, {"missing": inventory.missing}))
    if any(each.delete for each in types):
        found.append(_state("deletions", counts["deleted"], {REVIVED: counts[REVIVED]}))
    if stream.content.files:
        files = tally.attachments
        wrong = {kind: files[kind] for kind in ("missing", "damaged", "older", "extra")}
        wrong["missing"] += inventory.files
        found.append(_state("attachments", files["expected"] - files["missing"], wrong))
    if any(each.conflicts for each in types):
        found.append(_state("conflicts", tally.losing, {"missing": counts[UNBRANCHED] + inventory.branches}))
    is_empty = counts["missing"] and not tally.checked
    return [State(each.name, LOST, "no document is there") for each in found] if is_empty else found


def _multiples(of: int, first: int, stop: int) -> int:
    """How many numbers from ``first`` to below ``stop`` are divisible by a number."""
    return (stop - 1) // of - (first - 1) // of


def _state(name: str, there: int, wrong: dict[str, int]) -> State:
    """The state of something of which so many are ``there``, and so many are ``wrong``, by what is wrong with them."""
    words = ", ".join(f"{count} {kind}" for kind, count in wrong.items() if count)
    return State(name, KEPT if not words else CHANGED if there else LOST, words)
