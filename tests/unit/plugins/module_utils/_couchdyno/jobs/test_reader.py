# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading a source: gaps, unreadable documents, replicas that have missed updates, replicas that differ.

test_verify.py and model/test_verdicts.py compare the verdicts with what was done to the documents.
"""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb import client as client_module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Interrupted, Unreachable, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import reader, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import Shortfall
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.reader import Reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.tally import Tally
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import FINE, KINDS

TOTAL = 40
STREAM = ClassicStream(7, TOTAL, 300)
AT = Expectation(TOTAL, TOTAL)
MANY = 10**7


def document(update, stream=STREAM, **fields):
    return dict(json.loads(stream.content.render(update, 1000)), _rev=f"{1 + update // stream.total}-a", **fields)


@pytest.fixture
def filled(couch):
    """A database of forty documents at position 40."""
    couch.documents.update((each["_id"], each) for each in map(document, range(TOTAL)))
    return couch


def read(client, expectation=AT, stream=STREAM, new_tally=None, **options):
    return Reader(client, stream, expectation, new_tally or (lambda: Tally(stream)), **options).read()


def found(tally):
    return {kind: count for kind, count in tally.counts.items() if count}


# -- gaps


@pytest.mark.parametrize("indexes", [range(100), range(0, MANY, MANY // 97), [MANY - 1], []])
def test_a_large_database_of_which_little_is_left_is_judged_by_few_requests(couch, client, indexes):
    stream = ClassicStream(7, MANY, 300)
    for index in indexes:
        couch.documents[stream.document_id(index)] = document(index, stream)
    tally = read(client, Expectation(MANY, MANY), stream)
    first = next(index for index in range(MANY) if index not in indexes)
    exact = {"exact": len(indexes)} if indexes else {}
    assert found(tally) == {**exact, "missing": MANY - len(indexes)}
    assert (tally.low, tally.high) == (first, max(indexes, default=-1) + 1)
    assert tally.samples["missing"][0] == {
        "id": stream.document_id(first),
        "reason": f"is missing; it should hold update {first}",
    }
    assert len(tally.samples["missing"]) == 5 and len(couch.requests) < 10


def test_a_large_gap_with_open_and_missed_updates(couch, client):
    stream = ClassicStream(7, MANY, 300)
    claim = Claim(((5, 2_000_000),), 1000, 0, "d", "h", "", 0)
    expectation = Expectation(MANY + 3, MANY + 3, (claim,), missed=(Missed(MANY - 9, MANY, 1, 9),))
    tally = read(client, expectation, stream)
    absent = 2_000_000 - 5 + 9
    assert found(tally) == {"absent": absent, "missing": MANY - absent}
    assert tally.low == 0 and tally.samples["missing"][0]["reason"] == f"is missing; it should hold update {MANY}"
    assert len(couch.requests) < 10


def test_an_empty_range_costs_one_request(couch, client, monkeypatch):
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", 10)
    couch.documents.update((f"extra{number:03d}", {"_id": f"extra{number:03d}", "_rev": "1-a"}) for number in range(99))
    assert found(read(client)) == {"extra": 99, "missing": TOTAL}
    in_ranges = [path for method, path in couch.requests if path.endswith("_all_docs")]
    assert len(in_ranges) <= TOTAL // 10 * 2 + 3


def test_a_signal_ends_the_reading_of_a_wide_range(client, filled, stop, monkeypatch):
    monkeypatch.setattr(reader, "CONNECTIONS", 1)
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", 1)
    answer = filled._answer

    def ask_to_stop(request, path):
        if len(filled.requests) == 9:
            stop.request()
        return answer(request, path)

    filled._answer = ask_to_stop
    with pytest.raises(Interrupted):
        read(client, Expectation(MANY, MANY), ClassicStream(7, MANY, 300), stop=stop)
    assert len(filled.requests) < 15


def test_documents_that_adopting_finds_missing_are_open_again(client, filled):
    for index in range(3, 33):
        del filled.documents[STREAM.document_id(index)]
    tally = read(client, Expectation(TOTAL + 10, TOTAL + 10), new_tally=lambda: Shortfall(STREAM, TOTAL + 10))
    assert tally.updates == {0: ((10, 33), (TOTAL, TOTAL + 3)), 1: ((TOTAL + 3, TOTAL + 10),)}


# -- unreadable documents


def test_an_unreadable_document_is_named_and_tells_no_position(client, filled):
    filled.unreadable = {STREAM.document_id(0), STREAM.document_id(39)}
    tally = read(client)
    assert found(tally) == {"exact": 38, "unreadable": 2} and (tally.low, tally.high) == (41, 39)
    assert tally.samples["unreadable"][0] == {
        "id": STREAM.document_id(0),
        "reason": "exists, but the server cannot read it",
    }
    assert tally.checked == TOTAL and client.waits == []


# -- documents that are too large, or nested too deeply

DEEP = json.loads("[" * 300 + "]" * 300)
TOO_DEEP, TOO_LARGE = "is nested more than 100 levels deep", "is larger than 128 MB"


@pytest.mark.parametrize("replicas", [1, 3])
def test_large_and_deep_documents_are_damaged_and_hide_no_other(client, filled, replicas, monkeypatch):
    monkeypatch.setattr(client_module, "LIST", 20_000)
    monkeypatch.setattr(client_module, "DOCUMENT", 50_000)
    filled.replicas = replicas
    for index, fields in {3: {"data": DEEP}, 5: {"note": {"x": DEEP}}, 20: {"data": "x" * 60_000}}.items():
        filled.documents[STREAM.document_id(index)].update(fields)
    extra = {"cdyno_000000000007x": {"x": "x" * 60_000}, "cdyno_000000000008x": {"x": "x" * 19_000, "y": DEEP}}
    filled.documents.update((name, dict(fields, _id=name, _rev="1-a")) for name, fields in extra.items())
    tally = read(client)
    assert found(tally) == {"exact": 37, "damaged": 3, "extra": 2} and tally.checked == TOTAL
    assert [each["reason"] for each in tally.samples["damaged"]] == [TOO_DEEP, TOO_DEEP, TOO_LARGE]
    assert client.waits == []


def test_adopting_makes_unreadable_documents_open_again(client, filled):
    filled.unreadable = {STREAM.document_id(7)}
    assert read(client, new_tally=lambda: Shortfall(STREAM, TOTAL)).updates == {0: ((7, 8),)}


def test_every_kind_that_is_not_fine_makes_a_database_wrong():
    assert {kind for kind, __ in verify.FAULTS} == set(KINDS) - FINE


# -- clusters: the replica that answers ranges has missed updates


@pytest.fixture
def cluster(filled):
    filled.replicas = 3
    return filled


@pytest.mark.parametrize("page", [1000, 7])
def test_documents_that_one_replica_has_missed_are_fine(client, cluster, monkeypatch, page):
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", page)
    cluster.documents.update((each["_id"], each) for each in map(document, range(TOTAL, TOTAL + 30)))
    for index in range(25):
        cluster.shown[STREAM.document_id(index)] = document(index)
    cluster.shown[STREAM.document_id(35)] = None
    tally = read(client, Expectation(TOTAL + 30, TOTAL + 30))
    assert found(tally) == {"exact": TOTAL} and (tally.low, tally.high) == (TOTAL + 30, TOTAL + 30)
    assert (tally.catching_up, tally.differing, tally.samples) == (26, 0, {})


@pytest.mark.parametrize("page", [1000, 7])
def test_a_replica_that_has_nothing_yet_does_not_make_documents_missing(client, cluster, monkeypatch, page):
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", page)
    cluster.shown = dict.fromkeys(cluster.documents)
    tally = read(client)
    assert (found(tally), tally.catching_up) == ({"exact": TOTAL}, TOTAL)


def test_what_no_replica_has_is_wrong_all_the_same(client, cluster):
    for index in range(5, 35):
        del cluster.documents[STREAM.document_id(index)]
    cluster.documents[STREAM.document_id(36)]["data"] = "x"
    tally = read(client)
    assert found(tally) == {"exact": 9, "missing": 30, "damaged": 1}
    assert (tally.low, tally.catching_up) == (5, 0)


def test_a_losing_leaf_that_another_replica_has_deleted_is_no_conflict(client, cluster):
    cluster.shown[STREAM.document_id(3)] = document(3, _conflicts=["1-0"])
    assert found(read(client)) == {"exact": TOTAL}


def test_an_extra_document_that_other_replicas_have_deleted_does_not_count(client, cluster):
    for name in ("zebra", STREAM.document_id(3) + "x"):
        cluster.shown[name] = {"_id": name, "_rev": "1-a"}
        cluster.revisions[name] = {"1-a", "2-a"}
    assert found(read(client)) == {"exact": TOTAL}
    cluster.documents["zebra"] = cluster.shown["zebra"]
    assert found(read(client)) == {"exact": TOTAL, "extra": 1}


@pytest.mark.parametrize("rev, differing", [("1-a", 1), ("1-0", 0)])
def test_damage_in_one_replica_counts_unless_it_has_been_overwritten(client, cluster, rev, differing):
    """Replicas never change the bytes of a revision, so this will not heal."""
    name = STREAM.document_id(3)
    cluster.shown[name] = dict(cluster.documents[name], data="x", _rev=rev)
    tally = read(client)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, differing)
    if differing:
        (sample,) = tally.samples["differing"]
        assert sample["id"] == name and sample["reason"].endswith(" in one replica, but not in another")


# -- every replica


class Shards(Client):
    """A client whose replicas are given as clients of other databases."""

    def __init__(self, client, shards):
        self.__dict__.update(client.__dict__, given=shards)

    def shards(self):
        return self.given


@pytest.fixture
def nodes(couch, client, another, monkeypatch, filled):
    """The documents of two nodes, and a client that can read both; the first node is also the one that it asks."""
    other, its_client = another
    other.documents.update(filled.documents)
    return filled, other, Shards(client, [{"n1": client, "n2": its_client}])


@pytest.mark.parametrize(
    "change, reason",
    [
        (document(3, data="x"), "is damaged on n2, holds update 3 on n1"),
        (document(3 + TOTAL), "holds update 3 on n1, holds update 43 on n2"),
        (document(3, _conflicts=["1-0"]), "holds update 3 on n1, holds update 3 with conflicts on n2"),
        (dict(document(3), _rev="1-b"), "has revision 1-a on n1, has revision 1-b on n2"),
        (None, "holds update 3 on n1, is missing on n2"),
    ],
)
@pytest.mark.parametrize("page", [1000, 3])
def test_replicas_that_differ_are_named(nodes, monkeypatch, page, change, reason):
    monkeypatch.setattr(reader, "PAGE_DOCUMENTS", page)
    __, other, client = nodes
    name = STREAM.document_id(3)
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, 0)
    other.documents.update({name: change})
    if change is None:
        del other.documents[name]
    tally = read(client, Expectation(TOTAL, TOTAL + 9), every_replica=True)
    assert tally.differing == 1 and sum(tally.counts.values()) == TOTAL
    (sample,) = tally.samples["differing"]
    assert sample["id"] == name and sorted(sample["reason"].split(", ")) == sorted(reason.split(", "))


def test_an_unreadable_replica_is_named(nodes):
    __, other, client = nodes
    other.unreadable = {STREAM.document_id(3)}
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, 1)
    assert "is unreadable on n2" in tally.samples["differing"][0]["reason"]


def test_a_replica_of_the_ledger_that_differs_is_named(nodes):
    one, other, client = nodes
    one.documents["couchdyno_meta"] = {"_id": "couchdyno_meta", "_rev": "2-a"}
    other.documents["couchdyno_meta"] = {"_id": "couchdyno_meta", "_rev": "1-a"}
    tally = read(client, every_replica=True)
    assert tally.counts["extra"] == 0 and tally.differing == 1
    assert tally.samples["differing"][0]["id"] == "couchdyno_meta"


def let_catch_up(other, one, name):
    """Let a node have a document as another node has it, from its fourth request on."""
    answer, asked = other._answer, []

    def caught_up(request, path):
        asked.append(path)
        if len(asked) > 3:
            other.documents[name] = one.documents[name]
        return answer(request, path)

    other._answer = caught_up


@pytest.mark.parametrize("name", ["zebra", STREAM.document_id(3) + "x"])
def test_an_extra_document_that_some_nodes_have_deleted_differs_and_is_not_extra(nodes, name):
    one, other, client = nodes
    one.documents[name] = {"_id": name, "_rev": "1-a"}
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, 1)
    assert tally.samples["differing"] == [{"id": name, "reason": "exists on n1, is missing on n2"}]
    other.documents[name] = {"_id": name, "_rev": "2-a"}
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL, "extra": 1}, 1)


@pytest.mark.parametrize("name", ["zebra", STREAM.document_id(3) + "x"])
def test_an_extra_document_that_arrives_on_the_other_nodes_is_extra(nodes, name):
    one, other, client = nodes
    one.documents[name] = {"_id": name, "_rev": "1-a"}
    let_catch_up(other, one, name)
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL, "extra": 1}, 0)


@pytest.mark.parametrize("name", [STREAM.document_id(3), "couchdyno_meta"])
def test_replicas_that_differ_only_while_a_document_is_updated_do_not_differ(nodes, name):
    one, other, client = nodes
    one.documents[name] = dict(document(3 + TOTAL), _id=name)
    other.documents[name] = dict(document(3), _id=name)
    let_catch_up(other, one, name)
    tally = read(client, Expectation(TOTAL, TOTAL + 9), every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, 0)


def test_a_replica_whose_file_is_gone_has_no_documents(nodes):
    __, other, client = nodes
    other._answer = lambda request, path: (404, {"error": "not_found", "reason": "no_db_file"})
    tally = read(client, every_replica=True)
    assert (found(tally), tally.differing) == ({"exact": TOTAL}, TOTAL)


def test_a_node_that_is_down_is_an_error(nodes):
    __, other, client = nodes
    other._answer = lambda request, path: (412, {"error": "nodedown", "reason": "n2 is down"})
    with pytest.raises(Unreachable, match="the node n2 is down, so its replicas cannot be read; start it, then retry"):
        read(client, every_replica=True)


def test_every_replica_needs_more_than_one(client, filled):
    with pytest.raises(UsageError):
        read(client, every_replica=True)
