# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents that hold the state of a ledger, each the successor of the one before. Pure.

Each change of the state is a revision. If all of them were revisions of one document, its tree of revisions would soon
cost more than the updates. So after some revisions a change *seals* the document, and the state continues in the
document with the next number. The first revision of that document is computed from the sealed one, so every process
creates the same, and creating it again later changes nothing.
"""
from __future__ import annotations

import json
from hashlib import shake_128
from typing import Any, Dict

from .limits import is_count
from .names import STATE_DIGITS, Names

NESTED = "state"  # the field of couchdyno_meta for a state that has no document of its own yet
DIGEST = 16  # bytes, as in CouchDB's own revisions, which are MD5 sums; that is not available everywhere
SEALED_AT = 21  # the revision that seals a document: ten cycles, each of which claims and settles

Document = Dict[str, Any]


def identity_of(document: Document) -> str:
    """The identity of the database in ``couchdyno_meta`` or a state document, ``""`` if there is none."""
    identity = document.get("identity")
    return identity if isinstance(identity, str) else ""


def plain(document: Document) -> Document:
    """A document without the fields that belong to CouchDB."""
    return {name: value for name, value in document.items() if not name.startswith("_")}


def first_state(meta: Document) -> Document:
    """The first state document, from ``couchdyno_meta`` with the state in it.

    Its ``number`` there is not 0 if state documents of an earlier ledger were deleted from this database.
    """
    state = meta[NESTED]
    number = state.get("number")
    fields = {name: value for name, value in state.items() if name != "number"}
    known = number if is_count(number, 0, 10 ** STATE_DIGITS) else 0
    return _first_revision(Names.of(meta["_id"]).state_id(known), fields)


def successor(sealed: Document) -> Document:
    """The first revision of the state document that succeeds a sealed one."""
    names = Names.of(sealed["_id"])
    following = names.state_id((names.state_number(sealed["_id"]) or 0) + 1)
    return _first_revision(following, {name: value for name, value in plain(sealed).items() if name != "sealed"})


def tombstone(older: Document) -> Document:
    """The deletion of an earlier state document; it keeps ``sealed``, which distinguishes it from other deletions."""
    kept: Document = {name: older[name] for name in ("_id", "_rev", "sealed") if name in older}
    return dict(kept, _deleted=True)


def _first_revision(document_id: str, fields: Document) -> Document:
    document = dict(fields, _id=document_id, generation=1)
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    digest = shake_128(text.encode("ascii")).hexdigest(DIGEST)
    return dict(document, _rev=f"1-{digest}", _revisions={"start": 1, "ids": [digest]})
