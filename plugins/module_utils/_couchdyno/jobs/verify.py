# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify: check every document of a database against the update stream. Read-only.

A document may hold the update that follows from the ledger in the database, or, with a span, any update that it can
have held while the copy was created. Without either, all documents together must be at one position of the stream.
"""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, Iterator, NamedTuple

from .. import REPORT_FORMAT
from ..couchdb.source import Source
from ..couchdb.stop import NEVER, Stop
from ..errors import NoDatabase, NoLedger, StateMissing, UsageError, command, option
from ..model import missed
from ..model.expectation import Expectation
from ..model.ledger import Ledger
from ..model.limits import MAX_POSITION, check_count, is_integer
from ..model.missed import Entries
from ..model.outcome import nonzero, rate
from ..model.parameters import Parameters
from ..model.state_document import META_ID, STATE_PREFIX
from ..model.stream import Stream
from ..model.tally import Sample, Tally
from ..storage.ledger_reading import read_ledger
from .reader import Progress, Reader

RIGHT, WRONG = "right", "wrong"
FAULTS = (("damaged", "damaged"), ("missing", "missing"), ("extra", "not in the stream"),
          ("conflicted", "with conflicting revisions"), ("behind", "older than allowed"),
          ("ahead", "newer than allowed"))
PARAMETERS = (option("seed"), ", ", option("total"), " and ", option("size"))

Data = Dict[str, Any]


class Span(NamedTuple):
    """The positions of the source at the start and at the end of copying; None: not given."""

    since: int | None = None
    until: int | None = None

    def check(self, has_original: bool) -> None:
        """Raise UsageError if the span makes no sense."""
        from_position, to_position = option("from_position"), option("to_position")
        for name, position in (("from_position", self.since), ("to_position", self.until)):
            if position is not None:
                check_count(name, position, MAX_POSITION, least=0)
        if self.since is None and self.until is not None:
            raise UsageError(to_position, " requires ", from_position)
        if self.since is not None and self.until is None and not has_original:
            raise UsageError(from_position, " requires ", to_position, " or ", option("source_url"))
        if self.since is not None and self.until is not None and self.until < self.since:
            raise UsageError(to_position, f" {self.until} is below ", from_position, f" {self.since}")


class Ledgers(NamedTuple):
    """The ledger of the database itself, and that of its source; None if there is none."""

    own: Ledger | None
    original: Ledger | None

    @property
    def missed(self) -> Entries:
        """The missed updates that either has on record."""
        of_both = [ledger.missed for ledger in self if ledger]
        return missed.union(*of_both)


class Case(NamedTuple):
    """What to verify, and by which data.

    ``original`` is the source of the ``copy``, None if it is not given. ``ledgers`` are as read at the start; both may
    advance meanwhile. ``origin`` is as in the ledger.
    """

    copy: Source
    original: Source | None
    stream: Stream
    span: Span
    ledgers: Ledgers
    origin: int | None = None

    @property
    def is_spanned(self) -> bool:
        """Whether documents may be anywhere within a span."""
        return self.span.since is not None

    @property
    def expectation(self) -> Expectation:
        """What the documents may hold."""
        own = self.ledgers.own
        if self.span.since is not None:
            return Expectation(self.span.since, self.until(self.ledgers), origin=self.origin,
                               missed=self.ledgers.missed)
        return Expectation.of(own) if own else Expectation()

    @property
    def latest(self) -> Callable[[], int] | None:
        """A function that reads the current end of the expectation; None if that is fixed or not known."""
        if self.is_spanned:
            source = self.original if self.span.until is None else None
        else:
            source = self.copy if self.ledgers.own else None
        return (lambda: read_ledger(source).position) if source else None

    def until(self, ledgers: Ledgers) -> int | None:
        """The end of the span: by default, the position of the source."""
        return ledgers.original.position if ledgers.original and self.span.until is None else self.span.until

    def reread(self) -> Ledgers:
        """The ledgers as they are now."""
        return Ledgers(read_ledger(self.copy) if self.ledgers.own else None,
                       read_ledger(self.original) if self.original else None)


class Conclusion(NamedTuple):
    """What follows from a tally: ``counts`` and ``samples`` to report, and ``reasons`` why the database is wrong."""

    counts: dict[str, int]
    samples: dict[str, list[Sample]]
    reasons: list[str]


NO_SPAN = Span()


def verify(copy: Source, span: Span = NO_SPAN, given: Stream | None = None, original: Source | None = None,
           progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Verify a database by its own ledger, or by a ``given`` stream if it has none.

    It is right if its documents are at the position that its ledger says; with a ``span``, if every document holds an
    update that it can have held between these positions. ``original`` is the source of the copy. Returns::

        {"format": of this report, "verdict": "right" or "wrong", "reasons": why it is wrong, in words,
         "checked": how many documents of the stream were found,
         "counts": {kind: documents}, "samples": {kind: [{"id", "reason"}]}, by the kinds of verdicts.py,
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
    return dict(report, dt=round(dt, 3), rate=rate(tally.checked, dt))


def given_stream(seed: int | None, total: int | None, size: int | None) -> Stream | None:
    """The stream with these parameters, None without any; UsageError if some are missing or make no sense."""
    if seed is None and total is None and size is None:
        return None
    if seed is None or total is None or size is None:
        raise UsageError(*PARAMETERS, " must be given together")
    Parameters(total, size, 1, seed).check()
    return Stream(seed, total, size)


def _case(copy: Source, span: Span, given: Stream | None, original: Source | None) -> Case:
    """Read the ledgers, which determine what the documents may hold."""
    span.check(original is not None)
    of_original = _read(original) if original else None
    if given is not None:
        if copy.document_count() is None:
            raise _no_database(copy)
        return Case(copy, original, given, span, Ledgers(None, of_original))
    try:
        own = _read(copy)
    except StateMissing as error:
        if span.since is None:
            raise
        bare = Ledger.bare(error.meta)
        return Case(copy, original, bare.stream, span, Ledgers(None, of_original), bare.origin)
    return Case(copy, original, own.stream, span, Ledgers(own, of_original), own.origin)


def _read(source: Source) -> Ledger:
    """The ledger of a database; NoLedger if it has none that determines what the documents hold."""
    try:
        ledger = read_ledger(source)
    except NoDatabase:
        raise _no_database(source) from None
    except StateMissing as error:
        raise StateMissing(error.meta, f"the database {source.place} is an incomplete copy: the state of its ledger (a "
                           f"document {STATE_PREFIX}…) is missing; to verify it anyway, give ",
                           option("from_position"), " and ", option("to_position")) from None
    except NoLedger:
        raise NoLedger(f"the database {source.place} has no document {META_ID}: it was not set up by couchdyno, or "
                       "it is an incomplete copy; to verify it anyway, give ", *PARAMETERS, " of its source") from None
    if ledger.seed is None:
        raise NoLedger(f"the database {source.place} was set up by the original couchdyno and has not been updated "
                       "since, so it cannot be verified; run cycles with ", command("execute"), " first")
    return ledger


def _no_database(source: Source) -> NoDatabase:
    return NoDatabase(f"there is no database {source.place}; check the URL")


def _read_all(case: Case, progress: Progress, stop: Stop) -> Tally:
    """Read and judge all documents."""
    tally = Reader(case.copy, case.stream, case.expectation, case.latest, stop).read(progress)
    if not case.is_spanned and not case.ledgers.own and tally.low != tally.high:
        # They are not at one position. Judge them by the latest one, to name the documents that are behind it.
        tally = Reader(case.copy, case.stream, Expectation(tally.high, tally.high), stop=stop).read(progress)
    return tally


def _conclude(case: Case, ledgers: Ledgers, tally: Tally) -> Conclusion:
    """What follows from the tally, and from the ledgers after reading."""
    counts, samples, reasons = tally.counts, tally.samples, []
    if ledgers.own and not case.is_spanned and counts["ahead"] and tally.low == tally.high:
        # The documents agree with each other, but not with the ledger.
        counts = dict(counts, exact=counts["exact"] + counts["ahead"], ahead=0)
        samples = {kind: found for kind, found in samples.items() if kind != "ahead"}
        reasons.append(f"ledger and documents disagree: ledger at update {ledgers.own.position}, "
                       f"documents at {tally.high}")
    reasons += _faults_of_documents(counts)
    if ledgers.own and case.is_spanned and not _is_within(case, ledgers, ledgers.own.position):
        reasons.append(f"ledger and documents disagree: ledger at update {ledgers.own.position}, "
                       f"documents from {case.span.since} to {case.until(ledgers)}")
    if ledgers.original:
        reasons += _faults_of_copy(case.stream, ledgers.original, counts, tally.high)
        reasons += _forks(ledgers.own, ledgers.original)
    return Conclusion(counts, samples, reasons)


def _faults_of_documents(counts: dict[str, int]) -> Iterator[str]:
    for kind, words in FAULTS:
        if counts[kind]:
            yield f"{counts[kind]} document{'s' if counts[kind] > 1 else ''} {words}"


def _faults_of_copy(stream: Stream, original: Ledger, counts: dict[str, int], high: int) -> Iterator[str]:
    """Signs that it is not a copy of the source."""
    if not stream.is_same(original.stream):
        yield "not a copy of the source: seed, total or size differ"
    elif not counts["ahead"] and high > original.position:
        yield (f"not a copy of the source: the source is at update {original.position}, "
               f"but a document holds update {high - 1}")


def _forks(own: Ledger | None, original: Ledger) -> Iterator[str]:
    """Whether the copy, or its source before it was copied, has gone its own way."""
    for number, fork in enumerate(own.forks if own else ()):
        if number >= len(original.forks) or original.forks[number] != fork:
            yield f"not a copy of the source: forked at update {fork.position}"
            break


def _is_within(case: Case, ledgers: Ledgers, position: int) -> bool:
    """Whether a position lies within the span."""
    since, until = case.span.since or 0, case.until(ledgers)
    return since <= position and (until is None or position <= until)


def _standing(case: Case, ledgers: Ledgers, tally: Tally) -> Data:
    """Where the documents stand, compared with the ledgers."""
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


def _claimed(source: Source, stream: Stream, position: int | None, ledger: Ledger | None = None) -> int | None:
    """When the update before a position was claimed, None if not known."""
    if not position:
        return None
    update = position - 1
    for claim in ledger.claims if ledger else ():
        if claim.holds(update):
            return claim.ts
    document = source.get(stream.document_id(update)) or {}
    ts = document.get("ts")
    return ts if document.get("update") == update and is_integer(ts) else None
