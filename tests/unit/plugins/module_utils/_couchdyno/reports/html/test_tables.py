# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a page."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.html import tables


def info(name="db", hosts=("a",), ts=100, url="http://h/db", seed=1, **config):
    drivers = [{"host": host, "rate": None} for host in hosts]
    return {"dyno_config": dict({"seed": seed, "created": 5, "total": 10, "size": 100}, **config), "hosts": drivers,
            "database": {"name": name, "url": url}, "progress": {"ts": ts}, "series": []}  # fmt: skip


def test_of_several_infos_of_a_database_the_latest_is_shown():
    first, second = dict(info(ts=1), label="x"), dict(info(ts=2), label="y")
    (subject,) = tables.subjects([first, second])
    assert (subject.name, subject.note, subject.info["progress"]["ts"]) == ("db", "http://h, seen from x, y", 2)


@pytest.mark.parametrize("other", [info("other"), info(seed=2), info(hosts=("b",)), info(created=6)])
def test_infos_of_different_databases_are_kept(other):
    """Localhost is a different server on each host."""
    assert len(tables.subjects([info(), other])) == 2


def test_databases_with_the_same_name_are_told_apart():
    names = [subject.name for subject in tables.subjects([dict(info(), label="x"), info(seed=2, url="http://i/db")])]
    assert names == ["db (http://i)", "db (x)"]


def test_a_verification_names_the_database_with_the_same_stream():
    stream = {"seed": 1, "total": 10, "size": 100}
    report = {"verdict": "wrong", "reasons": ["1 document damaged"], "checked": 10, "database": "restored", "ts": 0,
              "counts": {}, "stream": stream}  # fmt: skip
    subjects = tables.subjects([info(), info("else", seed=2)])
    (row,) = tables.verified([report], subjects)["body"]
    assert [cell.text for cell in row[:3]] == ["restored", "db", "wrong"] and row[2].kind == "bad"
    (row,) = tables.verified([dict(report, stream=dict(stream, seed=3))], subjects)["body"]
    assert row[1].text == "-"


def test_types_are_listed():
    found = dict(info(), statistics={}, gaps={"latest": []}, runs=[], hosts=[])
    found["progress"]["types"] = [{"name": "order", "present": 1200, "deleted": 3, "lap": 2}]
    found["dyno_config"]["workload"] = {"types": [
        {"name": "order", "total": 1000, "updates": 7, "create": 100, "delete": 3, "prefix": "o:", "size": 400,
         "body": "order", "tombstone": "bare", "ids": "hashed", "hot": True,
         "attachments": {"every": 5, "count": 2, "size": 9, "content_type": "a/b", "renew": 4}}]}  # fmt: skip
    progress, workload = tables.lists(found)
    assert (progress["title"], workload["title"]) == ("Document types", "Workload")
    assert [[cell.text for cell in row] for row in progress["body"]] == [["order", "1,200", "3", "2"]]
    (row,) = workload["body"]
    assert [cell.text for cell in row] == [
        *("order", "1,000", "7", "100", "3", "o:", "400 B", "order", "bare", "hashed", "yes"),
        "1 of 5 documents has 2 attachments of 9 bytes, a/b, renewed by 1 of 4 updates",
        "-",
    ]


def test_open_claims_are_listed_with_their_hosts():
    claim = {"host": "a", "first": 5, "count": 2, "ts": 60, "lease": 160}
    claims = [claim, dict(claim, host="b", lease=0), dict(claim, host="c", lease=100 + 121)]  # longer than any lease
    found = dict(info(ts=100), statistics={}, gaps={"latest": []}, runs=[])
    found["dyno_config"]["claims"] = claims
    found["hosts"] = []
    (table,) = tables.lists(found)
    assert [[cell.text for cell in row] for row in table["body"]] == [
        ["a", "5", "2", "1970-01-01 00:01:00 UTC", "1970-01-01 00:02:40 UTC"],
        *([name, "5", "2", "1970-01-01 00:01:00 UTC", "expired"] for name in "bc"),
    ]
    assert table["body"][1][-1].kind == "bad"
