# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared documents: the program's own code in a model of a cluster."""

from __future__ import annotations

import json
import os
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.shared_document import SharedDocument
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Conflict, Unreachable

from .cluster import Cluster, Coordinator

SCHEDULES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300"))  # test.sh lets the first Python run more


class Careless(SharedDocument):
    """What does not suffice on a cluster: a read, and a write under its revision."""

    def write(self, document, companions=()):
        answer = self._client.bulk_write(iter([json.dumps(document)]))[0]
        if "error" in answer:
            raise Conflict("conflict")
        return answer["rev"]

    def confirm(self, rev):
        pass


def write(cluster, register, token, done):
    """Add a token to the document, as the ledger is changed."""
    for __ in range(60):
        document = register.read() or {"_id": "x", "tokens": []}
        try:
            if token in document["tokens"]:
                register.confirm(document["_rev"])
            else:
                document["tokens"].append(token)
                register.write(document)
        except Conflict:
            continue
        except Unreachable:
            return
        done.append(token)
        return
    raise AssertionError("the writers make no progress")


def drive(cluster, make, name, changes, done, careless=0.0):
    register = make(Coordinator(cluster, careless), "x")
    for number in range(changes):
        write(cluster, register, f"{name}{number}", done)


def play(seed, make=SharedDocument, writers=2, changes=2, careless=0.0, **events):
    """Let writers change the document; returns (what they believe to be in it, what is in it, its live leaves)."""
    cluster, done = Cluster(random.Random(seed), **events), []
    for name in "abcdef"[:writers]:
        cluster.start(drive, cluster, make, name, changes, done, careless)
    cluster.run()
    cluster.settle()
    cluster.calm()
    cluster.start(drive, cluster, SharedDocument, "z", 1, done)  # a last one, when all is quiet
    cluster.run()
    cluster.settle()
    replica = cluster.nodes[0]["x"]
    tokens = replica.tree[replica.winner()][2]["tokens"]
    return done, tokens, [leaf for leaf in replica.leaves() if replica.is_live(leaf)]


@pytest.mark.parametrize("writers, changes, careless", [(2, 2, 0.0), (3, 2, 0.0), (2, 3, 0.3), (4, 1, 0.3)])
def test_every_change_is_kept_once_whatever_the_order_of_messages(writers, changes, careless):
    for seed in range(SCHEDULES):
        done, tokens, leaves = play(seed, SharedDocument, writers, changes, careless)
        assert sorted(done) == sorted(tokens), f"schedule {seed}"
        assert len(done) == writers * changes + 1 and len(leaves) == 1, f"schedule {seed}"


def test_what_a_writer_had_done_is_kept_when_writers_die():
    for seed in range(SCHEDULES):
        done, tokens, leaves = play(seed, SharedDocument, 3, 2, 0.1, mortality=0.03)
        assert set(done) <= set(tokens) and len(set(tokens)) == len(tokens) and len(leaves) == 1, f"schedule {seed}"


def test_a_replica_that_is_away_for_a_while_stops_nothing():
    kept = 0
    for seed in range(SCHEDULES):
        done, tokens, leaves = play(seed, SharedDocument, 3, 2, 0.1, outage=True)
        assert len(set(tokens)) == len(tokens) and len(leaves) == 1, f"schedule {seed}"
        kept += set(done) <= set(tokens)
    assert kept >= 0.99 * SCHEDULES  # a replica that comes back with an old state can undo the latest changes


def test_a_minority_writes_nothing_that_undoes_what_the_majority_has_written():
    kept = 0
    for seed in range(SCHEDULES):
        done, tokens, leaves = play(seed, SharedDocument, 4, 2, split=True)
        assert len(set(tokens)) == len(tokens) and len(leaves) == 1, f"schedule {seed}"
        kept += set(done) <= set(tokens)
    assert kept >= 0.98 * SCHEDULES  # a write that was on its way when the cluster split


def late_write(seed):
    """What a writer is told that still knows the first revision of a document that has ended."""
    cluster, told = Cluster(random.Random(seed)), []
    for node in cluster.nodes:
        revs = [node.edit({"_id": "x", "tokens": []})]
    for node in cluster.nodes[:2]:
        revs.append(node.edit({"_id": "x", "_rev": revs[0], "tokens": [], "sealed": True}))
        node.edit({"_id": "x", "_rev": revs[-1], "_deleted": True, "sealed": True})

    def write():
        try:
            SharedDocument(Coordinator(cluster), "x").write({"_id": "x", "_rev": revs[0], "tokens": ["late"]})
        except Conflict as error:
            told.append(str(error))

    cluster.start(write)
    cluster.run()
    return told


def test_what_has_ended_stays_so_whatever_a_replica_that_missed_it_accepts():
    """CouchDB itself prefers a live leaf to any deletion."""
    told = [late_write(seed) for seed in range(20)]
    assert all(len(each) == 1 for each in told) and ["x has ended"] in told


def test_the_model_finds_what_a_plain_write_loses():
    assert any(sorted(done) != sorted(tokens) for done, tokens, __ in (play(seed, Careless) for seed in range(200)))
