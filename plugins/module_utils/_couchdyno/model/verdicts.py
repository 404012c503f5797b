# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on documents: whether each holds what it may, and what is wrong with it otherwise. Pure functions.

Each document of the stream is one of:

- ``exact``: the bytes are those of an update that it may hold;
- ``behind``, ``ahead``: the bytes are those of an update that is older, or newer, than any that it may hold;
- ``damaged``: the bytes are not those of the update that it names, or that update is another document's;
- ``missing``: not there, where it must be; ``absent``: not there, and need not be there yet;
- ``conflicted``: as it should be, but with more than one leaf revision;
- ``earlier``: left by the original tool, which wrote nothing that could be verified.

Any other document is ``extra``, except design documents and the ones that couchdyno keeps for itself.
"""
from __future__ import annotations

import re
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Tuple

from . import legacy
from .document_state import DocumentState
from .expectation import Expectation
from .ledger import LEDGER_ID
from .run_record import ID_PREFIX as RUN_ID_PREFIX
from .stream import Stream

KINDS = ("exact", "behind", "ahead", "damaged", "missing", "extra", "conflicted", "earlier", "absent")
EXTRA = "extra"
FINE = frozenset(("exact", "earlier", "absent"))
OWN = re.compile(f"{LEDGER_ID}|{legacy.HISTORY_ID}|{RUN_ID_PREFIX}[0-9]{{5}}")
DESIGN = "_design/"

Document = Dict[str, Any]
Verdict = Tuple[str, str]  # a kind, and why where that is not fine

EXACT: Verdict = ("exact", "")


class Finding(NamedTuple):
    """The verdict on a document of the stream, by its index ``number``, or on ``count`` of them from there on.

    ``reason`` says what is wrong with it, ``document`` is as it was read (None if it was not there). Documents that are
    not of the stream have a ``document_id`` instead of a number.
    """

    number: int
    kind: str
    reason: str = ""
    document: Document | None = None
    count: int = 1  # type: ignore[assignment]  # tuple.count is not missed
    document_id: str = ""

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.kind in FINE

    @property
    def is_other(self) -> bool:
        """Whether it is on a document that is not of the stream."""
        return self.kind == EXTRA


def classify(stream: Stream, expectation: Expectation, first: int, stop: int,
             rows: Iterable[Document]) -> Iterator[Finding]:
    """Verdicts on documents ``[first, stop)`` and on what lies among them, from rows in the order of their ids.

    What is not fine may have moved on while it was read, and is to be read again.
    """
    index = first
    for row in rows:
        if row["id"] != stream.document_id(index):
            found = stream.index_of(row["id"])
            if found is None:
                yield from judge_other(row["id"])
                continue
            yield from _judge_gap(stream, expectation, index, found)
            index = found
        yield judge(stream, expectation, index, row.get("doc"))
        index += 1
    yield from _judge_gap(stream, expectation, index, stop)


def judge(stream: Stream, expectation: Expectation, index: int, document: Document | None) -> Finding:
    """The verdict on a document of the stream, as it was read."""
    kind, reason = _verdict(stream, expectation, index, document)
    if document is not None and document.get("_conflicts"):
        kind = "conflicted" if kind in FINE else kind
        reason = "; ".join(filter(None, (reason, _conflicts(document["_conflicts"]))))
    return Finding(index, kind, reason, document)


def judge_other(document_id: str) -> Iterator[Finding]:
    """The verdict on a document that is not of the stream, none on design documents and couchdyno's own."""
    if not (document_id.startswith(DESIGN) or OWN.fullmatch(document_id)):
        yield Finding(-1, EXTRA, "is not a document of the stream", document_id=document_id)


def _judge_gap(stream: Stream, expectation: Expectation, first: int, stop: int) -> Iterator[Finding]:
    """The verdicts on documents ``[first, stop)``, none of which is there."""
    for index in range(first, min(stop, expectation.since)):
        yield judge(stream, expectation, index, None)
    beyond = max(first, expectation.since)
    if beyond < stop:
        yield Finding(beyond, "absent", count=stop - beyond)


def _verdict(stream: Stream, expectation: Expectation, index: int, document: Document | None) -> Verdict:
    """The verdict on a document, its other leaves aside."""
    oldest = expectation.oldest(stream, index)
    if document is None:
        return _verdict_on_absence(oldest)
    if legacy.may_have_left(document, expectation.origin):
        return _verdict_on_earlier(oldest, expectation.origin or 0)
    reading = stream.content.read(document, expectation.time_stamp)
    if reading.flaw:
        return "damaged", reading.flaw
    if oldest.exists and reading.update < oldest.update:
        return "behind", f"holds update {reading.update}; it should hold update {oldest.update} or a later one"
    if expectation.until is not None and reading.update >= expectation.until:
        return "ahead", f"holds update {reading.update}; only updates below {expectation.until} can be there"
    return EXACT


def _verdict_on_absence(oldest: DocumentState) -> Verdict:
    return ("missing", f"is not there; it should hold update {oldest.update}") if oldest.exists else ("absent", "")


def _verdict_on_earlier(oldest: DocumentState, origin: int) -> Verdict:
    """The verdict on a document that the original tool has left."""
    if not oldest.exists or oldest.update < origin:
        return "earlier", ""
    return "behind", f"holds what the earlier tool wrote; it should hold update {oldest.update} or a later one"


def _conflicts(revisions: list[str]) -> str:
    return f"has {len(revisions)} conflicting revision{'s' if len(revisions) > 1 else ''}, {revisions[0]:.60}"
