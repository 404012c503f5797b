# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A source that shows losing leaves, in front of one in memory."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import with_losing
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.source import LOSING, Source
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.with_losing import WithLosing
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.branch_verdicts import FIELD


class Memory(Source):
    """Documents 0 to 9, every other one with two losing leaves; ``asked`` is how many leaves each request was for."""

    name = place = "memory"

    def __init__(self):
        self.asked = []

    def now(self):
        return 5

    def document_count(self):
        return 10

    def get(self, document_id):
        return self.documents([document_id])[document_id]

    def documents(self, ids):
        return {name: dict({"_id": name, "_rev": "3-c"}, **({} if int(name) % 2 else TWO)) for name in ids}

    def rows_before(self, first, before, limit, include_docs=True):
        found = self.documents([str(number) for number in range(10)])
        return [dict({"id": name}, **({"doc": each} if include_docs else {})) for name, each in found.items()]

    def leaf_documents(self, leaves):
        self.asked.append(len(leaves))
        return {(name, rev): {"_id": name, "_rev": rev} for name, rev in leaves if name != "4"}

    def shards(self):
        return [{"node1": self, "node2": self}]

    def attachment(self, document_id, name, rev):
        return f"{document_id}/{name}/{rev}".encode()

    def deleted(self, ids):
        return set(ids[:1])

    def is_partitioned(self):
        return True

    def is_stopped(self):
        return True


TWO = {"_conflicts": ["2-b", "1-a"]}


def wanted(document):
    return document.get("_conflicts", [])[:1]


@pytest.fixture
def memory():
    return Memory()


@pytest.fixture
def source(memory):
    return WithLosing(memory, wanted)


def test_only_wanted_leaves_are_read_and_those_that_cannot_be_are_none(memory, source):
    found = {row["id"]: row["doc"].get(LOSING) for row in source.rows_before(None, None, 10)}
    assert found == {
        str(number): None if number % 2 else {"2-b": None if number == 4 else {"_id": str(number), "_rev": "2-b"}}
        for number in range(10)
    }
    assert memory.asked == [5]


def test_they_are_read_some_at_a_time(memory, source, monkeypatch):
    monkeypatch.setattr(with_losing, "MOST", 2)
    assert LOSING in source.documents(["2", "4", "6"])["6"]
    assert LOSING in source.whole_documents(["8"])["8"]
    assert memory.asked == [2, 1, 1]


def test_nothing_is_read_without_need(memory, source):
    assert source.documents(["1", "3"]) == memory.documents(["1", "3"])
    source.rows_before(None, None, 10, include_docs=False)
    assert source.get("2") == memory.get("2") and memory.asked == []


def test_each_replica_shows_losing_leaves(memory, source):
    (shard,) = source.shards()
    assert LOSING in shard["node2"].documents(["2"])["2"]


def test_both_sides_know_the_field_by_one_name():
    assert LOSING == FIELD


def test_all_else_is_as_the_source_shows_it(source, memory):
    assert source.attachment("1", "a", "3-c") == b"1/a/3-c"
    assert source.leaf_documents([("2", "2-b")]) == {("2", "2-b"): {"_id": "2", "_rev": "2-b"}}
    assert (source.name, source.place, source.now(), source.document_count()) == ("memory", "memory", 5, 10)
    assert source.is_partitioned() and source.is_stopped() and source.deleted(["1", "2"]) == {"1"}
    assert source.replicas() == 1 and source.get("1") == {"_id": "1", "_rev": "3-c"}
