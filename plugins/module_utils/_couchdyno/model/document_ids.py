# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of the documents of a stream: a prefix and the index of the document, in twelve digits."""
from __future__ import annotations

DIGITS = 12
AFTER_ALL = ":"  # appended to a prefix, it sorts after the ids of all documents that a stream can have


def pattern_of(prefix: str) -> str:
    """The pattern for the ids with a prefix, which the index of a document completes."""
    return f"{prefix}%0{DIGITS}d"


def index_in(document_id: str, prefix: str, total: int) -> int | None:
    """The index of the document with an id, None if the id does not belong to any of ``total`` documents."""
    digits = document_id[len(prefix):]
    if len(digits) != DIGITS or not (digits.isascii() and digits.isdigit()):
        return None
    return int(digits) if document_id.startswith(prefix) and int(digits) < total else None
