# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its document: what is accepted, refused and kept."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import LedgerDamaged, ServerError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import LATEST
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters

NEW = Ledger.new(Parameters(10, 100, 3, 7), 1000)
STATE = dict(NEW.dump_nested()["state"], _id="couchdyno_ledger_00000003")


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
        document = NEW.dump_meta() if field in NEW.dump_meta() else dict(STATE)
        document[field] = value
        Ledger.load(*((document, STATE) if field in NEW.dump_meta() else (NEW.dump_meta(), document)))


def test_the_ledger_of_the_original_tool_is_accepted(original_ledger):
    loaded = Ledger.load(original_ledger)
    assert (loaded.position, loaded.origin, loaded.claims) == (4, 4, ())


@pytest.mark.parametrize("ts", [-2208988800, LATEST + 1])
def test_what_could_not_be_read_is_not_written(ts):
    """The clock of the server is wrong by a century or more."""
    with pytest.raises(ServerError, match="because no script could read it afterwards: field 'last_ts' is"):
        Ledger.load(NEW.dump_meta(), STATE)._replace(last_ts=ts).dump()
    with pytest.raises(ServerError, match=r"field 'created' is .*; check the clock of the server"):
        NEW._replace(created=ts).dump_nested()


def test_a_small_ledger_stays_small():
    biggest = Parameters(10**12, 10**8, 10**12, 2**53 - 1)
    assert len(str(Ledger.new(biggest, 1795461866)._replace(position=10**15).dump_nested())) < 1000


def test_the_order_of_fields_and_those_of_somebody_else_are_kept():
    meta = {"note": 1, **NEW.dump_meta(), "version": None, "_rev": "2-a"}
    state = {"note": 2, **STATE, "_rev": "5-b"}
    ledger = Ledger.load(meta, dict(state, _conflicts=["5-a"]))
    written = ledger._replace(position=3, start=3).dump()
    assert written == dict(state, position=3, start=3) and ledger.dump_meta() == meta
    assert ledger.shown()["version"] is None
    del meta["version"]
    ledger = Ledger.load(meta, state)
    assert "version" not in ledger.shown() and "version" not in ledger.dump_meta()


def test_a_new_ledger_has_its_fields_in_the_order_of_version_0_1_0():
    document = NEW.dump_nested()
    assert list(document) == ["_id", "version", "created", "total", "size", "updates", "seed", "state"]
    assert list(document["state"])[:3] == ["start", "position", "runs"]


def test_version_0_1_0_is_told_that_the_ledger_is_damaged():
    """It has all constants, and none of these two."""
    for document in (NEW.dump_meta(), NEW.dump_nested()):
        assert not {"start", "position"} & set(document)


def test_a_ledger_of_version_0_1_0_is_taken_over_with_all_that_it_knows():
    old = {**NEW.dump_meta(), **NEW.dump_nested()["state"], "position": 4, "start": 4, "note": 1}
    old.update(torn_from=0, torn_until=4)
    claim = {"first": 2, "count": 2, "ts": 5, "lease": 9, "driver": "d", "host": "h", "process": "p", "run": 0}
    ledger = Ledger.load(dict(old, claims=[dict(claim, redo=False)], last_dt=0.5))
    again = Ledger.load(ledger.dump_nested())
    assert again._replace(meta={}) == ledger._replace(meta={})
    assert not {"torn_from", "torn_until", "position"} & set(ledger.dump_nested()) and again.meta["note"] == 1
    assert (again.claims[0].lease, again.claims[0].updates, again.last_dt) == (9, ((2, 4),), 0.5)


def test_constants_are_taken_from_couchdyno_meta_alone_and_the_seal_from_the_state():
    ledger = Ledger.load(dict(NEW.dump_meta(), sealed=True), dict(STATE, total=5, seed=1))
    assert (ledger.total, ledger.seed, ledger.sealed) == (10, 7, False)
    assert "sealed" not in ledger.dump_meta()


def test_a_bare_ledger_knows_the_constants_alone():
    bare = Ledger.bare(NEW.dump_meta())
    assert bare.stream.is_same(NEW.stream) and (bare.position, bare.claims) == (0, ())


@pytest.mark.parametrize("junk", [None, 5, [], "x", {}, {"position": 1}])
def test_a_nested_state_that_makes_no_sense_is_refused(junk):
    with pytest.raises(LedgerDamaged, match="couchdyno_meta"):
        Ledger.load(dict(NEW.dump_meta(), state=junk))
