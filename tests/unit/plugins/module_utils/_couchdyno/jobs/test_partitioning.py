# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Partitioned databases: setting them up where the server has them and where it does not, copies of them."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    DatabaseExists,
    NoLedger,
    TwoLedgers,
    UsageError,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import given_stream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import (
    Request,
    preview,
    remove,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import setup as set_up
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED, PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters

WANTED = Parameters(20, 200, 7, 7)
SHOP = {"types": {"order": {"create": 10, "delete": 10}, "counter": {"documents": 1, "hot": True}}}
PROPERTY = dict(SHOP, database={"partitioned": True})
UNFIT = {"types": {"order": {"prefix": "order-"}}}
UNKNOWN = r"^http://couch:5984 has no partitioned databases; use CouchDB 3 or later, or Cloudant"
SOMEBODYS = {"_id": "somebodys:1", "_rev": "1-a"}


@pytest.fixture
def absent(couch):
    couch.exists = False
    return couch


@pytest.fixture(params=[None, SHOP], ids=["classic", "shop"])
def copied(request, couch, client, another):
    """A partitioned database after many cycles, and a copy of it that is not partitioned."""
    couch.exists = False
    set_up(client, Request(WANTED, fill=True, workload=request.param, partitioned=True))
    for __ in range(12):
        execute(client)
    copy, of_copy = another
    copy.documents.update({name: dict(document) for name, document in couch.documents.items()})
    return client, copy, of_copy


def tampered(couch):
    return [request for request in couch.requests if request[0] in ("PUT", "DELETE")]


@pytest.mark.parametrize("idempotent", [False, True])
@pytest.mark.parametrize(
    "options",
    [{"partitioned": True}, {"workload": PROPERTY}, {"workload": SHOP, "partitioned": True}],
    ids=["classic", "property", "switch"],
)
def test_a_partitioned_database(absent, client, options, idempotent):
    request = Request(WANTED, fill=True, idempotent=idempotent, **options)
    would = preview(client, request)["dyno_config"]
    report = set_up(client, request)
    assert absent.partitioned and report["dyno_config"]["partitioned"] is would["partitioned"] is True
    assert would.get("workload") == report["dyno_config"].get("workload")
    if "workload" in options:
        assert report["dyno_config"]["workload"]["database"] == {"partitioned": True}
    assert verify(client)["verdict"] == "right" and info(client)["database"]["partitioned"] is True
    if idempotent:
        assert not set_up(client, request)["changed"]


def test_nothing_is_said_about_a_database_that_is_not_partitioned(absent, client):
    assert "partitioned" not in set_up(client, Request(WANTED))["dyno_config"]
    assert "partitioned" not in info(client)["database"]


@pytest.mark.parametrize("workload", [None, SHOP], ids=["classic", "shop"])
def test_an_empty_one_is_used_without_the_switch(couch, client, workload):
    couch.partitioned = True
    request = Request(WANTED, fill=True, idempotent=True, workload=workload)
    assert preview(client, request)["dyno_config"]["partitioned"]
    assert set_up(client, request)["dyno_config"]["partitioned"] and not tampered(couch)
    assert verify(client)["verdict"] == "right" and not set_up(client, request)["changed"]
    assert not set_up(client, request._replace(partitioned=True))["changed"]


def test_an_empty_one_that_ids_do_not_fit_is_left_alone(couch, client):
    couch.partitioned = True
    for job in (preview, set_up):
        with pytest.raises(UsageError, match=r"types\.order\.prefix"):
            job(client, Request(WANTED, workload=UNFIT))
    assert not tampered(couch) and not couch.bulk_writes


def test_ids_that_do_not_fit_are_refused_before_anything_is_touched(couch, client):
    for request in (Request(WANTED, workload=UNFIT, partitioned=True),
                    Request(WANTED, workload=dict(UNFIT, database={"partitioned": True}))):  # fmt: skip
        with pytest.raises(UsageError, match=r"types\.order\.prefix"):
            set_up(client, request._replace(force=True))
    assert couch.requests == []


@pytest.mark.parametrize("documents", [{}, {"somebodys:1": SOMEBODYS}], ids=["empty", "others"])
@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("after", [False, True])
def test_force_recreates_it_as_asked(couch, client, documents, before, after):
    couch.partitioned = before
    couch.documents.update(documents)
    set_up(client, Request(WANTED, fill=True, force=True, partitioned=after))
    is_kept = before and not documents  # an empty partitioned database is used as it is
    assert couch.partitioned == (after or is_kept) and verify(client)["verdict"] == "right"


def test_force_over_one_of_couchdyno(absent, client):
    set_up(client, Request(WANTED, fill=True, partitioned=True))
    execute(client)
    set_up(client, Request(WANTED, force=True, fill=True))
    assert not absent.partitioned and verify(client)["verdict"] == "right"
    assert remove(client)["changed"]


def test_an_empty_one_that_is_not_partitioned_is_not_what_was_asked_for(couch, client):
    with pytest.raises(DatabaseExists, match="already exists, but is not partitioned; use --force to delete"):
        set_up(client, Request(WANTED, partitioned=True))
    assert couch.documents == {} and not tampered(couch)


def test_one_that_was_set_up_is_not_what_was_asked_for_either(couch, client):
    set_up(client, Request(WANTED))
    with pytest.raises(DatabaseExists, match="already exists, but is not partitioned"):
        set_up(client, Request(WANTED, partitioned=True, idempotent=True))


@pytest.mark.parametrize("job", [preview, set_up])
@pytest.mark.parametrize("exists", [False, True])
def test_a_server_without_partitioned_databases(couch, client, job, exists):
    """It is asked before anything is lost."""
    couch.exists, couch.features, couch.partitions = exists, [], False
    couch.documents.update({"somebodys:1": SOMEBODYS} if exists else {})
    with pytest.raises(UsageError, match=UNKNOWN):
        job(client, Request(WANTED, partitioned=True, force=True))
    assert couch.exists == exists and bool(couch.documents) == exists and not tampered(couch)


def test_a_server_that_ignores_what_it_says_it_knows(absent, client):
    absent.partitions = False
    with pytest.raises(UsageError, match=UNKNOWN):
        set_up(client, Request(WANTED, partitioned=True))
    assert not absent.exists


def test_a_node_that_does_not_know_the_new_database_yet(absent, client):
    unknown = 404, {}, b'{"error": "not_found", "reason": "Database does not exist."}'
    absent.faults.extend([None, None, None, unknown])  # is there one, what can the server do, create it, is it right
    assert set_up(client, Request(WANTED, partitioned=True))["dyno_config"]["partitioned"]
    assert not absent.faults and tampered(absent) == [("PUT", "/db")] * 2


def test_another_has_just_created_an_empty_one(absent, client):
    absent.rivals = {}
    with pytest.raises(DatabaseExists, match="already exists, but is not partitioned"):
        set_up(client, Request(WANTED, partitioned=True))
    absent.exists, absent.partitioned = False, True
    assert set_up(client, Request(WANTED, partitioned=True))["dyno_config"]["partitioned"]


def judged(client, **options):
    """What verification says if it does not matter that a copy is not partitioned."""
    return verify(client, allowed=["partitioned"], **options)


def test_a_copy_that_is_not_partitioned(copied):
    source, copy, of_copy = copied
    is_asked_for = "counter:000000000000" in copy.documents  # of classic, there is no workload that asks for it
    assert verify(of_copy)["reasons"] == (["the database is not partitioned"] if is_asked_for else [])
    assert judged(of_copy)["verdict"] == judged(of_copy, original=source)["verdict"] == "right"
    found = info(of_copy)
    assert found["dyno_config"] == info(source)["dyno_config"] and found["database"]["partitioned"] is False
    assert found["ring"]["runs"] == 13
    for __ in range(12):
        execute(of_copy)
    assert not any(name.startswith(("couchdyno_", "cdyno_")) for name in copy.documents)
    assert judged(of_copy)["verdict"] == "right" and judged(of_copy, original=source)["verdict"] == "wrong"


def test_a_copy_without_its_ledger(copied):
    source, copy, of_copy = copied
    del copy.documents[PARTITIONED.meta]
    with pytest.raises(NoLedger):
        judged(of_copy)
    report = judged(of_copy, original=source)
    assert report["reasons"] == ["ledger missing"] and not report["counts"]["extra"]
    workload = SHOP if "counter:000000000000" in copy.documents else None
    given = judged(of_copy, given=given_stream(7, 20, 200, workload))
    assert given["counts"]["exact"] == report["counts"]["exact"] == given["checked"] and not given["counts"]["extra"]
    with_both = judged(of_copy, given=given_stream(7, 20, 200, workload), original=source)
    assert with_both["verdict"] == "right"


def test_a_copy_without_its_state_is_adopted(copied):
    source, copy, of_copy = copied
    position = info(source)["dyno_config"]["position"]
    for name in [name for name in copy.documents if name.startswith(PARTITIONED.state)]:
        del copy.documents[name]
    with pytest.raises(NoLedger, match=r"couchdyno:ledger_…"):
        execute(of_copy)
    with pytest.raises(NoLedger, match=r"couchdyno:ledger_…"):
        judged(of_copy)
    assert adopt(of_copy)["adopted"]["position"] == position
    execute(of_copy)
    assert judged(of_copy)["verdict"] == "right"


def test_what_is_not_couchdynos_is_extra(copied):
    __, copy, of_copy = copied
    for name in (PLAIN.run_id(0), PLAIN.state_id(0), PLAIN.history, "cdyno_000000000001"):
        copy.documents[name] = {"_id": name, "_rev": "1-a"}
    report = verify(of_copy)
    assert report["counts"]["extra"] == 4 and report["verdict"] == "wrong"


@pytest.mark.parametrize("job", [verify, info, execute, adopt])
def test_two_ledgers(copied, job):
    __, copy, of_copy = copied
    copy.documents[PLAIN.meta] = dict(copy.documents[PARTITIONED.meta], _id=PLAIN.meta)
    with pytest.raises(TwoLedgers, match="has two ledgers, couchdyno_meta and couchdyno:meta: it is a mixture"):
        job(of_copy)
    with pytest.raises(TwoLedgers):
        set_up(of_copy, Request(WANTED, idempotent=True))
    set_up(of_copy, Request(WANTED, force=True))
    assert info(of_copy)["dyno_config"]["position"] == 0
    copy.documents[PARTITIONED.meta] = dict(copy.documents[PLAIN.meta], _id=PARTITIONED.meta)
    with pytest.raises(TwoLedgers):
        remove(of_copy)
    assert remove(of_copy, force=True) == {"changed": True, "before": None}
