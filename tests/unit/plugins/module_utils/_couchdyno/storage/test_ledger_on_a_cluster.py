# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger in its documents, in the model of a cluster: no update is handed out twice, or lost, whatever happens.

Documents are sealed after three revisions, so that every few changes go on in another document.
"""

from __future__ import annotations

import os
import random
from functools import partial

import greenlet
import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import ClaimLost, Conflict, CouchdynoError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import Parts, Result, claim, settle
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PLAIN, Names
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage import ledger_document
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

from ..couchdb.cluster import Cluster, Coordinator, Replica, order

SCHEDULES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300")) // 30  # test.sh lets the first Python run more
RESULT = Result(ts=1, dt=0.5, updates=1, errors=0)
NEW = Ledger.new(Parameters(1000, 100, 1, 7), 1000)
NESTED = NEW.dump_nested()


@pytest.fixture(autouse=True)
def soon_sealed(monkeypatch):
    monkeypatch.setattr(ledger_document, "SEALED_AT", 3)


def drive(cluster, name, cycles, handed_out, careless=0.0, document=None):
    """A driver that runs cycles of one update; notes what it was handed out.

    Each cycle is a process of its own, unless they share a ``document``. Where writers talk to different nodes, it goes
    on after an error, as cron does.
    """
    for number in range(cycles):
        book = document or LedgerDocument(Coordinator(cluster, careless))
        driver = f"{name}{number}"
        try:
            mine = book.change(lambda ledger, driver=driver: claim(ledger, Driver(driver, "h", ""), 1, 1000))
            handed_out.append(mine[0].updates[0][0])
            book.change(lambda ledger, driver=driver: (settle(ledger, driver, Parts([]), RESULT), None))
        except ClaimLost:  # it was settled, and the answer was lost
            pass
        except CouchdynoError:  # nodes are away, or nothing was set up
            if None in cluster.homes:
                return


def claimed(cluster, driver):
    """The claims that a driver is told it has."""
    return LedgerDocument(Coordinator(cluster)).change(lambda ledger: claim(ledger, driver, 1, 1000))


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
    ledger = read(cluster)
    live = {name: [leaf for leaf in replica.leaves() if replica.is_live(leaf)]
            for name, replica in cluster.nodes[0].items()}  # fmt: skip
    return handed_out, ledger, {name: leaves for name, leaves in live.items() if leaves}


def read(cluster, after=lambda: None):
    """The ledger, after something has been done."""
    found = []

    def act():
        after()
        found.append(LedgerDocument(Coordinator(cluster)).read())

    cluster.start(act)
    cluster.run()
    return found[0]


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
    """They come back when their document has been succeeded and deleted, and bring no earlier one back."""
    for seed in range(SCHEDULES):
        handed_out, ledger, __ = play(seed, size=size, sleep=0.05)
        assert is_sound(handed_out, ledger), f"schedule {seed}"
        assert all(state.get("sealed") for state in ledger.older), f"schedule {seed}"


class Stopped(LedgerDocument):
    """The ledger of a driver that is stopped after it has sealed a document, before it creates the successor."""

    meanwhile = None
    older = None  # the earlier state documents right after that

    def _succeed(self, sealed):
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile:
            meanwhile()
        try:
            super()._succeed(sealed)
        finally:
            if meanwhile:
                self.older = LedgerDocument(self._client).read().older


@pytest.mark.parametrize("size", [1, 3])
def test_a_driver_that_is_stopped_between_sealing_and_succession_brings_nothing_back(size):
    """Meanwhile, others have succeeded the document several times, and have deleted what it is about to create."""
    for seed in range(SCHEDULES):
        cluster, handed_out = Cluster(random.Random(seed), size=size), []
        for node in cluster.nodes:
            node.edit(NESTED)
        document = Stopped(Coordinator(cluster))
        document.meanwhile = partial(drive, cluster, "b", 6, handed_out)
        cluster.start(drive, cluster, "a", 4, handed_out, 0.0, document)
        cluster.run()
        assert sorted(handed_out) == list(range(10)), f"schedule {seed}"
        assert all(state.get("sealed") for state in document.older), f"schedule {seed}"


def rival_claims(seed):
    """Two drivers have claimed under the same revision; returns (the cluster, the one whose claim wins).

    The answer to its claim was lost, and only one replica has it. The driver of the other claim has died.
    """
    cluster = Cluster(random.Random(seed))
    for node in cluster.nodes:
        node.edit(NESTED)
    drive_once = partial(drive, cluster, "s", 1, [])
    before = read(cluster, after=drive_once)
    cluster.settle()
    rivals = [claim(before, Driver(name, "h", ""), 1, 1000)[0].dump() for name in "ab"]
    rivals.sort(key=lambda rival: order(Replica(cluster.nodes[0][before.holder].tree).edit(rival)))
    for node, rival in zip(cluster.nodes, (rivals[0], rivals[0], rivals[1])):
        node.edit(rival)
    return cluster, Driver(rivals[1]["claims"][0]["driver"], "h", "")


def test_a_driver_counts_on_a_claim_that_it_reads_only_if_it_wins():
    for seed in range(100):
        cluster, driver = rival_claims(seed)
        told = []
        cluster.start(lambda told, *args: told.extend(claimed(*args)), told, cluster, driver)
        cluster.run()
        after = read(cluster, after=partial(drive, cluster, "o", 1, []))
        assert told[0] in after.claims, f"schedule {seed}"


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


@pytest.mark.parametrize("partitioned", [False, True])
@pytest.mark.parametrize("size", [1, 3])
def test_several_set_the_database_up_at_once(size, partitioned):
    """One of them wins, and all drivers go on with its ledger."""
    names = Names.of_database(partitioned)
    for seed in range(SCHEDULES):
        handed_out, ledger, live = play(seed, meta=None, size=size, careless=0.1, partitioned=partitioned)
        assert is_sound(handed_out, ledger) and len(handed_out) >= 5, f"schedule {seed}"
        assert all(len(leaves) == 1 for leaves in live.values()), f"schedule {seed}"
        assert all(map(names.is_own, live)) and ledger.names == names, f"schedule {seed}"


class Dying(Coordinator):
    """The client of a driver that dies as soon as it has stored a state document."""

    def push(self, documents, replicas):
        answers = super().push(documents, replicas)
        if documents[0]["_id"] != PLAIN.meta:
            greenlet.getcurrent().parent.switch()
        return answers


def test_a_state_is_only_taken_from_a_ledger_that_wins():
    """One replica has the winner of two ledgers that were created at once. The driver that reads it first dies."""
    for seed in range(100):
        cluster, handed_out = Cluster(random.Random(seed), replicates=False), []
        rivals = [Ledger.new(Parameters(1000, 100, 1, seed), 1000, name).dump_nested() for name in "ab"]
        rivals.sort(key=lambda rival: order(Replica().edit(rival)))
        for node, rival in zip(cluster.nodes, (rivals[0], rivals[0], rivals[1])):
            node.edit(rival)
        cluster.start(drive, cluster, "d", 1, [], 0.0, LedgerDocument(Dying(cluster)))
        cluster.run()
        cluster.start(drive, cluster, "e", 2, handed_out)
        cluster.run()
        assert len(handed_out) == 2, f"schedule {seed}"


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
