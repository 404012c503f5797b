# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its document: what is accepted, refused and kept."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import LedgerDamaged
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters

NEW = Ledger.new(Parameters(10, 100, 3, 7), 1000)


@pytest.mark.parametrize(
    "field, value",
    [
        ("total", "ten"),
        ("total", 0),
        ("total", True),
        ("size", None),
        ("updates", -1),
        ("start", 1.5),
        ("position", -1),
        ("seed", "x"),
        ("claims", None),
        ("claims", [{"first": 0}]),
        ("claims", [5]),
        ("runs", "many"),
    ],
)
def test_a_ledger_that_makes_no_sense_is_refused(field, value):
    with pytest.raises(LedgerDamaged, match=r"claims|" + field):
        Ledger.load(dict(NEW.dump(), **{field: value}))


def test_the_ledger_of_the_original_tool_is_accepted(original_ledger):
    loaded = Ledger.load(original_ledger)
    assert (loaded.position, loaded.origin, loaded.claims) == (4, 4, ())


def test_a_small_ledger_stays_small():
    biggest = Parameters(10**12, 10**8, 10**12, 2**53 - 1)
    assert len(str(Ledger.new(biggest, 1795461866)._replace(position=10**15).dump())) < 1000


def test_the_order_of_fields_and_those_of_somebody_else_are_kept():
    document = {"_id": "couchdyno_meta", "note": 1, **NEW.dump(), "version": None, "_rev": "1-a"}
    written = Ledger.load(document)._replace(position=3, start=3).dump()
    assert list(written) == list(document) and written == dict(document, position=3, start=3)
    assert Ledger.load(document).shown()["version"] is None
    del document["version"]
    assert "version" not in Ledger.load(document).shown() and "version" not in Ledger.load(document).dump()


def test_a_new_ledger_has_its_fields_in_the_order_of_version_0_1_0():
    assert list(NEW._replace(seed=1).dump()) == [
        *("_id", "version", "created", "total", "size", "updates", "seed", "start", "position", "runs", "claims"),
        *("last_ts", "last_dt", "last_updates", "last_errors"),
    ]
