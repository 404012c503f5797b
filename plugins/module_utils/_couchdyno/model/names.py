# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of couchdyno's own documents, and of classic's. Pure.

In a partitioned database each id begins with a partition and a colon, so ids are different there. A copy has the ids of
its source, whether it is partitioned or not; so what is found in a database decides which names apply.
"""
from __future__ import annotations

from typing import NamedTuple

STATE_DIGITS = 8
RUN_DIGITS = 5


class Names(NamedTuple):
    """The ids of documents in a database, or what ids begin with.

    ``meta`` is the document with the constants of the ledger, ``history`` the one with the history of the original
    tool. The ids of the ``state`` documents of the ledger, of ``run`` records, and of the documents (``document``) of
    classic begin as given here, and end in digits.
    """

    meta: str
    history: str
    state: str
    run: str
    document: str

    @classmethod
    def of_database(cls, is_partitioned: bool) -> Names:
        """The names in a new database."""
        return PARTITIONED if is_partitioned else PLAIN

    @classmethod
    def of(cls, document_id: str) -> Names:
        """The names that one of couchdyno's own documents belongs to."""
        return PARTITIONED if document_id.startswith(PARTITION) else PLAIN

    @property
    def is_partitioned(self) -> bool:
        """Whether they are those of a partitioned database."""
        return self.meta == PARTITIONED.meta

    def state_id(self, number: int) -> str:
        """The id of the state document with this number."""
        return f"{self.state}{number:0{STATE_DIGITS}d}"

    def state_number(self, document_id: str) -> int | None:
        """The number of a state document by its id, None for any other document."""
        digits = document_id[len(self.state):]
        is_state = document_id.startswith(self.state) and digits.isdigit() and digits.isascii()
        return int(digits) if is_state and self.state_id(int(digits)) == document_id else None

    def run_id(self, place: int) -> str:
        """The id of the document in a place of the ring of run records."""
        return f"{self.run}{place:0{RUN_DIGITS}d}"

    def run_place(self, document_id: str) -> int | None:
        """The place of a run record by its id, None for any other document."""
        digits = document_id[len(self.run):]
        is_run = len(digits) == RUN_DIGITS and digits.isdigit() and digits.isascii()
        return int(digits) if is_run and document_id.startswith(self.run) else None

    def is_own(self, document_id: str) -> bool:
        """Whether a document is one of couchdyno's own."""
        return (document_id in (self.meta, self.history) or self.run_place(document_id) is not None
                or self.state_number(document_id) is not None)


PARTITION = "couchdyno:"
PLAIN = Names("couchdyno_meta", "couchdyno_history", "couchdyno_ledger_", "couchdyno_run_", "cdyno_")
PARTITIONED = Names("couchdyno:meta", "couchdyno:history", "couchdyno:ledger_", "couchdyno:run_", "cdyno:")
BOTH = (PLAIN, PARTITIONED)
