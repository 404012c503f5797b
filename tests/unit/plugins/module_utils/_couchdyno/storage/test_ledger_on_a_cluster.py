# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its documents, in the model of a cluster: no update is handed out twice, or lost, whatever happens.

Documents are sealed after three revisions, so that every few changes go on in another document.
"""

from __future__ import annotations

import os
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import ClaimLost, Conflict, CouchdynoError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import Parts, Result, claim, settle
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage import ledger_document
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

from ..couchdb.cluster import Cluster, Coordinator

SCHEDULES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300")) // 30  # test.sh lets the first Python run more
RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)
NEW = Ledger.new(Parameters(1000, 100, 1, 7), 1000)
NESTED = NEW.dump_nested()


@pytest.fixture(autouse=True)
def soon_sealed(monkeypatch):
    monkeypatch.setattr(ledger_document, "SEALED_AT", 3)


def drive(cluster, name, cycles, handed_out, careless=0.0):
    """A driver that runs cycles of one update; notes what it was handed out.

    Where writers talk to different nodes, it goes on after an error, as cron does.
    """
    for number in range(cycles):
        document = LedgerDocument(Coordinator(cluster, careless))
        driver = f"{name}{number}"
        try:
            mine = document.change(lambda ledger, driver=driver: claim(ledger, Driver(driver, "h", ""), 1, 1000))
            handed_out.append(mine[0].first)
            document.change(lambda ledger, driver=driver: (settle(ledger, driver, Parts([]), RESULT), None))
        except ClaimLost:  # it was settled, and the answer was lost
            pass
        except CouchdynoError:  # nodes are away, or nothing was set up
            if None in cluster.homes:
                return


def set_up(cluster, name, cycles, handed_out, careless=0.0):
    """A driver that sets the database up first, or finds that another was faster."""
    try:
        LedgerDocument(Coordinator(cluster, careless)).create(Parameters(1000, 100, 1, ord(name)))
    except Conflict:
        pass
    drive(cluster, name, cycles, handed_out, careless)


def play(seed, drivers=3, cycles=3, careless=0.0, meta=True, size=3, **events):
    """Let drivers run cycles; returns (what they were handed out, the ledger in the end, the live documents).

    ``meta`` is what they find: a new database (True), nothing (None), or this document.
    """
    cluster, handed_out = Cluster(random.Random(seed), size=size, **events), []
    for node in cluster.nodes if meta else ():
        node.edit(NESTED if meta is True else meta)
    for name in "abcdef"[:drivers]:
        cluster.start(drive if meta else set_up, cluster, name, cycles, handed_out, careless)
    cluster.run()
    cluster.settle()
    cluster.calm()
    cluster.start(drive, cluster, "z", 2, handed_out)  # when all is quiet
    cluster.run()
    cluster.settle()
    found = []
    cluster.start(lambda: found.append(LedgerDocument(Coordinator(cluster)).read()))
    cluster.run()
    live = {name: [leaf for leaf in replica.leaves() if replica.is_live(leaf)]
            for name, replica in cluster.nodes[0].items()}  # fmt: skip
    return handed_out, found[0], {name: leaves for name, leaves in live.items() if leaves}


def is_sound(handed_out, ledger):
    """Whether every update below the position was handed out once."""
    return sorted(handed_out) == list(range(ledger.position)) and ledger.claims == ()


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("careless", [0.0, 0.3])
def test_every_update_is_handed_out_once(careless, size):
    for seed in range(SCHEDULES):
        handed_out, ledger, live = play(seed, careless=careless, size=size)
        assert len(handed_out) == 11 and is_sound(handed_out, ledger), f"schedule {seed}"
        assert len(live) <= 4 and all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"


@pytest.mark.parametrize("size", [1, 3])
def test_nothing_is_handed_out_twice_when_drivers_die(size):
    for seed in range(SCHEDULES):
        handed_out, ledger, live = play(seed, careless=0.1, size=size, mortality=0.02)
        assert len(set(handed_out)) == len(handed_out), f"schedule {seed}"
        lost = set(range(ledger.position)) - set(handed_out)  # claimed by a driver that died before it knew
        assert len(lost) <= 3, f"schedule {seed}"
        assert all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"


@pytest.mark.parametrize("size", [1, 3])
def test_drivers_that_are_stopped_while_others_go_on(size):
    """They come back when their document has been succeeded and deleted."""
    for seed in range(SCHEDULES):
        handed_out, ledger, __ = play(seed, size=size, sleep=0.05)
        assert is_sound(handed_out, ledger), f"schedule {seed}"


@pytest.mark.parametrize("size", [1, 3])
def test_a_low_limit_of_revisions_and_a_driver_that_is_stopped(size):
    """It creates a document again whose deletion has been forgotten, then reads that others use a later one.

    If another driver has just read the first revision of that document, its write under it succeeds.
    """
    plays = [play(seed, size=size, sleep=0.05, sleepers=1, limit=2) for seed in range(SCHEDULES)]
    assert sum(is_sound(handed_out, ledger) for handed_out, ledger, __ in plays) >= 0.98 * SCHEDULES


def test_a_node_that_is_away_for_a_while_stops_nothing():
    kept = 0
    for seed in range(SCHEDULES):
        handed_out, __, live = play(seed, careless=0.1, outage=True)
        kept += len(set(handed_out)) == len(handed_out)
        assert all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"
    assert kept >= 0.99 * SCHEDULES  # a node that comes back with an old state can undo the latest changes


def test_a_cluster_that_is_split_for_a_while():
    """What a minority has done without knowing never counts, and it seals nothing."""
    sound, seeds = 0, range(10 + SCHEDULES // 10)  # each takes long
    for seed in seeds:
        handed_out, __, live = play(seed, drivers=4, cycles=6, split=True)
        sound += len(set(handed_out)) == len(handed_out)
        assert all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"
    assert sound >= 0.9 * len(seeds)  # a change that was on its way when the cluster split


@pytest.mark.parametrize("size", [1, 3])
def test_several_set_the_database_up_at_once(size):
    """One of them wins, and all drivers go on with its ledger."""
    for seed in range(SCHEDULES):
        handed_out, ledger, live = play(seed, meta=None, size=size, careless=0.1)
        assert is_sound(handed_out, ledger) and len(handed_out) >= 5, f"schedule {seed}"
        assert all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"


def test_a_ledger_whose_answers_are_lost_is_written_once():
    """A single setup does not take its own ledger for that of another."""
    for seed in range(SCHEDULES):
        cluster, found = Cluster(random.Random(seed)), []
        document = LedgerDocument(Coordinator(cluster, careless=0.5))
        cluster.start(lambda document=document, found=found: found.append(document.create(Parameters(10, 100, 1, 7))))
        cluster.run()
        assert [ledger.seed for ledger in found] == [7], f"schedule {seed}"


def test_a_database_of_version_0_1_0_is_taken_over_by_several_drivers():
    meta = {**NEW.dump_meta(), **NESTED["state"]}
    for seed in range(SCHEDULES):
        handed_out, ledger, __ = play(seed, meta=meta, sleep=0.02)
        assert is_sound(handed_out, ledger), f"schedule {seed}"
        assert not {"start", "position", "state"} & set(ledger.meta), f"schedule {seed}"
