# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases of the original tool and of version 0.1.0: everything that they need. Pure.

Both keep the whole ledger in ``couchdyno_meta``. The first cycle upgrades such a database: the state moves into a
document of its own, and version 0.1.0 takes what is left for a damaged ledger.

Version 0.1.0 records superseded updates as two positions, ``torn_from`` and ``torn_until``: updates from ``torn_from``
on may be missing if an open claim that begins below ``torn_until`` writes the same documents.

The ledger of the original tool has no seed and no position, and contains a ``history``; its documents cannot be
verified. When such a database is upgraded, the ledger gets a seed, its history moves into a separate document, and
``origin`` is the first position whose documents belong to the stream.
"""
from __future__ import annotations

from typing import Any, Dict, Sequence

from . import ranges
from .claim import Claim
from .limits import is_integer
from .missed import Missed
from .names import Names

HISTORY = "history"  # the field, in the ledger and in that document
LATER = ("created", "last_ts", "last_dt", "last_updates", "last_errors")  # fields that its first ledgers do not have

Document = Dict[str, Any]


def is_original(ledger: Document) -> bool:
    """Whether ``couchdyno_meta`` is in the form of the original tool."""
    return "start" in ledger and "position" not in ledger


def has_state(ledger: Document) -> bool:
    """Whether ``couchdyno_meta`` holds the state of the ledger, as both have it."""
    return "start" in ledger or "position" in ledger


def completed(ledger: Document) -> Document:
    """``couchdyno_meta`` with all fields that the original tool does not write, except a seed."""
    fields = dict(dict.fromkeys(LATER, 0), **ledger)
    if is_original(ledger):
        fields.update(position=ledger.get("start"), origin=ledger.get("start"), runs=0, claims=[])
    return fields


def history_in(document: Document | None) -> Any:
    """The history in a document, unchanged; an empty list if there is none."""
    history = (document or {}).get(HISTORY)
    return history if isinstance(history, (list, dict)) else []


def history_document(present: Document | None, ledger: Document) -> Document:
    """The history document, with the history of a ledger's document unchanged; it replaces the ``present`` one."""
    return dict(present or {"_id": Names.of(ledger["_id"]).history}, history=ledger[HISTORY])


def without_history(ledger: Document) -> Document:
    """The document of a ledger, without the history."""
    return {name: value for name, value in ledger.items() if name != HISTORY}


def may_have_left(document: Document, origin: int | None) -> bool:
    """Whether the original tool may have written a document, in a database with this origin."""
    return origin is not None and "update" not in document


TORN = ("torn_from", "torn_until")


def superseded(ledger: Document, claims: Sequence[Claim], total: int) -> tuple[Missed, ...]:
    """The superseded updates in a ledger of version 0.1.0."""
    first, stop = ledger.get("torn_from"), ledger.get("torn_until")
    if not (is_integer(first) and is_integer(stop)):
        return ()
    found: list[Missed] = []
    for claim in claims:
        previous = ranges.shifted(claim.updates, -total) if claim.updates[0][0] < stop else ranges.NONE
        for low, high in ranges.minus(previous, ranges.window(0, max(0, first))):
            found.append(Missed(low, high, 1 + (low - first) // total, high - low))
    return tuple(sorted(found))
