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


def test_infos_of_one_database_become_one():
    first, second = dict(info(ts=1), label="x"), dict(info(ts=2), label="y")
    (subject,) = tables.subjects([first, second])
    assert (subject.name, subject.note, subject.info["progress"]["ts"]) == ("db", "http://h, seen from x, y", 2)


@pytest.mark.parametrize("other", [info("other"), info(seed=2), info(hosts=("b",)), info(created=6)])
def test_infos_of_others_do_not(other):
    """Localhost is another server on each host."""
    assert len(tables.subjects([info(), other])) == 2


def test_databases_of_one_name_are_told_apart():
    names = [subject.name for subject in tables.subjects([dict(info(), label="x"), info(seed=2, url="http://i/db")])]
    assert names == ["db (http://i)", "db (x)"]


def test_a_proof_names_the_database_that_it_is_of():
    stream = {"seed": 1, "total": 10, "size": 100}
    proof = {"verdict": "wrong", "reasons": ["1 document damaged"], "checked": 10, "database": "restored", "ts": 0,
             "counts": {}, "stream": stream}  # fmt: skip
    subjects = tables.subjects([info(), info("else", seed=2)])
    (row,) = tables.verified([proof], subjects)["body"]
    assert [cell.text for cell in row[:3]] == ["restored", "db", "wrong"] and row[2].kind == "bad"
    (row,) = tables.verified([dict(proof, stream=dict(stream, seed=3))], subjects)["body"]
    assert row[1].text == "-"


def test_open_claims_are_listed_with_their_hosts():
    claim = {"host": "a", "first": 5, "count": 2, "ts": 60, "lease": 160}
    claims = [claim, dict(claim, host="b", lease=0)]
    found = dict(info(ts=100), statistics={}, gaps={"latest": []}, runs=[])
    found["dyno_config"]["claims"] = claims
    found["hosts"] = []
    (table,) = tables.lists(found)
    assert [[cell.text for cell in row] for row in table["body"]] == [
        ["a", "5", "2", "1970-01-01T00:01:00", "1970-01-01T00:02:40"],
        ["b", "5", "2", "1970-01-01T00:01:00", "over"],
    ]
    assert table["body"][1][-1].kind == "bad"
