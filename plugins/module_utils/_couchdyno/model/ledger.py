# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: what a database is made of, how far its updates have come, and who is writing what.

It is kept in two documents. ``couchdyno_meta`` holds the constants. The state is in ``couchdyno_ledger_NNNNNNNN``, one
document at a time: each change of the state is a new revision, the one that makes it ``sealed`` is the last, and the
document with the next number succeeds it (state_document.py). In a new database, and in one of version 0.1.0 or of the
original tool (legacy.py) that has not been upgraded, the state is still in ``couchdyno_meta``.
"""
from __future__ import annotations

from typing import Any, Dict, Iterable, NamedTuple

from ..errors import LedgerDamaged, ServerError, command
from . import legacy, missed, ranges
from .claim import Claim
from .limits import LATEST, MAX_POSITION, MAX_SEED, MAX_SIZE, MAX_TOTAL, MAX_UPDATES, REACHABLE, is_count, is_integer
from .missed import Entries
from .names import PLAIN, Names
from .parameters import Parameters
from .ranges import Ranges
from .state_document import NESTED, identity_of, plain
from .stream import Stream
from .streams import stream_of
from .workload import Workload

FLAWED = "_flawed"  # as in couchdb/source.py
CONSTANTS = {
    "created": (0, LATEST), "total": (1, MAX_TOTAL), "size": (1, MAX_SIZE), "updates": (1, MAX_UPDATES),
    "seed": (0, MAX_SEED), "origin": (0, MAX_POSITION),
}
STATE = {
    "start": (0, MAX_TOTAL), "position": (0, REACHABLE), "runs": (0, REACHABLE), "last_ts": (0, LATEST),
    "last_dt": (0, LATEST), "last_updates": (0, MAX_UPDATES), "last_errors": (0, MAX_UPDATES),
}
LIMITS = {**CONSTANTS, **STATE}
OPTIONAL = {"origin"}
MISSED = ("refused", "superseded")
# Never among the constants.
OF_STATE = {*STATE, *MISSED, *legacy.TORN, "claims", "instance", "generation", "sealed", NESTED}
SHOWN = {*CONSTANTS, *STATE, "version"} - {"origin"}

Document = Dict[str, Any]


class Fork(NamedTuple):
    """A mark of an adoption at ``ts``: from ``position`` on, the database differs from its source.

    ``name`` is unique.
    """

    position: int
    name: str
    ts: int


class Ledger(NamedTuple):
    """The parameters of a database, the progress of its updates, and its open claims.

    ``created`` and ``last_ts`` are Unix seconds of the server, ``last_dt`` seconds, ``size`` bytes. Every update below
    ``position`` was handed out exactly once, and is written, refused, superseded or named by exactly one open claim;
    ``start``, which people see, is the position within its lap. ``runs`` is the number of the next run.

    A database of the original tool (legacy.py) has no ``seed`` at first, and its documents belong to the stream from
    position ``origin`` on. ``refused`` and ``superseded`` are missed updates (missed.py). ``forks`` has one
    mark for each time that this database, or the source it was copied from, was adopted.

    ``meta`` and ``state`` are the two documents as they were read, because unknown fields are kept; ``state`` is
    ``{}`` while the state is in ``meta``. ``rev`` is the revision of the document that holds the state, ``older`` are
    earlier ones that still exist. ``sealed``: this document gets no further revision.
    ``generation`` and ``instance`` are what the latest change recorded as the generation of its revision and the
    instance of the database (restored.py). The random ``identity`` is in both documents, so that a state document left
    by a driver of an earlier database with the same name is recognized.
    """

    created: int
    last_dt: float
    last_errors: int
    last_ts: int
    last_updates: int
    size: int
    start: int
    total: int
    updates: int
    version: Any
    seed: int | None
    position: int
    runs: int
    claims: tuple[Claim, ...]
    origin: int | None
    refused: Entries
    superseded: Entries
    rev: str
    meta: Document
    state: Document
    older: tuple[Document, ...] = ()
    sealed: bool = False
    generation: int = 0
    instance: str = ""
    identity: str = ""
    forks: tuple[Fork, ...] = ()
    workload: Workload | None = None

    @classmethod
    def new(cls, parameters: Parameters, now: int, identity: str = "", names: Names = PLAIN) -> Ledger:
        """The ledger of a new database."""
        parameters = parameters.in_database(names.is_partitioned)
        return cls(created=now, last_dt=0, last_errors=0, last_ts=0, last_updates=0, size=parameters.size, start=0,
                   total=parameters.total, updates=parameters.updates, version=parameters.version,
                   seed=parameters.seed, position=0, runs=0, claims=(), origin=None, refused=(), superseded=(), rev="",
                   meta={"_id": names.meta, "version": parameters.version}, state={}, identity=identity,
                   workload=parameters.workload)

    @classmethod
    def load(cls, meta: Document, state: Document | None = None) -> Ledger:
        """The ledger in its documents; raises LedgerDamaged if its fields make no sense.

        Without a ``state`` document, the state is expected in ``meta``.
        """
        holder = state or meta
        for document in filter(None, (meta, state)):
            if FLAWED in document:
                raise _damaged(document, f"it {document[FLAWED]}")
        fields = _fields(meta, state)
        optional = OPTIONAL | {"seed"} if legacy.is_original(meta) else OPTIONAL
        for name in LIMITS:
            if name in fields or name not in optional:
                _check_number(holder if name in STATE else meta, name, fields.get(name))
        numbers: dict[str, Any] = {name: fields.get(name) for name in LIMITS}
        generation, instance = fields.get("generation"), fields.get("instance")
        ledger = cls(**numbers, version=meta.get("version"), claims=_claims(holder, fields),
                     refused=_missed(holder, fields, "refused"), superseded=_missed(holder, fields, "superseded"),
                     rev=holder.get("_rev", ""), meta=meta, state=state or {},
                     sealed=(state or {}).get("sealed") is True,
                     generation=generation if is_integer(generation) else 0,
                     instance=instance if isinstance(instance, str) else "", identity=identity_of(meta),
                     forks=_forks(meta), workload=_workload(meta))
        return ledger._replace(superseded=legacy.superseded(fields, ledger.claims, ledger.total) or ledger.superseded)

    @classmethod
    def bare(cls, meta: Document) -> Ledger:
        """The ledger of a database that has lost its state: the constants, and a state before the first update."""
        return cls.load(meta, dict(dict.fromkeys(STATE, 0), _id=_names(meta).state_id(0), claims=[]))

    def dump(self) -> Document:
        """The document of the state, with the revision that it was read from; ServerError if it could not be loaded."""
        document = {"_id": self.holder, **plain(self.state), **self._state()}
        for name in MISSED:
            if not getattr(self, name):
                document.pop(name, None)
        if self.sealed:
            document["sealed"] = True
        _check_sound(self.meta, document)
        return dict(document, _rev=self.rev) if self.rev else document

    def dump_meta(self) -> Document:
        """The document of the constants, with the revision that it was read from."""
        document = {name: value for name, value in plain(self.meta).items() if name not in OF_STATE}
        document = {"_id": self.names.meta, **document}
        for name in CONSTANTS:
            if getattr(self, name) is not None:
                document[name] = getattr(self, name)
        if self.workload:
            document["workload"] = self.workload.dump()
        if self.identity:
            document["identity"] = self.identity
        if self.forks:
            document["forks"] = [list(fork) for fork in self.forks]
        return dict(document, _rev=self.meta["_rev"]) if "_rev" in self.meta else document

    def dump_nested(self) -> Document:
        """The document of the constants with the state in it; ServerError if it could not be loaded."""
        document = dict(self.dump_meta(), **{NESTED: self._state()})
        _check_sound(document)
        return document

    def shown(self) -> Document:
        """The ledger as reports show it: without CouchDB's fields, and without the names of drivers in its claims."""
        shown = {name: value for name, value in self._asdict().items()
                 if name in SHOWN and (value is not None or (name == "version" and name in self.meta))}
        if self.workload:
            shown["workload"] = self.workload.dump()
        if self.names.is_partitioned:
            shown["partitioned"] = True
        return dict(shown, claims=[claim.shown(self.stream) for claim in self.claims] if self.claims else [])

    def _state(self) -> Document:
        """The fields of the state."""
        fields: Document = {name: getattr(self, name) for name in STATE}
        fields["claims"] = [claim.dump() for claim in self.claims]
        fields.update({name: missed.dump(getattr(self, name)) for name in MISSED if getattr(self, name)})
        return dict(fields, generation=self.generation, instance=self.instance, identity=self.identity)

    @property
    def names(self) -> Names:
        """The names of couchdyno's documents in the database."""
        return _names(self.meta)

    @property
    def number(self) -> int | None:
        """The number of the document that holds the state; None while that is ``couchdyno_meta``."""
        return self.names.state_number(self.state["_id"]) if self.state else None

    @property
    def is_nested(self) -> bool:
        """Whether ``couchdyno_meta`` contains a state, either the current one or one that has moved since."""
        return NESTED in self.meta

    @property
    def holder(self) -> str:
        """The id of the document that holds the state."""
        return str(self.state.get("_id", self.names.meta))

    def with_claims(self, claims: Iterable[Claim]) -> Ledger:
        """The ledger with other open claims."""
        return self._replace(claims=tuple(sorted(claims)))

    @property
    def stream(self) -> Stream:
        """The update stream of the database."""
        if self.seed is None:
            raise _damaged(self.meta, "it has no seed")
        return stream_of(self.seed, self.total, self.size, self.workload, self.names)

    @property
    def span(self) -> int:
        """How many consecutive updates never write a document twice."""
        return self.total if self.seed is None else self.stream.span  # the original tool had no seed

    @property
    def adopted(self) -> frozenset[int]:
        """The times at which the database, or the source it was copied from, was adopted."""
        return frozenset(fork.ts for fork in self.forks)

    @property
    def missed(self) -> Entries:
        """All missed updates."""
        return missed.merged(self.refused, self.superseded)

    def with_missed(self, refused: Ranges = ranges.NONE, superseded: Ranges = ranges.NONE) -> Ledger:
        """The ledger when the updates at some further places are missed, for good or as later ones supersede them."""
        if not (refused or superseded):
            return self
        stream, before = self.stream, self.missed
        again = stream.previous_of(ranges.union(refused, superseded))
        refused_now = missed.merged(missed.without(self.refused, again), missed.new_entries(refused, before, stream))
        return self._replace(
            refused=missed.bounded(missed.chained(refused_now, stream)),
            superseded=missed.bounded(missed.merged(missed.without(self.superseded, again),
                                                    missed.new_entries(superseded, before, stream))))

    def with_written(self, places: Ranges) -> Ledger:
        """The ledger when the updates at some places are written: their documents have then missed nothing."""
        if not (self.refused or self.superseded):
            return self
        made_up = ranges.union(places, self.stream.previous_of(places))
        return self._replace(refused=missed.without(self.refused, made_up),
                             superseded=missed.without(self.superseded, made_up))

    def without_made_up(self) -> Ledger:
        """The ledger without missed updates of hot documents of which later ones are written, in whatever order."""
        stream, places = self.stream, missed.as_ranges(self.missed)
        if not any(stream.period(first) for first, __ in places):
            return self
        closed = ranges.minus(stream.window(0, self.position), ranges.union(
            missed.all_visits(self.missed, stream), *(claim.updates for claim in self.claims)))
        made_up = stream.made_up(places, closed)
        return self._replace(refused=missed.without(self.refused, made_up),
                             superseded=missed.without(self.superseded, made_up))

    @property
    def settled(self) -> int:
        """The position below which everything is written or refused: the first open or superseded update."""
        if not (self.claims or self.superseded):
            return self.position
        stream = self.stream
        superseded = (stream.back(stream.update(entry.first), entry.visits - 1) for entry in self.superseded)
        return min([self.position, *(stream.first(claim.updates) for claim in self.claims), *superseded])


def _fields(meta: Document, state: Document | None) -> Document:
    """The fields of both documents together."""
    if state is not None:
        return {**meta, **_without_constants(state)}
    if NESTED not in meta:
        return legacy.completed(meta)
    if not isinstance(meta[NESTED], dict):
        raise _damaged(meta, f"field {NESTED!r} is invalid")
    return {**meta, **_without_constants(meta[NESTED])}


def _check_sound(meta: Document, state: Document | None = None) -> None:
    """Raise ServerError if no script could read what is about to be written: then a clock is wrong."""
    try:
        Ledger.load(meta, state)
    except LedgerDamaged as error:
        raise ServerError(f"the ledger was not written, because no script could read it afterwards: {error.what}; "
                          "check the clock of the server") from None


def _without_constants(state: Document) -> Document:
    return {name: value for name, value in state.items() if name not in CONSTANTS}


def _check_number(holder: Document, name: str, value: Any) -> None:
    """Raise LedgerDamaged if a number makes no sense."""
    least, most = LIMITS[name]
    is_duration = name == "last_dt" and isinstance(value, float) and least <= value <= most
    if not (is_duration or is_count(value, least, most)):
        raise _damaged(holder, f"field {name!r} is {value!r:.40}")


def _claims(holder: Document, fields: Document) -> tuple[Claim, ...]:
    """The open claims; raises LedgerDamaged. The caller has checked ``total`` and ``position``."""
    entries = fields.get("claims")
    if isinstance(entries, list):
        most = MAX_TOTAL if "workload" in fields else fields["total"]
        claims = [Claim.load(entry, most, _end(fields)) for entry in entries]
        if None not in claims:
            return tuple(claim for claim in claims if claim)
    raise _damaged(holder, "its claims are invalid")


def _missed(holder: Document, fields: Document, name: str) -> Entries:
    """Missed updates; raises LedgerDamaged. The caller has checked ``position``."""
    found = missed.load(fields.get(name, []), _end(fields))
    if found is None:
        raise _damaged(holder, f"field {name!r} is invalid")
    return found


def _workload(meta: Document) -> Workload | None:
    """The workload, None if that is classic; raises LedgerDamaged."""
    if "workload" not in meta:
        return None
    found = Workload.load(meta["workload"])
    if found is None or found.total != meta["total"]:
        raise _damaged(meta, "field 'workload' is invalid")
    return found


def _end(fields: Document) -> int:
    """Where the places of updates in a ledger end. The caller has checked ``position``."""
    return MAX_POSITION if "workload" in fields else int(fields["position"])


def _forks(meta: Document) -> tuple[Fork, ...]:
    """The forks; raises LedgerDamaged."""
    entries = meta.get("forks", [])
    if isinstance(entries, list) and all(
            isinstance(entry, list) and len(entry) == 3 and is_count(entry[0], 0, MAX_POSITION)
            and isinstance(entry[1], str) and is_count(entry[2], 0, LATEST) for entry in entries):
        return tuple(Fork(*entry) for entry in entries)
    raise _damaged(meta, "field 'forks' is invalid")


def _names(meta: Document) -> Names:
    """The names in a database, by the document with the constants."""
    return Names.of(meta.get("_id", PLAIN.meta))


def _damaged(holder: Document, what: str) -> LedgerDamaged:
    document_id = holder.get("_id", PLAIN.meta)
    advice = ("recreate the database with ", command("setup", "force"))
    if Names.of(document_id).state_number(document_id) is not None:
        advice = ("derive the state from the other documents with ", command("setup", "adopt"))
    return LedgerDamaged(f"the ledger (document {document_id}) is damaged: {what}; restore it, or ", *advice,
                         what=what)
