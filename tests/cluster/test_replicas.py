# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Verification on a cluster whose replicas are not the same: a node that catches up, and rot on one node."""

from __future__ import annotations

import secrets

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import parse
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Unreachable, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.reader import Reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.tally import Tally
from drivers import Ended, launch, make, wait_until

NAME = "cdyno_000000000003"
DIGEST = "a" * 32


def read(view, **options):
    book = view.book()
    return Reader(view.client(), book.stream, Expectation.of(book), lambda: Tally(book.stream), **options).read()


def found(tally):
    return {kind: count for kind, count in tally.counts.items() if count}


def replicas(view):
    """The replicas of the document NAME: by node, the URL of the file that holds it, and the document."""
    auth = (view.server.username, view.server.password)
    files = {}
    for shard in view.client().shards():
        for node, replica in shard.items():
            answer = requests.get(f"{replica.address.url}/{NAME}", params={"revs": "true"}, auth=auth, timeout=30)
            if answer.ok:
                files[node] = replica.address.url, answer.json()
    return files


def write_to(view, url, document, digest):
    """Give one replica of a document its next revision, as replication does."""
    start, digests = document["_revisions"]["start"] + 1, document["_revisions"]["ids"]
    after = dict(document, _rev=f"{start}-{digest}", _revisions={"start": start, "ids": [digest, *digests]})
    auth = (view.server.username, view.server.password)
    answer = requests.post(f"{url}/_bulk_docs", json={"new_edits": False, "docs": [after]}, auth=auth, timeout=30)
    assert answer.json() == []


def test_a_node_that_catches_up_does_not_make_a_database_wrong(views, last_node, figures):
    make(views[0], 10_000, 2500, fill=True)
    last_node("down")
    for __ in range(4):
        assert Ended(launch(views[0].url)).code == 0
    last_node("up")
    behind = []
    while not behind or behind[-1]:
        tally = read(views[-1])
        assert (found(tally), tally.differing) == ({"exact": 10_000}, 0)
        behind.append(tally.catching_up)
    figures(f"a node that was away for a lap; behind in one verification after the other: {behind}")
    wait_until(lambda: read(views[0], every_replica=True).differing == 0)


def test_a_database_without_faults_has_equal_replicas(views):
    make(views[0], 2000, 500, fill=True)
    assert Ended(launch(views[1].url)).code == 0
    for view in views:
        tally = read(view, every_replica=True)
        assert (found(tally), tally.differing, tally.low) == ({"exact": 2000}, 0, 2500)


def test_replicas_do_not_differ_because_cycles_run(views):
    make(views[0], 400, 50, fill=True)
    driver = launch(views[0].url, "-c", 0, "--cycles", 60)
    while driver.poll() is None:
        tally = read(views[1], every_replica=True)
        assert tally.differing == 0, tally.samples
    assert Ended(driver).code == 0


def test_other_bytes_under_one_revision_are_found_and_their_node_is_named(views):
    """Such rot never heals: replication only compares revisions."""
    make(views[0], 50, 10, fill=True)
    files = replicas(views[0])
    rotten = sorted(files)[1]
    for node, (url, document) in files.items():
        data = "x" + document["data"][1:] if node == rotten else document["data"]
        write_to(views[0], url, dict(document, data=data), DIGEST)
    for view in views:
        tally = read(view, every_replica=True)
        assert (found(tally), tally.differing) == ({"exact": 50}, 1)
        assert tally.samples["differing"] == [
            {"id": NAME, "reason": f"is damaged on {rotten}, holds update 3 on the others"}
        ]
    assert Ended(launch(views[0].url)).code == 0
    wait_until(lambda: read(views[0], every_replica=True).differing == 0)


def test_a_node_that_is_down_is_an_error_if_every_replica_is_to_be_read(views, last_node):
    make(views[0], 50, 10, fill=True)
    last_node("down")
    with pytest.raises(Unreachable, match="is down, so its replicas cannot be read"):
        read(views[0], every_replica=True)
    assert found(read(views[0])) == {"exact": 50}


def test_replicas_requires_an_admin(views):
    make(views[0], 50, 10, fill=True)
    name, password = "reader_" + secrets.token_hex(4), secrets.token_hex(8)
    views[0].server.add_user(name, password)
    views[0].open_to(name)
    client = Client(parse(views[0].as_user(name, password)))
    wait_until(lambda: client.document_count() is not None)
    stream = views[0].book().stream
    with pytest.raises(UsageError, match="--replicas requires a user who is a server admin"):
        Reader(client, stream, Expectation(), lambda: Tally(stream), every_replica=True)
