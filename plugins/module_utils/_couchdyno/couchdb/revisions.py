# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Revisions of a document: how CouchDB orders them, and how leaves are pushed and deleted. Pure."""
from __future__ import annotations

from hashlib import shake_128
from typing import Any, Dict, Iterable, NamedTuple

DIGEST = 16  # bytes of a revision; CouchDB's own are MD5 sums, but where FIPS is enforced, there is no MD5
PATH = 50  # how many ancestors are pushed with a leaf; a replica may have missed as many

Document = Dict[str, Any]


class Leaf(NamedTuple):
    """A leaf revision, in CouchDB's order: the highest live one wins."""

    live: bool
    generation: int
    digest: str

    def __str__(self) -> str:
        return f"{self.generation}-{self.digest}"


def rank(rev: str) -> tuple[int, str]:
    """The sort key by which CouchDB orders the live leaves of a document: the highest wins."""
    generation, __, digest = rev.partition("-")
    return int(generation), digest


def leaf_of(document: Document) -> Leaf:
    """The leaf revision of a document."""
    return Leaf(not document.get("_deleted"), *rank(document["_rev"]))


def live_leaves(leaves: Iterable[Document]) -> list[Document]:
    """The live ones among the leaves of a document, the winner last."""
    return sorted((leaf for leaf in leaves if not leaf.get("_deleted")), key=lambda leaf: rank(leaf["_rev"]))


def path(leaf: Document) -> list[str]:
    """The revisions of a leaf and its ancestors, from a document with ``_revisions``."""
    start, digests = leaf["_revisions"]["start"], leaf["_revisions"]["ids"]
    return [f"{start - age}-{digest}" for age, digest in enumerate(digests)]


def with_nearest_ancestors(leaf: Document) -> Document:
    """A leaf with as many of its ancestors as a push needs."""
    start, digests = leaf["_revisions"]["start"], leaf["_revisions"]["ids"]
    return dict(leaf, _revisions={"start": start, "ids": digests[:PATH]})


def end_of(leaf: Document) -> Document:
    """The revision that deletes a leaf, the same no matter which process creates it."""
    start, digests = leaf["_revisions"]["start"] + 1, leaf["_revisions"]["ids"]
    digest = shake_128(leaf["_rev"].encode("utf-8", "surrogatepass")).hexdigest(DIGEST)
    return {"_id": leaf["_id"], "_rev": f"{start}-{digest}", "_deleted": True,
            "_revisions": {"start": start, "ids": [digest, *digests[:PATH]]}}
