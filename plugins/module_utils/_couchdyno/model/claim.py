# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Claims: windows of updates that drivers are writing, as recorded in the ledger."""
from __future__ import annotations

from typing import Any, NamedTuple

from .limits import LATEST, MAX_POSITION, is_count

SHOWN = ("first", "count", "ts", "lease", "host")  # in reports, which do not name processes


class Driver(NamedTuple):
    """One cycle of one process; ``process`` identifies the process, ``""`` if that is not possible."""

    name: str
    host: str
    process: str


class Claim(NamedTuple):
    """A window ``[first, first + count)`` of updates that is handed out to a driver.

    ``ts`` is when it was first handed out, ``lease`` the end of its lease, both in Unix seconds of the server.
    ``driver`` names one cycle of one ``process``; ``run`` is the number of its run record. ``redo`` is true if another
    cycle had the window before.
    """

    first: int
    count: int  # type: ignore[assignment]  # tuple.count is not needed
    ts: int
    lease: int
    driver: str
    host: str
    process: str
    run: int
    redo: bool = False

    @classmethod
    def load(cls, entry: Any, total: int, position: int) -> Claim | None:
        """A claim from an entry of the ledger; None if it is not a valid claim on updates below ``position``."""
        if not isinstance(entry, dict) or set(entry) != set(cls._fields):
            return None
        claim = cls(**entry)
        is_sound = (all(is_count(value, 0, LATEST) for value in (claim.ts, claim.lease))
                    and is_count(claim.run, 0, MAX_POSITION)
                    and all(isinstance(value, str) for value in (claim.driver, claim.host, claim.process))
                    and isinstance(claim.redo, bool)
                    and is_count(claim.first, 0, position)
                    and is_count(claim.count, 1, min(total, position - claim.first)))
        return claim if is_sound else None

    def dump(self) -> dict[str, Any]:
        """The entry of the ledger."""
        return self._asdict()

    def shown(self) -> dict[str, Any]:
        """The claim as reports show it."""
        return {name: getattr(self, name) for name in SHOWN}

    @property
    def stop(self) -> int:
        """The first update after the window."""
        return self.first + self.count

    def holds(self, update: int) -> bool:
        """Whether an update lies in the window."""
        return self.first <= update < self.stop

    def from_update(self, first: int) -> Claim:
        """The part of the window from update ``first`` on; it may be empty."""
        first = max(self.first, min(first, self.stop))
        return self._replace(first=first, count=self.stop - first)


class Superseded(NamedTuple):
    """Unfinished updates from ``first`` on that later updates of the same documents, below ``stop``, have replaced.

    Until the later updates are written, their documents may be older than the open claims suggest.
    """

    first: int
    stop: int
