# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The evidence that a verification has: what is known about the documents of a database, and from where.

What documents may hold follows, in this order, from the span of updates during which a copy was created, from the
ledger in the database, or from the ledger of its source. If none of them is known, all documents must exist, and must
together be at one position of the stream. The run records say when each update was claimed, so which time stamp it must
have.
"""
from __future__ import annotations

from typing import Callable, NamedTuple

from ..couchdb.client import Client
from ..couchdb.source import Source
from ..errors import LedgerDamaged, NoDatabase, NoLedger, Recreated, StateMissing, UsageError, command, option
from ..model import missed
from ..model.expectation import Expectation
from ..model.history import NO_HISTORY, Between, History
from ..model.ledger import Ledger
from ..model.limits import MAX_POSITION, check_count
from ..model.missed import Entries
from ..model.parameters import Parameters
from ..model.state_document import META_ID, STATE_PREFIX
from ..model.stream import Stream
from ..storage import run_records
from ..storage.ledger_reading import read_ledger
from .taken import Period, shown

PARAMETERS = (option("seed"), ", ", option("total"), " and ", option("size"))


class Span(NamedTuple):
    """When a copy was created: the positions of its source at the start and at the end, or the period in which it was
    ``taken``. None: not given.
    """

    since: int | None = None
    until: int | None = None
    taken: Period | None = None

    def check(self, has_original: bool) -> None:
        """Raise UsageError if the span makes no sense."""
        from_position, to_position = option("from_position"), option("to_position")
        for name, position in (("from_position", self.since), ("to_position", self.until)):
            if position is not None:
                check_count(name, position, MAX_POSITION, least=0)
                if self.taken:
                    raise UsageError(option("taken_from"), " cannot be combined with ", option(name))
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

    @property
    def original_position(self) -> int | None:
        """The position of the source, None if it is not known."""
        return self.original.position if self.original else None


class Case(NamedTuple):
    """What to verify, and by which data.

    ``original`` is the source of the ``copy``, None if it is not given. ``ledgers`` and ``history`` are as read at the
    start; the databases may advance meanwhile. ``span`` are the positions between which the copy was created, None if
    that is not known. ``origin`` is as in the ledger. ``lost`` says what the copy lacks of its ledger. ``instance``
    distinguishes the database from a later one with its name.
    """

    copy: Source
    original: Source | None
    stream: Stream
    ledgers: Ledgers
    history: History
    span: Between | None
    origin: int | None = None
    lost: str = ""
    instance: str = ""

    @property
    def expectation(self) -> Expectation:
        """What the documents may hold."""
        own = self.ledgers.own
        if self.span:
            return self._any_from(self.span.since)._replace(until=self.until(self.ledgers))
        if own:
            return Expectation.of(own, self.history)
        position = self.ledgers.original_position
        total = self.stream.total
        return self._any_from(total if position is None else min(position, total))._replace(until=position)

    def at(self, position: int) -> Expectation:
        """What the documents must hold at a position."""
        return self._any_from(position)._replace(until=position)

    def _any_from(self, position: int) -> Expectation:
        return Expectation(position, origin=self.origin, missed=self.ledgers.missed, history=self.history)

    @property
    def latest(self) -> Callable[[], int] | None:
        """A function that reads the current end of the expectation; None if that is fixed or not known."""
        if self.span:
            source = self.original if self.span.until is None else None
        else:
            source = self.copy if self.ledgers.own else self.original
        return (lambda: read_ledger(source).position) if source else None

    def until(self, ledgers: Ledgers) -> int | None:
        """The end of the span: by default, the position of the source."""
        return self.span.until if self.span and self.span.until is not None else ledgers.original_position

    def reread(self) -> Ledgers:
        """The ledgers as they are now; Recreated if the database was recreated meanwhile."""
        ledgers = Ledgers(read_ledger(self.copy) if self.ledgers.own else None,
                          read_ledger(self.original) if self.original else None)
        before, now = self.ledgers.own, ledgers.own
        if _instance(self.copy) != self.instance or (before and now and _mark(before) != _mark(now)):
            raise Recreated(f"the database {self.copy.place} was recreated while it was verified; verify it again")
        return ledgers


NO_SPAN = Span()


def given_stream(seed: int | None, total: int | None, size: int | None) -> Stream | None:
    """The stream with these parameters, None without any; UsageError if some are missing or make no sense."""
    if seed is None and total is None and size is None:
        return None
    if seed is None or total is None or size is None:
        raise UsageError(*PARAMETERS, " must be given together")
    Parameters(total, size, 1, seed).check()
    return Stream(seed, total, size)


def gather(copy: Source, span: Span, given: Stream | None, original: Source | None) -> Case:
    """Read the ledgers and the history, which determine what the documents may hold."""
    span.check(original is not None)
    of_original = _read(original) if original else None
    instance = _instance(copy)
    own, meta, lost = None, None, ""
    if given is None:
        own, meta, lost = _own(copy, span, of_original)
    elif copy.document_count() is None:
        raise _no_database(copy)
    main = own if own and of_original and not may_be_one(own, of_original) else of_original or own
    history = history_of(original if original and main is of_original else copy, main) if main else NO_HISTORY
    stream = given or (own or meta or main or Ledger.bare({})).stream
    origin = next((ledger.origin for ledger in (own, meta, main) if ledger), None)
    return Case(copy, original, stream, Ledgers(own, of_original), history, _between(span, history, copy, main), origin,
                lost, instance)


def _own(copy: Source, span: Span, of_original: Ledger | None) -> tuple[Ledger | None, Ledger | None, str]:
    """The ledger in the copy, or what is left of it: only its constants, or nothing, and then what is lost."""
    try:
        return _read(copy), None, ""
    except StateMissing as error:
        if span.since is None and of_original is None:
            raise
        return None, Ledger.bare(error.meta), "the state of the ledger missing" if span.since is None else ""
    except NoLedger:
        if of_original is None:
            raise
        return None, None, "ledger missing"
    except LedgerDamaged:
        if of_original is None:
            raise
        return None, None, "ledger damaged"


def _between(span: Span, history: History, copy: Source, ledger: Ledger | None) -> Between | None:
    """The positions between which the copy was created, None if that is not known."""
    if span.since is not None:
        return Between(span.since, span.until)
    if span.taken is None:
        return None
    found = history.between(*span.taken)
    if found is None:
        oldest = min((record.ts for record in history.records.values()), default=None)
        reach = "there are no run records" if oldest is None else f"the run records begin at {shown(oldest)}"
        raise UsageError(f"cannot tell where the source of {copy.place} stood at {shown(span.taken[0])}: {reach}; use ",
                         option("from_position"), " and ", option("to_position"))
    return found


def may_be_one(own: Ledger, original: Ledger) -> bool:
    """Whether two ledgers may be of one database; those of earlier versions have no identity."""
    identities = {own.identity, original.identity} - {""}
    return own.created == original.created and own.stream.is_same(original.stream) and len(identities) <= 1


def history_of(source: Source, ledger: Ledger) -> History:
    return History(run_records.read(source, ledger.runs), ledger.claims)


def _read(source: Source) -> Ledger:
    """The ledger of a database; NoLedger if it has none that determines what the documents hold."""
    try:
        ledger = read_ledger(source)
    except NoDatabase:
        raise _no_database(source) from None
    except StateMissing as error:
        raise StateMissing(error.meta, f"the database {source.place} is an incomplete copy: the state of its ledger (a "
                           f"document {STATE_PREFIX}…) is missing; to verify it anyway, give ", option("source_url"),
                           ", or ", option("from_position"), " and ", option("to_position")) from None
    except NoLedger:
        raise NoLedger(f"the database {source.place} has no document {META_ID}: it was not set up by couchdyno, or "
                       "it is an incomplete copy; to verify it anyway, give ", option("source_url"), ", or ",
                       *PARAMETERS, " of its source") from None
    if ledger.seed is None:
        raise NoLedger(f"the database {source.place} was set up by the original couchdyno and has not been updated "
                       "since, so it cannot be verified; run cycles with ", command("execute"), " first")
    return ledger


def _no_database(source: Source) -> NoDatabase:
    return NoDatabase(f"there is no database {source.place}; check the URL")


def _instance(source: Source) -> str:
    """What distinguishes a database from a later one with its name, as far as the server reports it."""
    info = source.database_info() if isinstance(source, Client) else None
    return str((info or {}).get("instance_start_time", ""))


def _mark(ledger: Ledger) -> tuple[int, int, int | None]:
    """What a ledger keeps for as long as the database exists."""
    return ledger.created, ledger.total, ledger.seed
