# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Losing branches against a naive revision tree, which does what CouchDB does with one document."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.branches import RECENT, ZEROS, Comparison
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import DELETES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.properties import PLAIN
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from hypothesis import given
from hypothesis import strategies as st

SEED = 7
TS = 1_700_000_000
VISITS = 12


def stream_of(database=PLAIN, **changes):
    each = DocumentType("order", 6, 1, 0, 0, "o:", 300, conflicts=2)._replace(**changes)
    return WorkloadStream(SEED, Workload((each,), database))


def updates_of(stream, number, most=VISITS):
    """The first updates of a document."""
    update, found = stream.creation(number), []
    while update is not None and len(found) < most:
        found.append(update)
        update = stream.next(update)
    return found


def pushed(text):
    """The revision of a document to push, and those of its ancestors that are named."""
    path = json.loads(text)["_revisions"]
    return [(path["start"] - age, digest) for age, digest in enumerate(path["ids"])]


class Tree:
    """The revisions of a document, each with its parent, and the leaves that have bodies."""

    def __init__(self):
        self.parents: dict = {}
        self.bodies: dict = {}

    @property
    def leaves(self):
        return [rev for rev in self.parents if rev not in set(self.parents.values())]

    @property
    def live(self):
        """The live leaves, the winner last."""
        return sorted(rev for rev in self.leaves if "_deleted" not in self.bodies[rev])

    def push(self, text):
        path = pushed(text)
        if path[0] in self.parents:
            return
        self.bodies[path[0]] = json.loads(text)
        for rev, parent in zip(path, [*path[1:], None]):
            if rev in self.parents:
                break
            self.parents[rev] = parent

    def write(self, text):
        """As with a revision: refused unless that is a leaf; returns whether it was written."""
        document = json.loads(text)
        generation, __, digest = document.get("_rev", "0-").partition("-")
        parent = (int(generation), digest) if int(generation) else None
        if parent not in self.leaves and not (parent is None and not self.live):
            return False
        rev = int(generation) + 1, hashlib.md5(text.encode()).hexdigest()
        self.parents[rev], self.bodies[rev] = parent, document
        return True

    def text_of(self, rev):
        return f"{rev[0]}-{rev[1]}"

    def winner(self, stream, number):
        """What the writer takes for the current revision: of the leaves that are not of the stream's branch."""
        branches = stream.branches
        found = [rev for rev in self.live if branches.update_of(number, self.text_of(rev)) is None]
        return self.text_of(found[-1]) if found else None


def requests_of(stream, number, update, tree):
    """The requests that write an update, in their order."""
    rev, branches, render = tree.winner(stream, number), stream.branches, stream.content.render
    if not branches.concerns(update):
        return [lambda: tree.write(render(update, TS, rev))]
    if branches.deletes(update):
        texts = branches.tombstones(update, TS, rev)
        return [lambda: [tree.push(text) for text in texts]]
    is_low, raised = not branches.is_current(update, rev), []
    if is_low:
        rev, text = branches.raised(update, TS, rev)
        raised = [lambda: tree.push(text)]
    losing = branches.losing(update, is_complete=is_low)
    return [*raised, lambda: tree.push(losing), lambda: tree.write(render(update, TS, rev))]


DONE, BEGUN, MISSED, FOREIGN = "done", "begun", "missed", "foreign"
FATES = st.lists(st.sampled_from([DONE, DONE, DONE, BEGUN, MISSED, FOREIGN]), min_size=VISITS, max_size=VISITS)


@pytest.mark.parametrize("deletes", [False, True])
@given(fates=FATES, data=st.data())
def test_there_are_two_leaves_whatever_is_repeated_or_missed(deletes, fates, data):
    """The winner is the update's, and the loser too; after the deletion, there is no live leaf."""
    stream = stream_of(create=2, delete=2) if deletes else stream_of()
    number, tree, sent = 4, Tree(), []
    for fate, update in zip([DONE, *fates], updates_of(stream, number)):
        if fate == FOREIGN:  # somebody else rewrites it, which is found damaged until the next update
            tree.write(json.dumps({"_rev": tree.winner(stream, number)}))
        requests = requests_of(stream, number, update, tree)
        if fate == MISSED or (fate == BEGUN and len(requests) == 1):
            continue
        for request in requests[: data.draw(st.integers(1, len(requests) - 1))] if fate == BEGUN else requests:
            request()
            sent.append(request)
            for late in data.draw(st.lists(st.sampled_from(sent), max_size=3)):
                late()
        assert len(tree.live) <= 2
        if fate == BEGUN:
            assert "losing" not in tree.bodies[tree.live[-1]]
            continue
        if stream.operation(update) == DELETES:
            assert tree.live == []
            continue
        assert tree.bodies[tree.live[-1]]["update"] == update and "losing" not in tree.bodies[tree.live[-1]]
        assert stream.branches.is_whole(update, dict(tree.bodies[tree.live[-1]], _rev=tree.winner(stream, number),
                                                     _conflicts=[*map(tree.text_of, tree.live[:-1])]))  # fmt: skip
        assert [tree.text_of(rev) for rev in tree.live[:-1]] == list(filter(None, [stream.branches.leaf(update)]))


def test_without_trouble_there_are_two_leaves_in_all_and_at_last_two_tombstones():
    stream, tree = stream_of(create=1, delete=1, total=40), Tree()
    updates = updates_of(stream, 38, most=200)
    assert stream.operation(updates[-1]) == DELETES and len(updates) > 30
    for update in updates:
        for request in requests_of(stream, 38, update, tree):
            request()
        assert len(tree.leaves) == (1 if update == updates[0] else 2)
    assert tree.live == [] and max(tree.leaves)[0] == len(updates)


@given(st.integers(0, 400), st.integers(1, 7), st.sampled_from([(0, 0), (2, 1), (3, 3)]))
def test_which_updates_concern_a_losing_leaf(update, every, changes):
    """From the second visit of every so-manieth document on; a deletion, if there is one to delete."""
    stream = stream_of(conflicts=every, create=changes[0], delete=changes[1])
    number = stream.number(update)
    earlier = stream.visits(update)
    is_one = number % every == 0 and earlier > (1 if stream.operation(update) == DELETES else 0)
    assert stream.branches.concerns(update) == is_one and stream.branches.has(number) == (number % every == 0)
    leaf = stream.branches.leaf(update)
    assert bool(leaf) == is_one
    if leaf:
        assert leaf.startswith(f"{earlier}-{ZEROS}") and len(leaf.partition("-")[2]) == 32
        assert stream.branches.update_of(number, leaf) == update
        assert stream.branches.update_of(number + every, leaf) is None


@pytest.mark.parametrize("rev", ["1-abc", f"1-{ZEROS}", f"3-{2 * ZEROS}", f"99999999-{2 * ZEROS}", f"0-{2 * ZEROS}"])
def test_revisions_that_are_not_of_the_stream(rev):
    assert stream_of().branches.update_of(0, rev) is None
    assert stream_of(create=1, delete=1).branches.update_of(10**6, rev) is None
    assert stream_of().branches.update_of(10**6, rev) is None  # no update creates this document


def test_ancestors_are_those_of_the_visits_before_and_cut():
    stream = stream_of()
    updates = updates_of(stream, 0, most=2 * RECENT)
    path = [tuple(stream.branches.revision(update).split("-")) for update in reversed(updates[1:])]
    expected = [(int(generation), digest) for generation, digest in path]
    assert pushed(stream.branches.losing(updates[-1], is_complete=True)) == expected
    assert pushed(stream.branches.losing(updates[-1])) == expected[:RECENT]
    few = stream_of(PLAIN._replace(revs_limit=30))
    assert pushed(few.branches.losing(updates[-1], is_complete=True)) == expected[:30]


def test_a_losing_leaf_is_what_it_always_was():
    """A promise: databases of earlier versions remain verifiable."""
    stream = stream_of()
    update = updates_of(stream, 2)[3]
    document = json.loads(stream.branches.losing(update))
    data = document.pop("data")
    assert document == {
        "_id": "o:000000000002",
        "type": "order",
        "update": 20,
        "losing": True,
        "_rev": VECTOR["_rev"],
        "_revisions": {"start": 3, "ids": VECTOR["ids"]},
    }
    assert hashlib.sha256(data.encode()).hexdigest() == VECTOR["data"]


VECTOR = {
    "_rev": "3-0000000000000000f4b4ce8a7872e80c",
    "ids": [
        "0000000000000000f4b4ce8a7872e80c",
        "000000000000000040343859d4c2d9f8",
        "00000000000000007e0ae81bc8da346f",
    ],
    "data": "a6de6ab332994404974508fba66f92e80488102bcb70f436a014a214e5b024ae",
}


@pytest.mark.parametrize("body", ["hex", "person", "hostile", "package"])
def test_the_body_is_one_of_the_type_with_its_size(body):
    stream = stream_of(body=body, size=(600, 3000))
    for update in updates_of(stream, 2)[1:]:
        text = stream.branches.losing(update)
        own = text[: text.rindex(',"_rev":')] + "}"
        assert 500 <= len(own) <= 3100
        assert set(json.loads(own)) - {"losing"} == set(json.loads(stream.content.render(update, TS))) - {"ts"}


def test_how_a_losing_leaf_differs():
    stream = stream_of(body='{"count": 5.0, "data": {"$hex": 20}}')
    branches, update = stream.branches, updates_of(stream, 2)[3]
    leaf = json.loads(branches.losing(update))
    assert branches.compare(update, leaf) == Comparison()
    assert branches.compare(update, dict(reversed(list(leaf.items())))) == Comparison()
    assert branches.compare(update, dict(leaf, count=5)).is_rounded
    assert branches.compare(update, dict(leaf, count=6)) == Comparison("has 6 at 'count' instead of 5.0")
    assert branches.compare(update, dict(leaf, more=1)) == Comparison("has an unexpected 'more'")
    assert branches.compare(stream.next(update), leaf).flaw.startswith("has 20 at 'update'")


def test_it_is_no_update_of_the_winner():
    stream = stream_of()
    update = updates_of(stream, 2)[3]
    assert stream.content.read(json.loads(stream.branches.losing(update))).flaw == "has no field ts"


def test_without_conflicts_there_are_no_branches():
    assert stream_of(conflicts=0).branches is None
