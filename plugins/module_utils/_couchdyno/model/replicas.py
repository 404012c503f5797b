# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the replicas of a document differ, in words. Pure functions.

A document with differing replicas has a field ``_replicas``: the document by node, None where it does not exist.
"""
from __future__ import annotations

from typing import Any, Callable, Dict, Optional

from . import legacy
from .stream import Stream

FIELD = "_replicas"

Document = Dict[str, Any]
Replicas = Dict[str, Optional[Document]]


def without(document: Document) -> Document:
    """A document without the field ``_replicas``."""
    return {name: value for name, value in document.items() if name != FIELD}


def difference(stream: Stream, origin: int | None, replicas: Replicas) -> str:
    """How the replicas of a document of the stream differ; ``origin`` is as in the ledger."""
    return _by_first_difference(replicas, lambda document: _contents(stream, origin, document))


def difference_of_other(replicas: Replicas) -> str:
    """How the replicas of a document differ that does not belong to the stream."""
    return _by_first_difference(replicas, lambda document: "exists")


def _by_first_difference(replicas: Replicas, words: Callable[[Document], str]) -> str:
    """The differences in ``words``; if these are the same, in revisions, and at last without an explanation."""
    for describe in (words, _revision):
        found = {node: "is missing" if document is None else describe(document)
                 for node, document in replicas.items()}
        if len(set(found.values())) > 1:
            return _told(found)
    return f"has revision {_revision_of(replicas)} everywhere, with different contents"


def _told(found: dict[str, str]) -> str:
    """``is missing on node1, holds update 4 on the others``."""
    nodes: dict[str, list[str]] = {}
    for node in sorted(found):
        nodes.setdefault(found[node], []).append(node)
    *rare, (most, where) = sorted(nodes.items(), key=lambda item: len(item[1]))
    are_the_others = 2 * len(where) > len(found)
    told = [f"{words} on {' and '.join(names)}" for words, names in rare]
    return ", ".join([*told, f"{most} on {'the others' if are_the_others else ' and '.join(where)}"])


def _contents(stream: Stream, origin: int | None, document: Document) -> str:
    conflicts = " with conflicts" if document.get("_conflicts") else ""
    if "_unreadable" in document:
        return "is unreadable"
    if legacy.may_have_left(document, origin):
        return "was written by the original couchdyno" + conflicts
    reading = stream.content.read(document)
    return ("is damaged" if reading.flaw else f"holds update {reading.update}") + conflicts


def _revision(document: Document) -> str:
    return f"has revision {document['_rev']:.60}"


def _revision_of(replicas: Replicas) -> str:
    return next(f"{document['_rev']:.60}" for document in replicas.values() if document)
