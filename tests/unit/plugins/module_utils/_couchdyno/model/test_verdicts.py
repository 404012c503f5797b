# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random databases get the same verdict as from a naive model, which applies the updates one by one."""

from __future__ import annotations

import json
import os

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.source import Source
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import FAULTS, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import verdicts
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ranges import ranges_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.stream import Stream
from hypothesis import event, given, settings
from hypothesis import strategies as st

SIZE = 120
EXAMPLES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300"))  # test.sh lets the first Python run more
DAMAGED, UNREADABLE, CONFLICTED = "damaged", "unreadable", "conflicted"
TOUCHES = [kind for kind, __ in FAULTS if kind in (DAMAGED, UNREADABLE, CONFLICTED)]


class Database(Source):
    """A database in memory; it knows nothing about what is right."""

    name, place = "db", "http://couch:5984/db"

    def __init__(self, documents):
        self.documents_by_id = documents

    def now(self):
        return 0

    def document_count(self):
        return len(self.documents_by_id)

    def get(self, document_id):
        return self.documents_by_id.get(document_id)

    def rows_before(self, first, before, limit, include_docs=True):
        names = [name for name in sorted(self.documents_by_id) if (first or "") <= name and name < (before or "~")]
        return [{"id": name, **({"doc": self.documents_by_id[name]} if include_docs else {})} for name in names[:limit]]

    def documents(self, ids):
        return {name: self.documents_by_id[name] for name in ids if name in self.documents_by_id}


@st.composite
def cases(draw):
    """A database: its total, position, open claims, refused updates, what documents hold, and what was done to some.

    Returns ``(total, position, claims, refused, held, done, extras)``: claims as ``(first, stop)``, held updates by
    index, and ``done``: ``damaged``, ``unreadable`` or ``conflicted`` by index, and the number of extra documents.
    """
    total = draw(st.integers(1, 9))
    position = draw(st.integers(0, 4 * total))
    edges = sorted(draw(st.sets(st.integers(max(0, position - total), position), max_size=4)))
    claims = list(zip(edges[::2], edges[1::2]))
    lap = st.integers(max(0, position - total), max(0, position - 1))
    refused = {k for k in draw(st.sets(lap, max_size=4)) if k < position and not is_in(claims, k)}
    unwritten = draw(st.sets(st.integers(max(0, position - total), position), max_size=5))
    held = {}
    for update in range(position):
        if update not in unwritten or not (is_in(claims, update) or update in refused):
            held[update % total] = update
    for index, lap in draw(st.dictionaries(st.integers(0, total - 1), st.integers(-1, 6), max_size=2)).items():
        if lap < 0:
            held.pop(index, None)
        else:
            held[index] = lap * total + index
    touched = draw(st.dictionaries(st.integers(0, total - 1), st.sampled_from(TOUCHES), max_size=2))
    if draw(st.booleans()):
        touched = {}
    extras = draw(st.integers(-5, 3))
    done = {i: what for i, what in touched.items() if i in held}
    return total, position, claims, refused, held, done, max(0, extras)


def is_in(claims, update):
    return any(first <= update < stop for first, stop in claims)


def make(total, position, claims, refused, held, touched, extras):
    updates = Stream(7, total, SIZE)
    ledger = Ledger.new(Parameters(total, SIZE, 1, 7), 1000)._replace(position=position, start=position % total)
    ledger = ledger.with_claims(
        Claim(((first, stop),), 1000 + lap_ts(first), 0, "d", "h", "", 0) for first, stop in claims
    )
    ledger = ledger.with_missed(refused=ranges_of(refused))
    documents = {"couchdyno_meta": ledger.dump_nested()}
    documents.update({"couchdyno_ledger_00000000": {}, "couchdyno_ledger_123456789": {}})
    starts = {update: first for first, stop in claims for update in range(first, stop)}
    for index, update in held.items():
        document = json.loads(updates.content.render(update, 1000 + lap_ts(starts.get(update, update)), "1-a"))
        if touched.get(index) == DAMAGED:
            document["data"] = "x" + document["data"][1:]  # not a hexadecimal digit
        if touched.get(index) == UNREADABLE:
            document = {"_id": document["_id"], "_rev": "1-a", "_unreadable": True}
        if touched.get(index) == CONFLICTED:
            document["_conflicts"] = ["1-b"]
        documents[document["_id"]] = document
    for number in range(extras):
        documents[f"cdyno_{number:012d}x"] = {"_id": f"cdyno_{number:012d}x", "_rev": "1-a"}
    return Database(documents)


def lap_ts(first):
    """The time stamp of a window, any function of its first update."""
    return 10 * first


def model(total, position, claims, refused=(), since=None):
    """What each document may hold, by applying the updates: a set of updates, with None for absent ones.

    With ``since``, at that position and at any later one up to ``position``.
    """
    may = {index: {None} for index in range(total)}
    for update in range(position):
        is_open = since is None and is_in(claims, update)
        stays = is_open or update in refused or (since is not None and update >= since)
        index = update % total
        may[index] = may[index] | {update} if stays else {update}
    return may


def naive(total, held, touched, extras, may, excused=(), some_missed=False):
    """The documents of each kind, one by one, and the bounds by their definition."""
    counts = dict.fromkeys(("exact", "behind", "ahead", DAMAGED, UNREADABLE, CONFLICTED, "missing", "absent"), 0)
    lows, highs = [], [0]
    for index in range(total):
        update = held.get(index)
        wanted = may[index]
        if touched.get(index) in (DAMAGED, UNREADABLE):
            counts[touched[index]] += 1
            continue
        low = index if update is None else update + total
        while low in excused:
            low += total
        lows.append(low)
        highs.append(0 if update is None else update + 1)
        if update is None:
            counts["absent" if None in wanted else "missing"] += 1
        elif update not in wanted:
            latest = max((each for each in wanted if each is not None), default=-1)
            counts["ahead" if update > latest else "behind"] += 1
        else:
            counts["conflicted" if touched.get(index) else "exact"] += 1
    low, high = min(lows, default=None), max(highs)
    return dict(counts, extra=extras), low, max(high, low or 0) if some_missed else high


def is_wrong(counts):
    return any(counts[kind] for kind in ("behind", "ahead", DAMAGED, UNREADABLE, CONFLICTED, "missing", "extra"))


SIZES = st.sampled_from([(1000, 5), (2, 5), (1000, 0), (2, 1)])


@pytest.fixture(autouse=True, scope="module")
def sizes():
    before = reader.PAGE_DOCUMENTS, verdicts.NAMED
    yield
    set_sizes(before)


def set_sizes(sizes):
    """Set how many documents are read in one request, and how many of a gap are judged one by one."""
    reader.PAGE_DOCUMENTS, verdicts.NAMED = sizes


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases(), SIZES)
def test_by_its_ledger(case, sizes):
    set_sizes(sizes)
    total, position, claims, refused, held, touched, extras = case
    report = verify(make(*case))
    counts, low, high = naive(total, held, touched, extras, model(total, position, claims, refused), refused, refused)
    is_filling = counts["missing"] > 0 and high > 0 and position < total
    is_doubtful = low == high and (counts["ahead"] + counts["behind"] > 0 or is_filling)  # not at the ledger's time
    if is_doubtful:
        counts.update(exact=counts["exact"] + counts["ahead"] + counts["behind"], ahead=0, behind=0)
        counts.update(absent=counts["absent"] + counts["missing"], missing=0)
        assert any(reason.startswith("the documents are those of update") for reason in report["reasons"])
    event(report["verdict"])
    assert report["verdict"] == ("wrong" if is_wrong(counts) else "undecided" if is_doubtful else "right")
    assert (report["verdict"] == "right") == (report["reasons"] == [])
    assert {kind: count for kind, count in report["counts"].items() if kind != "earlier"} == counts
    assert (report["low"], report["high"]) == (low, high)
    assert report["checked"] == len(held)
    assert report["ledger"]["agrees"] or report["verdict"] != "right"


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases(), SIZES, st.integers(0, 40), st.integers(0, 40))
def test_within_a_span(case, sizes, since, more):
    set_sizes(sizes)
    total, position, claims, refused, held, touched, extras = case
    report = verify(make(*case), Span(since, since + more))
    may = model(total, since + more, claims, refused, since)
    counts, low, high = naive(total, held, touched, extras, may, {k for k in refused if k < since}, refused)
    event(report["verdict"])
    assert (report["verdict"] == "wrong") == (is_wrong(counts) or not since <= position <= since + more)
    assert {kind: count for kind, count in report["counts"].items() if kind != "earlier"} == counts
    assert (report["low"], report["high"]) == (low, high)


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases(), SIZES)
def test_without_a_ledger(case, sizes):
    set_sizes(sizes)
    total, __, __, __, held, touched, extras = case
    report = verify(make(*case), given=Stream(7, total, SIZE))
    anything = {index: set(range(index, 10 * total, total)) for index in range(total)}
    counts, low, high = naive(total, held, touched, extras, anything)
    if low != high:
        counts, low, high = naive(total, held, touched, extras, model(total, high, []))
    event(report["verdict"])
    assert (report["verdict"] == "wrong") == (is_wrong(counts) or (low is not None and low != high))
    assert {kind: count for kind, count in report["counts"].items() if kind != "earlier"} == counts
    assert (report["low"], report["high"]) == (low, high)
