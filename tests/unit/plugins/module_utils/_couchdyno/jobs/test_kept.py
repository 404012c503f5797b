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
        ([order(3, "missing"), order(4, "exact")], "documents", ("changed", "1 missing")),
        ([order(3, "missing", 4)], "documents", ("lost", "4 missing")),
        ([order(3, "damaged"), order(4, "behind")], "documents", ("changed", "1 damaged, 1 behind")),
        ([order(10, "missing", 5)], "inserts", ("lost", "5 missing")),
        ([order(10, "missing", 5), order(15, "exact")], "inserts", ("changed", "5 missing")),
        ([order(8, "missing", 4)], "inserts", ("lost", "2 missing")),  # the others were created by the fill
        ([order(1, "revived")], "deletions", ("lost", "1 revived")),
        ([order(1, "revived"), order(2, "deleted")], "deletions", ("changed", "1 revived")),
        ([order(12, "unbranched", held=60)], "conflicts", ("lost", "1 missing")),
    ],
)
def test_what_is_not_kept(findings, name, expected):
    found = states(*findings)
    assert found[name] == expected
    assert {each for each in found if found[each][0] != "kept"} <= {name, *(["documents"] if name == "inserts" else [])}


def test_documents_that_are_damaged_by_their_attachments_alone_are_kept():
    assert states(order(3, "damaged", held=3))["documents"] == ("kept", "")


def test_what_a_workload_does_not_have_is_not_listed():
    stream = WorkloadStream(7, resolve({"types": {"note": {}}}, 20, 200))
    census = Census(stream)
    assert [each.name for each in states_of_documents(stream, census, census.inventory)] == ["documents"]
