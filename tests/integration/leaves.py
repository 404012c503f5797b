# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The leaves of documents, compared with those that they should have."""

from __future__ import annotations

from collections import Counter
from urllib.parse import quote


def leaves_of(database, document_id):
    """All leaves of a document, deleted ones too."""
    path = f"/{quote(document_id, safe='')}"
    answer = database.request("GET", path, params={"open_revs": "all"}, headers={"Accept": "application/json"})
    return [each["ok"] for each in answer.json()]


def expected_leaves(stream, number, position):
    """How many leaves a document has, and how many of them are live."""
    state = stream.state_at(number, position)
    has_branch = stream.branches.has(number) and stream.branches.concerns(state.update)
    return (2 if has_branch else 1), (0 if not state.exists else 2 if has_branch else 1)


def assert_leaves(database):
    """Each document has the leaves that it should have, and no others; returns how many have two live ones."""
    ledger, found = database.book(), Counter()
    rows = database.request("GET", "/_changes", params={"style": "all_docs"}).json()["results"]
    for row in rows:
        number = ledger.stream.number_of(row["id"])
        if number is None:
            continue
        leaves = leaves_of(database, row["id"])
        live = [leaf for leaf in leaves if not leaf.get("_deleted")]
        assert (len(leaves), len(live)) == expected_leaves(ledger.stream, number, ledger.position), (row, leaves)
        assert len(row["changes"]) == len(leaves)
        found[len(live)] += 1
    return found[2]
