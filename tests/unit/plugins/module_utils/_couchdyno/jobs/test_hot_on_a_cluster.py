# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hot documents in the model of a cluster: several drivers write them at once, and none goes back."""

from __future__ import annotations

import json
import os
import random

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import writer as writer_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.writer import Batch, Writer
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import ranges
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage import before_write

from ..couchdb.cluster import Cluster, Coordinator, order

SCHEDULES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300")) // 5  # test.sh lets the first Python run more
STREAM = WorkloadStream(7, Workload((DocumentType("h", 2, 1, 0, 0, "h:", 100, hot=True),)))
ALL = ranges.window(0, 10**9)


class Lease:
    """The lease of a claim that nobody takes over."""

    def check(self):
        pass

    def confirm(self):
        pass


class Book:
    """Hands out updates, and knows which ones were settled as done."""

    def __init__(self):
        self.position = 2  # after the fill
        self.open = set()
        self.done = {0, 1}

    def claim(self, count):
        window = range(self.position, self.position + count)
        self.position += count
        self.open.update(window)
        return window

    def settle(self, updates, unfinished):
        self.done.update(set(updates) - unfinished)
        self.open.difference_update(self.done)


def write(cluster, updates, careless=0.0, redo=False):
    """Write updates of different documents in one batch; returns those that are not done."""
    claim = Claim(ALL, 1000, 0, "d", "h", "", 0, redo=redo)
    writer = Writer(Coordinator(cluster, careless), STREAM, Lease(), expects=lambda update: True)
    outcome = writer._write_batch(Batch(claim, sorted(updates), 0.0, is_hot=True))
    assert outcome.broken is None
    return {STREAM.update(place) for left in outcome.unfinished.values() for place in ranges.updates(left)}


def drive(cluster, book, cycles, careless):
    """A driver whose windows have one update of each document."""
    for __ in range(cycles):
        window = book.claim(2)
        book.settle(window, write(cluster, window, careless))


def redo(cluster, book):
    """Redo what others have left, one after the other."""
    for update in sorted(book.open):
        book.settle([update], write(cluster, [update], redo=True))


def play(seed, drivers=4, cycles=4, careless=0.1, **events):
    """Let drivers write, and another redo what they leave; returns what is wrong then, None if nothing is.

    Each document must show its latest update. Rarely, a request that was lost arrives after all is done, and leaves
    another leaf, which the next update of the document deletes.
    """
    cluster, book = Cluster(random.Random(seed), **events), Book()
    for node in cluster.nodes:
        for update in (0, 1):
            node.edit(json.loads(STREAM.content.render(update, 1000)))
    for __ in range(drivers):
        cluster.start(drive, cluster, book, cycles, careless)
    cluster.run()
    cluster.calm()
    cluster.start(redo, cluster, book)
    cluster.run()
    cluster.settle()
    shown = {name: updates[-1] for name, updates in leaves(cluster).items()}
    wrong = None if shown == latest(book) and not book.open else (shown, latest(book))
    cluster.start(drive, cluster, book, 1, 0.0)  # when all is quiet
    cluster.run()
    cluster.settle()
    found = leaves(cluster)
    return wrong if wrong or found == {name: [update] for name, update in latest(book).items()} else found


def leaves(cluster):
    """The updates in the live leaves of each document, the winner last."""
    found = {}
    for name, replica in cluster.nodes[0].items():
        live = sorted((leaf for leaf in replica.leaves() if replica.is_live(leaf)), key=order)
        found[name] = [replica.tree[leaf][2]["update"] for leaf in live]
    return {name: updates for name, updates in found.items() if name.startswith("h:")}


def latest(book):
    """The latest update of each document that was settled as done."""
    return {
        name: max(update for update in book.done if STREAM.document_id(update) == name)
        for name in map(STREAM.document_id, (0, 1))
    }


EVENTS = [{}, {"careless": 0.5}, {"mortality": 0.02}, {"sleep": 0.05}, {"mortality": 0.02, "sleep": 0.05},
          {"outage": True, "mortality": 0.01}]  # fmt: skip


@pytest.mark.parametrize("events", EVENTS, ids=str)
def test_every_document_shows_its_latest_update(events):
    for seed in range(SCHEDULES):
        assert play(seed, **events) is None, f"schedule {seed}"


def test_the_model_finds_what_goes_wrong_without_these_rules(monkeypatch):
    """If the winner is kept, not the latest update; and if an update counts as done while there are two leaves."""

    def is_wrong(seed):
        return play(seed, mortality=0.02) is not None

    seeds = range(2000)  # some hundreds do for either
    with monkeypatch.context() as patched:
        patched.setattr(before_write, "_merit", lambda stream, leaf: before_write.rank(leaf["_rev"]))
        assert any(map(is_wrong, seeds))
    with monkeypatch.context() as patched:
        patched.setattr(Writer, "_is_everywhere", lambda self: True)
        patched.setattr(writer_module, "resolved_documents", _unsplit)
        assert any(map(is_wrong, seeds))


def _unsplit(*args):
    return before_write.resolved_documents(*args)._replace(split=set())
