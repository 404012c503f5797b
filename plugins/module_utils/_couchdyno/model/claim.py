# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims: updates that drivers are writing, as recorded in the ledger. Pure."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from . import ranges
from .limits import LATEST, MAX_POSITION, is_count
from .ranges import Ranges

if TYPE_CHECKING:
    from .stream import Stream

LONGEST_LEASE = 120  # seconds; no driver asks for as many
SHOWN = ("count", "ts", "lease", "host")  # in reports, which do not name processes


class Driver(NamedTuple):
    """One cycle of one process; ``process`` identifies the process, ``""`` if that is not possible."""

    name: str
    host: str
    process: str


class Claim(NamedTuple):
    """Updates that are handed out to a driver, by their places: at first a window, later what is left of it.

    ``ts`` is when they were first handed out, ``lease`` the end of the lease, both in Unix seconds of the server.
    ``driver`` names one cycle of one ``process``; ``run`` is the number of its run record. ``redo`` is true if another
    cycle had the updates before; ``failures`` is how many cycles tried to write each of them in vain.
    """

    updates: Ranges
    ts: int
    lease: int
    driver: str
    host: str
    process: str
    run: int
    redo: bool = False
    failures: int = 0

    @classmethod
    def load(cls, entry: Any, most: int, stop: int) -> Claim | None:
        """A claim from an entry of the ledger; None if it is not one on ``most`` updates at places below ``stop``."""
        if not isinstance(entry, dict):
            return None
        fields = dict(entry)
        if "first" in fields:  # a window, as version 0.1.0 writes them
            fields.update(updates=[[fields.pop("first"), fields.pop("count", None)]], failures=0)
        if set(fields) != set(cls._fields):
            return None
        updates = ranges.load(fields["updates"], stop)
        claim = cls(**dict(fields, updates=updates or ranges.NONE))
        is_sound = (updates is not None and 1 <= claim.count <= most
                    and all(is_count(value, 0, LATEST) for value in (claim.ts, claim.lease))
                    and all(is_count(value, 0, MAX_POSITION) for value in (claim.run, claim.failures))
                    and all(isinstance(value, str) for value in (claim.driver, claim.host, claim.process))
                    and isinstance(claim.redo, bool))
        return claim if is_sound else None

    def dump(self) -> dict[str, Any]:
        """The entry of the ledger."""
        return dict(self._asdict(), updates=ranges.dump(self.updates))

    def shown(self, stream: Stream) -> dict[str, Any]:
        """The claim as reports show it: the first update, and how many there are."""
        return {"first": stream.first(self.updates), **{name: getattr(self, name) for name in SHOWN}}

    def has_expired(self, now: int) -> bool:
        """Whether the lease has ended, or lasts longer than any lease: some clock was wrong."""
        return not now < self.lease <= now + LONGEST_LEASE

    @property
    def count(self) -> int:  # type: ignore[override]  # tuple.count is not needed
        """How many updates there are."""
        return ranges.size(self.updates)

    def holds(self, place: int) -> bool:
        """Whether the update at a place is claimed."""
        return ranges.holds(self.updates, place)

    def minus(self, places: Ranges) -> Claim:
        """The claim without some updates; it may be empty."""
        return self._replace(updates=ranges.minus(self.updates, places))
