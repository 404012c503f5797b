# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Adopting databases in which states of different times were mixed."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import (
    Busy,
    LedgerDamaged,
    LedgerOutdated,
    NoLedger,
    ServerError,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import adopt as job
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt, preview
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Driver
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claiming import LEASE, claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

TOTAL = 20


@pytest.fixture
def book(client):
    """A database of twenty documents after three cycles of ten."""
    book = LedgerDocument(client)
    book.create(Parameters(TOTAL, 300, 10, 7))
    for __ in range(3):
        execute(client)
    return book


def snapshot(couch, prefix=""):
    return {name: copy.deepcopy(each) for name, each in couch.documents.items() if name.startswith(prefix)}


def state_of(documents):
    return {name: each for name, each in documents.items() if name.startswith("couchdyno_ledger_")}


def restore(couch, documents):
    """Put documents back, under later revisions than any."""
    for name, document in documents.items():
        couch.documents[name] = dict(document, _rev="999-" + document["_rev"].partition("-")[2])


def assert_sound(client, cycles=3):
    """The next cycles write what was open; then every document is exact."""
    for __ in range(cycles):
        assert execute(client)["after"]["errors"] == 0
    report = verify(client)
    assert (report["verdict"], report["ledger"]["claims"], report["ledger"]["agrees"]) == ("right", 0, True)


def test_an_earlier_ledger_over_newer_documents(couch, client, book):
    earlier = state_of(snapshot(couch))
    for __ in range(4):
        execute(client)
    restore(couch, earlier)
    with pytest.raises(LedgerOutdated):
        execute(client)
    report = adopt(client)
    assert report["adopted"]["position"] == report["dyno_config"]["position"] == 70
    assert (report["before"]["position"], report["adopted"]["open"], report["dyno_config"]["runs"]) == (30, 0, 7)
    assert_sound(client)


def test_earlier_documents_below_a_newer_ledger(couch, client, book):
    earlier = snapshot(couch, "cdyno_00000000000")
    execute(client)
    execute(client)
    restore(couch, earlier)
    report = adopt(client)
    assert (report["adopted"]["open"], report["adopted"]["behind"]) == (10, 10)
    assert [entry["count"] for entry in report["dyno_config"]["claims"]] == [10]
    assert execute(client)["after"]["redone"] == 10
    assert_sound(client)


def test_documents_that_are_missing_or_damaged_are_written_again(couch, client, book):
    del couch.documents["cdyno_000000000003"]
    couch.documents["cdyno_000000000005"]["data"] = "0"
    couch.documents["cdyno_x"] = {"_id": "cdyno_x", "_rev": "1-a"}
    couch.conflicts["cdyno_000000000007"] = ["1-a"]
    found = adopt(client)["adopted"]
    counts = {"behind": 0, "missing": 1, "revived": 0, "damaged": 1, "conflicted": 1, "extra": 1}
    assert found == {"position": 30, "open": 2, **counts}
    couch.conflicts.clear()
    del couch.documents["cdyno_x"]
    assert_sound(client)


def test_a_copy_that_has_lost_the_state_of_its_ledger(couch, client, book):
    for name in state_of(snapshot(couch)):
        del couch.documents[name]
    with pytest.raises(NoLedger, match="has lost the state of its ledger"):
        execute(client)
    report = adopt(client)
    assert (report["before"], report["adopted"]["position"], report["adopted"]["open"]) == (None, 30, 0)
    assert report["dyno_config"]["runs"] == 3
    assert_sound(client)


def test_the_newest_state_was_deleted_and_its_sealed_predecessor_was_not(couch, client, book):
    for __ in range(12):
        execute(client)
    newest = couch.ledger
    client.put(dict(newest, _deleted=True))
    assert couch.ledger["sealed"]
    with pytest.raises(NoLedger, match="has lost the state of its ledger"):
        execute(client)
    assert adopt(client)["adopted"]["position"] == 150
    assert couch.ledger["_id"] > newest["_id"] and not couch.ledger.get("sealed")
    assert_sound(client)


def test_records_that_no_run_can_have_left_do_not_count(couch, client, book):
    junk = {"format": 2, "round": 2**53 - 1, "window": [0, 0, 5]}
    for place, fields in (("00007", junk), ("40991", {"run": 2**53 - 1, "ts": 5})):
        couch.documents[f"couchdyno_run_{place}"] = {"_id": f"couchdyno_run_{place}", "_rev": "1-a", **fields}
    assert adopt(client)["dyno_config"]["runs"] == 3
    assert_sound(client)


def test_what_drivers_left_open_or_refused_counts_for_nothing(couch, client, book):
    book.read()
    book.change(lambda ledger: claim(ledger, Driver("d", "h", ""), 5, couch.clock))
    with pytest.raises(Busy, match=r"drivers are updating http://couch:5984/db.*stop them and retry later"):
        adopt(client)
    couch.clock += LEASE
    client.document_count()  # brings the time
    found = adopt(client)["adopted"]
    assert (found["position"], found["open"], found["behind"]) == (35, 5, 5)
    assert_sound(client)


def test_a_database_of_the_original_tool_has_nothing_to_adopt(couch, client, original_ledger):
    couch.documents["couchdyno_meta"] = original_ledger
    with pytest.raises(NoLedger, match="run cycles with couchdyno-execute"):
        adopt(client)


def test_previewing_changes_nothing(couch, client, book):
    del couch.documents["cdyno_000000000003"]
    before = json.dumps(couch.documents)
    shown = preview(client)
    assert json.dumps(couch.documents) == before
    real = adopt(client)
    assert shown["adopted"] == real["adopted"] and shown["before"] == real["before"]


def test_a_fork_is_told_from_its_source(couch, client, book, another):
    source, original = another
    source.documents.update(snapshot(couch))
    assert verify(client, original=original)["verdict"] == "right"
    adopt(client)
    execute(client)
    reasons = verify(client, original=original)["reasons"]
    assert "not a copy of the source: forked at update 30" in reasons
    copied = snapshot(couch)
    adopt(client)  # the source of a later copy was adopted itself: its copies have its marks
    source.documents = snapshot(couch)
    couch.documents.clear()
    couch.documents.update(copied)
    assert not any("forked" in reason for reason in verify(client, original=original)["reasons"])


def test_an_attempt_that_failed_leaves_no_second_mark(couch, client, book, monkeypatch):
    earlier = state_of(snapshot(couch))
    for __ in range(4):
        execute(client)
    restore(couch, earlier)

    def refuse(*args, **more):
        raise ServerError("forbidden")

    with monkeypatch.context() as patched:
        patched.setattr(LedgerDocument, "change", refuse)
        with pytest.raises(ServerError):
            adopt(client)
    adopt(client)
    assert len(book.read().forks) == 1
    adopt(client)  # it may be a copy of the adopted one
    assert len(book.read().forks) == 2


def test_a_ledger_that_changes_meanwhile(couch, client, book, monkeypatch):
    del couch.documents["cdyno_000000000003"]
    plan = job._plan

    def planned(*args):
        found = plan(*args)
        execute(client)
        return found

    monkeypatch.setattr(job, "_plan", planned)
    with pytest.raises(Busy):
        adopt(client)
    assert_sound(client)


def test_a_state_that_comes_back_meanwhile(couch, client, book, monkeypatch):
    """It may have gone on, so adopting must not replace it."""
    lost = state_of(snapshot(couch))
    for name in lost:
        del couch.documents[name]
    plan = job._plan

    def planned(*args):
        found = plan(*args)
        couch.documents.update(lost)
        execute(client)
        return found

    monkeypatch.setattr(job, "_plan", planned)
    before = couch.documents["couchdyno_meta"]
    with pytest.raises(Busy, match="other processes are changing the ledger"):
        adopt(client)
    assert couch.documents["couchdyno_meta"] == before
    assert_sound(client)


def test_two_at_once(couch, client, book, monkeypatch):
    plan = job._plan

    def planned(*args):
        found = plan(*args)
        monkeypatch.setattr(job, "_plan", plan)
        monkeypatch.setattr(LedgerDocument, "_unchanged_meta", lambda document, before, after: before.meta)
        adopt(client)
        return found

    monkeypatch.setattr(job, "_plan", planned)
    with pytest.raises(Busy, match="other processes are changing the ledger"):
        adopt(client)
    assert len(book.read().forks) == 1


@pytest.mark.parametrize("damage", [{"position": -1}, {"claims": {}}, {"runs": 2**53 - 1}, {"position": 2**53 - 1}])
def test_a_damaged_state(couch, client, book, damage):
    couch.ledger.update(damage)
    with pytest.raises(LedgerDamaged, match=r"couchdyno_ledger_00000000\) is damaged.*couchdyno-setup --adopt"):
        execute(client)
    report = adopt(client)
    assert (report["before"], report["adopted"]["position"]) == (None, 30)
    assert_sound(client)
    assert "couchdyno_ledger_00000000" not in couch.documents


def test_a_document_with_an_update_that_no_database_reaches(couch, client, book):
    absurd = client.get("cdyno_000000000007")
    update = 2**53 - 8 - (2**53 - 8) % TOTAL + 7 - TOTAL
    content = book.ledger.stream.content
    couch.documents["cdyno_000000000007"] = dict(json.loads(content.render(update, 5)), _rev=absurd["_rev"])
    with pytest.raises(LedgerDamaged, match=f"holds update {update}, which no database reaches; delete"):
        adopt(client)


def test_a_lease_that_is_longer_than_any(couch, client, book):
    """Some clock was wrong; nobody would wait for it."""
    book.read()
    book.change(lambda ledger: claim(ledger, Driver("d", "h", ""), 5, 253402300000))
    assert adopt(client)["adopted"]["open"] == 5
    assert_sound(client)


def test_documents_that_are_several_laps_old_and_still_refused(couch, client, book):
    """The ledger knows how old they may be."""
    execute(client)
    couch.refuse = {"cdyno_000000000005": "forbidden", "cdyno_000000000011": "forbidden"}
    del couch.documents["cdyno_000000000011"]
    for __ in range(5):
        execute(client)
    assert adopt(client)["adopted"]["open"] == 2
    for __ in range(5):
        assert execute(client)["after"]["errors"] >= 1
        assert verify(client)["verdict"] == "right"
    couch.refuse.clear()
    assert_sound(client)


def test_many_holes_do_not_make_a_large_ledger(couch, client, book, monkeypatch):
    monkeypatch.setattr(job, "MOST_RANGES", 2)
    for index in (1, 3, 9, 15):
        del couch.documents[f"cdyno_{index:012d}"]
    found = adopt(client)["adopted"]
    assert (found["missing"], len(couch.ledger["claims"][0]["updates"])) == (4, 2)
    assert found["open"] > 4
    assert_sound(client)
