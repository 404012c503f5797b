# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts: documents with several live leaf revisions, for example from replication. Read-only.

Losing revisions that belong to the stream are left out.

No view is needed: the changes feed shows which documents have several leaves, without their bodies. Only these few
documents are read, to see which of their leaves are live.
"""
from __future__ import annotations

from typing import Any, Callable

from ..couchdb.client import Client
from ..couchdb.stop import NEVER, Stop
from ..errors import Interrupted
from ..model.branch_verdicts import wanted
from ..model.stream import Stream

PAGE = 10000
READ = 100  # documents with several leaves per request
SAMPLES = 5


def conflicts(client: Client, progress: Callable[[int], None] = lambda done: None, stop: Stop = NEVER,
              stream: Stream | None = None) -> dict[str, Any]:
    """Look for conflicts among all documents, couchdyno's and others, without the losing revisions of a ``stream``.

    ``progress`` is called with the number of documents so far. Returns ``{"documents": how many have conflicts,
    "revisions": how many losing revisions they have, "samples": [{"id", "revisions"}], the first few}``. Raises
    Interrupted or ServerError.
    """
    found: dict[str, int] = {}
    since: str | int = 0
    seen = 0
    while True:
        rows, since = client.changes(since, PAGE)
        suspects = [row["id"] for row in rows if len(row["changes"]) > 1]
        for start in range(0, len(suspects), READ):
            documents = client.documents(suspects[start:start + READ])
            counts = {name: len(document.get("_conflicts", ())) - len(wanted(stream, document) if stream else ())
                      for name, document in documents.items()}
            found.update((name, count) for name, count in counts.items() if count)
        seen += len(rows)
        progress(seen)
        if len(rows) < PAGE:
            break
        if stop.is_requested():
            raise Interrupted("interrupted while looking for conflicts")
    samples = [{"id": name, "revisions": found[name]} for name in sorted(found)[:SAMPLES]]
    return {"documents": len(found), "revisions": sum(found.values()), "samples": samples}
