# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A database of four types through many laps, and copies of it: right ones, and ones that have lost something."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from corrupter import FOUR_TYPES, Documents, assert_found, leave_out_a_type, lose_an_insert, resurrect_a_deletion
from support import run_until

LAPS = 10  # of the type order


class Store:
    """The documents of a database, for the corrupter."""

    def __init__(self, database):
        self._database = database

    def get(self, document_id):
        return self._database.get(document_id)

    def put(self, document):
        """Write a document over whatever there is, also over a tombstone."""
        held = self._database.get(document["_id"]).get("_rev")
        self._database.put({name: each for name, each in dict(document, _rev=held).items() if each is not None})

    def drop(self, document_id):
        """Delete a document with its tombstone, as if it had never arrived."""
        rev = self.get(document_id)["_rev"]
        answer = self._database.request("POST", "/_purge", json={document_id: [rev]})
        if not answer.ok:  # the embedded server cannot purge
            self._database.put({"_id": document_id, "_rev": rev, "_deleted": True})

    def fork(self, document):
        digest = "0" * 32
        body = {"new_edits": False, "docs": [dict(document, _rev=f"1-{digest}")]}
        assert self._database.request("POST", "/_bulk_docs", json=body).ok
        return f"1-{digest}"


@pytest.fixture
def shop(database):
    setup(database.client(), Request(Parameters(40, 250, 25, 7), workload={"types": FOUR_TYPES}))
    return database


def replicate(source, target, leave_out=lambda row: False, attachments=False):
    """Copy all documents with their revisions and tombstones, without some, as replication does."""
    target.request("PUT")
    rows = source.request("GET", "/_changes", params={"style": "all_docs"}).json()["results"]
    wanted = [{"id": row["id"], "rev": each["rev"]} for row in rows if not leave_out(row) for each in row["changes"]]
    params = {"revs": "true", **({"attachments": "true"} if attachments else {})}
    found = source.request("POST", "/_bulk_get", params=params, json={"docs": wanted}).json()["results"]
    documents = [each["ok"] for result in found for each in result["docs"]]
    body = {"new_edits": False, "docs": documents}
    assert target.request("POST", "/_bulk_docs", json=body).ok


def check(report, verdict="right"):
    assert (report["verdict"], report["reasons"] == []) == (verdict, verdict == "right"), report
    return report


def test_four_types_are_right_after_each_lap(shop):
    run_until(shop, 40)
    lap = 16 * 11 // 5  # updates of the stream, while the type order has 16
    for number in range(LAPS):
        run_until(shop, 40 + (number + 1) * lap)
        report = check(verify(shop.client()))
        position, stream = report["high"], shop.book().stream
        assert report["documents"]["expected"] == report["checked"] == stream.existing(position)
        assert report["counts"]["deleted"] == report["documents"]["deleted"] == sum(stream.deleted_of(position))
    assert report["documents"]["deleted"] >= 20
    assert all(document["_id"] in str(stream.document_id(document["update"])) for document in documents(shop).values())


def documents(database):
    return {name: each for name, each in database.documents("").items() if ":" in name}


def test_a_replica_is_right_and_what_it_loses_is_named(shop, replica):
    run_until(shop, 150)
    replicate(shop, replica)
    source = shop.client()
    assert check(verify(replica.client(), original=source))["lag"] == {"updates": 0, "seconds": 0}
    before = shop.book().position
    run_until(shop, 260)
    stream, after = shop.book().stream, shop.book().position
    assert check(verify(replica.client(), original=source))["lag"]["updates"] == after - before
    deleted = [name for name in documents(replica) if stream.state_at(stream.number_of(name), after).case == "deleted"]
    created = [name for name in documents(shop) if name not in documents(replica)]
    assert deleted and created
    lost_insert = sorted(created)[0]
    replicate(shop, replica, lambda row: row["id"] in (deleted[0], lost_insert))
    report = check(verify(replica.client()), "wrong")
    assert [each["id"] for each in report["samples"]["missing"]] == [lost_insert]
    assert [each["id"] for each in report["samples"]["revived"]] == [deleted[0]]
    assert "has deleted it" in report["samples"]["revived"][0]["reason"]
    types = {each["name"]: each for each in report["types"]}
    assert types["order"]["revived"] == 1 and types[lost_insert.split(":")[0]]["missing"] == 1
    replicate(shop, replica)
    check(verify(replica.client()))


def test_the_tombstones_of_a_replica_decide_what_was_deleted_while_it_was_made(shop, replica):
    run_until(shop, 150)
    since = shop.book().position
    run_until(shop, 230)
    replicate(shop, replica)
    span = Span(since, shop.book().position)
    report = check(verify(replica.client(), span))
    assert report["counts"]["absent"] == 0
    target = replica.client()
    target.delete_database()
    replicate(shop, replica, lambda row: row.get("deleted"))
    assert verify(replica.client(), span)["verdict"] in ("right", "undecided")


LOSSES = [lose_an_insert, resurrect_a_deletion, leave_out_a_type]


@pytest.mark.parametrize("corrupt", LOSSES, ids=lambda corrupt: corrupt.__name__)
def test_what_a_broken_backup_does_is_found_and_named(shop, corrupt):
    run_until(shop, 100)
    book = shop.book()
    assert Documents(book.stream, book.position, "order").gone
    expected = corrupt(Store(shop), book.stream, book.position)
    assert_found(json.loads(json.dumps(verify(shop.client()))), expected)
