# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design documents that a workload can ask for. Pure.

Their views index the documents of the stream alone, which all have a ``type``, an ``update`` and a ``ts``. They never
change, so that those of older databases still count as kept.
"""
from __future__ import annotations

from typing import Any, Dict

from .properties import Properties

VIEWS_ID, INDEX_ID, VALIDATOR_ID = (f"_design/couchdyno{end}" for end in ("", "_index", "_validator"))
IDS = (VIEWS_ID, INDEX_ID, VALIDATOR_ID)
BY_TYPE, BY_UPDATE, NESTED, INDEX = "by_type", "by_update", "nested", "by_type_and_update"
REMAINDER = 7  # the nested view emits updates modulo this number, too

Document = Dict[str, Any]

_OF_STREAM = "if (doc.type && doc.ts >= 0 && doc.update >= 0)"
_GLOBAL = {"partitioned": False}  # in a partitioned database, the views are of all partitions
_VIEWS = {
    BY_TYPE: {"map": f"function (doc) {{ {_OF_STREAM} {{ emit(doc.type, null); }} }}", "reduce": "_count"},
    BY_UPDATE: {"map": f"function (doc) {{ {_OF_STREAM} {{ emit(doc.type, doc.update); }} }}", "reduce": "_stats"},
    NESTED: {"map": f"function (doc) {{ {_OF_STREAM} {{ emit([doc.type, {{update: doc.update}}], "
                    f"{{id: doc._id, at: [doc.ts, [doc.update % {REMAINDER}]]}}); }} }}"},
}
_INDEX = {
    INDEX: {"map": {"fields": {"type": "asc", "update": "asc"}, "partial_filter_selector": {}}, "reduce": "_count",
            "options": {"def": {"fields": ["type", "update"]}}},
}
_VALIDATION = ("function (newDoc, oldDoc, userCtx) { if (newDoc.type && newDoc.update < 0) "
               "{ throw({forbidden: 'update must not be negative'}); } }")


def design_documents(wanted: Properties) -> dict[str, Document]:
    """The design documents of a database, by the names of the properties that are about them."""
    found: dict[str, Document] = {}
    if wanted.design:
        found["design"] = {"_id": VIEWS_ID, "language": "javascript", "options": _GLOBAL, "views": _VIEWS}
        found["index"] = {"_id": INDEX_ID, "language": "query", "options": _GLOBAL, "views": _INDEX}
    if wanted.validator:
        found["validator"] = {"_id": VALIDATOR_ID, "language": "javascript", "validate_doc_update": _VALIDATION}
    return found


def nested_row(document_id: str, kind: str, update: int, ts: int) -> Document:
    """What the nested view has for a document."""
    return {"id": document_id, "key": [kind, {"update": update}],
            "value": {"id": document_id, "at": [ts, [update % REMAINDER]]}}
