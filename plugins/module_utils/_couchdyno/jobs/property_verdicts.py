# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What verification says of the properties of a database, and of what it has kept of its documents."""
from __future__ import annotations

from typing import Collection, NamedTuple

from ..couchdb.client import Client
from ..couchdb.source import Source
from ..model.properties import PLAIN, Properties
from ..model.stream import Stream
from ..model.workload_stream import WorkloadStream
from .census import Census
from .evidence import Case, Ledgers
from .kept import states_of_documents
from .properties import CHANGED, KEPT, LOST, State, states
from .views import flaws

DESIGN, VIEWS = "design", "views"
OF_DATABASE = (DESIGN, "index", "validator", "security", "revs_limit", "partitioned", VIEWS)
UNCOUNTED_BY_VIEWS = ("damaged", "unreadable", "extra")  # what views may or may not have
UNCHECKED = ("_local documents", "the contents of deleted documents", "purges")
UNLESS_WANTED = (("design", "design documents"), ("security", "_security"))


class Judgement(NamedTuple):
    """What became of all properties, and what follows: the ``reasons`` why a database is wrong, and ``doubts``."""

    states: list[State]
    reasons: list[str]
    doubts: list[str]


def wanted_of(stream: Stream) -> Properties:
    """The properties that a database should have."""
    return stream.workload.database if isinstance(stream, WorkloadStream) else PLAIN


def unchecked(wanted: Properties) -> list[str]:
    """What is not verified of a database with these properties, in words."""
    return [words for name, words in UNLESS_WANTED if not getattr(wanted, name)] + list(UNCHECKED)


def states_of_database(copy: Source, wanted: Properties, seed: int, census: Census) -> list[State]:
    """What became of the properties of a database, and of its views, if these are to be compared."""
    if not isinstance(copy, Client):
        return []
    found = states(copy, wanted, seed)
    if census.views and any(each.name == DESIGN and each.state == LOST for each in found):
        found.append(State(VIEWS, LOST))
    elif census.views:
        words = "; ".join(flaws(copy, census.views))
        found.append(State(VIEWS, CHANGED if words else KEPT, words))
    return found


def judgement(found: list[State], allowed: Collection[str], case: Case, ledgers: Ledgers, census: Census) -> Judgement:
    """What follows from the states of the properties of a database; those of its documents follow from other counts."""
    doubts = []
    why = _why_incomparable(census, case, ledgers)
    if why and any(state.name == VIEWS and not state.is_kept for state in found):
        found = [state for state in found if state.name != VIEWS]
        doubts.append(f"the views could not be compared, as {why}")
    reasons = [state.details for state in found if not state.is_kept and state.details and state.name not in allowed]
    if census.inventory and isinstance(case.stream, WorkloadStream):
        found = states_of_documents(case.stream, census, census.inventory) + found
    return Judgement(found, reasons, doubts)


def _why_incomparable(census: Census, case: Case, ledgers: Ledgers) -> str:
    """Why views need not say what the documents that were read say, ``""`` if they must."""
    before, now = case.ledgers.own, ledgers.own
    if before and now and (before.claims or before.position != now.position):
        return "cycles ran meanwhile"
    is_unclear = any(census.counts[kind] for kind in UNCOUNTED_BY_VIEWS)
    return "some documents cannot be read as updates" if is_unclear else ""
