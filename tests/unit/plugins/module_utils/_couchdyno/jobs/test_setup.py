# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Setups that lose a race; single setups are tested on a server."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import DatabaseExists, LedgerDamaged
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, remove
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import setup as set_up
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.state_document import META_ID

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
    assert absent.documents[META_ID]["seed"] == report["dyno_config"]["seed"]


def test_another_was_faster(absent, client):
    absent.rivals = {META_ID: OTHERS}
    with pytest.raises(DatabaseExists, match="already exists: another setup has just created it; use --force"):
        set_up(client, Request(WANTED))
    assert absent.documents == {META_ID: OTHERS}


def test_another_was_faster_with_the_same(absent, client):
    absent.rivals = {META_ID: OTHERS}
    report = set_up(client, Request(WANTED, idempotent=True))
    assert not report["changed"]
    assert report["dyno_config"]["seed"] == 7


def test_another_was_faster_with_something_else(absent, client):
    absent.rivals = {"somebodys": {"_id": "somebodys", "_rev": "1-a"}}
    with pytest.raises(DatabaseExists):
        set_up(client, Request(WANTED))
    assert list(absent.documents) == ["somebodys"]


def test_only_force_removes_a_database_with_a_damaged_ledger(couch, client):
    couch.documents[META_ID] = dict(OTHERS, total="five")
    with pytest.raises(LedgerDamaged):
        remove(client)
    assert remove(client, force=True, dry_run=True) == {"changed": True, "before": None}
    assert remove(client, force=True)["changed"] and couch.requests[-1][0] == "DELETE"
