# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which losing leaves a document may have, and what is said about others."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.branch_verdicts import FIELD, wanted
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.expectation import Expectation
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.missed import Missed
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import judge
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from hypothesis import given
from hypothesis import strategies as st

TS = 1_700_000_000
TOTAL = 4
STREAM = WorkloadStream(7, Workload((DocumentType("order", TOTAL, 1, 0, 0, "o:", 200, conflicts=2),)))
BRANCHES = STREAM.branches
NUMBER = 2
UPDATES = [NUMBER + TOTAL * visit for visit in range(8)]  # of this document
FOREIGN = "3-abc"


def document(held, *losing, rev=None, changes=None):
    """The document when it holds an update, with the losing leaves of some, or with other ones."""
    found = json.loads(STREAM.content.render(held, TS, rev or f"{1 + STREAM.visits(held)}-f"))
    leaves = {}
    for each in losing:
        leaf = None if isinstance(each, str) else dict(json.loads(BRANCHES.losing(each)), **(changes or {}))
        leaves[leaf["_rev"] if leaf else each] = leaf
    if leaves:
        found["_conflicts"] = list(leaves)
    own = {rev: leaf for rev, leaf in leaves.items() if rev in wanted(STREAM, found)}
    return dict(found, **{FIELD: own}) if own else found


def at(position, **more):
    return Expectation(position, position, **more)


def open_claim(update):
    return Claim(((update, update + 1),), TS, 0, "", "", "", 0)


AFTER = UPDATES[4] + 1  # the position at which the document has had four visits after its creation
HELD, NEXT, BEFORE = UPDATES[4], UPDATES[5], UPDATES[3]


def verdict(document, expectation):
    found = judge(STREAM, expectation, NUMBER, document)
    return found.kind, found.reason


@pytest.mark.parametrize("held", UPDATES[:5])
def test_the_losing_leaf_of_the_update_that_is_held(held):
    leaves = [held] if held != UPDATES[0] else []
    assert verdict(document(held, *leaves), at(held + 1)) == ("exact", "")


def test_a_lost_one_and_one_too_many():
    assert verdict(document(HELD), at(AFTER)) == ("unbranched", f"lacks its losing revision, {BRANCHES.revision(HELD)}")
    assert verdict(document(HELD, HELD, FOREIGN), at(AFTER)) == (
        "conflicted",
        f"has a losing revision that is not in the stream, {FOREIGN}",
    )
    kind, reason = verdict(document(HELD, HELD, FOREIGN, "2-x"), at(AFTER))
    assert (kind, reason.startswith("has 2 losing revisions")) == ("conflicted", True)


def test_an_older_or_newer_one_instead():
    assert verdict(document(HELD, BEFORE), at(AFTER)) == (
        "unbranched",
        f"lacks its losing revision, {BRANCHES.revision(HELD)}; "
        f"has a losing revision that is not in the stream, {BRANCHES.revision(BEFORE)}",
    )
    ahead = f"has the losing revision of update {NEXT}; it can only have those of updates below {AFTER}"
    assert verdict(document(HELD, NEXT), at(AFTER)) == ("ahead", ahead)
    assert verdict(document(HELD, HELD, NEXT), at(AFTER))[0] == "conflicted"


def test_one_before_the_first_visit():
    assert verdict(document(UPDATES[0], UPDATES[1]), at(UPDATES[0] + 1))[0] == "ahead"


def test_a_changed_one():
    for changes, kind, words in [
        ({"data": "x"}, "damaged", "instead of"),
        ({"more": 1}, "damaged", "has an unexpected 'more'"),
    ]:
        found, reason = verdict(document(HELD, HELD, changes=changes), at(AFTER))
        assert (found, words in reason) == (kind, True)
        assert reason.endswith(f"in its losing revision, {BRANCHES.revision(HELD)}")


def test_one_that_cannot_be_read():
    found = document(HELD, HELD)
    for losing in ({}, {BRANCHES.revision(HELD): None}):
        kind, reason = verdict(dict(found, **{FIELD: losing}), at(AFTER))
        assert (kind, "cannot be read" in reason) == ("unbranched", True)


def test_what_is_wrong_with_the_winner_comes_first():
    found = document(HELD)
    assert verdict(dict(found, data="x"), at(AFTER))[0] == "damaged"
    kind, reason = verdict(document(BEFORE, FOREIGN, BEFORE), at(AFTER))
    assert (kind, reason.endswith(FOREIGN)) == ("behind", True)
    assert "losing" not in verdict(document(BEFORE, BEFORE), at(AFTER))[1]
    assert "losing" not in verdict(document(NEXT, NEXT), at(AFTER))[1]


def test_rounded_numbers_do_not_hide_a_lost_leaf():
    body = '{"count": 5.0}'
    stream = WorkloadStream(7, Workload((DocumentType("order", TOTAL, 1, 0, 0, "o:", 200, body, conflicts=2),)))
    found = dict(json.loads(stream.content.render(HELD, TS, "5-f")), count=5)
    assert judge(stream, at(AFTER), 1, dict(found, _id="o:000000000001", update=HELD - 1)).kind == "rounded"
    assert judge(stream, at(AFTER), NUMBER, found).kind == "unbranched"
    losing = json.loads(stream.branches.losing(HELD))
    rev = losing["_rev"]
    for count, winner, kind in [(5, 5, "rounded"), (5, 5.0, "rounded"), (5.0, 5, "rounded"), (5.0, 5.0, "exact")]:
        whole = dict(found, count=winner, _conflicts=[rev], **{FIELD: {rev: dict(losing, count=count)}})
        assert judge(stream, at(AFTER), NUMBER, whole).kind == kind


def test_a_losing_leaf_that_has_become_the_document():
    found = json.loads(BRANCHES.losing(HELD))
    del found["_revisions"]
    kind, reason = verdict(found, at(AFTER))
    assert (kind, reason.startswith(f"shows its losing revision, {found['_rev']}")) == ("damaged", True)
    deleting = WorkloadStream(7, Workload((DocumentType("order", TOTAL, 1, 1, 1, "o:", 200, conflicts=1),)))
    update = next(update for update in range(TOTAL, 99) if deleting.branches.leaf(update))
    found = json.loads(deleting.branches.losing(update))
    gone = judge(deleting, at(1000), deleting.number(update), found)
    assert gone.kind == "revived"


@pytest.mark.parametrize("name", ["open", "refused", "span"])
def test_while_an_update_may_be_there_or_not_the_losing_leaf_of_either_is_right(name):
    expectation = {
        "open": at(NEXT + 1, claims=(open_claim(NEXT),)),
        "refused": at(NEXT + 1, missed=(Missed(NEXT, NEXT + 1, 1, 1),)),
        "span": Expectation(AFTER, NEXT + 1),
    }[name]
    for held in (HELD, NEXT):
        for losing in (HELD, NEXT):
            assert verdict(document(held, losing), expectation) == ("exact", "")
        assert verdict(document(held, BEFORE), expectation)[0] == "unbranched"
        assert verdict(document(held), expectation)[0] == "unbranched"


def test_the_leaf_of_an_open_first_visit():
    expectation = at(UPDATES[1] + 1, claims=(open_claim(UPDATES[1]),))
    assert verdict(document(UPDATES[0]), expectation) == ("exact", "")
    assert verdict(document(UPDATES[0], UPDATES[1]), expectation) == ("exact", "")
    assert verdict(document(UPDATES[1]), expectation)[0] == "unbranched"


@given(st.integers(0, 7), st.none() | st.integers(1, 7), st.integers(0, 7), st.integers(0, 3))
def test_any_combination_within_a_span(held, losing, since, more):
    """Against the definition: an update that the document may hold, unless none may be there yet."""
    expectation = Expectation(UPDATES[since] + 1, UPDATES[min(7, since + more)] + 1)
    kind = judge(
        STREAM, expectation, NUMBER, document(UPDATES[held], *([] if losing is None else [UPDATES[losing]]))
    ).kind
    may_hold = range(since, min(7, since + more) + 1)
    if held not in may_hold:
        assert kind == ("behind" if held < since else "ahead")
    elif losing is None:
        assert kind == ("exact" if held == 0 else "unbranched")
    elif losing in may_hold:
        assert kind == "exact"
    elif losing > max(may_hold):
        assert kind == "ahead"
    else:
        assert kind == ("conflicted" if held == 0 else "unbranched")


def test_only_leaves_of_the_stream_are_read():
    assert wanted(STREAM, document(HELD, HELD, FOREIGN)) == [BRANCHES.revision(HELD)]
    assert wanted(STREAM, {"_id": "other", "_conflicts": [BRANCHES.revision(HELD)]}) == []
    assert wanted(STREAM, {"_id": "o:000000000001", "_conflicts": [BRANCHES.revision(HELD)]}) == []
    assert wanted(STREAM, document(HELD)) == []


def test_documents_without_branches_are_judged_as_before():
    found = json.loads(STREAM.content.render(5, TS, "2-f"))
    assert judge(STREAM, at(6), 1, found).kind == "exact"
    kept = judge(STREAM, at(6), 1, dict(found, _conflicts=[FOREIGN]))
    assert (kept.kind, kept.reason) == ("conflicted", f"has a losing revision, {FOREIGN}")
