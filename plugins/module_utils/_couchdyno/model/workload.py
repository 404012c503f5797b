# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads: what a database is made of, which are mostly its document types, and how it changes. Pure.

A workload is *written* with shares and percentages, which fit a database of any size (DESCRIPTION of the module setup),
and *kept* in the ledger with the numbers that follow from these.
"""
from __future__ import annotations

import json
from typing import Any, Dict, NamedTuple

from ..errors import UsageError, option
from .attachments.attachments import Attachments
from .bodies import sizes
from .bodies.body import body_of, largest_without_fill, usual_size
from .bodies.built_in import BODIES, HEX, HOSTILE
from .bodies.generators import Wrong
from .bodies.sizes import Size, Sizes
from .bodies.template import compiled
from .document_ids import DIGITS
from .limits import MAX_SIZE, MAX_TOTAL, is_count, is_integer, pair_of
from .properties import PLAIN, Properties
from .refusal import OBJECT, boolean, check_keys, choice, integer, refused

CLASSIC = "classic"
MOST_TYPES = 100
MOST_SHARE = 100
MOST_CONFLICTS = 10 ** 6
LOSING = "losing"  # the member of a losing revision that says so
LONGEST = 100  # characters of a prefix; a name and a colon make one
OWN = "couchdyno"  # no id of a document may begin like this
BARE, FIELDS = "bare", "fields"  # what tombstones contain: nothing, or the stream's own fields
ORDERED, HASHED = "ordered", "hashed"  # the digits of ids: the index of the document, or scattered (scatter.py)

ODD = "/+$%é "  # what ids of hostile documents contain: characters that mean something in URLs and elsewhere

Document = Dict[str, Any]


class DocumentType(NamedTuple):
    """A type of documents: ``total`` at the start, of which each lap creates and deletes some.

    ``updates`` is its weight among the updates of all types. The ``size`` is in bytes, one or the least and the most.
    The ``body`` is the name of a built-in one, or the JSON text of a template, which like that is the same in every
    copy of the ledger. An id is the ``prefix`` and digits, in one of the orders ORDERED and HASHED. ``tombstone`` says
    what its deleted documents contain: one of BARE and FIELDS. Documents of a ``hot`` type may have several open
    updates; it neither creates nor deletes any, and they have neither ``attachments`` nor losing branches
    (branches.py). One of ``conflicts`` documents has a losing branch; with 0, none has.
    """

    name: str
    total: int
    updates: int
    create: int
    delete: int
    prefix: str
    size: Size
    body: str = HEX
    tombstone: str = BARE
    ids: str = ORDERED
    hot: bool = False
    attachments: Attachments | None = None
    conflicts: int = 0

    @property
    def bounds(self) -> tuple[int, int]:
        """The least and the most bytes that its documents have."""
        return sizes.bounds_of(self.size)

    @property
    def least_size(self) -> int:
        """About how many bytes its documents can have at least."""
        return largest_without_fill(self.body, _own_bytes(self.name, self.prefix))

    @property
    def mean_size(self) -> int:
        """The average size of its documents, in bytes."""
        return Sizes(*self.bounds).mean

    def dump(self) -> Document:
        """The type as the ledger keeps it and reports show it."""
        found = dict(self._asdict(), size=sizes.dump(self.size))
        if self.attachments:
            found["attachments"] = self.attachments.dump()
        return {name: value for name, value in found.items() if value or name not in UNLESS_ASKED_FOR}

    @classmethod
    def load(cls, entry: Any) -> DocumentType | None:
        """A type from the ledger, None if it makes no sense."""
        if not (isinstance(entry, dict) and REQUIRED <= set(entry) <= set(cls._fields)):
            return None
        size = _size(entry["size"])
        attachments = Attachments.load(entry["attachments"]) if "attachments" in entry else None
        if size is None or (attachments is None and "attachments" in entry):
            return None
        found = cls(**dict(entry, size=size, attachments=attachments))
        return found if _is_sound(found) else None


REQUIRED = set(DocumentType._fields) - set(DocumentType._field_defaults)
UNLESS_ASKED_FOR = {"attachments", "conflicts"}  # fields that earlier versions do not know


class Workload(NamedTuple):
    """The types of a database, in the order of the fill, and what it has beside its documents."""

    types: tuple[DocumentType, ...]
    database: Properties = PLAIN

    @property
    def total(self) -> int:
        """How many documents exist at the start."""
        return sum(each.total for each in self.types)

    @property
    def size(self) -> int:
        """The average size of the documents at the start, in bytes."""
        return max(1, sum(each.total * each.mean_size for each in self.types) // self.total)

    def dump(self) -> Document:
        """The workload as the ledger keeps it and reports show it."""
        found: Document = {"types": [each.dump() for each in self.types]}
        return found if self.database == PLAIN else dict(found, database=self.database.dump())

    def in_database(self, is_partitioned: bool) -> Workload:
        """The workload in a database that is partitioned, or is not, whatever it asks for itself."""
        return self._replace(database=self.database._replace(partitioned=is_partitioned))

    @classmethod
    def load(cls, value: Any) -> Workload | None:
        """A workload from the ledger, None if it makes no sense."""
        entries = value.get("types") if isinstance(value, dict) else None
        if not (isinstance(entries, list) and 1 <= len(entries) <= MOST_TYPES):
            return None
        types = tuple(each for each in map(DocumentType.load, entries) if each)
        database = Properties.load(value.get("database", {}))
        is_sound = (len(types) == len(entries) and not _clash([each.prefix for each in types])
                    and len({each.name for each in types}) == len(types))
        return cls(types, database) if is_sound and database else None


def _is_sound(each: DocumentType) -> bool:
    return (is_count(each.total, 1, MAX_TOTAL) and is_count(each.updates, 1, MOST_SHARE)
            and is_count(each.create, 0, each.total) and is_integer(each.delete) and 0 <= each.delete <= each.create
            and each.tombstone in (BARE, FIELDS) and each.ids in (ORDERED, HASHED)
            and isinstance(each.hot, bool) and not (each.hot and (each.create or each.attachments or each.conflicts))
            and is_count(each.conflicts, 0, MOST_CONFLICTS)
            and not _wrong_name(each.name) and not _wrong_prefix(each.prefix)
            and isinstance(each.body, str) and _is_body(each.body, each.bounds))


def _size(value: Any) -> Size | None:
    """A size, which is one number or two in order; None if it makes no sense."""
    pair = pair_of(value, 1, MAX_SIZE)
    return sizes.size_of(pair) if pair else None


def _is_body(body: str, bounds: tuple[int, int]) -> bool:
    """Whether documents can have a body, by its name or as the JSON text of its template."""
    try:
        body_of(body, *bounds)
    except (Wrong, ValueError, RecursionError):
        return False
    return True


# -- as users write it

KEYS = ("documents", "total", "updates", "create", "delete", "size", "body", "prefix", "tombstone", "ids", "hot",
        "attachments", "conflicts")


class _Draft(NamedTuple):
    """A type as it is written: a share of the documents or a fixed ``total``, and percentages."""

    name: str
    share: int | None
    total: int | None
    updates: int
    create: int
    delete: int
    prefix: str
    size: Size
    body: str
    tombstone: str
    ids: str
    hot: bool
    attachments: Attachments | None
    conflicts: int

    def of(self, total: int) -> DocumentType:
        """The type with a number of documents at the start."""
        create, delete = (-(-total * percent // 100) for percent in (self.create, self.delete))
        return DocumentType(self.name, total, self.updates, create, delete, self.prefix, self.size, self.body,
                            self.tombstone, self.ids, self.hot, self.attachments, self.conflicts)


def resolve(written: Any, total: int, size: int) -> Workload:
    """The workload of a database with ``total`` documents, of ``size`` bytes unless its type says otherwise.

    ``written`` is as in the documentation of workloads; raises UsageError, which names the place of an error.
    """
    drafts = _drafts(written, size)
    clash = _clash([draft.prefix for draft in drafts])
    if clash:
        raise refused("types", f"the prefix {clash[0]!r} begins the prefix {clash[1]!r}; ids would be ambiguous")
    fixed = sum(draft.total or 0 for draft in drafts)
    shared = [draft.share for draft in drafts if draft.share is not None]
    rest = total - fixed
    if rest < len(shared) or (rest and not shared):
        least = fixed + len(shared)
        raise UsageError(option("total"), f" must be {'at least ' if shared else ''}{least} for this workload")
    portions = iter(_portions(rest, shared))
    types = tuple(draft.of(draft.total or next(portions)) for draft in drafts)
    return Workload(types, Properties.resolve(written.get("database", {})))


def _portions(total: int, shares: list[int]) -> list[int]:
    """``total`` divided by shares; what is left over goes to the largest remainders.

    Shares that amount to less than one have one, and the others divide the rest; so no share has more than a greater
    one. ``total`` is at least the number of shares.
    """
    rest, whole = total, sum(shares)
    portions = [1] * len(shares)
    large = list(range(len(shares)))
    while any(shares[place] * rest < whole for place in large):
        large = [place for place in large if shares[place] * rest >= whole]
        rest, whole = total - len(shares) + len(large), sum(shares[place] for place in large)
    for place in large:
        portions[place] = rest * shares[place] // whole
    by_remainder = sorted(large, key=lambda place: -(rest * shares[place] % whole))
    for place in by_remainder[:total - sum(portions)]:
        portions[place] += 1
    return portions


def _drafts(written: Any, size: Size) -> list[_Draft]:
    if not isinstance(written, dict):
        raise UsageError("a workload must be ", OBJECT, " with types")
    check_keys("", written, ("types", "database"))
    types = written.get("types")
    if not (isinstance(types, dict) and types):
        raise refused("types", "must be ", OBJECT, " with at least one type")
    if len(types) > MOST_TYPES:
        raise refused("types", f"must not have more than {MOST_TYPES} types")
    return [_draft(name, entry, size) for name, entry in types.items()]


def _draft(name: str, entry: Any, size: Size) -> _Draft:
    where = f"types.{name!s:.40}"
    wrong = _wrong_name(name)
    if wrong:
        raise refused(where, f"the name of a type {wrong}")
    if not isinstance(entry, dict):
        raise refused(where, "must be ", OBJECT)
    check_keys(where + ".", entry, KEYS)
    if "documents" in entry and "total" in entry:
        raise refused(where, "documents and total exclude each other")
    is_fixed = "total" in entry
    share = None if is_fixed else integer(where, entry, "documents", 1, 1, MOST_SHARE)
    total = integer(where, entry, "total", 1, 1, MAX_TOTAL) if is_fixed else None
    create, delete = (integer(where, entry, key, 0, 0, 100) for key in ("create", "delete"))
    if delete > create:
        raise refused(f"{where}.delete", f"{delete} is more than create, {create}: the type would die out")
    prefix = entry.get("prefix", f"{name}:{ODD if entry.get('body') == HOSTILE else ''}")
    wrong = _wrong_prefix(prefix)
    if wrong:
        raise refused(f"{where}.prefix", wrong)
    body, size = _body_and_size(where, entry, size, _own_bytes(name, prefix))
    hot = boolean(where, entry, "hot")
    if hot and create:
        raise refused(f"{where}.create", f"must be 0, not {create}: hot types neither create nor delete documents")
    attachments = Attachments.resolve(f"{where}.attachments", entry["attachments"]) if "attachments" in entry else None
    if hot and attachments:
        raise refused(f"{where}.attachments", "must not be given: documents of hot types have no attachments")
    return _Draft(name, share, total, integer(where, entry, "updates", 1, 1, MOST_SHARE), create, delete, prefix,
                  size, body, choice(where, entry, "tombstone", BARE, FIELDS),
                  choice(where, entry, "ids", ORDERED, HASHED), hot, attachments, _conflicts(where, entry, hot))


def _conflicts(where: str, entry: Document, hot: bool) -> int:
    """Of how many documents of a type one has a losing branch, 0 if none has."""
    if "conflicts" not in entry:
        return 0
    if hot:
        raise refused(f"{where}.conflicts", "must not be given, as the type is hot")
    if isinstance(entry.get("body"), dict) and LOSING in entry["body"]:
        raise refused(f"{where}.body.{LOSING}", "is the name of a member that losing revisions have; use another one")
    return integer(where, entry, "conflicts", 1, 1, MOST_CONFLICTS)


def _body_and_size(where: str, entry: Document, default: Size, own: int) -> tuple[str, Size]:
    """The body of a type, and the size of its documents, of which ``own`` bytes are the stream's own."""
    given = entry.get("body", HEX)
    if not (isinstance(given, dict) or (isinstance(given, str) and given in BODIES)):
        raise refused(f"{where}.body", f"must be one of {', '.join(BODIES)}, or ", OBJECT, f", not {given!r:.40}")
    size = _size(entry.get("size", default))
    if size is None:
        raise refused(f"{where}.size", f"must be a whole number, or two in order, from 1 to {MAX_SIZE}, not "
                      f"{entry.get('size', default)!r:.40}")
    try:
        if isinstance(given, dict):
            compiled(given)  # with the places of what makes no sense, and before anything can be too deep for JSON
        body = given if isinstance(given, str) else json.dumps(given)
        body_of(body, *sizes.bounds_of(size))
        usual = usual_size(body, own)
    except Wrong as error:
        text = str(error)
        raise refused(f"{where}.body{text.partition(': ')[0]}" if text.startswith(".") else f"{where}.body",
                      text.partition(": ")[2] if text.startswith(".") else text) from None
    except (TypeError, ValueError, RecursionError) as error:
        raise refused(f"{where}.body", f"is not JSON: {str(error)[:100]}") from None
    if usual is None:
        return body, size
    if "size" in entry:
        raise refused(f"{where}.size", "must not be given, as the body has neither a $fill nor a $growth")
    return body, usual


def _own_bytes(name: str, prefix: str) -> int:
    """How many bytes of a usual document of a type are the stream's own, as JSON text of ASCII characters."""
    return len(json.dumps({"_id": prefix + DIGITS * "0", "type": name, "update": 10 ** 5, "ts": 10 ** 9},
                          separators=(",", ":")))


def _wrong_name(name: Any) -> str:
    """Why the name of a type cannot be used, ``""`` if it can."""
    if not isinstance(name, str) or not 1 <= len(name) < LONGEST:
        return f"must be a string of 1 to {LONGEST - 1} characters"
    return "" if name.isprintable() else "must consist of printable characters"


def _wrong_prefix(prefix: Any) -> str:
    """Why a prefix of ids cannot be used, ``""`` if it can."""
    if not isinstance(prefix, str) or not 1 <= len(prefix) <= LONGEST:
        return f"must be a string of 1 to {LONGEST} characters, not {prefix!r:.40}"
    if any(0xD800 <= ord(character) <= 0xDFFF for character in prefix):
        return "must not contain half of a surrogate pair, which CouchDB refuses"
    if prefix.startswith("_"):
        return "must not begin with _, which CouchDB keeps for itself"
    if prefix.startswith(OWN):
        return f"must not begin with {OWN}, as the documents of the ledger do"
    return ""


def _clash(prefixes: list[str]) -> tuple[str, str] | None:
    """Two prefixes of which one begins the other, None if there are none."""
    ordered = sorted(prefixes)
    for one, other in zip(ordered, ordered[1:]):
        if other.startswith(one):
            return one, other
    return None
