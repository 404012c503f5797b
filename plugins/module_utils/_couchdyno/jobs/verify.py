# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify: check every document of a database against the update stream. Read-only.

A document must hold what follows from the evidence (evidence.py). If it cannot be decided whether anything is lost, the
verdict is undecided.
"""
from __future__ import annotations

import time
from itertools import takewhile
from typing import Any, Callable, Collection, Dict, Iterator, NamedTuple

from .. import REPORT_FORMAT
from ..couchdb.client import Client
from ..couchdb.source import Source
from ..couchdb.stop import NEVER, Stop
from ..errors import UsageError, option
from ..model import missed
from ..model.attachments import faults
from ..model.branch_verdicts import UNBRANCHED
from ..model.expectation import Expectation
from ..model.history import History
from ..model.laps import DELETES
from ..model.ledger import Ledger
from ..model.limits import is_integer
from ..model.outcome import nonzero, rate
from ..model.stream import Stream
from ..model.tally import Sample, Tally
from ..model.verdicts import OF_OTHER_UPDATES, REVIVED, ROUNDED
from ..model.workload_stream import WorkloadStream
from .census import Census
from .evidence import NO_SPAN, Case, Ledgers, Span, conflicts_of, gather, latest, may_be_one, reread
from .property_verdicts import OF_DATABASE, judgement, states_of_database, unchecked, wanted_of
from .reader import PAGE_IDS, Progress, Reader

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"
FAULTS = (("damaged", "damaged"), (ROUNDED, "with rounded numbers"), ("unreadable", "unreadable"),
          ("missing", "missing"), (REVIVED, "deleted by an update, but existing again"), ("extra", "not in the stream"),
          ("conflicted", "with conflicting revisions"), (UNBRANCHED, "without the losing revision"),
          ("behind", "older than allowed"), ("ahead", "newer than allowed"))
HIDING = ("missing", "damaged", "conflicted")  # documents that may hide that losing revisions are missing
# Faults that some backup tools document, by what they change.
MAY_BE_ALLOWED = {"numbers": ROUNDED, "conflicts": UNBRANCHED}
ALLOWABLE = (*MAY_BE_ALLOWED, *OF_DATABASE)
STUBS, READ = "stubs", "read"  # how attachments are checked
SAY_WHEN = "if cycles ran while this copy was taken, say when it was taken"
OF_ANOTHER_TIME = ("behind", "ahead", "missing", REVIVED)

Data = Dict[str, Any]


class Conclusion(NamedTuple):
    """What follows from a tally: ``counts`` and ``samples`` to report, and the reasons why the database is wrong, or
    why that cannot be decided (``doubts``).
    """

    counts: dict[str, int]
    samples: dict[str, list[Sample]]
    reasons: list[str]
    doubts: list[str]

    @property
    def verdict(self) -> str:
        """The verdict."""
        return WRONG if self.reasons else UNDECIDED if self.doubts else RIGHT


def verify(copy: Source, span: Span = NO_SPAN, given: Stream | None = None, original: Source | None = None,
           progress: Progress = lambda done, total: None, stop: Stop = NEVER, replicas: bool = False,
           allowed: Collection[str] = (), views: bool = False, attachments: str = STUBS) -> Data:
    """Verify a database by its own ledger, by that of its source, or by a ``given`` stream.

    It is right if its documents are at the position that its ledger says; with a ``span``, if every document holds an
    update that it can have held at that time. ``original`` is the source of the copy. With ``replicas``, every document
    is read from each replica. What is ``allowed``, some of ALLOWABLE, is reported, and does not make the verdict wrong.
    With ``views``, the views that the workload asks for are queried. ``attachments`` is STUBS or READ: whether the
    digests that the server shows suffice if they are as expected, or all are read. Returns::

        {"format": of this report, "verdict": "right", "wrong" or "undecided",
         "reasons": why it is wrong, or the verdict is undecided, in words,
         "checked": how many documents of the stream were found,
         "counts": {kind: documents}, "samples": {kind: [{"id", "reason"}]}, by the kinds of verdicts.py,
         of a workload: "types": [{"name", "checked", and the number of documents of each kind, unless it is 0}],
         "documents": {"expected": how many should exist where the documents stand, "deleted": how many updates have
                       deleted until then, if the server reports them: "found", "tombstones": what it has of both},
         of a workload with attachments: "attachments": {"expected": how many the documents should have that were found,
                        "checked": how many of these they have, "read": of how many the bytes were read,
                        "damaged", "missing", "extra", "older"},
         if the workload asks for any: "properties": [{"name", "state": "kept", "lost" or "changed", "details"}],
         "unchecked": what was not verified, in words,
         if there are any: "differing": documents that differ between replicas, "catching_up": documents that one
                           replica does not have yet,
         "database": its name, "ts": when it was verified, in Unix seconds of the server,
         "low", "high", "low_ts", "high_ts": where the documents stand, as in tally.Tally,
         "ledger": {"position", "settled", "claims", "refused", "agrees", if too many documents were
                    refused for the ledger to list each one: "tolerated": how many others may also be older} or None,
         "span": {"from_position", "to_position"} or None,
         "stream": {"seed", "total", "size"},
         "dt": seconds, "rate": documents per second,
         with an original: "source": {"position", "ts"}, "lag": {"updates", "seconds"}}

    ``low_ts`` and ``high_ts`` are the times at which the updates before ``low`` and ``high`` were claimed, in Unix
    seconds of the server, None if not known. ``agrees`` says whether ledger and documents agree, ``lag`` what
    would be lost by going back to this copy.

    Raises UsageError, NoDatabase, NoLedger, LedgerDamaged, Recreated, Interrupted or ServerError.
    """
    started = time.monotonic()
    case = gather(copy, span, given, original)
    wanted = wanted_of(case.stream)
    if views and not wanted.design:
        raise UsageError(option("views"), " requires a workload with design documents; this database was set up "
                         "without")
    tally = _read_all(case, progress, stop, replicas, views, attachments == READ)
    found = states_of_database(copy, wanted, case.stream.seed, tally)
    ledgers = reread(case)
    conclusion = _conclude(case, ledgers, tally, {MAY_BE_ALLOWED[name] for name in allowed if name in MAY_BE_ALLOWED})
    judged = judgement(found, allowed, case, ledgers, tally)
    conclusion = conclusion._replace(reasons=conclusion.reasons + judged.reasons,
                                     doubts=conclusion.doubts + judged.doubts)
    report = {"format": REPORT_FORMAT, "verdict": conclusion.verdict,
              "reasons": conclusion.reasons + conclusion.doubts,
              "checked": tally.checked, "counts": conclusion.counts, "samples": conclusion.samples,
              **nonzero(types=tally.types, attachments=_attachments(case.stream, tally)),
              **nonzero(differing=tally.differing, catching_up=tally.catching_up),
              **nonzero(properties=[state._asdict() for state in judged.states]),
              "unchecked": unchecked(wanted), "database": copy.name, "ts": copy.now()}
    report.update(_standing(case, ledgers, tally))
    dt = time.monotonic() - started
    return dict(report, dt=round(dt, 3), rate=rate(tally.checked, dt))


# -- reading and judging


def _read_all(case: Case, progress: Progress, stop: Stop, replicas: bool, views: bool, reads_files: bool) -> Census:
    """Read and judge all documents; with ``replicas``, in every replica; with ``reads_files``, all attachments, too."""
    def read(expectation: Expectation, end: Callable[[], int] | None = None) -> Census:
        expectation = expectation._replace(reads_files=reads_files)
        reader = Reader(case.copy, case.stream, expectation, lambda: Census(case.stream, views), end, stop,
                        every_replica=replicas)
        return reader.read(progress)

    census = read(case.expectation, latest(case))
    if case.span:
        return census
    if not case.ledgers.own and (case.stream.deletes or census.low != census.high):
        # They are not at one position. Judge them by the latest one, to name the documents that are behind it.
        least = case.expectation.since if case.stream.deletes else 0
        return read(case.at(max(least, _latest_position(case, census))))
    if case.ledgers.own and case.stream.deletes and census.counts["ahead"] and census.counts["missing"]:
        # Are they of a later time, at which the missing ones were deleted?
        position = _latest_position(case, census)
        later = read(case.at(position))
        return later if _is_snapshot(later, position) else census
    return census


def _latest_position(case: Case, census: Census) -> int:
    """The position after the newest update in the database, and after deletions that follow it and have been done."""
    stream, position = case.stream, census.high
    while True:
        deletions = list(takewhile(lambda update: stream.operation(update) == DELETES,
                                   range(position, position + PAGE_IDS if stream.deletes else position)))
        found = case.copy.whole_documents(list(map(stream.document_id, deletions)))
        for update in deletions:
            if stream.document_id(update) in found:
                return update
        position += len(deletions)
        if len(deletions) < PAGE_IDS:
            return position


def _is_snapshot(census: Census, position: int) -> bool:
    """Whether all documents are as they were at a position."""
    counts = census.counts
    return not census.differing and census.low == position and not any(counts[kind] for kind, __ in FAULTS)


def _conclude(case: Case, ledgers: Ledgers, tally: Census, tolerated: Collection[str]) -> Conclusion:
    """What follows from the tally, and from the ledgers after reading; ``tolerated`` kinds are no reasons."""
    counts, samples = tally.counts, tally.samples
    reasons: list[str] = []
    doubts: list[str] = []
    own = ledgers.own
    high = _high(case, tally)
    if own and _are_of_another_time(case, own, tally):
        counts = dict(counts, exact=counts["exact"] + counts["ahead"] + counts["behind"] + counts[REVIVED],
                      absent=counts["absent"] + counts["missing"], **dict.fromkeys(OF_ANOTHER_TIME, 0))
        samples = {kind: found for kind, found in samples.items() if kind not in OF_ANOTHER_TIME}
        doubts.append(f"the documents are those of update {high}, but the ledger is that of update "
                      f"{own.position}; {SAY_WHEN}")
    reasons += _faults_of_documents(case, tally, counts, tolerated)
    if own and not case.span and reasons and _may_be_of_other_times(case, counts):
        reasons[-1] += f"; {SAY_WHEN}"
    if tally.differing:
        reasons.append("1 document differs between replicas" if tally.differing == 1 else
                       f"{tally.differing} documents differ between replicas")
    reasons += _faults_of_ledger(case, ledgers)
    if ledgers.original:
        reasons += _faults_of_copy(case, ledgers, counts, tally.high)
    is_snapshot = own and tally.low == high == own.position
    if case.span and tally.doubtful and not is_snapshot:
        doubts.append(_doubt(tally.doubtful))
    if case.doubt:
        doubts.append(case.doubt)
    return Conclusion(counts, samples, reasons, doubts)


def _attachments(stream: Stream, tally: Tally) -> dict[str, int]:
    """The numbers of attachments for the report; none if documents have none."""
    return {name: tally.attachments[name] for name in faults.COUNTS} if stream.content.files else {}


def _wrong_attachments(tally: Tally) -> str:
    """How many attachments are wrong, ``""`` if none is."""
    wrong = [f"{tally.attachments[kind]} {kind}" for kind in faults.KINDS if tally.attachments[kind]]
    return f" (attachments: {', '.join(wrong)})" if wrong else ""


def _are_of_another_time(case: Case, own: Ledger, tally: Tally) -> bool:
    """Whether the documents agree with each other, but not with the ledger, as in a copy taken while cycles ran.

    A copy whose end is lost looks the same if its source was being filled. The source was certainly not being filled
    if the ledger says that all documents are created, and a run on record is later than the documents (or there are no
    run records): backup tools list documents first and read them later, so they may read a later ledger, but no later
    run records.
    """
    high, counts = _high(case, tally), tally.counts
    if case.span or tally.low != high:
        return False
    is_filling = own.position < case.stream.total or 0 < case.histories.own.reach <= high
    is_hidden = high > tally.high and counts["damaged"] + counts["unreadable"] > 0  # one of these may be what is next
    if counts["ahead"] + counts["behind"] + counts[REVIVED] or (high > own.position and not is_hidden):
        return True
    return counts["missing"] > 0 and high > 0 and is_filling


def _may_be_of_other_times(case: Case, counts: dict[str, int]) -> bool:
    """Whether all that is wrong may come from cycles that ran while the copy was taken."""
    faults = {kind for kind, __ in FAULTS if counts[kind]}
    if case.stream.deletes and faults & OF_OTHER_UPDATES:
        return faults <= {*OF_OTHER_UPDATES, "missing"}
    return faults <= OF_OTHER_UPDATES


def _number_of_documents(case: Case, tally: Census) -> int:
    """How many documents exist where the documents stand, once all have been created that exist at the start."""
    return case.stream.existing(max(case.stream.total, _high(case, tally)))


def _doubt(absent: int) -> str:
    """Why documents that do not exist leave a doubt."""
    if absent == 1:
        return "1 document does not exist; it was created after the copy began, or is lost"
    return f"{absent} documents do not exist; they were created after the copy began, or are lost"


def _faults_of_documents(case: Case, tally: Census, counts: dict[str, int],
                         tolerated: Collection[str]) -> Iterator[str]:
    """What is wrong with documents, in words."""
    for kind, words in FAULTS:
        count = counts[kind]
        if not count or kind in tolerated:
            continue
        if kind == UNBRANCHED and count > 1 and not (tally.losing or any(counts[each] for each in HIDING)):
            yield f"all {count} losing revisions are missing, as in a copy of winning revisions alone"
            continue
        of_total = f" of {_number_of_documents(case, tally)}" if kind == "missing" else ""
        more = _wrong_attachments(tally) if kind == "damaged" else ""
        yield f"{count}{of_total} document{'s' if count > 1 or of_total else ''} {words}{more}"


def _faults_of_ledger(case: Case, ledgers: Ledgers) -> Iterator[str]:
    """What is wrong with the ledger of the copy."""
    own = ledgers.own
    if case.lost:
        yield case.lost
    if own and case.span and not _is_within(case, ledgers, own.position):
        yield (f"ledger and span disagree: ledger at update {own.position}, "
               f"span from {case.span.since} to {case.until(ledgers)}")
    if case.conflicts & conflicts_of(case.copy, own):  # those of drivers at work do not last
        yield "conflicting revisions of the ledger"


def _faults_of_copy(case: Case, ledgers: Ledgers, counts: dict[str, int], high: int) -> Iterator[str]:
    """Signs that it is not a copy of the source."""
    own, original = ledgers.own, ledgers.original
    if original is None:
        return
    difference = ""
    if not case.stream.is_same(original.stream):
        difference = "seed, total or size differ"
    elif own and not may_be_one(own, original):
        difference = "it is a copy of another database with the same parameters"
    elif own:
        difference = _forked(own, original)
        differs = case.histories.differs
        if not difference and differs is not None:
            difference = (f"its runs differ from those of the source from update {differs} on; cycles have run on "
                          "the copy, or an earlier backup was restored to the source")
    if not difference and not counts["ahead"] and high > original.position:
        difference = f"the source is at update {original.position}, but a document holds update {high - 1}"
    if difference:
        yield f"not a copy of the source: {difference}"


def _forked(own: Ledger, original: Ledger) -> str:
    """Whether the copy, or its source before it was copied, was adopted and has gone its own way."""
    for number, fork in enumerate(own.forks):
        if number >= len(original.forks) or original.forks[number] != fork:
            return f"forked at update {fork.position}"
    return ""


def check_allowed(names: Collection[str]) -> None:
    """Raise UsageError if something that is to be allowed is unknown."""
    for name in names:
        if name not in ALLOWABLE:
            raise UsageError(option("allow"), f" must be some of {', '.join(ALLOWABLE)}, not {name!a:.40}")


def _is_within(case: Case, ledgers: Ledgers, position: int) -> bool:
    """Whether a position lies within the span."""
    since, until = case.span.since if case.span else 0, case.until(ledgers)
    return since <= position and (until is None or position <= until)


def _high(case: Case, tally: Tally) -> int:
    """The position at and above which no update is present; the latest ones below may all be missed, or deletions."""
    return max(tally.high, tally.low or 0) if case.missed or case.stream.deletes else tally.high


def _standing(case: Case, ledgers: Ledgers, tally: Tally) -> Data:
    """Where the documents stand, compared with the ledgers."""
    stream = case.stream
    histories = case.histories
    low_ts = _claimed(case.copy, stream, histories.of_copy, tally.low)
    high = _high(case, tally)
    high_ts = tally.high_ts
    if stream.deletes and (high != tally.high or high_ts is None):
        high_ts = _claimed(case.copy, stream, histories.of_copy, high)
    standing: Data = {
        "low": tally.low, "high": high, "low_ts": low_ts, "high_ts": high_ts,
        "ledger": _ledger(case, ledgers, tally),
        "span": {"from_position": case.span.since, "to_position": case.until(ledgers)} if case.span else None,
        "stream": {"seed": stream.seed, "total": stream.total, "size": stream.size}}
    if isinstance(stream, WorkloadStream):
        standing["documents"] = {"expected": stream.existing(high), "deleted": sum(stream.deleted_of(high)),
                                 **_counted(case.copy, ledgers.own, tally)}
    if case.original and ledgers.original:
        position = ledgers.original.position
        ts = _claimed(case.original, stream, histories.original, position, ledgers.original)
        standing["source"] = {"position": position, "ts": ts}
        standing["lag"] = _lag(tally.low, low_ts, position, ts)
    return standing


def _counted(copy: Source, own: Ledger | None, tally: Tally) -> dict[str, int]:
    """What the server says how many documents there are, and tombstones of these, without couchdyno's own."""
    info = copy.database_info() if isinstance(copy, Client) else None
    found = {"found": info["doc_count"] - tally.own} if info and "doc_count" in info else {}
    if own and info and "doc_del_count" in info:
        states = own.number or 0
        found["tombstones"] = max(0, info["doc_del_count"] - max(0, states + 1 - tally.states))
    return found


def _ledger(case: Case, ledgers: Ledgers, tally: Tally) -> Data | None:
    """The own ledger, and whether the documents are between its settled position before and its position now."""
    before, now = case.ledgers.own, ledgers.own
    if before is None or now is None:
        return None
    agrees = tally.low is not None and before.settled <= tally.low and tally.high <= now.position
    return {"position": now.position, "settled": now.settled, "claims": len(now.claims),
            "refused": missed.count(now.refused), "agrees": agrees,
            **nonzero(tolerated=missed.tolerated(now.missed))}


def _lag(low: int | None, low_ts: int | None, position: int, ts: int | None) -> Data:
    """What is lost by going back to a copy: the updates from ``low`` on, and the time span of their claims."""
    updates = None if low is None else max(0, position - low)
    if updates == 0:
        return {"updates": 0, "seconds": 0}
    return {"updates": updates, "seconds": None if low_ts is None or ts is None else max(0, ts - low_ts)}


def _claimed(source: Source, stream: Stream, history: History, position: int | None,
             ledger: Ledger | None = None) -> int | None:
    """When the update before a position was claimed, None if not known: of deletions, only run records show that."""
    if not position:
        return None
    update = position - 1
    for claim in ledger.claims if ledger else ():
        if claim.holds(stream.place(update)):
            return claim.ts
    if stream.operation(update) == DELETES:
        return max(history.times(stream.place(update)), default=None)
    document_id = stream.document_id(update)
    document = source.documents([document_id]).get(document_id) or {}
    ts = document.get("ts")
    return ts if document.get("update") == update and is_integer(ts) else None
