# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk writes: the body of the request, and what the rows of the answer say."""
from __future__ import annotations

import io
from typing import Any, Dict, Iterable

FINAL = frozenset(("forbidden", "unauthorized", "document_too_large", "request_entity_too_large", "bad_request"))

Row = Dict[str, Any]


def bulk_body(documents: Iterable[str]) -> bytes:
    """The body of a bulk write of documents, given as JSON texts.

    It grows piece by piece, and each text may go as soon as it is in: a batch of fresh memory costs more than copying.
    """
    body = io.BytesIO()
    separator = b'{"docs":['
    for document in documents:
        body.write(separator)
        body.write(document.encode("ascii"))
        separator = b","
    body.write(b"]}")
    return body.getvalue()


def row_error(row: Row) -> str:
    """CouchDB's word for why a document of a bulk write was not written, ``""`` when it was."""
    error = row.get("error")
    if error is True:  # PouchDB Server
        error = row.get("name")
    return str(error or "")


def row_reason(row: Row) -> str:
    """The same word, with CouchDB's explanation where it gives one."""
    word, detail = row_error(row), row.get("reason") or row.get("message")
    return f"{word}: {detail}" if detail else word
