# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Situations in which a verdict depends on what is known besides the documents."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import NoLedger, Recreated, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

TOTAL = 20
STREAM = ClassicStream(7, TOTAL, 300)
WORDS = ("the documents are those of update {}, but the ledger is that of update {}; if cycles ran while this copy was "
         "taken, say when it was taken")


@pytest.fixture
def source(another):
    """A database of twenty documents after five cycles of ten, one a minute, and its client."""
    couch, client = another
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    run(couch, client, 5)
    return another


def run(couch, client, cycles):
    for __ in range(cycles):
        couch.clock += 60
        client.document_count()  # brings the time
        assert execute(client)["after"]["errors"] == 0


def copied(source, couch, prefix=""):
    """Copy documents of the source into the database to verify."""
    found = {name: each for name, each in source[0].documents.items() if name.startswith(prefix)}
    couch.documents.update(copy.deepcopy(found))


def verdict(report):
    return report["verdict"], ", ".join(report["reasons"])


# -- copies without a ledger


def test_a_copy_that_was_cut_off_is_wrong_by_its_source(source, couch, client):
    copied(source, couch, "cdyno_00000000000")
    report = verify(client, original=source[1])
    assert verdict(report) == ("wrong", "10 of 20 documents missing, ledger missing")
    assert (report["ledger"], report["stream"]["seed"]) == (None, 7)


def test_an_empty_copy_is_wrong_by_its_source_and_by_its_parameters(source, couch, client):
    assert verdict(verify(client, original=source[1])) == ("wrong", "20 of 20 documents missing, ledger missing")
    for original in (None, source[1]):
        assert verdict(verify(client, given=STREAM, original=original)) == ("wrong", "20 of 20 documents missing")


def test_all_documents_without_a_ledger_are_right_by_their_parameters(source, couch, client):
    copied(source, couch, "cdyno_")
    assert verdict(verify(client, given=STREAM)) == ("right", "")
    assert verdict(verify(client, original=source[1])) == ("wrong", "ledger missing")
    with pytest.raises(NoLedger, match="give --source, or --seed, --total and --size"):
        verify(client)


def test_documents_that_the_source_has_not_created_are_not_missing(another, couch, client):
    __, original = another
    LedgerDocument(original).create(Parameters(TOTAL, 300, 7, 7))
    run(*another, 1)
    copied(another, couch, "cdyno_")
    report = verify(client, given=STREAM, original=original)
    assert (report["verdict"], report["counts"]["absent"]) == ("right", 13)
    assert verdict(verify(client, given=STREAM)) == ("wrong", "13 of 20 documents missing")


def test_a_copy_without_the_state_of_its_ledger(source, couch, client):
    copied(source, couch)
    del couch.documents["couchdyno_ledger_00000000"]
    with pytest.raises(NoLedger, match="give --source, or --from-position and --to-position"):
        verify(client)
    assert verdict(verify(client, original=source[1])) == ("wrong", "the state of the ledger missing")
    assert verdict(verify(client, Span(50, 50))) == ("right", "")
    taken = (source[0].clock + 20, source[0].clock + 30)
    assert verdict(verify(client, Span(taken=taken), original=source[1])) == ("right", "")
    earlier = (source[0].clock - 30, source[0].clock)  # its run records are there, but end before a later time
    assert verdict(verify(client, Span(taken=earlier))) == ("right", "")
    assert verdict(verify(client, Span(taken=taken)))[0] == "undecided"


def test_a_damaged_ledger_is_told_beside_the_documents(source, couch, client):
    copied(source, couch)
    couch.ledger["claims"] = 5
    assert verdict(verify(client, original=source[1])) == ("wrong", "ledger damaged")


def test_a_ledger_alone_is_not_right_whatever_the_span(source, couch, client):
    copied(source, couch, "couchdyno_")
    assert verdict(verify(client)) == ("wrong", "20 of 20 documents missing")
    words = "20 documents do not exist; they were created after the copy began, or are lost"
    assert verdict(verify(client, Span(0, 50))) == ("undecided", words)
    assert verdict(verify(client, Span(0), original=source[1])) == ("undecided", words)


# -- copies that were taken while cycles ran


def test_documents_and_ledger_of_different_times_are_undecided(source, couch, client):
    copied(source, couch, "cdyno_")
    run(*source, 2)
    copied(source, couch, "couchdyno_")
    report = verify(client)
    assert verdict(report) == ("undecided", WORDS.format(50, 70))
    assert (report["counts"]["exact"], report["low"], report["high"], report["ledger"]["agrees"]) == (20, 50, 50, False)
    assert verdict(verify(client, Span(50, 70))) == ("right", "")


def test_when_it_was_taken_shows_the_span(source, couch, client):
    copied(source, couch, "cdyno_")
    began = source[0].clock + 30
    run(*source, 2)
    copied(source, couch, "couchdyno_")
    for original in (None, source[1]):
        report = verify(client, Span(taken=(began, source[0].clock + 5)), original=original)
        assert report["verdict"] == "right" and report["span"]["from_position"] == 50
    run(*source, 3)
    report = verify(client, Span(taken=(began, source[0].clock - 150)), original=source[1])
    assert (report["verdict"], report["span"]) == ("right", {"from_position": 50, "to_position": 70})
    report = verify(client, Span(taken=(began + 60, began + 70)), original=source[1])
    assert verdict(report)[0] == "wrong"  # it was not taken then: the documents are older


def test_a_replica_of_several_times_is_wrong_without_a_span_and_says_what_is_missing(source, couch, client):
    copied(source, couch, "cdyno_00000000001")
    run(*source, 2)
    copied(source, couch, "cdyno_00000000000")
    copied(source, couch, "couchdyno_")
    words = "if cycles ran while this copy was taken, say when it was taken"
    assert verdict(verify(client)) == ("wrong", f"10 documents older than allowed; {words}")
    del couch.documents["cdyno_000000000005"]
    assert verdict(verify(client)) == ("wrong", "1 of 20 documents missing, 10 documents older than allowed")


def test_a_time_before_the_database_existed(source, couch, client):
    copied(source, couch)
    words = r"began at 2023-11-14T22:14:20Z, after --taken 1970-01-01T00:00:06Z; give times in UTC"
    with pytest.raises(UsageError, match=words):
        verify(client, Span(taken=(5, 6)))


def test_a_time_that_is_not_on_record(source, couch, client):
    copied(source, couch, "cdyno_")
    with pytest.raises(UsageError, match="there are no run records; use --from-position and --to-position"):
        source[0].documents = {n: d for n, d in source[0].documents.items() if "couchdyno_run" not in n}
        verify(client, Span(taken=(5, 6)), original=source[1])
    with pytest.raises(UsageError, match="--taken cannot be combined with --from-position"):
        verify(client, Span(5, 6, (7, 8)))


# -- copies of something else


def test_a_copy_of_another_database_with_the_same_parameters(source, couch, client):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    run(couch, client, 5)
    words = "not a copy of the source: it is a copy of another database with the same parameters"
    assert verify(client)["verdict"] == "right"
    assert words in verdict(verify(client, original=source[1]))[1]


def test_two_databases_of_one_seed_that_were_mixed(source, couch, client):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    couch.clock += 7
    run(couch, client, 5)
    copied(source, couch, "cdyno_00000000001")
    report = verify(client)
    assert verdict(report) == ("wrong", "10 documents damaged")
    assert "by the run records, it was claimed at" in report["samples"]["damaged"][0]["reason"]


def test_a_copy_that_was_driven_and_then_overtaken_by_its_source(source, couch, client):
    copied(source, couch)
    couch.clock = source[0].clock + 7
    run(couch, client, 2)
    run(*source, 3)
    words = "not a copy of the source: its runs differ from those of the source from update 50 on; cycles have run on"
    assert words in verdict(verify(client, original=source[1]))[1]


def test_time_stamps_that_were_changed_consistently(source, couch, client):
    copied(source, couch)
    for name, document in couch.documents.items():
        if name.startswith("cdyno_"):
            text = STREAM.content.render(document["update"], document["ts"] + 3600, document["_rev"])
            couch.documents[name] = json.loads(text)
    assert verdict(verify(client)) == ("wrong", "20 documents damaged")


def test_a_conflict_of_the_ledger(source, couch, client):
    copied(source, couch)
    couch.conflicts["couchdyno_ledger_00000000"] = ["3-x"]
    assert verdict(verify(client)) == ("wrong", "conflicting revisions of the ledger")


# -- while it is read


@pytest.mark.parametrize("instance", ["1", "2"])  # servers that do not distinguish them, and that do
def test_a_database_that_is_recreated_while_it_is_read(source, couch, client, instance):
    copied(source, couch)
    answer = couch._answer

    def recreated(request, path):
        if "22cdyno_" in request.url and couch.documents["couchdyno_meta"]["seed"] == 7:
            documents = copy.deepcopy(source[0].documents)
            documents["couchdyno_meta"].update(seed=8, created=5)
            couch.documents, couch.instance = documents, instance  # at once, as other threads read meanwhile
        return answer(request, path)

    couch._answer = recreated
    with pytest.raises(Recreated, match=r"http://couch:5984/db was recreated while it was verified; verify it again"):
        verify(client)


def test_a_copy_from_before_its_source_was_rolled_back(source, couch, client):
    earlier = copy.deepcopy(source[0].documents)
    run(*source, 2)
    copied(source, couch)
    source[0].documents = earlier
    source[0].clock += 600
    run(*source, 3)
    report = verify(client, original=source[1])
    assert report["counts"]["damaged"] == 0
    assert "or an earlier backup was restored to the source" in verdict(report)[1]


def test_a_copy_alone_does_not_show_where_its_source_stood_later(source, couch, client):
    copied(source, couch)
    later = source[0].clock + 600
    report = verify(client, Span(taken=(later, later + 5)))
    assert report["verdict"] == "undecided" and "; verify it with its source" in verdict(report)[1]
    assert verify(client, Span(taken=(later, later + 5)), original=source[1])["verdict"] == "right"


def test_a_stale_copy_is_wrong_by_its_time_whatever_holes_the_history_has(source, couch, client):
    run(*source, 5)
    del source[0].documents["couchdyno_run_00002"]
    copied(source, couch)
    run(*source, 20)
    now = source[0].clock + 30
    assert verify(client, Span(taken=(now, now + 5)), original=source[1])["verdict"] == "wrong"


def test_an_adoption_of_the_source_does_not_harm_copies_of_before(source, couch, client):
    copied(source, couch)
    taken = (source[0].clock + 20, source[0].clock + 30)
    run(*source, 2)
    del source[0].documents["cdyno_000000000003"]
    adopt(source[1])
    run(*source, 3)
    report = verify(client, Span(taken=taken), original=source[1])
    assert (report["verdict"], report["span"]) == ("right", {"from_position": 50, "to_position": 50})


def test_documents_that_adopting_rewrites_have_the_time_of_the_adoption(source, couch, client):
    for index in (3, 8):
        del source[0].documents[STREAM.document_id(index)]
    source[0].clock += 600
    adopt(source[1])
    assert verify(source[1])["counts"]["damaged"] == 0
    run(*source, 1)
    assert verify(source[1])["verdict"] == "right"


def test_documents_that_were_never_written_because_they_were_refused_leave_no_doubt(couch, client):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    couch.refuse = {"cdyno_000000000003": "forbidden"}
    for __ in range(6):
        execute(client)
    assert verdict(verify(client, Span(60, 60))) == ("right", "")


def test_refusals_that_healed_after_the_copy_are_known_from_the_run_records(source, couch, client):
    copied(source, couch)
    source[0].refuse = {"cdyno_000000000003": "forbidden"}
    for __ in range(4):
        source[0].clock += 60
        execute(source[1])
    earlier = copy.deepcopy(couch.documents["cdyno_000000000004"])
    copied(source, couch)
    taken = (source[0].clock + 20, source[0].clock + 30)
    source[0].refuse = {}
    run(*source, 4)
    assert source[0].ledger.get("refused", []) == []
    of_copy = {name: each for name, each in couch.documents.items() if name.startswith("cdyno_")}
    for documents in (couch.documents, of_copy):  # with its ledger and run records, and without
        couch.documents = documents
        report = verify(client, Span(taken=taken), STREAM, source[1])
        assert (verdict(report), report["span"]) == (("right", ""), {"from_position": 90, "to_position": 90})
    couch.documents["cdyno_000000000004"] = earlier  # as old as the one that was refused
    assert verdict(verify(client, Span(taken=taken), STREAM, source[1])) == ("wrong", "1 document older than allowed")


def test_a_copy_of_a_database_that_was_filled_meanwhile_is_undecided(another, couch, client):
    LedgerDocument(another[1]).create(Parameters(TOTAL, 300, 5, 7))
    run(*another, 1)
    copied(another, couch, "cdyno_")
    run(*another, 2)
    copied(another, couch, "couchdyno_")
    report = verify(client)
    assert verdict(report) == ("undecided", WORDS.format(5, 15))
    assert (report["counts"]["missing"], report["counts"]["absent"], report["checked"]) == (0, 15, 5)
    assert verdict(verify(client, Span(5, 15))) == ("undecided", "10 documents do not exist; they were created after "
                                                    "the copy began, or are lost")


def test_of_a_full_database_only_the_run_records_show_that_it_was_filled_meanwhile(another, couch, client):
    LedgerDocument(another[1]).create(Parameters(TOTAL, 300, 5, 7))
    run(*another, 1)
    copied(another, couch)  # what there is when a backup lists the documents
    run(*another, 3)
    couch.documents["couchdyno_ledger_00000000"] = copy.deepcopy(another[0].ledger)
    assert verdict(verify(client)) == ("undecided", WORDS.format(5, 20))
    copied(another, couch, "couchdyno_")
    assert verdict(verify(client)) == ("wrong", "15 of 20 documents missing")


def test_a_snapshot_of_a_database_that_fills_is_right(another, couch, client):
    LedgerDocument(another[1]).create(Parameters(TOTAL, 300, 10, 7))
    run(*another, 1)
    copied(another, couch)
    assert verdict(verify(client, Span(0, TOTAL))) == ("right", "")


def test_what_is_not_checked_is_told(source, couch, client):
    copied(source, couch)
    assert verify(client)["unchecked"][:2] == ["design documents", "_security"]


def test_refused_documents_do_not_make_ledger_and_documents_disagree(couch, client):
    LedgerDocument(client).create(Parameters(TOTAL, 300, 10, 7))
    couch.refuse = {"cdyno_000000000003": "forbidden"}
    for __ in range(6):
        execute(client)
    report = verify(client)
    assert (report["verdict"], report["low"], report["high"], report["ledger"]["agrees"]) == ("right", 60, 60, True)
    couch.refuse = {f"cdyno_{index:012d}": "forbidden" for index in range(TOTAL)}
    execute(client)
    report = verify(client)
    assert (report["verdict"], report["low"], report["high"], report["ledger"]["agrees"]) == ("right", 70, 70, True)
