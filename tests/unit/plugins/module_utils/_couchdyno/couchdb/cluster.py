# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of a CouchDB cluster: nodes with replicas of documents, messages between them, and writers.

Each request becomes a message to every node. The scheduler decides the order of all messages, of internal
replications from replica to replica, and of the steps of the writers. Writers run the program's own code, each in a
greenlet, with ``Coordinator`` as the HTTP client.
"""

from __future__ import annotations

import hashlib
import json

import greenlet
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client


class Replica:
    """A document on one node: ``tree`` maps each revision to (its parent, whether deleted, its body)."""

    def __init__(self, tree=()):
        self.tree = dict(tree)

    def leaves(self):
        parents = {parent for parent, __, __ in self.tree.values()}
        return [rev for rev in self.tree if rev not in parents]

    def is_live(self, rev):
        return not self.tree[rev][1]

    def winner(self):
        return max(self.leaves(), key=lambda rev: (self.is_live(rev), *order(rev)), default=None)

    def path(self, rev):
        found = []
        while rev in self.tree:
            found.append(rev)
            rev = self.tree[rev][0]
        return found

    def edit(self, document):
        """A write by a user: refused unless it names a leaf, or no leaf is live."""
        body = {name: value for name, value in document.items() if name not in ("_rev", "_deleted")}
        parent = document.get("_rev")
        leaves = self.leaves()
        if parent not in leaves if parent else any(map(self.is_live, leaves)):
            return None
        parent = parent or self.winner()
        generation = order(parent)[0] + 1 if parent else 1
        rev = f"{generation}-{hashlib.md5(json.dumps([parent, body], sort_keys=True).encode()).hexdigest()}"
        self.tree[rev] = (parent, document.get("_deleted", False), body)
        return rev

    def stem(self, limit):
        """Forget all but the latest ``limit`` revisions of each leaf, as a low ``_revs_limit`` does."""
        kept = {rev for leaf in self.leaves() for rev in self.path(leaf)[:limit]}
        self.tree = {
            rev: (parent if parent in kept else None, deleted, body)
            for rev, (parent, deleted, body) in self.tree.items()
            if rev in kept
        }

    def push(self, document):
        """A write by replication: the leaf is stored with its path, whatever else the tree contains."""
        start, digests = document["_revisions"]["start"], document["_revisions"]["ids"]
        revs = [f"{start - age}-{digest}" for age, digest in enumerate(digests)]
        for rev, parent in zip(revs, [*revs[1:], None]):
            if rev not in self.tree:
                self.tree[rev] = (parent, False, None)
            elif parent and self.tree[rev][0] is None:
                self.tree[rev] = (parent, *self.tree[rev][1:])
        if self.tree[revs[0]][2] is None:
            body = {name: value for name, value in document.items() if not name.startswith(("_rev", "_del"))}
            self.tree[revs[0]] = (self.tree[revs[0]][0], document.get("_deleted", False), body)

    def replicate(self, other):
        """Copy everything that another replica has."""
        for rev, (parent, deleted, body) in other.tree.items():
            mine = self.tree.get(rev, (None, False, None))
            self.tree[rev] = (parent or mine[0], deleted or mine[1], mine[2] if body is None else body)


class Node(dict):
    """The replicas on one node, by the ids of their documents. ``limit``: how many revisions each leaf keeps."""

    def __init__(self, limit):
        super().__init__()
        self.limit = limit

    def __missing__(self, document_id):
        return self.setdefault(document_id, Replica())

    def edit(self, document):
        """A write by a user, as in Replica."""
        replica = self[document["_id"]]
        rev = replica.edit(document)
        replica.stem(self.limit)
        return rev

    def push(self, document):
        """A write by replication, as in Replica."""
        replica = self[document["_id"]]
        replica.push(document)
        replica.stem(self.limit)

    def replicate(self, other):
        """Copy everything that another node has."""
        for document_id, replica in list(other.items()):
            self[document_id].replicate(replica)
            self[document_id].stem(self.limit)


class Cluster:
    """Nodes, messages on their way, and writers; ``rng`` decides what happens next.

    ``mortality`` is the chance that a writer dies at a step, ``sleep`` that it is stopped until the others are done,
    which happens at most ``sleepers`` times. ``outage``: one node cannot be reached for a while; ``split``: nor can it
    reach the others, but some writers talk to it. ``limit`` is the database's ``_revs_limit``. ``replicates``: nodes
    replicate from each other meanwhile, and not only when all is over. ``partitioned``: the database is partitioned.
    """

    def __init__(self, rng, size=3, limit=1000, mortality=0.0, sleep=0.0, sleepers=100, outage=False, split=False,
                 replicates=True, partitioned=False):  # fmt: skip
        self.rng = rng
        self.partitioned = partitioned
        self.replicates = replicates
        self.mortality = mortality
        self.sleep = sleep
        self.sleepers = sleepers
        self.delivered = 0
        self.outage = range(rng.randrange(200), rng.randrange(200, 400)) if outage else range(0)
        if split:
            self.outage = range(rng.randrange(100, 600), rng.randrange(700, 1500))
        self.nodes = [Node(limit) for __ in range(size)]
        self.gone = rng.randrange(size)
        self.homes = range(size) if split else [None]  # the nodes that writers talk to; None: one that is never gone
        self.messages = []  # (number of the node, that of the writer's node, action, callback for the answer)
        self.ready = []  # greenlets that can continue
        self.stopped = []  # greenlets that continue when nothing else can

    def start(self, function, *args):
        writer = greenlet.greenlet(function)
        self.ready.append((writer, args))

    def run(self):
        """Let everything happen in random order, until no writer has anything to do."""
        while self.ready or self.messages or self.stopped:
            if not (self.ready or self.messages):
                self.ready.append(self.stopped.pop())
            choice = self.rng.randrange(len(self.ready) + len(self.messages) + 1)
            if choice < len(self.ready):
                self.step(*self.ready.pop(choice))
            elif choice < len(self.ready) + len(self.messages):
                self.deliver(self.messages.pop(choice - len(self.ready)))
            elif len(self.nodes) > 1 and self.replicates:
                source, target = self.rng.sample(range(len(self.nodes)), 2)
                if self.reaches(source, target):
                    self.nodes[target].replicate(self.nodes[source])

    def step(self, writer, args):
        """Let a writer continue, unless it dies or is stopped."""
        if self.sleepers and self.rng.random() < self.sleep:
            self.sleepers -= 1
            self.stopped.append((writer, args))
        elif self.rng.random() >= self.mortality:
            writer.switch(*args)

    def settle(self):
        """Complete the replication."""
        for __ in self.nodes:
            for source in self.nodes:
                for target in self.nodes:
                    target.replicate(source)

    def calm(self):
        """From now on, nothing fails."""
        self.mortality, self.sleep, self.outage = 0.0, 0.0, range(0)

    def deliver(self, message):
        number, home, action, answer = message
        self.delivered += 1
        answer((number, action(self.nodes[number])) if self.reaches(home, number) else None)

    def reaches(self, source, target):
        return self.delivered not in self.outage or (source == self.gone) == (target == self.gone)


class Coordinator(Client):
    """A node that a writer talks to, with the methods of Client that a shared document, a ledger and a writer use.

    ``careless``: the chance that an answer is lost on its way to the writer, whose client then repeats the request.
    """

    def __init__(self, cluster, careless=0.0):
        self.cluster = cluster
        self.home = cluster.rng.choice(cluster.homes)
        self.careless = careless
        self.address = self
        self.url = "http://model/db"

    def is_stopped(self):
        return False

    def pause(self, _seconds):
        me = greenlet.getcurrent()
        self.cluster.ready.append((me, ()))
        me.parent.switch()

    def now(self):
        return 1000

    def replicas(self):
        return len(self.cluster.nodes)

    def is_partitioned(self):
        return self.cluster.partitioned

    def instance(self):
        return "1"

    def document_count(self):
        return 1

    def get(self, document_id):
        merged = self._merged(document_id, agree=2)
        winner = merged.winner()
        return None if winner is None or not merged.is_live(winner) else dict(merged.tree[winner][2], _rev=winner)

    def rows_before(self, first, before, limit, include_docs=True):
        """What any one node has."""
        number = self.cluster.rng.randrange(len(self.cluster.nodes))
        found = self._ask(
            lambda node: {name: _live(node[name]) for name in sorted(node) if first <= name < before}, 1, only=number
        )
        documents = found[0][1] if found else {}
        return [{"id": name, "doc": document} for name, document in documents.items() if document]

    def bulk_write(self, documents, replicas=None):
        documents = [json.loads(text) for text in documents]
        wanted = replicas or len(self.cluster.nodes) // 2 + 1

        def write(node):
            return tuple(map(node.edit, documents))

        if self.cluster.rng.random() < self.careless:  # the answer gets lost, and some messages may still be on the way
            self._ask(write, agree=1)
        replies = self._ask(write, agree=wanted)
        return [
            self._answer(document["_id"], [revs[place] for __, revs in replies if revs[place]], wanted)
            for place, document in enumerate(documents)
        ]

    def bulk_post(self, body, replicas=None, final=()):
        return self.bulk_write(map(json.dumps, json.loads(body)["docs"]), replicas)

    @staticmethod
    def _answer(document_id, accepted, wanted):
        if not accepted:
            return {"id": document_id, "error": "conflict"}
        answer = {"ok": True, "id": document_id, "rev": accepted[0]}
        return answer if len(accepted) >= wanted else dict(answer, accepted=True)

    def reaches(self, replicas):
        return len(self._ask(lambda node: "", agree=replicas)) >= replicas

    def push(self, documents, replicas):
        self._ask(lambda node: [node.push(document) for document in documents] and "", agree=replicas)
        return []

    def leaves(self, document_id, replicas, revs=None):
        merged = self._merged(document_id, replicas)
        wanted = merged.leaves() if revs is None else [rev for rev in revs if merged.tree.get(rev, (0, 0, None))[2]]
        return [self._shown(merged, document_id, rev, revs is not None) for rev in wanted]

    def leaves_of(self, ids, replicas):
        found = {document_id: self.leaves(document_id, replicas) for document_id in ids}
        return {document_id: leaves for document_id, leaves in found.items() if leaves}

    def _merged(self, document_id, agree):
        """A document as several nodes together have it."""
        merged = Replica()
        for __, tree in self._ask(lambda node: dict(node[document_id].tree), agree):
            merged.replicate(Replica(tree))
        return merged

    @staticmethod
    def _shown(merged, document_id, rev, with_path):
        shown = dict(merged.tree[rev][2] or {}, _id=document_id, _rev=rev)
        if not merged.is_live(rev):
            shown["_deleted"] = True
        if with_path:
            path = merged.path(rev)
            shown["_revisions"] = {"start": order(rev)[0], "ids": [each.partition("-")[2] for each in path]}
        return shown

    def _ask(self, action, agree, only=None):
        """Ask every node, or ``only`` one; returns the answers.

        It waits until ``agree`` of them agree, or all have answered or failed.
        """
        numbers = range(len(self.cluster.nodes)) if only is None else [only]
        replies, missing = [], list(numbers)
        me = greenlet.getcurrent()
        done = []

        def answer(reply):
            missing.pop()
            if reply is not None:
                replies.append(reply)
            same = max((sum(1 for other in replies if other[1] == each[1]) for each in replies), default=0)
            if not done and (same >= agree or not missing):
                done.append(True)
                self.cluster.ready.append((me, (list(replies),)))

        self.cluster.messages += [(number, self.home, action, answer) for number in numbers]
        return me.parent.switch()


def _live(replica):
    """The document that wins, None if it is deleted."""
    rev = replica.winner()
    return dict(replica.tree[rev][2], _rev=rev) if rev and replica.is_live(rev) else None


def order(rev):
    generation, __, digest = rev.partition("-")
    return int(generation), digest
