# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents of the state: their ids, and how each begins."""

from __future__ import annotations

import json

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.state_document import (
    first_state,
    successor,
)

META = Ledger.new(Parameters(10, 100, 3, 7), 1000).dump_nested()
SEALED = dict(first_state(META), _rev="21-a", note="of a later version", sealed=True, generation=21)


def test_a_successor_has_everything_but_the_seal():
    document = successor(SEALED)
    assert document["_id"] == "couchdyno_ledger_00000001" and "sealed" not in document
    assert (document["note"], document["generation"]) == ("of a later version", 1)
    ours = {"_id", "_rev", "_revisions", "sealed", "generation"}
    assert {k: v for k, v in document.items() if k not in ours} == {k: v for k, v in SEALED.items() if k not in ours}


def test_in_a_partitioned_database_they_are_in_the_partition_of_the_ledger():
    first = first_state(Ledger.new(Parameters(10, 100, 3, 7), 1000, names=PARTITIONED).dump_nested())
    assert first["_id"] == "couchdyno:ledger_00000000"
    assert successor(dict(first, sealed=True))["_id"] == "couchdyno:ledger_00000001"


def test_whoever_creates_it_creates_the_same():
    again = json.loads(json.dumps(dict(reversed(list(SEALED.items())), _conflicts=["21-b"])))
    assert successor(again)["_rev"] == successor(SEALED)["_rev"]
    assert successor(dict(SEALED, position=1))["_rev"] != successor(SEALED)["_rev"]
    assert first_state(json.loads(json.dumps(META))) == first_state(META)


def test_the_revision_is_part_of_the_path():
    document = first_state(META)
    assert document["_rev"] == f"1-{document['_revisions']['ids'][0]}" and len(document["_rev"]) == 34
