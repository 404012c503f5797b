# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The answers of CouchDB: the one place that checks their shapes. Pure.

For each kind of answer there is a function that returns what the program uses of it, or raises Misshapen if CouchDB
does not answer like that. So what comes out has the types that it should have. Only documents may contain anything, as
anybody may write them; but one that is nested so deeply that working with it would fail comes out without the nested
fields, and with a field FLAWED.
"""
from __future__ import annotations

import json
import re
from typing import Any, Callable, Dict, NamedTuple

from ..errors import cleaned
from .bulk import Row
from .source import CONFLICTS, FLAWED, Document

ATTACHMENTS = "_attachments"
DEEPEST = 100  # levels of a document; Python's limits are above, CouchDB has none
TOO_DEEP = f"is nested more than {DEEPEST} levels deep"
CUT = 2 * DEEPEST  # levels of an answer that is too deep for Python; the rest is dropped
MOST_DIGITS = 400  # of an integer, in an answer with one that is too long for Python
LARGEST = 2 ** 53  # where JSON parsers cease to keep integers exact
LONGEST_REASON = 500  # characters of an answer that is not an error of CouchDB's
LONGEST_NAME = 80  # characters of versions and the like
REV = re.compile("[0-9]{1,15}-.+", re.DOTALL)
TOKENS = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[][{}]', re.DOTALL)

Json = Any
Data = Dict[str, Any]


class Misshapen(Exception):
    """CouchDB does not answer like that."""


class Leaves(NamedTuple):
    """The leaves of a document, and whether CouchDB could not read some of them."""

    id: str
    leaves: list[Document]
    has_failed: bool


Shape = Callable[[Json], Any]


def parsed(content: bytes) -> Json:
    """The JSON in the body of an answer, None if it is not JSON."""
    try:
        text = content.decode("utf-8")
        try:
            return json.loads(text)
        except (RecursionError, ValueError):  # nested deeply, an integer of thousands of digits, or not JSON at all
            return json.loads(_cut(text), parse_int=_integer)
    except ValueError:
        return None


def error_of(answer: Json) -> tuple[str, str]:
    """CouchDB's word for an error, and its reason; of a list, the first error; else the beginning as the reason."""
    if isinstance(answer, list):
        answer = next((each for each in answer if isinstance(each, dict) and "error" in each), answer)
    if isinstance(answer, dict):
        return _words(answer.get("error")), _words(answer.get("reason"))
    return "", cleaned(json.dumps(answer), LONGEST_REASON) if answer else ""


def an_object(answer: Json) -> Data:
    """An answer that is an object, and of no further interest."""
    _check(isinstance(answer, dict))
    return dict(answer)


def a_count(answer: Json) -> int:
    """An answer that is a whole number."""
    _check(_is_count(answer))
    return int(answer)


def content(answer: bytes) -> bytes:
    """An answer that is no JSON: the bytes of an attachment."""
    return answer


def version(answer: Json) -> str:
    """The version of a server, ``""`` if it does not report one."""
    found = an_object(answer).get("version", "")
    _check(isinstance(found, str))
    return cleaned(found, LONGEST_NAME)


def features(answer: Json) -> list[str]:
    """The names of the features of a server, none if it does not report them."""
    found = an_object(answer).get("features", [])
    _check(_are(str, found))
    return list(found)


COUNTS_AND_PARTS = ("doc_count", "doc_del_count", "sizes", "cluster")


def database_info(answer: Json) -> Data:
    """``{"doc_count", "doc_del_count", "sizes", "cluster", "instance_start_time"}``, each if the server reports it.

    Of a partitioned database also ``"partitioned": True``.
    """
    info = an_object(answer)
    found: Data = {name: info[name] for name in COUNTS_AND_PARTS if info.get(name) is not None}
    _check(all(isinstance(found.get(name, {}), dict) for name in ("sizes", "cluster")))
    for name in {"sizes", "cluster"} & set(found):
        found[name] = {key: number for key, number in found[name].items() if _is_count(number)}
    _check(all(_is_count(found.get(name, 0)) for name in ("doc_count", "doc_del_count")))
    instance = info.get("instance_start_time", "")
    _check(isinstance(instance, (str, int)))
    if an_object(info.get("props", {})).get("partitioned") is True:
        found["partitioned"] = True
    return dict(found, instance_start_time=cleaned(str(instance), LONGEST_NAME))


def shards(answer: Json) -> tuple[dict[str, list[str]], str]:
    """The nodes of each range of a database, and the suffix of its files."""
    found = an_object(answer)
    by_range, suffix = an_object(found.get("by_range")), found.get("shard_suffix", [])
    _check(all(_are(str, nodes) for nodes in by_range.values()))
    _check(_are(int, suffix) and all(32 < each < 127 for each in suffix))
    _check(all(name.isprintable() for nodes in by_range.values() for name in (*nodes, *by_range)))
    return by_range, "".join(map(chr, suffix))


def document(answer: Json) -> Document:
    """A document; FLAWED if it is nested too deeply."""
    found: Document = answer if isinstance(answer, dict) else {}
    if not (isinstance(found.get("_id"), str) and _is_rev(found.get("_rev"))):
        raise Misshapen
    nested = [name for name, value in found.items() if isinstance(value, (dict, list))]
    if not nested and CONFLICTS not in found:
        return found
    attachments = found.get(ATTACHMENTS, {})
    _check(isinstance(attachments, dict) and all(isinstance(each, dict) for each in attachments.values()))
    conflicts = found.get(CONFLICTS, [])
    _check(isinstance(conflicts, list) and all(map(_is_rev, conflicts)))
    if not _is_too_deep(found):
        return found
    return dict({name: value for name, value in found.items() if name not in nested}, **{FLAWED: TOO_DEEP})


def rows(answer: Json) -> list[Row]:
    """The rows of ``_all_docs``, without missing and deleted documents."""
    found = []
    for row in _list_in(answer, "rows"):
        if "id" not in row:  # of a missing document
            continue
        value, content = row.get("value"), row.get("doc")
        if not (isinstance(row["id"], str) and isinstance(value, dict) and _is_rev(value.get("rev"))):
            raise Misshapen
        if value.get("deleted"):
            continue
        if content is not None:
            row["doc"] = document(content)
            if row["doc"]["_id"] != row["id"]:
                raise Misshapen
        found.append(row)
    return found


def view_rows(answer: Json) -> list[Row]:
    """The rows of a view."""
    found = _list_in(answer, "rows")
    _check(all("key" in row and "value" in row for row in found))
    return found


def found_documents(answer: Json) -> tuple[list[Data], str]:
    """The fields of the documents that a Mango query has found, and the bookmark."""
    bookmark = an_object(answer).get("bookmark", "")
    _check(isinstance(bookmark, str))
    return _list_in(answer, "docs"), bookmark


def deleted_ids(answer: Json) -> list[str]:
    """The ids of the deleted documents in ``_all_docs``."""
    found = [row for row in _list_in(answer, "rows")
             if isinstance(row.get("value"), dict) and row["value"].get("deleted")]
    _check(all(isinstance(row.get("id"), str) for row in found))
    return [row["id"] for row in found]


def possible_ancestors(answer: Json) -> dict[str, list[str]]:
    """The revisions in an answer of ``_revs_diff``, by document."""
    found = {document_id: each.get("possible_ancestors", []) for document_id, each in an_object(answer).items()
             if isinstance(each, dict)}
    _check(all(isinstance(revs, list) and all(map(_is_rev, revs)) for revs in found.values()))
    return found


def changes(answer: Json) -> tuple[list[Row], str | int]:
    """The rows of ``_changes``, each with an ``id`` and a list of ``changes``, and the ``last_seq``."""
    found = _list_in(answer, "results")
    _check(all(isinstance(row.get("id"), str) and isinstance(row.get("changes"), list) for row in found))
    last = an_object(answer).get("last_seq")
    if not isinstance(last, (str, int)):
        raise Misshapen
    return found, last


def written(answer: Json) -> str:
    """The new revision of a document."""
    rev = an_object(answer).get("rev")
    _check(_is_rev(rev))
    return str(rev)


def bulk_written(answer: Json) -> list[Row]:
    """The rows of ``_bulk_docs``, each with an error or a new revision (bulk.py)."""
    for row in _objects(answer):
        if row.get("error"):
            _check(isinstance(row.get("id", ""), str))
        else:
            _check(isinstance(row.get("id"), str) and _is_rev(row.get("rev")))
    return list(answer)


def leaves(answer: Json) -> list[Document]:
    """The leaves of a document."""
    return [document(each["ok"]) for each in _objects(answer) if "ok" in each]


def leaves_with_ancestors(answer: Json) -> list[Document]:
    """The leaves of a document, each with its ``_revisions``."""
    found = leaves(answer)
    for leaf in found:
        path = leaf.get("_revisions")
        _check(isinstance(path, dict) and _is_count(path.get("start")) and _are(str, path.get("ids")) and path["ids"])
    return found


def leaves_of_each(answer: Json) -> list[Leaves]:
    """The leaves of several documents, from ``_bulk_get``."""
    found = []
    for each in _list_in(answer, "results"):
        _check(isinstance(each.get("id"), str))
        found.append(Leaves(each["id"], leaves(each.get("docs")), any(map(_has_failed, each["docs"]))))
    return found


def _has_failed(leaf: Data) -> bool:
    """Whether ``_bulk_get`` could not read a document; it says "not_found" of one that does not exist."""
    error = leaf.get("error")
    return isinstance(error, dict) and error.get("error", "not_found") != "not_found"


def _check(is_so: Any) -> None:
    if not is_so:
        raise Misshapen


def _list_in(answer: Json, name: str) -> list[Data]:
    """The objects in a list in an object."""
    return _objects(an_object(answer).get(name))


def _objects(value: Json) -> list[Data]:
    _check(_are(dict, value))
    return list(value)


def _are(kind: type, values: Json) -> bool:
    return isinstance(values, list) and all(isinstance(each, kind) for each in values)


def _is_count(value: Json) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < LARGEST


def _is_rev(value: Json) -> bool:
    return isinstance(value, str) and REV.match(value) is not None


def _words(value: Json) -> str:
    return cleaned(value) if isinstance(value, str) else ""


def _is_too_deep(value: Json) -> bool:
    level = [value]
    for __ in range(DEEPEST):
        level = [part for each in level for part in (each.values() if isinstance(each, dict) else each)
                 if isinstance(part, (dict, list))]
        if not level:
            return False
    return True


def _cut(text: str) -> str:
    """JSON without what is nested too deeply for Python; what remains of such a document still counts as too deep."""
    kept, depth, start = [], 0, 0
    for token in TOKENS.finditer(text):
        if token.group() in ("[", "{"):
            if depth == CUT:
                kept += [text[start:token.start()], "null"]
            depth += 1
        elif token.group() in ("]", "}"):
            depth -= 1
            if depth == CUT:
                start = token.end()
    return "".join([*kept, text[start:]])


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)
