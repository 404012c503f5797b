# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof: what documents may hold, and what is wrong with those that hold something else. Pure functions.

Each document of the stream is one of:

- ``exact``: the bytes are those of an update that it may hold;
- ``behind``, ``ahead``: the bytes are those of an update that is older, or newer, than any that it may hold;
- ``damaged``: the bytes are not those of the update that it names, or that update is another document's;
- ``missing``: not there, where it must be; ``absent``: not there, and need not be there yet;
- ``conflicted``: as it should be, but with more than one leaf revision;
- ``earlier``: left by the earlier tool, which wrote nothing that could be proved.

Any other document is ``extra``, but for design documents and the ones that couchdyno keeps for itself.
"""
from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, NamedTuple

from . import history
from .client import Row
from .ledger import LEDGER_ID, Claim, State, Torn, open_claims, torn
from .stream import Stream, is_integer

Document = Dict[str, Any]

KINDS = ("exact", "behind", "ahead", "damaged", "missing", "extra", "conflicted", "earlier", "absent")
FINE = frozenset(("exact", "earlier", "absent"))
FIELDS = frozenset(("_id", "_rev", "ts", "update", "data"))
MAX_NUMBER = 2 ** 53  # what is above it, no driver has written
OWN = re.compile(f"{LEDGER_ID}|{history.EARLIER_ID}|{history.ID_PREFIX}[0-9]{{5}}")
DESIGN = "_design/"
SAMPLES = 5  # how many documents of each kind are named
EXACT = ("exact", "")


class Bounds(NamedTuple):
    """Which updates documents may hold: those that they held at position ``since``, or any later one below ``until``.

    The updates of the open ``claims`` may be missing; where they are there, they have the time stamps of these claims.
    Below them, those that are ``torn`` may be missing, too.
    ``until`` is None where nothing is known. ``origin`` is the position at which a database of the earlier tool was
    taken over.
    """

    since: int = 0
    until: int | None = None
    claims: tuple[Claim, ...] = ()
    origin: int | None = None
    torn: Torn | None = None

    def least(self, stream: Stream, index: int) -> int | None:
        """The oldest update that a document may hold, None where it may be absent."""
        held = stream.held(index, self.since)
        if held is not None and self.claim_of(held) is not None:
            given_up = self.torn if self.torn and held < self.torn.stop else None
            held -= stream.total
            if given_up and held >= given_up.first:
                held -= (1 + (held - given_up.first) // stream.total) * stream.total
        return held if held is None or held >= 0 else None

    def claim_of(self, update: int) -> Claim | None:
        """The open claim that an update belongs to."""
        return next((claim for claim in self.claims if claim.first <= update < claim.stop), None)


def of_ledger(state: State) -> Bounds:
    """What the documents of a database with this ledger may hold."""
    return Bounds(state["position"], state["position"], tuple(open_claims(state)), state.get("origin"), torn(state))


def settled(state: State) -> int:
    """The position up to which all was written when the ledger said so: the first update that is open or torn."""
    found = torn(state)
    position = min([int(state["position"]), *(claim.first for claim in open_claims(state))])
    return min(position, found.first) if found else position


class Finding(NamedTuple):
    """What became of document ``number``: its kind and, where that is not fine, why; ``document`` is None for none."""

    number: int
    kind: str
    reason: str
    document: Document | None


class Tally:
    """What was found: how many documents of each kind there are, the first few of them, and where in time they stand.

    With s the update that a document holds, ``low`` is the least of all s + total (for a document that is not there, of
    its index): every update below it is present. ``high`` is the greatest of all s + 1: no update from there on is.
    What documents are damaged in cannot be trusted, so they do not count in either. ``low`` is None when none counts.
    ``high_ts`` is the time stamp of the newest update, ``samples`` are ``{"id", "reason"}`` by kind.
    """

    def __init__(self, stream: Stream, origin: int | None = None) -> None:
        self.counts = dict.fromkeys(KINDS, 0)
        self.samples: dict[str, list[dict[str, str]]] = {}
        self.low: int | None = None
        self.high = 0
        self.high_ts: int | None = None
        self._stream = stream
        self._origin = origin

    def add(self, finding: Finding) -> None:
        """Take in what became of a document of the stream."""
        index, kind, reason, document = finding
        self.counts[kind] += 1
        if reason:
            self._sample(kind, self._stream.document_id(index), reason)
        if document is None:
            self._lower(index)
        elif kind != "damaged":
            self._place(index, document)

    def add_absent(self, first: int, count: int) -> None:
        """Take in that so many documents, ``first`` the first of them, are not there and need not be."""
        self.counts["absent"] += count
        self._lower(first)

    def add_other(self, document_id: str) -> None:
        """Take in a document that is not of the stream: it is extra, but for design documents and couchdyno's own."""
        if document_id.startswith(DESIGN) or OWN.fullmatch(document_id):
            return
        self.counts["extra"] += 1
        self._sample("extra", document_id, "is not a document of the stream")

    def merge(self, other: Tally) -> None:
        """Take in what was found elsewhere, in other documents."""
        for kind, count in other.counts.items():
            self.counts[kind] += count
        for kind, samples in other.samples.items():
            ours = self.samples.get(kind, []) + samples
            self.samples[kind] = sorted(ours, key=lambda sample: sample["id"])[:SAMPLES]
        if other.low is not None:
            self._lower(other.low)
        if other.high > self.high:
            self.high, self.high_ts = other.high, other.high_ts

    @property
    def checked(self) -> int:
        """How many documents of the stream were there."""
        return sum(self.counts.values()) - sum(self.counts[kind] for kind in ("missing", "absent", "extra"))

    def _place(self, index: int, document: Document) -> None:
        update = document.get("update")
        if update is None:  # left by the earlier tool
            update = self._stream.held(index, self._origin or 0)
            if update is None:
                self._lower(index)
                return
        if self.low is None or update + self._stream.total < self.low:
            self.low = update + self._stream.total
        if update >= self.high:
            self.high, self.high_ts = update + 1, document.get("ts")

    def _lower(self, low: int) -> None:
        self.low = low if self.low is None else min(self.low, low)

    def _sample(self, kind: str, document_id: str, reason: str) -> None:
        samples = self.samples.setdefault(kind, [])
        if len(samples) < SAMPLES:
            samples.append({"id": document_id, "reason": reason})


def sort(stream: Stream, bounds: Bounds, first: int, stop: int, rows: Iterable[Row], tally: Tally) -> list[Finding]:
    """Sort the documents ``[first, stop)`` and what lies among them, from rows in the order of their ids.

    What is fine or extra goes into the tally; returns what is not, as it may have moved on while it was read.
    """
    suspects: list[Finding] = []
    index = first
    for row in rows:
        if row["id"] != stream.document_id(index):
            found = stream.index_of(row["id"])
            if found is None:
                tally.add_other(row["id"])
                continue
            suspects += _sort_gap(stream, bounds, index, found, tally)
            index = found
        finding = judge(stream, bounds, index, row.get("doc"))
        if finding.kind in FINE:
            tally.add(finding)
        else:
            suspects.append(finding)
        index += 1
    suspects += _sort_gap(stream, bounds, index, stop, tally)
    return suspects


def judge(stream: Stream, bounds: Bounds, index: int, document: Document | None) -> Finding:
    """What became of a document, as it was read."""
    kind, reason = _sort_document(stream, bounds, index, document)
    if document is not None and document.get("_conflicts"):
        kind = "conflicted" if kind in FINE else kind
        reason = "; ".join(filter(None, (reason, _others(document["_conflicts"]))))
    return Finding(index, kind, reason, document)


def _sort_gap(stream: Stream, bounds: Bounds, first: int, stop: int, tally: Tally) -> Iterator[Finding]:
    """Sort documents ``[first, stop)``, none of which is there; yields those that should be."""
    for index in range(first, min(stop, bounds.since)):
        finding = judge(stream, bounds, index, None)
        if finding.kind in FINE:
            tally.add(finding)
        else:
            yield finding
    beyond = max(first, bounds.since)
    if beyond < stop:
        tally.add_absent(beyond, stop - beyond)


def _sort_document(stream: Stream, bounds: Bounds, index: int, document: Document | None) -> tuple[str, str]:
    """The kind of a document, its other leaves aside, and what is wrong with it."""
    least = bounds.least(stream, index)
    if document is None:
        return _absence(least)
    if "update" not in document and bounds.origin is not None:
        return _earlier(least, bounds.origin)
    flaw = _flaw(stream, bounds, index, document)
    if flaw:
        return "damaged", flaw
    update = document["update"]
    if least is not None and update < least:
        return "behind", f"holds update {update}; it should hold update {least} or a later one"
    if bounds.until is not None and update >= bounds.until:
        return "ahead", f"holds update {update}; only updates below {bounds.until} can be there"
    return EXACT


def _absence(least: int | None) -> tuple[str, str]:
    return ("absent", "") if least is None else ("missing", f"is not there; it should hold update {least}")


def _earlier(least: int | None, origin: int) -> tuple[str, str]:
    """The kind of a document that the earlier tool has left, and what is wrong with it."""
    if least is None or least < origin:
        return "earlier", ""
    return "behind", f"holds what the earlier tool wrote; it should hold update {least} or a later one"


def _others(conflicts: list[str]) -> str:
    return f"has {len(conflicts)} conflicting revision{'s' if len(conflicts) > 1 else ''}, {conflicts[0]:.60}"


def _flaw(stream: Stream, bounds: Bounds, index: int, document: Document) -> str:
    """What shows that a document was not written so by an update of the stream, ``""`` for nothing."""
    names = document.keys() - {"_conflicts"} if "_conflicts" in document else document.keys()
    if names != FIELDS:
        return _wrong_fields(names)
    update, ts, data = document["update"], document["ts"], document["data"]
    for name, value in (("update", update), ("ts", ts)):
        if not is_integer(value) or not 0 <= value < MAX_NUMBER:
            return f"its field {name} is {value!a:.40}"
    if stream.index(update) != index:
        return f"holds update {update}, which is one of {stream.document_id(update)}"
    claim = bounds.claim_of(update)
    if claim is not None and ts != claim.ts:
        return f"holds update {update} with the time stamp {ts}, where that of its claim is {claim.ts}"
    expected = stream.content(update, ts)
    return "" if data == expected else _wrong_data(data, expected, f"update {update} at {ts}")


def _wrong_fields(names: Iterable[str]) -> str:
    lost, more = FIELDS.difference(names), sorted(set(names) - FIELDS)
    return "; ".join([f"has no field {name}" for name in sorted(lost)]
                     + [f"has a field too many: {name!a:.40}" for name in more])


def _wrong_data(data: Any, expected: str, what: str) -> str:
    """How the data of a document differs from what it should be."""
    if not isinstance(data, str):
        return f"its field data is {data!a:.40}"
    if len(data) != len(expected):
        return f"its data has {len(data)} characters; that of {what} has {len(expected)}"
    different = [number for number, pair in enumerate(zip(data, expected)) if pair[0] != pair[1]]
    if 2 * len(different) > len(data):
        return f"its data is not that of {what}: the data, the update or the time stamp was changed"
    return f"its data differs from that of {what} at {len(different)} places, the first is character {different[0]}"
