# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verify: prove a database against the update stream. It only reads.

A document may hold what the ledger in the database says, or, with a span, any update that it can have held while the
copy was made. Where there is neither, all documents together must stand at one point of the stream.
"""
from __future__ import annotations

import time
from typing import Any, Dict, Iterator, NamedTuple

from .client import Client
from .errors import NoDatabase, NoLedger, UsageError
from .ledger import LEDGER_ID, Ledger, open_claims, stream
from .parameters import Parameters, check, check_count
from .proof import Bounds, Tally, of_ledger, settled
from .reader import Progress, Reader
from .stream import Stream, is_integer

MAX_POSITION = 10 ** 15
RIGHT, WRONG = "right", "wrong"
FAULTS = (("damaged", "damaged"), ("missing", "missing"), ("extra", "not of the stream"),
          ("conflicted", "with conflicting revisions"), ("behind", "behind"), ("ahead", "ahead"))

Data = Dict[str, Any]


class Span(NamedTuple):
    """The positions of the source when a copy was begun and when it was done; None: not told."""

    since: int | None = None
    until: int | None = None


class Case(NamedTuple):
    """What is to be proved, and by what.

    ``bounds`` are what the documents may hold. ``own`` is the ledger of the database and ``origin`` that of its source,
    where there are such; both may move on. ``settled`` is how far the own ledger was settled at the beginning.
    """

    client: Client
    stream: Stream
    span: Span
    bounds: Bounds
    own: Ledger | None
    settled: int
    source: Client | None
    origin: Ledger | None

    @property
    def spanned(self) -> bool:
        """Whether documents may lie anywhere within a span."""
        return self.span.since is not None

    @property
    def horizon(self) -> Ledger | None:
        """The ledger whose position is the end of the bounds, None where that is fixed or not known."""
        if self.spanned:
            return self.origin if self.span.until is None else None
        return self.own


NO_SPAN = Span()


def verify(client: Client, span: Span = NO_SPAN, given: Stream | None = None, source: Client | None = None,
           progress: Progress = lambda done, total: None) -> Data:
    """Prove a database by its own ledger, or by the stream that is ``given`` for one that has none.

    It is right when it holds a point in time that its ledger confirms; with a ``span``, when every document holds an
    update that it can have held between these positions. ``source`` is what it is a copy of. Returns::

        {"verdict": "right" or "wrong", "reasons": why it is wrong, in words,
         "checked": how many documents of the stream are there,
         "counts": {kind: documents}, "samples": {kind: [{"id", "reason"}]}, by the kinds of proof.py,
         "database": its name, "ts": when that was, in Unix seconds of the server,
         "low", "high", "low_ts", "high_ts": where in time they stand, as in proof.Tally,
         "ledger": {"position", "settled", "claims", "agrees"} or None,
         "span": {"from_position", "to_position"} or None,
         "stream": {"seed", "total", "size"},
         "dt": seconds, "rate": documents a second,
         with a source: "source": {"position", "ts"}, "lag": {"updates", "seconds"}}

    ``low_ts`` and ``high_ts`` are the times at which the updates before ``low`` and ``high`` were claimed, in Unix
    seconds of the server, None where nobody can tell. ``agrees`` says whether the documents stand where the ledger
    says, ``lag`` what would be lost by going back to this copy.

    Raises UsageError, NoDatabase, NoLedger, LedgerDamaged, Interrupted or ServerError.
    """
    started = time.monotonic()
    case = _case(client, span, given, source)
    tally = _read_all(case, progress)
    reasons = list(_faults(case, tally))
    report = {"verdict": WRONG if reasons else RIGHT, "reasons": reasons, "checked": tally.checked,
              "counts": tally.counts, "samples": tally.samples, "database": client.address.database,
              "ts": client.now()}
    report.update(_standing(case, tally))
    dt = time.monotonic() - started
    return dict(report, dt=round(dt, 3), rate=round(tally.checked / dt, 1) if dt else 0.0)


def given_stream(seed: int | None, total: int | None, size: int | None) -> Stream | None:
    """The stream with these parameters, None without any; UsageError when some are missing or make no sense."""
    if seed is None and total is None and size is None:
        return None
    if seed is None or total is None or size is None:
        raise UsageError("without a ledger it takes all of seed, total and size")
    check(Parameters(total, size, 1, seed))
    return Stream(seed, total, size)


def _case(client: Client, span: Span, given: Stream | None, source: Client | None) -> Case:
    """Read the ledgers, and tell by them what the documents may hold."""
    _check(span, source)
    origin = _read(source) if source else None
    if given is not None:
        if client.database_info() is None:
            raise NoDatabase(f"there is no database {client.address.url}")
        return Case(client, given, span, _bounds(span, None, origin), None, 0, source, origin)
    own = _read(client)
    return Case(client, stream(own.state), span, _bounds(span, own, origin), own, settled(own.state), source, origin)


def _bounds(span: Span, own: Ledger | None, origin: Ledger | None) -> Bounds:
    if span.since is not None:
        until = origin.state["position"] if origin and span.until is None else span.until
        return Bounds(span.since, until, origin=own.state.get("origin") if own else None)
    return of_ledger(own.state) if own else Bounds()


def _check(span: Span, source: Client | None) -> None:
    """Raise UsageError for a span that makes no sense."""
    for name, position in (("from position", span.since), ("to position", span.until)):
        if position is not None:
            check_count(name, position, MAX_POSITION, least=0)
    if span.since is None and span.until is not None:
        raise UsageError("a to position takes a from position, too: where the source was when the copy was begun")
    if span.since is not None and span.until is None and source is None:
        raise UsageError("a from position takes a to position, too, or the source to read it from")
    if span.since is not None and span.until is not None and span.until < span.since:
        raise UsageError(f"the to position {span.until} lies before the from position {span.since}")


def _read(client: Client) -> Ledger:
    """The ledger of a database; NoLedger when it has none that says what the documents hold."""
    ledger, url = Ledger(client), client.address.url
    try:
        state = ledger.read()
    except NoDatabase:
        raise NoDatabase(f"there is no database {url}") from None
    except NoLedger:
        raise NoLedger(f"the database {url} has no document {LEDGER_ID}: it was not set up by couchdyno, or is no "
                       "whole copy of one that was; seed, total and size of that one stand in for it") from None
    if "seed" not in state:
        raise NoLedger(f"the database {url} was set up by the earlier tool and has not been updated since: "
                       "nothing in it can be proved")
    return ledger


def _read_all(case: Case, progress: Progress) -> Tally:
    """Read all documents, and the ledgers once more."""
    horizon = case.horizon
    latest = (lambda: int(horizon.read()["position"])) if horizon else None
    tally = Reader(case.client, case.stream, case.bounds, latest).read(progress)
    if not case.spanned and not case.own and tally.low != tally.high:
        # They stand at no one point of the stream. Hold them against the latest, to name those that keep them from it.
        tally = Reader(case.client, case.stream, Bounds(tally.high, tally.high)).read(progress)
    for ledger in (case.own, case.origin):
        if ledger:
            ledger.read()
    return tally


def _faults(case: Case, tally: Tally) -> Iterator[str]:
    """Why a database is wrong, in words; nothing when it is right."""
    counts, own, origin = tally.counts, case.own, case.origin
    if own and not case.spanned and counts["ahead"] and tally.low == tally.high:
        # The documents agree with each other, and the ledger with none of them.
        counts.update(exact=counts["exact"] + counts["ahead"], ahead=0)
        tally.samples.pop("ahead", None)
        yield f"the ledger is of another time: it says position {own.state['position']}, the documents {tally.high}"
    for kind, words in FAULTS:
        if counts[kind]:
            yield f"{counts[kind]} document{'s' if counts[kind] > 1 else ''} {words}"
    if own and case.spanned and not _spans(case, own.state["position"]):
        yield f"the ledger is of another time: it says position {own.state['position']}"
    if origin and not _same(case.stream, stream(origin.state)):
        yield "it is no copy of the source: seed, total or size are others"
    elif origin and not counts["ahead"] and tally.high > origin.state["position"]:
        yield (f"it is no copy of the source: that is at position {origin.state['position']}, "
               f"and a document holds update {tally.high - 1}")


def _spans(case: Case, position: int) -> bool:
    since, until = case.span.since or 0, _until(case)
    return since <= position and (until is None or position <= until)


def _until(case: Case) -> int | None:
    """The end of the span: where none was given, the position of the source by now."""
    return case.origin.state["position"] if case.origin and case.span.until is None else case.span.until


def _same(one: Stream, other: Stream) -> bool:
    return (one.seed, one.total, one.size) == (other.seed, other.total, other.size)


def _standing(case: Case, tally: Tally) -> Data:
    """Where in time the documents stand, and what that means to the ledgers."""
    low_ts = _claimed(case.client, case.stream, tally.low)
    standing: Data = {
        "low": tally.low, "high": tally.high, "low_ts": low_ts, "high_ts": tally.high_ts,
        "ledger": _ledger(case, tally),
        "span": {"from_position": case.span.since, "to_position": _until(case)} if case.spanned else None,
        "stream": {"seed": case.stream.seed, "total": case.stream.total, "size": case.stream.size}}
    if case.source and case.origin:
        position = case.origin.state["position"]
        ts = _claimed(case.source, case.stream, position, case.origin)
        standing["source"] = {"position": position, "ts": ts}
        standing["lag"] = _lag(tally.low, low_ts, position, ts)
    return standing


def _ledger(case: Case, tally: Tally) -> Data | None:
    if not case.own:
        return None
    state = case.own.state
    agrees = tally.low is not None and case.settled <= tally.low and tally.high <= state["position"]
    return {"position": state["position"], "settled": settled(state), "claims": len(state["claims"]), "agrees": agrees}


def _lag(low: int | None, low_ts: int | None, position: int, ts: int | None) -> Data:
    """What is lost by going back to a copy: the updates from ``low`` on, and the seconds in which they were claimed."""
    updates = None if low is None else max(0, position - low)
    if updates == 0:
        return {"updates": 0, "seconds": 0}
    return {"updates": updates, "seconds": None if low_ts is None or ts is None else max(0, ts - low_ts)}


def _claimed(client: Client, stream: Stream, position: int | None, ledger: Ledger | None = None) -> int | None:
    """When the update before a position was claimed, None where nobody can tell."""
    if not position:
        return None
    update = position - 1
    for claim in open_claims(ledger.state) if ledger else ():
        if claim.first <= update < claim.stop:
            return claim.ts
    document = client.get(stream.document_id(update)) or {}
    ts = document.get("ts")
    return ts if document.get("update") == update and is_integer(ts) else None
