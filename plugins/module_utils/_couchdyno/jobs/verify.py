# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify: check a database, document by document, against the update stream. It only reads.

A document may hold what the ledger in the database says, or, with a span, any update that it can have held while the
copy was made. Without either, all documents together must stand at one point of the stream.
"""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, Iterator, NamedTuple

from .. import REPORT_FORMAT
from ..couchdb.source import Source
from ..couchdb.stop import NEVER, Stop
from ..errors import NoDatabase, NoLedger, UsageError
from ..model.expectation import Expectation
from ..model.ledger import LEDGER_ID, Ledger
from ..model.limits import MAX_POSITION, check_count, is_integer
from ..model.parameters import Parameters
from ..model.stream import Stream
from ..model.tally import Sample, Tally
from ..storage.ledger_document import read_ledger
from .reader import Progress, Reader

RIGHT, WRONG = "right", "wrong"
FAULTS = (("damaged", "damaged"), ("missing", "missing"), ("extra", "not of the stream"),
          ("conflicted", "with conflicting revisions"), ("behind", "behind"), ("ahead", "ahead"))

Data = Dict[str, Any]


class Span(NamedTuple):
    """The positions of the original when a copy was begun and when it was done; None: not given."""

    since: int | None = None
    until: int | None = None

    def check(self, has_original: bool) -> None:
        """Raise UsageError for a span that makes no sense."""
        for name, position in (("from position", self.since), ("to position", self.until)):
            if position is not None:
                check_count(name, position, MAX_POSITION, least=0)
        if self.since is None and self.until is not None:
            raise UsageError("a to position takes a from position, too: where the source was when the copy was begun")
        if self.since is not None and self.until is None and not has_original:
            raise UsageError("a from position takes a to position, too, or the source to read it from")
        if self.since is not None and self.until is not None and self.until < self.since:
            raise UsageError(f"the to position {self.until} lies before the from position {self.since}")


class Ledgers(NamedTuple):
    """The ledger of the database itself, and that of the original; None where there is none."""

    own: Ledger | None
    original: Ledger | None


class Case(NamedTuple):
    """What is to be verified, and by what.

    ``original`` is what the ``copy`` is a copy of, None if that is not given. ``ledgers`` are as they were at the
    beginning; both may move on.
    """

    copy: Source
    original: Source | None
    stream: Stream
    span: Span
    ledgers: Ledgers

    @property
    def is_spanned(self) -> bool:
        """Whether documents may lie anywhere within a span."""
        return self.span.since is not None

    @property
    def expectation(self) -> Expectation:
        """What the documents may hold."""
        own = self.ledgers.own
        if self.span.since is not None:
            return Expectation(self.span.since, self.until(self.ledgers), origin=own.origin if own else None)
        return Expectation.of(own) if own else Expectation()

    @property
    def latest(self) -> Callable[[], int] | None:
        """Reads how far the end of the expectation has moved meanwhile; None if it is fixed or not known."""
        source = self.original if self.is_spanned else self.copy
        if source is None or (self.span.until is not None if self.is_spanned else self.ledgers.own is None):
            return None
        return lambda: read_ledger(source).position

    def until(self, ledgers: Ledgers) -> int | None:
        """The end of the span: if none was given, the position of the original."""
        return ledgers.original.position if ledgers.original and self.span.until is None else self.span.until

    def reread(self) -> Ledgers:
        """The ledgers as they are now."""
        return Ledgers(read_ledger(self.copy) if self.ledgers.own else None,
                       read_ledger(self.original) if self.original else None)


class Conclusion(NamedTuple):
    """What a tally means: the ``counts`` and ``samples`` to report, and the ``reasons`` why the database is wrong."""

    counts: dict[str, int]
    samples: dict[str, list[Sample]]
    reasons: list[str]


NO_SPAN = Span()


def verify(copy: Source, span: Span = NO_SPAN, given: Stream | None = None, original: Source | None = None,
           progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Verify a database by its own ledger, or by the stream that is ``given`` for one that has none.

    It is right when it holds a point in time that its ledger confirms; with a ``span``, when every document holds an
    update that it can have held between these positions. ``original`` is what it is a copy of. Returns::

        {"format": of this report, "verdict": "right" or "wrong", "reasons": why it is wrong, in words,
         "checked": how many documents of the stream are there,
         "counts": {kind: documents}, "samples": {kind: [{"id", "reason"}]}, by the kinds of verdicts.py,
         "database": its name, "ts": when that was, in Unix seconds of the server,
         "low", "high", "low_ts", "high_ts": where in time they stand, as in tally.Tally,
         "ledger": {"position", "settled", "claims", "agrees"} or None,
         "span": {"from_position", "to_position"} or None,
         "stream": {"seed", "total", "size"},
         "dt": seconds, "rate": documents a second,
         with an original: "source": {"position", "ts"}, "lag": {"updates", "seconds"}}

    ``low_ts`` and ``high_ts`` are the times at which the updates before ``low`` and ``high`` were claimed, in Unix
    seconds of the server, None where nobody can tell. ``agrees`` says whether the documents stand where the ledger
    says, ``lag`` what would be lost by going back to this copy.

    Raises UsageError, NoDatabase, NoLedger, LedgerDamaged, Interrupted or ServerError.
    """
    started = time.monotonic()
    case = _case(copy, span, given, original)
    tally = _read_all(case, progress, stop)
    ledgers = case.reread()
    conclusion = _conclude(case, ledgers, tally)
    report = {"format": REPORT_FORMAT, "verdict": WRONG if conclusion.reasons else RIGHT, "reasons": conclusion.reasons,
              "checked": tally.checked, "counts": conclusion.counts, "samples": conclusion.samples,
              "database": copy.name, "ts": copy.now()}
    report.update(_standing(case, ledgers, tally))
    dt = time.monotonic() - started
    return dict(report, dt=round(dt, 3), rate=round(tally.checked / dt, 1) if dt else 0.0)


def given_stream(seed: int | None, total: int | None, size: int | None) -> Stream | None:
    """The stream with these parameters, None without any; UsageError when some are missing or make no sense."""
    if seed is None and total is None and size is None:
        return None
    if seed is None or total is None or size is None:
        raise UsageError("without a ledger it takes all of seed, total and size")
    Parameters(total, size, 1, seed).check()
    return Stream(seed, total, size)


def _case(copy: Source, span: Span, given: Stream | None, original: Source | None) -> Case:
    """Read the ledgers, to know what the documents may hold."""
    span.check(original is not None)
    of_original = _read(original) if original else None
    if given is not None:
        if copy.document_count() is None:
            raise NoDatabase(f"there is no database {copy.place}")
        return Case(copy, original, given, span, Ledgers(None, of_original))
    own = _read(copy)
    return Case(copy, original, own.stream, span, Ledgers(own, of_original))


def _read(source: Source) -> Ledger:
    """The ledger of a database; NoLedger when it has none that says what the documents hold."""
    try:
        ledger = read_ledger(source)
    except NoDatabase:
        raise NoDatabase(f"there is no database {source.place}") from None
    except NoLedger:
        raise NoLedger(f"the database {source.place} has no document {LEDGER_ID}: it was not set up by couchdyno, or "
                       "is no whole copy of one that was; seed, total and size of that one stand in for it") from None
    if ledger.seed is None:
        raise NoLedger(f"the database {source.place} was set up by the earlier tool and has not been updated since: "
                       "nothing in it can be proved")
    return ledger


def _read_all(case: Case, progress: Progress, stop: Stop) -> Tally:
    """Read and judge all documents."""
    tally = Reader(case.copy, case.stream, case.expectation, case.latest, stop).read(progress)
    if not case.is_spanned and not case.ledgers.own and tally.low != tally.high:
        # They stand at no one point of the stream. Hold them against the latest, to name those that keep them from it.
        tally = Reader(case.copy, case.stream, Expectation(tally.high, tally.high), stop=stop).read(progress)
    return tally


def _conclude(case: Case, ledgers: Ledgers, tally: Tally) -> Conclusion:
    """What the tally means, given the ledgers as they are after reading."""
    counts, samples, reasons = tally.counts, tally.samples, []
    if ledgers.own and not case.is_spanned and counts["ahead"] and tally.low == tally.high:
        # The documents agree with each other, and the ledger with none of them.
        counts = dict(counts, exact=counts["exact"] + counts["ahead"], ahead=0)
        samples = {kind: found for kind, found in samples.items() if kind != "ahead"}
        reasons.append(f"the ledger is of another time: it says position {ledgers.own.position}, "
                       f"the documents {tally.high}")
    reasons += _faults_of_documents(counts)
    if ledgers.own and case.is_spanned and not _is_within(case, ledgers, ledgers.own.position):
        reasons.append(f"the ledger is of another time: it says position {ledgers.own.position}")
    if ledgers.original:
        reasons += _faults_of_copy(case.stream, ledgers.original, counts, tally.high)
    return Conclusion(counts, samples, reasons)


def _faults_of_documents(counts: dict[str, int]) -> Iterator[str]:
    for kind, words in FAULTS:
        if counts[kind]:
            yield f"{counts[kind]} document{'s' if counts[kind] > 1 else ''} {words}"


def _faults_of_copy(stream: Stream, original: Ledger, counts: dict[str, int], high: int) -> Iterator[str]:
    """What shows that it is no copy of the original."""
    if not stream.is_same(original.stream):
        yield "it is no copy of the source: seed, total or size are others"
    elif not counts["ahead"] and high > original.position:
        yield (f"it is no copy of the source: that is at position {original.position}, "
               f"and a document holds update {high - 1}")


def _is_within(case: Case, ledgers: Ledgers, position: int) -> bool:
    """Whether a position lies within the span."""
    since, until = case.span.since or 0, case.until(ledgers)
    return since <= position and (until is None or position <= until)


def _standing(case: Case, ledgers: Ledgers, tally: Tally) -> Data:
    """Where in time the documents stand, and what that means to the ledgers."""
    stream = case.stream
    low_ts = _claimed(case.copy, stream, tally.low)
    standing: Data = {
        "low": tally.low, "high": tally.high, "low_ts": low_ts, "high_ts": tally.high_ts,
        "ledger": _ledger(case, ledgers, tally),
        "span": {"from_position": case.span.since, "to_position": case.until(ledgers)} if case.is_spanned else None,
        "stream": {"seed": stream.seed, "total": stream.total, "size": stream.size}}
    if case.original and ledgers.original:
        position = ledgers.original.position
        ts = _claimed(case.original, stream, position, ledgers.original)
        standing["source"] = {"position": position, "ts": ts}
        standing["lag"] = _lag(tally.low, low_ts, position, ts)
    return standing


def _ledger(case: Case, ledgers: Ledgers, tally: Tally) -> Data | None:
    """The own ledger, and whether it agrees with the documents: with where it began, and where it is."""
    before, now = case.ledgers.own, ledgers.own
    if before is None or now is None:
        return None
    agrees = tally.low is not None and before.settled <= tally.low and tally.high <= now.position
    return {"position": now.position, "settled": now.settled, "claims": len(now.claims), "agrees": agrees}


def _lag(low: int | None, low_ts: int | None, position: int, ts: int | None) -> Data:
    """What is lost by going back to a copy: the updates from ``low`` on, and the seconds in which they were claimed."""
    updates = None if low is None else max(0, position - low)
    if updates == 0:
        return {"updates": 0, "seconds": 0}
    return {"updates": updates, "seconds": None if low_ts is None or ts is None else max(0, ts - low_ts)}


def _claimed(source: Source, stream: Stream, position: int | None, ledger: Ledger | None = None) -> int | None:
    """When the update before a position was claimed, None if nobody can tell."""
    if not position:
        return None
    update = position - 1
    for claim in ledger.claims if ledger else ():
        if claim.holds(update):
            return claim.ts
    document = source.get(stream.document_id(update)) or {}
    ts = document.get("ts")
    return ts if document.get("update") == update and is_integer(ts) else None
