# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopt: make the ledger of a database agree with its documents, whatever was restored over what.

The position moves to just after the newest update in the database, unless the ledger is already ahead of it. Updates
that documents should hold at this position, but do not, become open, so that the next cycles write them. A mark
distinguishes the database from its source, from which it diverges from now on.
"""
from __future__ import annotations

import secrets
from typing import Any, Callable, Dict, Iterable, NamedTuple, TypeVar

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import RETRY_LATER, Busy, LedgerDamaged, NoLedger, StateMissing, UsageError, command, option
from ..model import missed, ranges
from ..model.branch_verdicts import UNBRANCHED
from ..model.claim import Claim
from ..model.document_state import NOT_CREATED
from ..model.expectation import Expectation
from ..model.ledger import Fork, Ledger
from ..model.limits import REACHABLE
from ..model.outcome import nonzero
from ..model.ranges import Range, Ranges
from ..model.stream import Stream
from ..model.tally import Tally
from ..model.verdicts import EXTRA, Finding
from ..storage import run_records
from ..storage.ledger_document import LedgerDocument
from ..storage.ledger_reading import read_meta
from .driver import is_gone
from .reader import Reader

COUNTED = ("behind", "missing", "revived", "damaged", "conflicted", EXTRA)
LACKING = frozenset(("behind", "missing", "damaged", "unreadable", "revived", UNBRANCHED))
MOST_RANGES = 20000  # of updates that become open; then the closest are joined, and what lies between is redone, too

Data = Dict[str, Any]
AnyShortfall = TypeVar("AnyShortfall", bound="Shortfall")
Progress = Callable[[int, int], None]  # called with the number of documents so far and in total


class Shortfall(Tally):
    """A tally that also knows the latest update of each document that lacks it at a position."""

    def __init__(self, stream: Stream, position: int) -> None:
        super().__init__(stream)
        self._position = position
        self._lacking: dict[int, list[Range]] = {}

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        super().add(finding)
        if finding.kind in LACKING:
            state = self._stream.state_at(finding.number, self._position)
            if state != NOT_CREATED:  # the places of documents of one finding follow each other, too
                place = self._stream.place(state.update)
                latest = (place, place + finding.count)
                self._lacking.setdefault(self._earlier(finding, state.update), []).append(latest)

    def merge(self: AnyShortfall, other: AnyShortfall) -> None:
        """Add the tally of other documents."""
        super().merge(other)
        for earlier, updates in other._lacking.items():
            self._lacking.setdefault(earlier, []).extend(updates)

    @property
    def updates(self) -> dict[int, Ranges]:
        """The places of the latest updates, by the number of earlier ones that are lacking, too."""
        return {earlier: ranges.union(tuple(updates)) for earlier, updates in self._lacking.items()}

    def _earlier(self, finding: Finding, latest: int) -> int:
        """How many updates before the latest one a document lacks."""
        if finding.held is not None:
            return max(0, self._stream.visits(latest) - self._stream.visits(finding.held) - 1)
        return self._stream.visits(latest) if finding.kind == "missing" else 0


class Adoption(NamedTuple):
    """The ledger ``before`` (None: it has lost its state) and ``after``, and what was found, by kind."""

    before: Ledger | None
    after: Ledger
    counts: dict[str, int]

    def report(self) -> Data:
        """The report about it."""
        opened = sum(claim.count for claim in self.after.claims)
        return {"changed": True, "before": self.before and self.before.shown(), "dyno_config": self.after.shown(),
                "adopted": {"position": self.after.position, "open": opened, **self.counts}}


def adopt(client: Client, progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Adopt a database.

    Returns ``{"changed": True, "before", "dyno_config"}`` as ``setup`` does, and ``"adopted": {"position", "open": how
    many updates the next cycles will redo, and how many documents were "behind", "missing", "damaged", "conflicted",
    "extra", and "unbranched" if any were}``. Raises Busy if drivers are at work, NoLedger, Interrupted or ServerError.
    """
    document = LedgerDocument(client)
    adoption = _plan(client, document, progress, stop)
    document.adopt(adoption.before, adoption.after)
    return adoption._replace(after=document.ledger).report()


def preview(client: Client, progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """What ``adopt`` would return if all went well; changes nothing."""
    return _plan(client, LedgerDocument(client), progress, stop).report()


def check_alone(others: Iterable[str]) -> None:
    """Raise UsageError if adopting is requested together with ``others``, options that say what to create."""
    for name in others:
        raise UsageError(option("adopt"), " cannot be combined with ", option(name))


def _plan(client: Client, document: LedgerDocument, progress: Progress, stop: Stop) -> Adoption:
    try:
        before: Ledger | None = document.read()
        ledger = document.ledger
    except (StateMissing, LedgerDamaged):
        before, ledger = None, Ledger.bare(read_meta(client))
    _check(client, ledger)
    found = Reader(client, ledger.stream, Expectation(origin=ledger.origin), lambda: Tally(ledger.stream),
                   stop=stop).read(progress)
    position = max(ledger.position, found.high)
    if position > REACHABLE:
        raise LedgerDamaged(f"a document of {client.place} holds update {position - 1}, which no database reaches; "
                            "delete this document")
    expected = Expectation(position, position, origin=ledger.origin)
    lacking = Reader(client, ledger.stream, expected, lambda: Shortfall(ledger.stream, position),
                     stop=stop).read(progress)
    runs = max(ledger.runs, run_records.latest(client, ledger.names).run + 1)
    after = adopted(ledger, position, lacking.updates, runs, client.now(), client.instance())
    counts = {kind: lacking.counts[kind] for kind in COUNTED}
    return Adoption(before, after, dict(counts, **nonzero(**{UNBRANCHED: lacking.counts[UNBRANCHED]})))


def adopted(ledger: Ledger, position: int, lacking: dict[int, Ranges], runs: int, now: int, instance: str) -> Ledger:
    """The ledger at a position, with the updates that documents lack open, and with a mark of its own.

    Open are the latest updates; the ones before them count as superseded. ``lacking`` is as in Shortfall.
    """
    updates = ranges.at_most(ranges.union(*lacking.values()), MOST_RANGES)
    mark = Fork(position, f"{instance}-{secrets.token_hex(4)}", now)
    claims = [Claim(updates, mark.ts, 0, "", "", "", runs, redo=True)] if updates else []
    earlier = (missed.Missed(first, stop, visits, stop - first) for visits, latest in lacking.items() if visits
               for first, stop in ledger.stream.previous_of(latest))
    after = ledger._replace(position=position, start=position % ledger.total, runs=runs, refused=(),
                            superseded=missed.bounded(tuple(sorted(earlier)))).with_claims(claims)
    forks = ledger.forks[:-1] if _has_failed(ledger, after, instance) else ledger.forks
    return after._replace(forks=(*forks, mark))


def _has_failed(before: Ledger, after: Ledger, instance: str) -> bool:
    """Whether an earlier attempt has written its mark, but not the state."""
    opened = [ranges.union(*(claim.updates for claim in ledger.claims)) for ledger in (before, after)]
    agree = before.position == after.position and before.missed == after.missed and opened[0] == opened[1]
    mark = before.forks[-1] if before.forks else Fork(-1, "", 0)
    return mark.position == after.position and mark.name.startswith(instance + "-") and not agree


def _check(client: Client, ledger: Ledger) -> None:
    """Raise an error if the ledger cannot be adopted now."""
    if ledger.seed is None:
        raise NoLedger(f"the database {client.place} was set up by the original couchdyno and has not been updated "
                       "since, so there is nothing to adopt; run cycles with ", command("execute"))
    now = client.now()
    if any(not claim.has_expired(now) and not is_gone(claim.driver, claim.process) for claim in ledger.claims):
        raise Busy(f"drivers are updating {client.place}, or did so within the last minute; stop them and "
                   f"{RETRY_LATER}")
