# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shapes of answers: what CouchDB does not answer is refused, and no document is too deep to work with."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import answers
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.answers import DEEPEST, Misshapen, parsed

DOC = {"_id": "a", "_rev": "1-a"}
ROW = {"id": "a", "key": "a", "value": {"rev": "1-a"}}
PATH = dict(DOC, _revisions={"start": 1, "ids": ["a"]})


def nested(levels, kind="list"):
    opening, closing = {"list": ("[", "]"), "object": ('{"a":', "}"), "both": ('[1,{"[":', "}]")}[kind]
    return opening * levels + "1" + closing * levels


@pytest.mark.parametrize(
    "shape, answer, expected",
    [
        (answers.version, {}, ""),
        (answers.version, {"version": "3.5.0\x1b[31m" + "x" * 100}, "3.5.0\\x1b[31m" + "x" * 69 + "…"),
        (answers.database_info, {}, {"instance_start_time": ""}),
        (
            answers.database_info,
            {"doc_count": 5, "sizes": {"file": 7, "active": None}, "cluster": {"n": 3, "q": "x"}, "update_seq": {}},
            {"doc_count": 5, "sizes": {"file": 7}, "cluster": {"n": 3}, "instance_start_time": ""},
        ),
        (answers.database_info, {"sizes": None, "instance_start_time": 0}, {"instance_start_time": "0"}),
        (answers.shards, {"by_range": {"00-ff": ["n@h"]}, "shard_suffix": [46, 49]}, ({"00-ff": ["n@h"]}, ".1")),
        (answers.document, DOC, DOC),
        (answers.rows, {"rows": [ROW, {"key": "b", "error": "not_found"}]}, [ROW]),
        (answers.rows, {"rows": [dict(ROW, value={"rev": "2-a", "deleted": True}, doc=None)]}, []),
        (answers.rows, {"rows": [dict(ROW, doc=None)]}, [dict(ROW, doc=None)]),
        (answers.rows, {"rows": [dict(ROW, doc=DOC)]}, [dict(ROW, doc=DOC)]),
        (answers.changes, {"results": [], "last_seq": "5-x"}, ([], "5-x")),
        (answers.written, {"ok": True, "id": "a", "rev": "1-a"}, "1-a"),
        (answers.bulk_written, [{"id": "a", "rev": "1-a"}], [{"id": "a", "rev": "1-a"}]),
        (answers.bulk_written, [{"error": True}], [{"error": True}]),
        (answers.leaves, [{"ok": DOC}, {"missing": "2-a"}, {"error": {}}], [DOC]),
        (answers.leaves_with_ancestors, [{"ok": PATH}], [PATH]),
        (
            answers.leaves_of_each,
            {"results": [{"id": "a", "docs": [{"ok": DOC}]}, {"id": "b", "docs": [{"error": {"error": "x"}}]}]},
            [("a", [DOC], False), ("b", [], True)],
        ),
    ],
)
def test_what_couchdb_answers(shape, answer, expected):
    assert shape(answer) == expected


@pytest.mark.parametrize(
    "shape, answer",
    [
        *((shape, answer) for shape in (answers.rows, answers.changes, answers.leaves_of_each, answers.written)
          for answer in (None, [], "x", {}, {"rows": 1, "results": "x", "rev": 1}, {"rows": [1], "results": [None]})),
        *((shape, answer) for shape in (answers.leaves, answers.bulk_written)
          for answer in (None, {}, "x", [1], [None], [[]], [{"ok": {}, "id": 5}])),
        *((answers.rows, {"rows": [row]}) for row in (
            {"id": "a"}, dict(ROW, value=None), dict(ROW, value={}), dict(ROW, value={"rev": 1}), dict(ROW, id=1),
            dict(ROW, value={"rev": "a-1"}), dict(ROW, value={"rev": "9" * 400 + "-a"}), dict(ROW, doc=[]),
            dict(ROW, doc={}), dict(ROW, doc=dict(DOC, _id="b")), dict(ROW, doc=dict(DOC, _rev=None)),
            dict(ROW, doc=dict(DOC, _conflicts=[1])), dict(ROW, doc=dict(DOC, _conflicts={})))),
        *((answers.database_info, info) for info in (
            None, [], {"doc_count": "x"}, {"doc_count": -1}, {"doc_count": True}, {"sizes": 5}, {"cluster": []},
            {"instance_start_time": []})),
        *((answers.shards, dict({"by_range": {"00-ff": ["n@h"]}}, **fields)) for fields in (
            {"by_range": []}, {"by_range": {"00-ff": "n"}}, {"by_range": {"\ud800": []}}, {"shard_suffix": [10**9]},
            {"shard_suffix": "x"}, {"by_range": {"00-ff": ["\x1b"]}})),
        *((answers.leaves_with_ancestors, [{"ok": dict(DOC, _revisions=path)}]) for path in (
            None, {}, {"start": 1}, {"start": "1", "ids": ["a"]}, {"start": 1, "ids": []}, {"start": 1, "ids": [1]})),
        (answers.version, {"version": 3}),
        (answers.changes, {"results": [], "last_seq": None}),
        (answers.changes, {"results": [{"id": "a"}], "last_seq": 1}),
    ],
)  # fmt: skip
def test_what_couchdb_does_not_answer(shape, answer):
    with pytest.raises(Misshapen):
        shape(answer)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"\xff", b"\x00", nested(3000).encode()[:-1], b'"' + b'\\"' * 10**5, b'["\\']
)
def test_what_is_not_json(content):
    assert parsed(content) is None


def test_a_reason_is_text_of_bounded_length():
    assert answers.error_of({"error": "forbidden", "reason": "\x1b[31m\nno"}) == ("forbidden", "\\x1b[31m no")
    for answer in ({"error": ["x"], "reason": {}}, [], None):
        assert answers.error_of(answer) == ("", "")
    assert answers.error_of([{"ok": 1}, {"error": "no_majority"}]) == ("no_majority", "")
    assert answers.error_of(["\x1b[31m"]) == ("", '["\\u001b[31m"]')
    assert len(answers.error_of({"reason": "x" * 10**6})[1]) == 200


@pytest.mark.parametrize("levels", [5, DEEPEST - 2, DEEPEST, DEEPEST + 1, 500, 3000, 100_000])
@pytest.mark.parametrize("kind", ["list", "object", "both"])
def test_a_document_that_is_nested_too_deeply_hides_no_other(levels, kind):
    """Python 3.7 fails at a thousand levels, Python 3.13 at ten thousand."""
    depth = 2 * levels if kind == "both" else levels
    deep = f'{{"_id":"b","_rev":"1-b","ts":5,"data":{nested(levels, kind)},"note":"]}}\\"["}}'
    rows = [json.dumps(dict(ROW, doc=DOC)), f'{{"id":"b","value":{{"rev":"1-b"}},"doc":{deep}}}']
    found = answers.rows(parsed(f'{{"rows":[{",".join(rows * 2)}]}}'.encode()))
    assert [row["id"] for row in found] == ["a", "b", "a", "b"] and found[0]["doc"] == DOC
    expected = {"_id": "b", "_rev": "1-b", "ts": 5, "note": ']}"[', "_flawed": answers.TOO_DEEP}
    assert (found[1]["doc"] == found[3]["doc"] == expected) == (depth >= DEEPEST)


def test_an_integer_that_python_refuses():
    assert parsed(b'{"a":%s,"b":7}' % (b"9" * 5000))["b"] == 7
