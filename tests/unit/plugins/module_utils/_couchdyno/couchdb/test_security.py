# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Security objects, whatever is in them, and who may change them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import errors
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.security import (
    CLOSED,
    NO_ACCESS,
    Access,
)

DORA = Access(("dora",), ("r",), ("root",), ("boss",))


def test_access_is_added_and_nothing_is_removed():
    security = {"members": {"names": ["eva"], "more": 1}, "admins": {"roles": ["_admin"]}, "cloudant": {"x": ["r"]}}
    assert DORA.added_to(security) == {
        "members": {"names": ["eva", "dora"], "roles": ["r"], "more": 1},
        "admins": {"roles": ["_admin", "boss"], "names": ["root"]},
        "cloudant": {"x": ["r"]},
    }
    assert DORA.added_to(DORA.added_to(security)) == DORA.added_to(security)
    assert NO_ACCESS.added_to(security) == security


@pytest.mark.parametrize("security", [{}, {"members": {"names": [], "roles": []}}, {"members": {}}])
def test_a_database_that_is_open_to_everybody_stays_so(security):
    assert Access(("dora",)).added_to(security) == security
    assert Access.of(Access(admin_names=("root",)).added_to(security)) == Access(admin_names=("root",))


def test_a_grant_may_close_a_database():
    assert Access.of(DORA.added_to({}, may_close=True)) == DORA


def test_what_was_added_can_be_told_and_removed():
    security = {"members": {"names": ["eva"], "more": 1}, "cloudant": {"x": ["r"]}}
    assert DORA.lacking(security) == [
        *("the member name dora", "the member role r", "the admin name root", "the admin role boss")
    ]
    added = DORA.added_to(security)
    assert DORA.lacking(added) == []
    assert DORA.lacking(dict(added, admins={})) == ["the admin name root", "the admin role boss"]
    assert DORA.removed_from(added) == {
        "members": {"names": ["eva"], "roles": [], "more": 1},
        "admins": {"names": [], "roles": []},
        "cloudant": {"x": ["r"]},
    }
    assert DORA.removed_from(security) == security


@pytest.mark.parametrize("part", [None, 1, "x", [], {"names": "x"}, {"names": {"a": 1}}, {"names": [1, None, ["x"]]}])
def test_a_security_object_of_another_shape(part):
    assert Access.of({"members": part, "admins": part}) == NO_ACCESS


@pytest.mark.parametrize("name", Access._fields)
def test_empty_names_are_refused(name):
    with pytest.raises(errors.UsageError, match=f"--{name[:-1].replace('_', '-')} must not be empty") as raised:
        NO_ACCESS._replace(**{name: ("x", " ")}).check()
    assert raised.value.for_module() == f"{name} must not be empty"


@pytest.mark.parametrize("status, reason", [(500, "no_majority"), (401, "You are not an admin"), (403, "no")])
def test_only_an_admin_may_change_it(couch, client, status, reason):
    couch.faults.append((status, {}, json.dumps({"error": "error", "reason": reason}).encode()))
    with pytest.raises(errors.NotAllowed, match="only an admin may change the _security object of http://couch:5984/db"):
        client.set_security(CLOSED)
    assert len(couch.requests) == 1


def test_other_errors_are_retried(couch, client):
    couch.faults.extend([(500, {}, b"{}"), (503, {}, b"{}"), "lost after"])
    client.set_security({"members": {"names": ["x"]}})
    assert couch.security == client.security() == {"members": {"names": ["x"]}}
