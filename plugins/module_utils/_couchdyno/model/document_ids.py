# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of the documents of a stream: a prefix and the index of the document, in twelve digits."""
from __future__ import annotations

PREFIX = "cdyno_"
DIGITS = 12
FORMAT = f"{PREFIX}%0{DIGITS}d"
AFTER_ALL = PREFIX + ":"  # sorts after the ids of all documents that a stream can have


def id_of(index: int) -> str:
    """The id of a document, from its index."""
    return FORMAT % index


def index_in(document_id: str, total: int) -> int | None:
    """The index of the document with an id, None if the id does not belong to any of ``total`` documents."""
    digits = document_id[len(PREFIX):]
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if document_id.startswith(PREFIX) and int(digits) < total else None
