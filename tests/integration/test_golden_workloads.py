# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of each built-in workload, as the first version with workloads left it: later versions go on with it.

``golden_workloads/NAME.json`` is the body of a bulk write with all documents and tombstones, from CouchDB 3.5. They
must stay as they are. For a new workload, ``COUCHDYNO_GOLDEN=write`` writes the one that does not exist yet.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.built_in import BODIES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN

GOLDEN = Path(__file__).with_name("golden_workloads")
WRITE = os.environ.get("COUCHDYNO_GOLDEN") == "write"
TOTAL, SIZE, SEED = 24, 300, 4990448999442304
ODD = {"types": {name: {"body": name, "ids": "hashed"} for name in BODIES if name != "hostile"}}
NOT_IN_DOCUMENTS = ["security", "revs_limit", "partitioned"]  # what the documents of a database do not say
WORKLOADS = {**{name: each.written for name, each in BUILT_IN.items() if each.written}, "bodies": ODD}


def write(database, name):
    """Make a database with some cycles and keep it."""
    setup(database.client(), Request(Parameters(TOTAL, SIZE, 9, SEED), fill=True, workload=WORKLOADS[name]))
    for __ in range(12):
        assert execute(database.client())["after"]["errors"] == 0
    rows = database.request("GET", "/_changes").json()["results"]
    documents = [leaf for row in sorted(rows, key=lambda row: row["id"]) for leaf in leaves(database, row["id"])]
    lines = ",\n".join(json.dumps(document, ensure_ascii=False) for document in documents)
    (GOLDEN / f"{name}.json").write_text(f'{{"new_edits": false, "docs": [\n{lines}\n]}}\n', encoding="utf-8")


def leaves(database, document_id):
    """All leaves of a document, with attachments and the revisions before."""
    answer = database.request(
        "GET",
        "/" + quote(document_id, safe=""),
        params={"open_revs": "all", "revs": "true", "attachments": "true"},
        headers={"Accept": "application/json"},
    )
    return [each["ok"] for each in answer.json()]


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_database_of_the_first_version_with_workloads_goes_on(server, database, name):
    if WRITE and not (GOLDEN / f"{name}.json").exists():
        write(database, name)
        database = server.database()
    body = json.loads((GOLDEN / f"{name}.json").read_text(encoding="utf-8"))
    database.create()
    assert database.request("POST", "/_bulk_docs", json=body).json() == []
    try:
        position = database.book().position
        for __ in range(3):
            report = verify(database.client(), allowed=NOT_IN_DOCUMENTS)
            assert (report["verdict"], report["reasons"]) == ("right", []), report["samples"]
            assert execute(database.client())["after"]["errors"] == 0
        assert position > TOTAL + 60 and database.book().position > position
    finally:
        database.request("DELETE")
