# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bulk writes: the body of the request, and the rows of the answer."""
from __future__ import annotations

import io
from typing import Any, Dict, Iterable, Union

from ..errors import cleaned

FINAL = frozenset(("forbidden", "unauthorized", "document_too_large", "request_entity_too_large", "bad_request"))

UNKNOWN = "unknown error"

Row = Dict[str, Any]
Text = Union[str, Iterable[bytes]]  # JSON in ASCII characters, as a whole or in pieces


def bulk_body(documents: Iterable[Text], new_edits: bool = True) -> bytes:
    """The body of a bulk write, from documents as JSON texts; without ``new_edits`` these are stored as they are.

    It grows text by text, so that each can be freed at once: to allocate a whole batch costs more than copying.
    """
    body = io.BytesIO()
    separator = b'{"docs":[' if new_edits else b'{"new_edits":false,"docs":['
    for document in documents:
        body.write(separator)
        if isinstance(document, str):
            body.write(document.encode("ascii"))
        else:
            body.writelines(document)
        separator = b","
    body.write(b"]}")
    return body.getvalue()


def row_error(row: Row) -> str:
    """CouchDB's word for why a document of a bulk write was not written, ``""`` if it was written."""
    error = row.get("error")
    if error is True:  # PouchDB Server
        error = row.get("name")
    return cleaned(error if isinstance(error, str) else UNKNOWN) if error else ""


def row_reason(row: Row) -> str:
    """The same word, with CouchDB's explanation if there is one."""
    word, detail = row_error(row), row.get("reason") or row.get("message")
    return f"{word}: {cleaned(detail)}" if isinstance(detail, str) and detail else word
