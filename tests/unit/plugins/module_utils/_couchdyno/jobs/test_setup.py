# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setups that lose a race or an answer, and the security object; other setups are tested on a server."""

from __future__ import annotations

from itertools import count

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.security import CLOSED, Access
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    DatabaseExists,
    LedgerDamaged,
    UsageError,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import (
    Request,
    Sharding,
    preview,
    remove,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import setup as set_up
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN

WANTED = Parameters(50, 200, 10)
OTHERS = dict(Ledger.new(WANTED._replace(seed=7), 1).dump_nested(), _rev="1-a")


@pytest.fixture
def absent(couch):
    couch.exists = False
    return couch


@pytest.mark.parametrize("replicas", [1, 3])
@pytest.mark.parametrize("idempotent", [False, True])
def test_each_gets_the_answer_that_another_was_faster_and_none_was(absent, client, idempotent, replicas):
    absent.rivals, absent.replicas = {}, replicas
    report = set_up(client, Request(WANTED, idempotent=idempotent))
    assert report["changed"] and report["before"] is None
    assert absent.documents[PLAIN.meta]["seed"] == report["dyno_config"]["seed"]


def test_another_was_faster(absent, client):
    absent.rivals = {PLAIN.meta: OTHERS}
    with pytest.raises(DatabaseExists, match="already exists: another setup has just created it; use --force"):
        set_up(client, Request(WANTED))
    assert absent.documents == {PLAIN.meta: OTHERS}


def test_another_was_faster_with_the_same(absent, client):
    absent.rivals = {PLAIN.meta: OTHERS}
    report = set_up(client, Request(WANTED, idempotent=True))
    assert not report["changed"]
    assert report["dyno_config"]["seed"] == 7


def test_another_was_faster_with_something_else(absent, client):
    absent.rivals = {"somebodys": {"_id": "somebodys", "_rev": "1-a"}}
    with pytest.raises(DatabaseExists):
        set_up(client, Request(WANTED))
    assert list(absent.documents) == ["somebodys"]


def test_only_force_removes_a_database_with_a_damaged_ledger(couch, client):
    couch.documents[PLAIN.meta] = dict(OTHERS, total="five")
    with pytest.raises(LedgerDamaged):
        remove(client)
    assert remove(client, force=True, dry_run=True) == {"changed": True, "before": None}
    assert remove(client, force=True)["changed"] and couch.requests[-1][0] == "DELETE"


OPEN = {"members": {"names": [], "roles": []}, "admins": {"names": ["root"]}}
OWN = {"members": {"names": ["dora"], "roles": ["backup"]}, "admins": {"names": [], "roles": ["_admin"]}, "more": 1}
DORA = Access(member_names=("dora",))


@pytest.mark.parametrize("force, exists", [(False, False), (False, True), (True, True)])
def test_a_lost_answer_changes_nothing(couch, client, force, exists):
    """Each answer in turn; the request is repeated, and finds what it has done before."""
    for number in count():
        couch.__init__()
        couch.exists, couch.security = exists, dict(OWN if force else CLOSED)
        if force:
            couch.documents[PLAIN.meta] = OTHERS
        couch.faults.extend([None] * number + ["lost after"])
        found = set_up(client, Request(WANTED, force=force, access=DORA))
        assert found["changed"]
        assert couch.documents[PLAIN.meta]["seed"] == found["dyno_config"]["seed"] != 7
        assert "dora" in couch.security["members"]["names"]
        if couch.faults:
            break
    assert number > 5


class Recreating:
    """Another forced setup: just before this request, it deletes the database, and may create it again."""

    def __init__(self, couch, number, documents, recreates=True):
        self._couch, self._number, self._documents, self._recreates = couch, number, documents, recreates
        self._answer = couch._answer
        couch._answer = self

    def __call__(self, request, path):
        self._number -= 1
        if self._number < 0:
            self._couch._answer = self._answer
            self._couch._delete()
            self._couch.exists = self._recreates
            self._couch.documents.update(self._documents)
        return self._answer(request, path)


@pytest.mark.parametrize("documents", [None, {}, {PLAIN.meta: dict(OTHERS, seed=8, identity="other")}])
def test_two_with_force_at_the_same_time_leave_a_ledger(couch, client, documents):
    """Whenever the other one deletes the database, whether or not it gets further, what is reported is true."""
    for number in count(1):
        couch.__init__()
        couch.documents[PLAIN.meta] = OTHERS
        other = Recreating(couch, number, documents or {}, documents is not None)
        report = set_up(client, Request(WANTED, force=True, idempotent=True))
        if couch._answer is other:
            break
        assert report["changed"]
        assert couch.documents[PLAIN.meta]["seed"] == report["dyno_config"]["seed"] != 7, number
    assert number > 5


def test_a_deleted_database_that_is_still_shown_is_waited_for(couch, client, monkeypatch):
    """A cluster needs a while to forget it."""
    couch.documents[PLAIN.meta] = OTHERS
    delete, shown = couch._delete, iter(range(10))

    def lazy_wait(_stop, seconds):
        if next(shown) == 3:
            delete()

    couch._delete = lambda: (200, {"ok": True})
    monkeypatch.setattr(Stop, "wait", lazy_wait)
    report = set_up(client, Request(WANTED, force=True, idempotent=True))
    assert couch.documents[PLAIN.meta]["seed"] == report["dyno_config"]["seed"] != 7


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("idempotent", [False, True])
def test_a_database_without_documents_is_used_as_it_is(couch, client, force, idempotent):
    couch.security = dict(OWN)
    report = set_up(client, Request(WANTED, force=force, idempotent=idempotent))
    assert report["changed"] and "security" not in report
    assert couch.security == OWN and not [each for each in couch.requests if each[0] in ("PUT", "DELETE")]


def test_a_database_without_documents_is_recreated_for_other_shards(couch, client):
    couch.security = dict(OWN)
    set_up(client, Request(WANTED, Sharding(q=2), force=True))
    assert [each[0] for each in couch.requests if each[0] in ("PUT", "DELETE")] == ["DELETE", "PUT", "PUT"]
    assert couch.security == OWN


@pytest.mark.parametrize("security, is_kept", [(OWN, True), (OPEN, True), (CLOSED, False)])
def test_force_keeps_the_security_object_and_says_so(couch, client, security, is_kept):
    couch.documents[PLAIN.meta] = OTHERS
    couch.security = dict(security)
    planned = preview(client, Request(WANTED, force=True)).get("security")
    report = set_up(client, Request(WANTED, force=True))
    assert couch.security == security and planned == report.get("security")
    assert ("security" in report) == is_kept
    if is_kept:
        lists = {name: list(texts) for name, texts in Access.of(security)._asdict().items()}
        assert report["security"] == dict(lists, kept=True)


def test_the_security_object_is_back_before_the_ledger_is(couch, client):
    """So that a second setup finds it there, and cycles of members do not fail."""
    couch.documents[PLAIN.meta] = OTHERS
    couch.security = dict(OWN)
    set_up(client, Request(WANTED, force=True))
    assert couch.requests.index(("PUT", "/db/_security")) < couch.requests.index(("POST", "/db/_bulk_docs"))


def test_access_is_granted_once(couch, client):
    request = Request(WANTED, idempotent=True, access=DORA)
    assert preview(client, request)["security"]["member_names"] == ["dora"]
    first, second = set_up(client, request), set_up(client, request)
    assert (first["changed"], second["changed"], preview(client, request)["changed"]) == (True, False, False)
    assert first["security"] == second["security"] == {
        "kept": False,
        "member_names": ["dora"],
        "member_roles": ["_admin"],
        "admin_names": [],
        "admin_roles": ["_admin"],
    }
    other = request._replace(access=Access(member_names=("eva", "dora"), admin_roles=("boss",)))
    assert preview(client, other)["changed"] and set_up(client, other)["changed"]
    assert couch.security == {
        "members": {"roles": ["_admin"], "names": ["dora", "eva"]},
        "admins": {"roles": ["_admin", "boss"]},
    }


TYPES = {
    "types": {
        "order": {"documents": 60, "updates": 7, "create": 10, "delete": 5},
        "counter": {"total": 2, "updates": 3, "size": 90},
    }
}
SHOP = Request(WANTED, idempotent=True, workload=TYPES)
KEPT = [
    {"name": "order", "total": 48, "updates": 7, "create": 5, "delete": 3, "prefix": "order:", "size": 200,
     "body": "hex", "tombstone": "bare", "ids": "ordered", "hot": False},
    {"name": "counter", "total": 2, "updates": 3, "create": 0, "delete": 0, "prefix": "counter:", "size": 90,
     "body": "hex", "tombstone": "bare", "ids": "ordered", "hot": False},
]  # fmt: skip


def test_a_workload(absent, client):
    planned = preview(client, SHOP)["dyno_config"]
    assert not absent.exists and (planned["workload"], planned["version"]) == ({"types": KEPT}, 2)
    first, second = set_up(client, SHOP), set_up(client, SHOP)
    assert (first["changed"], second["changed"], preview(client, SHOP)["changed"]) == (True, False, False)
    assert first["dyno_config"]["workload"] == second["dyno_config"]["workload"] == {"types": KEPT}
    assert absent.documents[PLAIN.meta]["workload"] == {"types": KEPT} and absent.documents[PLAIN.meta]["version"] == 2


def test_classic_has_no_workload_in_its_ledger(absent, client):
    report = set_up(client, Request(WANTED))
    assert report["dyno_config"]["version"] == 1 and "workload" not in report["dyno_config"]
    assert "workload" not in absent.documents[PLAIN.meta]


def test_a_fill_writes_all_documents_of_a_workload(absent, client):
    assert preview(client, SHOP._replace(fill=True))["fill"] == {"updates": 50}
    assert set_up(client, SHOP._replace(fill=True))["fill"]["updates"] == 50
    ids = [name for name in absent.documents if not name.startswith("couchdyno")]
    assert sorted(ids, reverse=True)[:48] == [f"order:{n:012d}" for n in range(47, -1, -1)]
    assert sorted(ids)[:2] == [f"counter:{n:012d}" for n in range(2)] and len(ids) == 50


def test_another_workload_is_another_database(absent, client):
    set_up(client, SHOP)
    before = dict(absent.documents)
    for other in (None, {"types": {**TYPES["types"], "order": {"documents": 60, "updates": 7}}}):
        with pytest.raises(DatabaseExists, match=r"was set up with total 50, .*, and another workload; use --force to"):
            set_up(client, SHOP._replace(workload=other))
    assert absent.documents == before
    forced = set_up(client, Request(WANTED, force=True))
    assert forced["before"]["workload"] == {"types": KEPT} and "workload" not in forced["dyno_config"]


def test_cycles_may_have_more_updates_than_there_are_documents_if_some_are_hot(absent, client):
    for hot, updates in ((True, 500), (False, 50)):
        types = {"types": {"a": {"hot": hot}, "b": {}}}
        request = Request(WANTED._replace(updates=500), workload=types, force=True)
        assert set_up(client, request)["dyno_config"]["updates"] == updates


def test_a_workload_that_makes_no_sense_is_refused_before_any_request(couch, client):
    for job in (set_up, preview):
        with pytest.raises(UsageError, match=r"^types\.order.create: must be"):
            job(client, SHOP._replace(workload={"types": {"order": {"create": 101}}}, force=True))
    assert couch.requests == []


def cautions(updates, workload):
    return Request(Parameters(50, 200, updates), workload=workload).cautions()


def test_types_that_make_cycles_smaller_are_named():
    """The two counters are created by updates 48 and 49, and first rewritten by update 51."""
    assert cautions(3, TYPES) == []
    assert cautions(4, TYPES) == [
        "cycles update at most 3 documents, not 4: with more, a document of type counter would be updated twice"
    ]
    both = {"types": {name: {"total": total} for name, total in (("a", 2), ("b", 3), ("c", 45))}}
    assert cautions(100, both) == [
        "cycles update at most 6 documents, not 50: with more, a document of type a would be updated twice"
    ]
    assert cautions(100, None) == []


def test_sizes_that_are_too_small_for_the_body_are_named():
    for size in (2000, [300, 2000]):
        assert cautions(1, {"types": {"a": {"body": "report", "size": size}}}) == []
    (caution,) = cautions(1, {"types": {"a": {"body": "report", "size": [300, 400]}}})
    assert caution.startswith("documents of type a cannot be as small as their size says: with this body, some have")
    for each in BUILT_IN.values():
        assert Request(Parameters(1000, 1000, 10), workload=each.written).cautions() == []


def test_a_database_with_another_number_of_documents_has_no_other_workload(client):
    set_up(client, Request(Parameters(50, 200, 3), workload=TYPES))
    for wanted, types, is_other in ((60, TYPES, False), (50, {"types": {"a": {}}}, True)):
        with pytest.raises(DatabaseExists) as raised:
            set_up(client, Request(Parameters(wanted, 200, 3), workload=types))
        assert ("and another workload" in str(raised.value)) == is_other


def test_a_preview_grants_nothing(absent, client):
    assert preview(client, Request(WANTED, access=DORA))["security"]["member_names"] == ["dora"]
    assert absent.security == CLOSED and not absent.exists
