# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The views of a database are queried, and must say what follows from the documents that were read.

So an index that was restored, copied or upgraded is verified, too.
"""
from __future__ import annotations

from typing import Any, Dict, Iterator

from ..couchdb.client import Client
from ..errors import NotFound
from ..model.bodies.values import are_same
from ..model.design_documents import BY_TYPE, BY_UPDATE, INDEX_ID, NESTED, VIEWS_ID
from ..model.view_summary import Rows, ViewSummary, rows_of

PAGE = 2000  # rows

Data = Dict[str, Any]


def flaws(client: Client, expected: ViewSummary) -> Iterator[str]:
    """What is wrong with the views of a database, in words; none if they are right. May raise ServerError."""
    for name, wanted in ((BY_TYPE, expected.counts), (BY_UPDATE, expected.statistics)):
        try:
            found = {str(row["key"]): row["value"] for row in client.view(VIEWS_ID, name, {"group": "true"})}
        except NotFound:
            yield f"the view {name} does not exist"
            continue
        for kind in sorted({*wanted, *found}):
            if not are_same(found.get(kind), wanted.get(kind)):
                yield f"the view {name} has {found.get(kind, 'nothing')} for {kind!a} instead of " \
                      f"{wanted.get(kind, 'nothing')}"
    yield from _flaws_of_rows(f"the view {NESTED}", _nested(client), expected.nested)
    yield from _flaws_of_rows(f"the index {INDEX_ID}", _indexed(client), expected.index)


def _flaws_of_rows(what: str, rows: Iterator[Any], wanted: Rows) -> Iterator[str]:
    try:
        found = rows_of(rows)
    except NotFound:
        yield f"{what} does not exist"
        return
    if found.count != wanted.count:
        yield f"{what} has {found.count} rows instead of {wanted.count}"
    elif not found.are_same(wanted):
        yield f"{what} has rows that do not match the documents"


def _nested(client: Client) -> Iterator[Any]:
    """All rows of the nested view."""
    bounds: Data = {}
    while True:
        rows = client.view(VIEWS_ID, NESTED, {"limit": PAGE + 1}, bounds)
        yield from ({name: row.get(name) for name in ("id", "key", "value")} for row in rows[:PAGE])
        if len(rows) <= PAGE:
            return
        bounds = {"start_key": rows[PAGE]["key"], "start_key_doc_id": rows[PAGE]["id"]}


def _indexed(client: Client) -> Iterator[Any]:
    """The fields of all documents that the Mango index finds."""
    bookmark = None
    while True:
        documents, bookmark = client.find({
            "selector": {"type": {"$gt": None}, "update": {"$gt": None}}, "fields": ["type", "update"],
            "use_index": INDEX_ID, "limit": PAGE, **({"bookmark": bookmark} if bookmark else {})})
        yield from ([document.get("type"), document.get("update")] for document in documents)
        if len(documents) < PAGE:
            return
