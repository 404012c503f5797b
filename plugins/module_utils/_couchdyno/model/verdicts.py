# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts on documents: whether each holds what it may, and if not, what is wrong with it. Pure functions.

Each document of the stream is one of:

- ``exact``: it contains, byte for byte, an update that it may hold;
- ``behind``, ``ahead``: it contains, byte for byte, an older or newer update than it may hold;
- ``damaged``: its bytes or attachments are not those of the update that it names, or that update belongs to another
  document;
- ``rounded``: it is as it should be, except that its numbers went through JavaScript;
- ``unreadable``: it exists, but the server cannot read it;
- ``missing``: it does not exist, but should; ``absent``: it does not exist, and need not exist yet, or any more;
- ``deleted``: it does not exist, as an update has deleted it; ``revived``: it exists, although one has;
- ``conflicted``: it is as it should be, but has more than one leaf revision, or more than its losing branch;
- ``unbranched``: it is as it should be, but lacks its losing leaf (branch_verdicts.py);
- ``earlier``: it was written by the original tool, whose documents cannot be verified.

Any other document is ``extra``, except design documents and couchdyno's own documents. Independently of that, the
replicas of a document may differ.
"""
from __future__ import annotations

from functools import partial
from typing import Any, Dict, Iterable, Iterator, NamedTuple, Tuple

from . import legacy, replicas
from .attachments.faults import Checked, checked
from .branch_verdicts import UNBRANCHED, Bounds, is_surfaced, judge_branch
from .document_state import DELETED as GONE
from .document_state import DocumentState
from .expectation import Expectation
from .stream import Stream

ABSENT, EXTRA, REVIVED, DELETED, ROUNDED = "absent", "extra", "revived", "deleted", "rounded"
KINDS = ("exact", "behind", "ahead", "damaged", ROUNDED, "unreadable", "missing", REVIVED, EXTRA, "conflicted",
         UNBRANCHED, "earlier", "absent", DELETED)
FINE = frozenset(("exact", "earlier", "absent", DELETED))
OF_OTHER_UPDATES = frozenset(("behind", "ahead", REVIVED))  # documents that hold updates, but not those they should
UNKNOWN = frozenset(("damaged", "unreadable"))  # they say nothing about the updates of other documents
DESIGN = "_design/"
NAMED = 5  # documents of a gap that have findings of their own, with the reason

Document = Dict[str, Any]
Verdict = Tuple[str, str]  # a kind, and the reason if that is not fine

EXACT: Verdict = ("exact", "")


class Finding(NamedTuple):
    """The verdict on document ``number`` of the stream, or on ``count`` documents from there on.

    ``reason`` says what is wrong with it, ``document`` is as it was read (None if it does not exist). ``held`` is the
    update that it holds (None: none), ``low`` the first update that it should get and does not have; both are None if
    it is unreadable, or damaged except for its attachments. ``differs`` says how its replicas differ. ``doubtful``: it
    does not exist, and nobody can say whether it is lost. ``attachments`` is None if there is nothing to say about
    any; while some of them are unread, the verdict is not final. Documents that do not belong to the stream have a
    ``document_id`` instead of a number.
    """

    number: int
    kind: str
    reason: str = ""
    document: Document | None = None
    count: int = 1  # type: ignore[assignment]  # tuple.count is not missed
    document_id: str = ""
    held: int | None = None
    low: int | None = None
    differs: str = ""
    doubtful: bool = False
    attachments: Checked | None = None

    @property
    def is_fine(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.kind in FINE and not self.differs and not (self.attachments and self.attachments.unread)

    @property
    def is_other(self) -> bool:
        """Whether it is about a document that does not belong to the stream."""
        return self.kind == EXTRA


def classify(stream: Stream, expectation: Expectation, first: int, stop: int,
             rows: Iterable[Document]) -> Iterator[Finding]:
    """Verdicts on documents ``[first, stop)`` and on others among them, from rows in the order of their ids.

    Documents of the stream from ``stop`` on count as others, unless they are newer than allowed. A document that is not
    fine may have been updated during the reading, so the caller should read it again.
    """
    number = first
    for row in rows:
        if number >= stop or row["id"] != stream.id_of(number):
            found = _number_of(stream, stop, row)
            if found is None:
                yield from judge_other(stream, row["id"], row.get("doc"))
                continue
            yield from _judge_gap(stream, expectation, number, min(found, stop))
            number = found
        yield judge(stream, expectation, number, row.get("doc"))
        number += 1
    yield from _judge_gap(stream, expectation, number, stop)


def classify_one(stream: Stream, expectation: Expectation, stop: int, row: Document) -> Iterator[Finding]:
    """The verdict on the document of a row; from ``stop`` on as in ``classify``."""
    number = _number_of(stream, stop, row)
    if number is None:
        yield from judge_other(stream, row["id"], row.get("doc"))
    else:
        yield judge(stream, expectation, number, row.get("doc"))


def _number_of(stream: Stream, stop: int, row: Document) -> int | None:
    """The number of the document of a row, None if it counts as another one."""
    number = stream.number_of(row["id"])
    is_other = number is not None and number >= stop and _is_flawed(stream, row.get("doc"))
    return None if is_other else number


def judge(stream: Stream, expectation: Expectation, number: int, document: Document | None) -> Finding:
    """The verdict on a document of the stream, as it was read."""
    if document is not None and replicas.FIELD in document:
        finding = judge(stream, expectation, number, replicas.without(document))
        differs = replicas.difference(stream, expectation.origin, document[replicas.FIELD])
        return finding._replace(document=document, differs=differs)
    kind, reason = _verdict(stream, expectation, number, document)
    held = low = attachments = None
    if kind not in UNKNOWN and kind != DELETED:
        held = _held(stream, expectation, number, document)
        low = expectation.low(stream, number, held)
        if stream.content.files and document is not None and held is not None:
            attachments = checked(stream.content.files, document, held, expectation.reads_files)
    if document is not None:
        other_kind, other_reason = _verdict_on_leaves(stream, expectation, number, document, held)
        kind = other_kind if other_kind and kind in (*FINE, ROUNDED) else kind
        reason = "; ".join(filter(None, (reason, other_reason)))
    doubtful = kind == ABSENT and expectation.may_be_lost(stream, number)
    return concluded(Finding(number, kind, reason, document, held=held, low=low, doubtful=doubtful,
                             attachments=attachments))


def concluded(finding: Finding) -> Finding:
    """A finding with regard to what is wrong with its attachments; as it is while bytes of them are unread."""
    attachments = finding.attachments
    if not attachments or attachments.unread or not attachments.faults:
        return finding
    kind = finding.kind if finding.kind in OF_OTHER_UPDATES else "damaged"
    return finding._replace(kind=kind, reason="; ".join(filter(None, (finding.reason, attachments.words))))


def judge_other(stream: Stream, document_id: str, document: Document | None = None) -> Iterator[Finding]:
    """The verdict on a document that does not belong to the stream; none on design documents and couchdyno's own."""
    if not (document_id.startswith(DESIGN) or stream.names.is_own(document_id)):
        yield Finding(-1, EXTRA, "is not in the stream", document, document_id=document_id)


def _judge_gap(stream: Stream, expectation: Expectation, first: int, stop: int) -> Iterator[Finding]:
    """The verdicts on documents ``[first, stop)``, none of which exists: one by one only the first of them."""
    for start, end in expectation.alike(stream, first, stop):
        named = min(end, start + NAMED)
        for number in range(start, named):
            yield judge(stream, expectation, number, None)
        if named < end:
            rest = judge(stream, expectation, named, None)  # the lowest one of the rest
            yield rest._replace(count=end - named, reason="")


def _verdict(stream: Stream, expectation: Expectation, number: int, document: Document | None) -> Verdict:
    """The verdict on a document, without regard to its other leaves."""
    oldest = expectation.oldest(stream, number)
    if document is None:
        return _verdict_on_absence(oldest, expectation.newest(stream, number))
    if "_flawed" in document:
        return "damaged", str(document["_flawed"])
    if "_unreadable" in document:
        return "unreadable", "exists, but the server cannot read it"
    if is_surfaced(stream.branches, number, document):
        kind = REVIVED if oldest.case == GONE else "damaged"
        return kind, f"shows its losing revision, {document['_rev']}, as it has lost the other one"
    if legacy.may_have_left(document, expectation.origin):
        return _verdict_on_earlier(oldest, expectation.origin or 0)
    reading = stream.content.read(document, partial(expectation.time_stamp, stream))
    if reading.flaw and not reading.is_rounded:
        return "damaged", reading.flaw
    if oldest.case == GONE:
        return REVIVED, f"holds update {reading.update}, but update {oldest.update} has deleted it"
    if oldest.exists and reading.update < oldest.update:
        return "behind", f"holds update {reading.update}; it should hold update {oldest.update} or a later one"
    if expectation.until is not None and reading.update >= expectation.until:
        return "ahead", f"holds update {reading.update}; it can only hold updates below {expectation.until}"
    wrong_time = expectation.wrong_time(stream, reading.update, document["ts"])
    if wrong_time:
        return "damaged", wrong_time
    return (ROUNDED, reading.flaw) if reading.is_rounded else EXACT


def _verdict_on_leaves(stream: Stream, expectation: Expectation, number: int, document: Document,
                       held: int | None) -> Verdict:
    """The verdict on the other leaves of a document; two empty texts if they are right."""
    if stream.branches and stream.branches.has(number) and not is_surfaced(stream.branches, number, document):
        bounds = Bounds(expectation.oldest(stream, number), expectation.until,
                        expectation.deletion(stream, number) is not None)
        return judge_branch(stream.branches, bounds, number, held, document)
    conflicts = document.get("_conflicts")
    return ("conflicted", _conflicts(conflicts)) if conflicts else ("", "")


def _is_flawed(stream: Stream, document: Document | None) -> bool:
    """Whether a document does not hold any update of the stream."""
    if document is None:
        return True
    reading = stream.content.read(replicas.without(document))
    return bool(reading.flaw) and not reading.is_rounded


def _held(stream: Stream, expectation: Expectation, number: int, document: Document | None) -> int | None:
    """The update that a document holds, None if none; one of the original tool counts as the last before ``origin``."""
    if document is None:
        return None
    if legacy.may_have_left(document, expectation.origin):
        state = stream.state_at(number, expectation.origin or 0)
        return state.update if state.exists else None
    return int(document["update"])


def _verdict_on_absence(oldest: DocumentState, newest: DocumentState) -> Verdict:
    if oldest.case == GONE:
        return DELETED, ""
    if oldest.exists and newest.case != GONE:
        return "missing", f"is missing; it should hold update {oldest.update}"
    return "absent", ""


def _verdict_on_earlier(oldest: DocumentState, origin: int) -> Verdict:
    """The verdict on a document that the original tool has written."""
    if not oldest.exists or oldest.update < origin:
        return "earlier", ""
    return "behind", f"was written by the original couchdyno; it should hold update {oldest.update} or a later one"


def _conflicts(revisions: list[str]) -> str:
    if len(revisions) == 1:
        return f"has a losing revision, {revisions[0]:.60}"
    return f"has {len(revisions)} losing revisions, the first is {revisions[0]:.60}"
