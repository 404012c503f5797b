# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tally of a verification: how many documents of each kind there are, and at which updates they stand. Pure."""
from __future__ import annotations

from collections import Counter
from typing import Dict, TypeVar, Union

from .branch_verdicts import FIELD
from .outcome import nonzero
from .stream import Stream
from .verdicts import KINDS, Finding
from .workload_stream import NUMBERS, WorkloadStream

DIFFERING = "differing"
NOT_FOUND = ("missing", "absent", "deleted", "extra")
SAMPLES = 5  # how many documents of each kind are named

Sample = Dict[str, str]
TypeCounts = Dict[str, Union[str, int]]
AnyTally = TypeVar("AnyTally", bound="Tally")


class Tally:
    """What was found: how many documents of each kind there are, samples of them, and at which updates they stand.

    ``differing`` is how many documents are not the same in all of their replicas, whatever their kind, with samples
    under that name. ``catching_up`` is how many are as they should be, but not yet in the replica that was read first.

    Every update below ``low`` is present, except missed ones: it is the first update that some document should get and
    does not have. No update at or above ``high`` is present. Damaged documents cannot be trusted and count for neither.
    ``low`` is None if no document counts. ``own`` is how many documents are couchdyno's own, or design documents, and
    ``states`` how many of these hold a state of the ledger.
    ``attachments`` are the numbers of attachments, as in attachments/faults.py, ``losing`` is how many documents have
    losing leaves of the stream.
    ``high_ts`` is the time stamp of the newest update; ``samples`` are ``{"id", "reason"}`` by kind.
    """

    def __init__(self, stream: Stream) -> None:
        self.counts = dict.fromkeys(KINDS, 0)
        self._of_types: dict[int, dict[str, int]] = {}  # by the number of the type
        self.samples: dict[str, list[Sample]] = {}
        self.low: int | None = None
        self.high = 0
        self.high_ts: int | None = None
        self.differing = 0
        self.catching_up = 0
        self.own = 0
        self.states = 0
        self.attachments: Counter[str] = Counter()
        self.losing = 0
        self._stream = stream

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.counts[finding.kind] += finding.count
        document_id = finding.document_id or self._stream.id_of(finding.number)
        number = self._stream.number_of(document_id) if finding.is_other else finding.number
        if number is not None:
            self._counts_of(number // NUMBERS)[finding.kind] += finding.count
        if finding.reason:
            self._sample(finding.kind, document_id, finding.reason)
        if finding.differs:
            self.add_differing(document_id, finding.differs)
        if finding.attachments:
            self.attachments.update(finding.attachments.counts)
        self.losing += FIELD in (finding.document or {})
        self.lower(finding.low)
        if finding.held is not None and finding.held >= self.high:
            self.high, self.high_ts = finding.held + 1, (finding.document or {}).get("ts")

    def add_differing(self, document_id: str, reason: str) -> None:
        """Add a document, of the stream or not, whose replicas differ."""
        self.differing += 1
        self._sample(DIFFERING, document_id, reason)

    def merge(self: AnyTally, other: AnyTally) -> None:
        """Add the tally of other documents, of the same type."""
        for kind, count in other.counts.items():
            self.counts[kind] += count
        for number, counts in other._of_types.items():
            of_type = self._counts_of(number)
            for kind, count in counts.items():
                of_type[kind] += count
        for kind, samples in other.samples.items():
            ours = self.samples.get(kind, []) + samples
            self.samples[kind] = sorted(ours, key=lambda sample: sample["id"])[:SAMPLES]
        self.differing += other.differing
        self.catching_up += other.catching_up
        self.own += other.own
        self.states += other.states
        self.attachments.update(other.attachments)
        self.losing += other.losing
        self.lower(other.low)
        if other.high > self.high:
            self.high, self.high_ts = other.high, other.high_ts

    @property
    def checked(self) -> int:
        """How many documents of the stream were found."""
        return _found(self.counts)

    @property
    def types(self) -> list[TypeCounts]:
        """The same by type, ``{"name", "checked"}`` and the number of documents of each kind; none for classic."""
        found: list[TypeCounts] = []
        workload = self._stream.workload if isinstance(self._stream, WorkloadStream) else None
        for number, each in enumerate(workload.types if workload else ()):
            counts = self._of_types.get(number, {})
            found.append({"name": each.name, "checked": _found(counts), **nonzero(**counts)})
        return found

    def _counts_of(self, number: int) -> dict[str, int]:
        """How many documents of a type there are of each kind."""
        if number not in self._of_types:
            self._of_types[number] = dict.fromkeys(KINDS, 0)
        return self._of_types[number]

    def add_own(self, names: list[str]) -> None:
        """Add documents that are couchdyno's own, or design documents."""
        self.own += len(names)
        self.states += sum(name.startswith(self._stream.names.state) for name in names)

    def lower(self, low: int | None) -> None:
        """Some document lacks an update from ``low`` on (None: nothing is known)."""
        if low is not None:
            self.low = low if self.low is None else min(self.low, low)

    def _sample(self, kind: str, document_id: str, reason: str) -> None:
        samples = self.samples.setdefault(kind, [])
        if len(samples) < SAMPLES:
            samples.append({"id": document_id, "reason": reason})


def _found(counts: dict[str, int]) -> int:
    return sum(count for kind, count in counts.items() if kind not in NOT_FOUND)
