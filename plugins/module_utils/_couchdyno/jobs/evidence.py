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

from typing import Any, Callable, NamedTuple

from ..couchdb.client import Client
from ..couchdb.source import CONFLICTS, Source
from ..errors import LedgerDamaged, NoDatabase, NoLedger, Recreated, StateMissing, UsageError, command, option
from ..model import missed
from ..model.expectation import Expectation
from ..model.history import NO_HISTORY, SLACK, Between, History
from ..model.ledger import Ledger
from ..model.limits import MAX_POSITION, check_count
from ..model.missed import Entries
from ..model.names import Names
from ..model.parameters import Parameters
from ..model.stream import Stream
from ..model.streams import stream_of
from ..model.workload import resolve
from ..storage import run_records
from ..storage.ledger_reading import read_ledger, read_meta, read_names
from .taken import Period, shown

PARAMETERS = (option("seed"), ", ", option("total"), " and ", option("size"))


class Span(NamedTuple):
    """When a copy was created: the positions of its source at the start and at the end, or the period in which it was
    ``taken``. None: not given.
    """

    since: int | None = None
    until: int | None = None
    taken: Period | None = None

    @property
    def is_given(self) -> bool:
        """Whether it says when the copy was created."""
        return self.since is not None or self.taken is not None

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
    def adopted(self) -> frozenset[int]:
        """The times at which either was adopted."""
        return frozenset(ts for ledger in self if ledger for ts in ledger.adopted)

    @property
    def original_position(self) -> int | None:
        """The position of the source, None if it is not known."""
        return self.original.position if self.original else None


class Histories(NamedTuple):
    """What the run records of the database itself say, and those of its source.

    ``differs`` is the first update of the earliest run that is different in the source, None if there is none.
    """

    own: History = NO_HISTORY
    original: History = NO_HISTORY
    differs: int | None = None

    @property
    def of_copy(self) -> History:
        """What is known about the updates in the copy.

        The history of the source usually reaches further, but one that differs says nothing about the copy.
        """
        return self.original if self.original.records and self.differs is None else self.own


class Case(NamedTuple):
    """What to verify, and by which data.

    ``original`` is the source of the ``copy``, None if it is not given. ``ledgers`` and ``histories`` are as read at
    the start; the databases may advance meanwhile. ``span`` are the positions between which the copy was created, None
    if that is not known. ``origin`` is as in the ledger. ``lost`` says what the copy lacks of its ledger. ``instance``
    distinguishes the database from a later one with its name. ``doubt`` says why the evidence may not suffice,
    ``conflicts`` are the losing revisions of the ledger.
    """

    copy: Source
    original: Source | None
    stream: Stream
    ledgers: Ledgers
    histories: Histories
    span: Between | None
    origin: int | None = None
    lost: str = ""
    instance: str = ""
    doubt: str = ""
    conflicts: frozenset[str] = frozenset()

    @property
    def missed(self) -> Entries:
        """The missed updates on record: in the ledgers the present ones, in the run records all of them."""
        return missed.union(*(ledger.missed for ledger in self.ledgers if ledger), self.histories.of_copy.missed)

    @property
    def expectation(self) -> Expectation:
        """What the documents may hold."""
        own = self.ledgers.own
        if self.span:
            return self._any_from(self.span.since)._replace(until=self.until(self.ledgers))
        if own:
            return Expectation.of(own, self.histories.of_copy)
        position = self.ledgers.original_position
        total = self.stream.total
        return self._any_from(total if position is None else min(position, total))._replace(until=position)

    def at(self, position: int) -> Expectation:
        """What the documents must hold at a position."""
        return self._any_from(position)._replace(until=position)

    def until(self, ledgers: Ledgers) -> int | None:
        """The end of the span: by default, the position of the source."""
        return self.span.until if self.span and self.span.until is not None else ledgers.original_position

    def _any_from(self, position: int) -> Expectation:
        return Expectation(position, origin=self.origin, missed=self.missed, history=self.histories.of_copy,
                           adopted=self.ledgers.adopted)


NO_SPAN = Span()


def given_stream(seed: int | None, total: int | None, size: int | None, workload: Any = None) -> Stream | None:
    """The stream with these parameters, None without any; UsageError if some are missing or make no sense.

    The ``workload`` is as users write it; None stands for classic.
    """
    if seed is None and total is None and size is None:
        if workload is not None:
            raise UsageError(option("workload"), " requires ", *PARAMETERS)
        return None
    if seed is None or total is None or size is None:
        raise UsageError(*PARAMETERS, " must be given together")
    Parameters(total, size, 1, seed).check()
    return stream_of(seed, total, size, None if workload is None else resolve(workload, total, size))


def gather(copy: Source, span: Span, given: Stream | None, original: Source | None) -> Case:
    """Read the ledgers and the run records, which determine what the documents may hold."""
    span.check(original is not None)
    of_original = _read(original) if original else None
    instance = _instance(copy)
    if given is None:
        own, constants, lost = _own(copy, span, of_original)
    elif copy.document_count() is None:
        raise _no_database(copy)
    else:
        own, constants, lost = None, None, ""
    known = [ledger for ledger in (own, constants, of_original) if ledger]
    ledgers = Ledgers(own, of_original)
    histories = _histories(copy, original, ledgers, constants)
    between = _between(span, histories.of_copy, copy)
    stream = given.named(known[0].names if known else read_names(copy, given)) if given else known[0].stream
    return Case(copy, original, stream, ledgers, histories, between,
                known[0].origin if known else None, lost, instance, _doubt(span, between, histories.of_copy, original),
                conflicts_of(copy, own))


def latest(case: Case) -> Callable[[], int] | None:
    """A function that reads the current end of the expectation; None if that is fixed or not known."""
    if case.span:
        source = case.original if case.span.until is None else None
    else:
        source = case.copy if case.ledgers.own else case.original
    return (lambda: read_ledger(source).position) if source else None


def reread(case: Case) -> Ledgers:
    """The ledgers as they are now; Recreated if the database was recreated meanwhile."""
    ledgers = Ledgers(read_ledger(case.copy) if case.ledgers.own else None,
                      read_ledger(case.original) if case.original else None)
    before, now = case.ledgers.own, ledgers.own
    if _instance(case.copy) != case.instance or (before and now and _mark(before) != _mark(now)):
        raise Recreated(f"the database {case.copy.place} was recreated while it was verified; verify it again")
    return ledgers


def _own(copy: Source, span: Span, of_original: Ledger | None) -> tuple[Ledger | None, Ledger | None, str]:
    """The ledger in the copy, or what is left of it: only its constants, or nothing, and then what is lost."""
    try:
        return _read(copy), None, ""
    except StateMissing as error:
        if not (span.is_given or of_original):
            raise
        return None, Ledger.bare(error.meta), "" if span.is_given else "the state of the ledger missing"
    except NoLedger:
        if of_original is None:
            raise
        return None, None, "ledger missing"
    except LedgerDamaged:
        if not (span.is_given or of_original):
            raise
        return None, None if of_original else Ledger.bare(read_meta(copy)), "ledger damaged"


def _histories(copy: Source, original: Source | None, ledgers: Ledgers, constants: Ledger | None) -> Histories:
    """What the run records of both databases say, without those of a source that this is not a copy of."""
    own, of_original = ledgers
    of_copy = _history_of(copy, own) if own else NO_HISTORY
    if constants:
        latest_run = run_records.latest(copy, constants.names).run
        of_copy = _history_of(copy, constants._replace(runs=latest_run + 1))
    if original is None or of_original is None or (own and not may_be_one(own, of_original)):
        return Histories(of_copy)
    history = _history_of(original, of_original)
    return Histories(of_copy, history, of_copy.differs(history))


def _doubt(span: Span, between: Between | None, history: History, original: Source | None) -> str:
    """Why the run records may not suffice, ``""`` if they do."""
    if not span.taken or not between:
        return ""
    if between.has_gaps:
        return ("the run records have gaps, so documents may be older than they should be; verify it with the "
                "positions of its source")
    if original or history.ends >= span.taken[0]:
        return ""
    return (f"the run records of the copy end at {shown(history.ends)}, so nothing shows where its source stood "
            f"at {shown(span.taken[0])}; verify it with its source")


def _between(span: Span, history: History, copy: Source) -> Between | None:
    """The positions between which the copy was created, None if that is not known."""
    if span.since is not None:
        return Between(span.since, span.until)
    if span.taken is None:
        return None
    found, begins = history.between(*span.taken), history.begins
    if found is None:
        reach = "there are no run records" if begins is None else f"the run records begin at {shown(begins)}"
        raise UsageError(f"cannot tell where the source of {copy.place} stood at {shown(span.taken[0])}: {reach}; use ",
                         option("from_position"), " and ", option("to_position"))
    if begins is not None and span.taken[1] + SLACK < begins:
        raise UsageError(f"the first run of the source of {copy.place} began at {shown(begins)}, after ",
                         option("taken_to"), f" {shown(span.taken[1])}; give times in UTC, or with an offset such as "
                         "+02:00")
    return found


def may_be_one(own: Ledger, original: Ledger) -> bool:
    """Whether two ledgers may be of one database; those of earlier versions have no identity."""
    identities = {own.identity, original.identity} - {""}
    return own.created == original.created and own.stream.is_same(original.stream) and len(identities) <= 1


def conflicts_of(source: Source, ledger: Ledger | None) -> frozenset[str]:
    """The losing revisions of the documents of a ledger."""
    documents = source.whole_documents([ledger.names.meta, ledger.holder]) if ledger else {}
    return frozenset(rev for document in documents.values() for rev in document.get(CONFLICTS, ()))


def _history_of(source: Source, ledger: Ledger) -> History:
    return History(ledger.stream, run_records.read(source, ledger).found, ledger.claims, ledger.forks)


def _read(source: Source) -> Ledger:
    """The ledger of a database; NoLedger if it has none that determines what the documents hold."""
    try:
        ledger = read_ledger(source)
    except NoDatabase:
        raise _no_database(source) from None
    except StateMissing as error:
        prefix = Names.of(error.meta["_id"]).state
        raise StateMissing(error.meta, f"the database {source.place} is an incomplete copy: the state of its ledger (a "
                           f"document {prefix}…) is missing; to verify it anyway, give ", option("source_url"),
                           ", or ", option("from_position"), " and ", option("to_position")) from None
    except NoLedger:
        meta = Names.of_database(source.is_partitioned()).meta
        raise NoLedger(f"the database {source.place} has no document {meta}: it was not set up by couchdyno, or "
                       "it is an incomplete copy; to verify it anyway, give ", option("source_url"), ", or ",
                       *PARAMETERS, " of its source (and its ", option("workload"), ", unless that is classic)"
                       ) from None
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
