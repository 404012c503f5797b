# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of a CouchDB cluster: replicas of one document, messages between them, and writers.

Each request becomes a message to every replica. The scheduler decides the order of all messages, of internal
replications from replica to replica, and of the steps of the writers. Writers run the program's own code, each in a
greenlet, with ``Coordinator`` as the HTTP client.
"""

from __future__ import annotations

import hashlib
import json

import greenlet


class Replica:
    """The document on one node: ``tree`` maps each revision to (its parent, whether deleted, its body)."""

    def __init__(self):
        self.tree = {}

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
        body = {name: value for name, value in document.items() if name != "_rev"}
        parent = document.get("_rev")
        leaves = self.leaves()
        if parent not in leaves if parent else any(map(self.is_live, leaves)):
            return None
        parent = parent or self.winner()
        generation = order(parent)[0] + 1 if parent else 1
        rev = f"{generation}-{hashlib.md5(json.dumps([parent, body], sort_keys=True).encode()).hexdigest()}"
        self.tree[rev] = (parent, False, body)
        return rev

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
            body = {name: value for name, value in document.items() if not name.startswith("_rev")}
            self.tree[revs[0]] = (self.tree[revs[0]][0], document.get("_deleted", False), body)

    def replicate(self, other):
        """Copy everything that another replica has."""
        for rev, (parent, deleted, body) in other.tree.items():
            mine = self.tree.get(rev, (None, False, None))
            self.tree[rev] = (parent or mine[0], deleted or mine[1], mine[2] if body is None else body)


class Cluster:
    """Replicas, messages on their way, and writers; ``rng`` decides what happens next.

    ``mortality`` is the chance that a writer dies at a step. ``outage``: one replica cannot be reached for a while.
    """

    def __init__(self, rng, mortality=0.0, outage=False, size=3):
        self.rng = rng
        self.mortality = mortality
        self.delivered = 0
        self.outage = range(rng.randrange(200), rng.randrange(200, 400)) if outage else range(0)
        self.replicas = [Replica() for __ in range(size)]
        self.gone = rng.randrange(size)
        self.messages = []  # (replica, action, callback for the answer)
        self.ready = []  # greenlets that can continue

    def start(self, function, *args):
        writer = greenlet.greenlet(function)
        self.ready.append((writer, args))

    def run(self):
        """Let everything happen in random order, until no writer has anything to do."""
        while self.ready or self.messages:
            choice = self.rng.randrange(len(self.ready) + len(self.messages) + 1)
            if choice < len(self.ready):
                writer, args = self.ready.pop(choice)
                if self.rng.random() >= self.mortality:
                    writer.switch(*args)
            elif choice < len(self.ready) + len(self.messages):
                self.deliver(self.messages.pop(choice - len(self.ready)))
            else:
                source, target = self.rng.sample(range(len(self.replicas)), 2)
                if self.reaches(source) and self.reaches(target):
                    self.replicas[target].replicate(self.replicas[source])

    def settle(self):
        """Complete the replication."""
        for __ in self.replicas:
            for source in self.replicas:
                for target in self.replicas:
                    target.replicate(source)

    def deliver(self, message):
        number, action, answer = message
        self.delivered += 1
        answer((number, action(self.replicas[number])) if self.reaches(number) else None)

    def reaches(self, number):
        return number != self.gone or self.delivered not in self.outage


class Coordinator:
    """A node that a writer talks to, with the methods of Client that a shared document uses.

    ``careless``: the chance that an answer is lost on its way to the writer, whose client then repeats the request.
    """

    def __init__(self, cluster, careless=0.0):
        self.cluster = cluster
        self.careless = careless
        self.address = self
        self.url = "http://model/db"

    def pause(self, _seconds):
        self._pause()

    def replicas(self):
        return len(self.cluster.replicas)

    def get(self, _id):
        replies = self._ask(lambda replica: (replica.winner(), dict(replica.tree)), agree=2)
        merged = Replica()
        for __, (__, tree) in replies:
            snapshot = Replica()
            snapshot.tree = tree
            merged.replicate(snapshot)
        winner = merged.winner()
        return None if winner is None or not merged.is_live(winner) else dict(merged.tree[winner][2], _rev=winner)

    def bulk_write(self, texts, replicas=None):
        document = json.loads(next(iter(texts)))
        wanted = replicas or len(self.cluster.replicas) // 2 + 1
        if self.cluster.rng.random() < self.careless:  # the answer gets lost, and some messages may still be on the way
            self._ask(lambda replica: replica.edit(document), agree=1)
        replies = self._ask(lambda replica: replica.edit(document), agree=wanted)
        accepted = [rev for __, rev in replies if rev]
        if not accepted:
            return [{"id": document["_id"], "error": "conflict"}]
        answer = {"ok": True, "id": document["_id"], "rev": accepted[0]}
        return [answer if len(accepted) >= wanted else dict(answer, accepted=True)]

    def push(self, documents, replicas):
        self._ask(lambda replica: [replica.push(document) for document in documents] and "", agree=replicas)

    def leaves(self, document_id, replicas, revs=None):
        merged = Replica()
        for __, tree in self._ask(lambda replica: dict(replica.tree), agree=replicas):
            snapshot = Replica()
            snapshot.tree = tree
            merged.replicate(snapshot)
        wanted = merged.leaves() if revs is None else [rev for rev in revs if merged.tree.get(rev, (0, 0, None))[2]]
        return [self._shown(merged, document_id, rev, revs is not None) for rev in wanted]

    @staticmethod
    def _shown(merged, document_id, rev, with_path):
        shown = dict(merged.tree[rev][2] or {}, _id=document_id, _rev=rev)
        if not merged.is_live(rev):
            shown["_deleted"] = True
        if with_path:
            path = merged.path(rev)
            shown["_revisions"] = {"start": order(rev)[0], "ids": [each.partition("-")[2] for each in path]}
        return shown

    def _ask(self, action, agree):
        """Ask every replica; returns the answers when ``agree`` of them agree, or all have answered or failed."""
        replies, missing = [], list(self.cluster.replicas)
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

        self.cluster.messages += [(number, action, answer) for number in range(len(self.cluster.replicas))]
        return me.parent.switch()

    def _pause(self):
        me = greenlet.getcurrent()
        self.cluster.ready.append((me, ()))
        me.parent.switch()


def order(rev):
    generation, __, digest = rev.partition("-")
    return int(generation), digest
