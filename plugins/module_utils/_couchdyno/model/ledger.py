# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger: the document ``couchdyno_meta``, which describes a database and records who is writing what."""
from __future__ import annotations

from typing import Any, Dict, Iterable, NamedTuple

from ..errors import LedgerDamaged, command
from . import legacy, missed, ranges
from .claim import Claim
from .limits import LATEST, MAX_POSITION, MAX_SEED, MAX_SIZE, MAX_TOTAL, MAX_UPDATES, is_count
from .missed import Entries
from .parameters import Parameters
from .ranges import Ranges
from .stream import Stream

LEDGER_ID = "couchdyno_meta"
VERSION = 1
NOT_SHOWN = ("origin", "claims", "refused", "superseded", "rev", "stored")
LIMITS = {
    "total": (1, MAX_TOTAL), "size": (1, MAX_SIZE), "updates": (1, MAX_UPDATES), "seed": (0, MAX_SEED),
    "start": (0, MAX_TOTAL), "position": (0, MAX_POSITION), "origin": (0, MAX_POSITION), "runs": (0, MAX_POSITION),
    "created": (0, LATEST), "last_ts": (0, LATEST), "last_dt": (0, LATEST), "last_updates": (0, MAX_UPDATES),
    "last_errors": (0, MAX_UPDATES),
}
OPTIONAL = {"origin"}
ORDER = ("_id", "version", "created", "total", "size", "updates", "seed", "start", "position", "runs", "claims",
         "last_ts", "last_dt", "last_updates", "last_errors")  # of the fields in a new document

Document = Dict[str, Any]


class Ledger(NamedTuple):
    """The parameters of a database, the progress of its updates, and its open claims.

    ``created`` and ``last_ts`` are Unix seconds of the server, ``last_dt`` seconds, ``size`` bytes. Every update below
    ``position`` was handed out exactly once, and is written, refused, superseded or named by exactly one open claim;
    ``start``, which people see, is the position within its lap. ``runs`` is the number of the next run.

    A database of the original tool (legacy.py) has no ``seed`` at first, and its documents belong to the stream from
    position ``origin`` on. ``refused`` and ``superseded`` are missed updates (missed.py). ``rev`` is the revision,
    ``stored`` the document that the ledger was read from: the order of its fields and unknown ones are kept.
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
    stored: Document

    @classmethod
    def new(cls, parameters: Parameters, now: int) -> Ledger:
        """The ledger of a new database."""
        return cls(created=now, last_dt=0, last_errors=0, last_ts=0, last_updates=0, size=parameters.size, start=0,
                   total=parameters.total, updates=parameters.updates, version=VERSION, seed=parameters.seed,
                   position=0, runs=0, claims=(), origin=None, refused=(), superseded=(), rev="",
                   stored=dict(dict.fromkeys(ORDER), version=VERSION))

    @classmethod
    def load(cls, document: Document) -> Ledger:
        """The ledger in a document; raises LedgerDamaged if its fields make no sense."""
        fields = legacy.completed(document)
        optional = OPTIONAL | {"seed"} if legacy.is_original(document) else OPTIONAL
        for name in LIMITS:
            if name in fields or name not in optional:
                _check_number(name, fields.get(name))
        numbers: dict[str, Any] = {name: fields.get(name) for name in LIMITS}
        ledger = cls(**numbers, version=fields.get("version"), claims=_claims(fields),
                     refused=_missed(fields, "refused"), superseded=_missed(fields, "superseded"),
                     rev=fields.get("_rev", ""), stored=document)
        return ledger._replace(superseded=legacy.superseded(fields, ledger.claims, ledger.total) or ledger.superseded)

    def dump(self) -> Document:
        """The document, with the revision that the ledger was read from."""
        document = dict(legacy.without_torn(self.stored), _id=LEDGER_ID)
        for name in LIMITS:
            document[name] = getattr(self, name)
            if document[name] is None:
                del document[name]
        document["claims"] = [claim.dump() for claim in self.claims]
        for name in ("refused", "superseded"):
            document.pop(name, None)
            if getattr(self, name):
                document[name] = missed.dump(getattr(self, name))
        return dict(document, _rev=self.rev) if self.rev else document

    def shown(self) -> Document:
        """The ledger as reports show it: without CouchDB's fields, and without the names of drivers in its claims."""
        shown = {name: value for name, value in self._asdict().items()
                 if name not in NOT_SHOWN and (value is not None or (name == "version" and name in self.stored))}
        return dict(shown, claims=[claim.shown() for claim in self.claims])

    def with_claims(self, claims: Iterable[Claim]) -> Ledger:
        """The ledger with other open claims."""
        return self._replace(claims=tuple(sorted(claims)))

    @property
    def stream(self) -> Stream:
        """The update stream of the database."""
        if self.seed is None:
            raise _damaged("it has no seed")
        return Stream(self.seed, self.total, self.size)

    @property
    def missed(self) -> Entries:
        """All missed updates."""
        return missed.merged(self.refused, self.superseded)

    def with_missed(self, refused: Ranges = ranges.NONE, superseded: Ranges = ranges.NONE) -> Ledger:
        """The ledger when some further updates are missed, for good or as later ones supersede them."""
        if not (refused or superseded):
            return self
        stream, before = self.stream, self.missed
        again = stream.previous_of(ranges.union(refused, superseded))
        return self._replace(
            refused=missed.bounded(missed.merged(missed.without(self.refused, again),
                                                 missed.new_entries(refused, before, stream))),
            superseded=missed.bounded(missed.merged(missed.without(self.superseded, again),
                                                    missed.new_entries(superseded, before, stream))))

    def with_written(self, updates: Ranges) -> Ledger:
        """The ledger when some updates are written: their documents have missed nothing any more."""
        if not (self.refused or self.superseded):
            return self
        made_up = self.stream.previous_of(updates)
        return self._replace(refused=missed.without(self.refused, made_up),
                             superseded=missed.without(self.superseded, made_up))

    @property
    def settled(self) -> int:
        """The position below which everything is written or refused: the first open or superseded update."""
        superseded = (self.stream.back(entry.first, entry.visits - 1) for entry in self.superseded)
        return min([self.position, *(claim.first for claim in self.claims), *superseded])


def _check_number(name: str, value: Any) -> None:
    """Raise LedgerDamaged if a number makes no sense."""
    least, most = LIMITS[name]
    is_duration = name == "last_dt" and isinstance(value, float) and least <= value <= most
    if not (is_duration or is_count(value, least, most)):
        raise _damaged(f"field {name!r} is {value!r:.40}")


def _claims(fields: Document) -> tuple[Claim, ...]:
    """The open claims; raises LedgerDamaged. The caller has checked ``total`` and ``position``."""
    entries = fields.get("claims")
    if isinstance(entries, list):
        claims = [Claim.load(entry, fields["total"], fields["position"]) for entry in entries]
        if None not in claims:
            return tuple(claim for claim in claims if claim)
    raise _damaged("its claims are invalid")


def _missed(fields: Document, name: str) -> Entries:
    """Missed updates; raises LedgerDamaged. The caller has checked ``position``."""
    found = missed.load(fields.get(name, []), fields["position"])
    if found is None:
        raise _damaged(f"field {name!r} is invalid")
    return found


def _damaged(what: str) -> LedgerDamaged:
    return LedgerDamaged(f"the ledger (document {LEDGER_ID}) is damaged: {what}; "
                         "restore it, or recreate the database with ", command("setup", "force"))
