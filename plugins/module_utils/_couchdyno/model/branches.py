# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losing branches: the second leaf revision of documents with conflicts, and what it contains. Pure.

Of a type with ``conflicts``, one in this number of documents has a losing branch, from the first visit after its
creation until its deletion. It has a root of its own and one more revision with each visit: at the v-th visit, update k
of the stream, its leaf is ``v-D``, and D follows from the seed and k. So the whole branch is arithmetic: a leaf is
pushed (``new_edits: false``) without being read first, pushing it again changes nothing, and CouchDB keeps two leaves
of the document, no matter how many visits there are.

The winner is above it: created as generation 1, it has generation v + 1 after the v-th visit. Losing digests begin with
zeros, so even while only the losing leaf of a visit is written, and both have generation v, the other one wins.

A winner that is lower (its updates were refused or superseded, or it was dumped and reloaded) would be overtaken by the
next losing leaf. So it is raised first: the update is pushed under a computed revision of generation v. A deletion
pushes two tombstones in one request, as the losing leaf alone would be the document. These computed revisions depend on
the update, the time of its claim and the revision that they replace; so whoever repeats the request, however late,
changes nothing.
"""
from __future__ import annotations

import json
from hashlib import shake_128
from itertools import islice
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Any, Dict, Iterator, NamedTuple

from .bodies import values
from .bodies.body import body_of
from .laps import DELETES
from .properties import USUAL_REVS
from .workload import LOSING

if TYPE_CHECKING:
    from .workload_stream import WorkloadStream

ZEROS = 16 * "0"  # what losing digests begin with
HASH = 8  # bytes of a losing digest that follow
DIGEST = 16  # bytes of other revisions, as in CouchDB's own
RECENT = 50  # ancestors that are pushed with a leaf if the document has had all of its visits
OF_COUCHDB = ("_id", "_rev", "_revisions")

Document = Dict[str, Any]


class Comparison(NamedTuple):
    """How a losing leaf differs from what it should be, in words; ``is_rounded``: as JavaScript makes it."""

    flaw: str = ""
    is_rounded: bool = False


class Branches:
    """The losing branches of the documents of a stream."""

    def __init__(self, seed: int, stream: WorkloadStream) -> None:
        self._seed = seed
        self._stream = stream
        types = stream.workload.types
        self._every = [each.conflicts for each in types]
        self._names = [encode_basestring_ascii(each.name) for each in types]
        self._bodies = [body_of(each.body, *each.bounds) for each in types]
        self._revs_limit = stream.workload.database.revs_limit or USUAL_REVS

    # -- which documents

    def has(self, number: int) -> bool:
        """Whether a document has a losing branch at some time, by its number."""
        kind, index = self._stream.in_type(number)
        return self._is_chosen(kind, index)

    def concerns(self, update: int) -> bool:
        """Whether an update writes a losing leaf, or deletes one."""
        kind, index, operation = self._stream.step(update)
        return self._is_chosen(kind, index) and self._stream.visits(update) > (1 if operation == DELETES else 0)

    def _is_chosen(self, kind: int, index: int) -> bool:
        return bool(self._every[kind]) and index % self._every[kind] == 0

    # -- revisions

    def revision(self, update: int) -> str:
        """The losing leaf that an update writes or deletes; the update must concern one."""
        return f"{self._stream.visits(update)}-{self._digest(update)}"

    def leaf(self, update: int) -> str:
        """The losing leaf that a document has when it holds an update, ``""`` if none: the update has created it."""
        return self.revision(update) if self.concerns(update) else ""

    def update_of(self, number: int, rev: str) -> int | None:
        """The update of a document that has written a losing leaf, None if it is not of the stream."""
        generation, __, digest = rev.partition("-")
        if not (digest.startswith(ZEROS) and self.has(number)):
            return None
        update = self._stream.visit(number, int(generation))
        return update if update is not None and self.leaf(update) == rev else None

    def _digest(self, update: int) -> str:
        return ZEROS + shake_128(b"%d/%d/losing revision" % (self._seed, update)).hexdigest(HASH)

    def _digests(self, update: int) -> Iterator[str]:
        """The digests of a losing leaf and of its ancestors."""
        for __ in range(self._stream.visits(update)):
            yield self._digest(update)
            update = self._stream.previous(update) or 0  # the last one is of the creation, and not used

    # -- what the winner needs

    def is_current(self, update: int, rev: str | None) -> bool:
        """Whether an update can replace the revision ``rev`` of its document, and remain above the losing leaf.

        None: the document does not exist.
        """
        return rev is not None and not _is_losing(rev) and generation_of(rev) >= self._stream.visits(update)

    def winner(self, update: int, revs: list[str]) -> list[str]:
        """The leaves of a document without the losing one, if that is the one before an update, or the one of it."""
        losing = [rev for rev in revs if _is_losing(rev)]
        known = {self.leaf(each) for each in (update, self._stream.previous(update)) if each is not None}
        return [rev for rev in revs if rev not in losing] if known.issuperset(losing) else revs

    def deletes(self, update: int) -> bool:
        """Whether an update deletes a losing leaf, together with the winner of its document."""
        return self._stream.operation(update) == DELETES and self.concerns(update)

    def is_whole(self, update: int, document: Document) -> bool:
        """Whether a document that holds an update has all of it: the losing leaf, and a winner above that.

        The document has a field ``_conflicts`` with its other leaves.
        """
        if not self.concerns(update) or document["update"] != update:
            return True
        has_leaf = self.revision(update) in document.get("_conflicts", ())
        return has_leaf and generation_of(document["_rev"]) > self._stream.visits(update)

    # -- what is written

    def losing(self, update: int, is_complete: bool = False) -> str:
        """The losing leaf of an update as JSON text, with ``_revisions``; a tombstone if the update deletes it.

        ``is_complete``: with all ancestors that CouchDB keeps, as the document may lack any number of visits.
        """
        stream = self._stream
        kind, index, operation = stream.step(update)
        most = self._revs_limit if is_complete else min(RECENT, self._revs_limit)
        digests = list(islice(self._digests(update), most))
        head = f'{{"_id":{encode_basestring_ascii(stream.id_in(kind, index))}'
        if operation == DELETES:
            return _with_revisions(f'{head},"_deleted":true}}', stream.visits(update), digests)
        own = f"{self._named(update, kind)}{self._body(update, kind, is_kept=False)}"
        return _with_revisions(f"{head},{own}}}", stream.visits(update), digests)

    def raised(self, update: int, ts: int, rev: str | None) -> tuple[str, str]:
        """A winner that the losing leaf of an update cannot overtake: its revision, and the text to be pushed.

        ``rev`` is the winner so far, which is too low, or None if there is none.
        """
        start = self._stream.visits(update)
        digests = self._between(update, ts, rev, start)
        revision = f"{start}-{digests[0]}"
        return revision, _with_revisions(self._stream.content.render(update, ts, revision), start, digests, True)

    def tombstones(self, update: int, ts: int, rev: str) -> tuple[str, str]:
        """Those of the losing leaf and of the winner ``rev``, to be pushed together."""
        start = max(self._stream.visits(update), generation_of(rev)) + 1
        digests = self._between(update, ts, rev, start)
        text = self._stream.content.render(update, ts, f"{start}-{digests[0]}")
        return self.losing(update, is_complete=True), _with_revisions(text, start, digests, True)

    def _between(self, update: int, ts: int, rev: str | None, start: int) -> list[str]:
        """The digests of a computed revision of generation ``start`` and of its ancestors down to ``rev``."""
        generation, __, digest = rev.partition("-") if rev else ("", "", "")
        missing = start - int(generation) if rev else 1
        source = f"{self._seed}/{update}/{ts}/{rev or ''}/winning revision".encode("utf-8", "surrogatepass")
        digits = shake_128(source).hexdigest(DIGEST * missing)
        return [*(digits[place:place + 2 * DIGEST] for place in range(0, len(digits), 2 * DIGEST)),
                *([digest] if rev else [])]

    def _named(self, update: int, kind: int) -> str:
        """The stream's own members of a losing leaf, without the id: no time stamp, but that it is losing."""
        return f'"type":{self._names[kind]},"update":{update},"{LOSING}":true'

    def _body(self, update: int, kind: int, is_kept: bool) -> str:
        """The other members, those of the type."""
        body = self._bodies[kind]
        used = len(f'{{"_id":{encode_basestring_ascii(self._stream.document_id(update))},{self._named(update, kind)}}}')
        source = b"%d/%d/%d/losing revision" % (self._seed, update, kind)
        return (body.kept if is_kept else body.written)(source, self._stream.visits(update), used)

    # -- what is read

    def compare(self, update: int, leaf: Document) -> Comparison:
        """How the losing leaf of an update, as CouchDB returns it, differs from what was written."""
        kind = self._stream.step(update)[0]
        expected = json.loads(f"{{{self._named(update, kind)}{self._body(update, kind, is_kept=True)}}}")
        found = {name: value for name, value in leaf.items() if name not in OF_COUCHDB}
        if values.are_same(found, expected):
            return Comparison()
        return Comparison(values.difference(found, expected), values.differ_by_rounding(found, expected))


def generation_of(rev: str) -> int:
    """The generation of a revision."""
    return int(rev.partition("-")[0])


def _is_losing(rev: str) -> bool:
    """Whether a revision looks like one of a losing branch."""
    return rev.partition("-")[2].startswith(ZEROS)


def _with_revisions(text: str, start: int, digests: list[str], is_named: bool = False) -> str:
    """A document as JSON text with its revision, unless that ``is_named`` already, and the ancestors of that."""
    rev = "" if is_named else f',"_rev":"{start}-{digests[0]}"'
    ids = ",".join(map(encode_basestring_ascii, digests))
    return f'{text[:-1]}{rev},"_revisions":{{"start":{start},"ids":[{ids}]}}}}'
