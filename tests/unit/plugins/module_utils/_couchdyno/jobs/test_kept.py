# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a database has kept of the documents of a workload, in a few words."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.census import Census
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.kept import states_of_documents
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import Finding
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import (
    NUMBERS,
    WorkloadStream,
)

TYPES = {"note": {}, "order": {"create": 50, "delete": 50, "conflicts": 2, "attachments": {}}}
STREAM = WorkloadStream(7, resolve({"types": TYPES}, 20, 200))  # ten documents of each type at the start
DOCUMENT = {"_id": "x", "_rev": "1-a"}
RIGHT = {"documents": "kept", "inserts": "kept", "deletions": "kept", "attachments": "kept", "conflicts": "kept"}


def order(index, kind, count=1, **fields):
    document = None if kind in ("missing", "deleted", "absent") else DOCUMENT
    return Finding(NUMBERS + index, kind, document=document, count=count, **fields)


def note(index, kind, count=1):
    return Finding(index, kind, document=None if kind == "missing" else DOCUMENT, count=count)


def states(*findings):
    census = Census(STREAM)
    for finding in findings:
        other = Census(STREAM)  # as if other threads had read it
        other.add(finding)
        census.merge(other)
    return {each.name: (each.state, each.details) for each in states_of_documents(STREAM, census, census.inventory)}


def test_all_is_kept():
    found = states(Finding(0, "exact", document=DOCUMENT, held=0), order(12, "exact", held=60), order(0, "deleted"))
    assert found == {name: (state, "") for name, state in RIGHT.items()}


@pytest.mark.parametrize(
    "findings, name, expected",
    [
        ([note(3, "missing"), order(4, "exact")], "documents", ("changed", "1 missing")),
        ([note(3, "missing", 4)], "documents", ("lost", "no document is there")),
        ([order(3, "damaged"), order(4, "behind")], "documents", ("changed", "1 damaged, 1 behind")),
        ([order(10, "missing", 5), order(15, "exact")], "inserts", ("changed", "5 missing")),
        ([order(8, "missing", 4), note(1, "exact")], "inserts", ("lost", "2 missing")),  # the others are of the fill
        ([order(8, "missing", 4), note(1, "exact")], "attachments", ("lost", "4 missing")),
        ([order(8, "missing", 4), note(1, "exact")], "conflicts", ("lost", "2 missing")),
        ([order(1, "revived")], "deletions", ("lost", "1 revived")),
        ([order(1, "revived"), order(2, "deleted")], "deletions", ("changed", "1 revived")),
        ([order(12, "unbranched", held=60)], "conflicts", ("lost", "1 missing")),
    ],
)
def test_what_is_not_kept(findings, name, expected):
    assert states(*findings)[name] == expected


def test_of_an_empty_database_nothing_is_kept():
    assert set(states(note(0, "missing", 10)).values()) == {("lost", "no document is there")}
    assert {state for state, __ in states(note(0, "absent", 10)).values()} == {"kept"}  # nothing was handed out yet


def test_documents_that_are_damaged_by_their_attachments_alone_are_kept():
    assert states(order(3, "damaged", held=3))["documents"] == ("kept", "")


def test_what_a_workload_does_not_have_is_not_listed():
    stream = WorkloadStream(7, resolve({"types": {"note": {}}}, 20, 200))
    census = Census(stream)
    assert [each.name for each in states_of_documents(stream, census, census.inventory)] == ["documents"]
