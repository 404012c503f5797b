# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ledger that was edited by hand is accepted or refused; it never crashes the program."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import LedgerDamaged
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import execute as execute_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import info as info_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

CLAIM = Claim(((6, 9),), 1_700_000_000, 0, "h/1", "h", "space 1 2", 2).dump()
FIELDS = (
    *("version", "created", "total", "size", "updates", "seed", "start", "position", "runs", "claims", "origin"),
    *("last_ts", "last_dt", "last_updates", "last_errors"),
)
CONSTANTS = ("version", "created", "total", "size", "updates", "seed", "origin")
JUNK = (None, "many", -1, 1.5, True, [], {}, 10**30)
ABSENT = object()


@pytest.fixture
def edit(couch, client):
    """A function that edits the ledger of a database of ten documents, with one open window."""
    LedgerDocument(client).create(Parameters(total=10, size=150, updates=3, seed=7))
    execute(client)
    execute(client)

    def edit(**fields):
        ledger = dict(couch.ledger, position=9, start=9, runs=3, claims=[CLAIM])
        meta = couch.documents["couchdyno_meta"]
        for document in (meta, ledger):
            edited = {name: fields[name] for name in fields if (name in CONSTANTS) == (document is meta)}
            edited = dict(document, **edited)
            couch.documents[document["_id"]] = {name: edited[name] for name in edited if edited[name] is not ABSENT}

    return edit


def use(client):
    """Run everything that uses a ledger; returns whether it was refused."""
    try:
        info_text.render(info(client, Wanted(latest=5, census=True, series=True)))
        execute_text.render(execute(client))
    except LedgerDamaged:
        return True
    return False


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("junk", [*JUNK, ABSENT], ids=[*map(json.dumps, JUNK), "absent"])
def test_an_edited_field(edit, client, field, junk):
    edit(**{field: junk})
    refused = use(client)
    assert refused or junk in (ABSENT, True, 1.5, []) or field == "version"


@pytest.mark.parametrize("field", Claim._fields)
@pytest.mark.parametrize("junk", [*JUNK, ABSENT], ids=[*map(json.dumps, JUNK), "absent"])
def test_an_edited_claim(edit, client, field, junk):
    claim = dict(CLAIM, **{field: junk})
    edit(claims=[{name: claim[name] for name in claim if claim[name] is not ABSENT}])
    assert use(client) or (field, junk) == ("redo", True) or (field in ("driver", "host", "process") and junk == "many")


def test_the_ledger_before_the_edits_is_sound(edit, client):
    edit()
    assert use(client) is False
