# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Random databases get the same verdict as from a naive model, which applies the updates one by one."""

from __future__ import annotations

import json
import os
from collections import Counter
from typing import NamedTuple

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.source import Source
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import reader
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import FAULTS, verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model import verdicts
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.laps import CREATES, DELETES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ranges import ranges_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.verdicts import KINDS
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import (
    NUMBERS,
    WorkloadStream,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

SIZE = 120
EXAMPLES = int(os.environ.get("COUCHDYNO_SCHEDULES", "300"))  # test.sh lets the first Python run more
WORKLOADS = max(1, EXAMPLES // 6)  # their databases cost more
GONE = "gone"
DAMAGED, UNREADABLE, CONFLICTED = "damaged", "unreadable", "conflicted"
TOUCHES = [kind for kind, __ in FAULTS if kind in (DAMAGED, UNREADABLE, CONFLICTED)]


class Database(Source):
    """A database in memory; it knows nothing about what is right."""

    name, place = "db", "http://couch:5984/db"

    def __init__(self, documents):
        self.documents_by_id = documents
        self.graves = set()

    def now(self):
        return 0

    def document_count(self):
        return len(self.documents_by_id)

    def get(self, document_id):
        return self.documents_by_id.get(document_id)

    def rows_before(self, first, before, limit, include_docs=True):
        names = [name for name in sorted(self.documents_by_id) if (first or "") <= name and name < (before or "~")]
        return [{"id": name, **({"doc": self.documents_by_id[name]} if include_docs else {})} for name in names[:limit]]

    def deleted(self, ids):
        return self.graves & set(ids)

    def attachment(self, document_id, name, rev):
        return None

    def leaf_documents(self, leaves):
        return {}

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
    updates = ClassicStream(7, total, SIZE)
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
    counts = dict.fromkeys(("exact", "behind", "ahead", DAMAGED, UNREADABLE, CONFLICTED, "missing", "absent",
                            "deleted", "revived", "rounded", "unbranched"), 0)  # fmt: skip
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
    report = verify(make(*case), given=ClassicStream(7, total, SIZE))
    anything = {index: set(range(index, 10 * total, total)) for index in range(total)}
    counts, low, high = naive(total, held, touched, extras, anything)
    if low != high:
        counts, low, high = naive(total, held, touched, extras, model(total, high, []))
    event(report["verdict"])
    assert (report["verdict"] == "wrong") == (is_wrong(counts) or (low is not None and low != high))
    assert {kind: count for kind, count in report["counts"].items() if kind != "earlier"} == counts
    assert (report["low"], report["high"]) == (low, high)


# -- workloads


class Case(NamedTuple):
    """A database of a workload: what documents hold, by their numbers, and what was done to some of them.

    ``claims`` and ``refused`` are updates below the ``position``, ``extras`` numbers of documents that no update
    creates, ``graves`` the documents that are known to be deleted.
    """

    workload: Workload
    position: int
    claims: frozenset
    refused: frozenset
    held: dict
    touched: dict
    extras: frozenset
    graves: frozenset

    @property
    def stream(self):
        return WorkloadStream(7, self.workload)

    def database(self):
        stream = self.stream
        ledger = Ledger.new(Parameters(stream.total, stream.size, 1, 7, self.workload), 1000)
        ledger = ledger._replace(position=self.position, start=self.position % stream.total)
        ledger = ledger.with_claims(
            Claim(ranges_of([stream.place(update)]), lap_ts(update), 0, "d", "h", "", 0) for update in self.claims
        ).with_missed(refused=ranges_of(map(stream.place, self.refused)))
        documents = {"couchdyno_meta": ledger.dump_nested()}
        for number, update in self.held.items():
            document = json.loads(stream.content.render(update, lap_ts(update), "1-a"))
            documents[document["_id"]] = damaged(document, self.touched.get(number))
        for number in self.extras:
            documents[stream.id_of(number)] = {"_id": stream.id_of(number), "_rev": "1-a"}
        database = Database(documents)
        database.graves = {stream.id_of(number) for number in self.graves}
        return database

    def history(self, position, since=None):
        """The states that each document may be in, by number: updates, or ``GONE`` for deleted ones, None: absent."""
        stream, may = self.stream, {}
        for update in range(position):
            number = stream.number(update)
            state = GONE if stream.operation(update) == DELETES else update
            is_open = since is None and update in self.claims
            stays = is_open or update in self.refused or (since is not None and update >= since)
            may[number] = may.get(number, {None}) | {state} if stays else {state}
        return may

    def created(self, position):
        """How many documents of each type the updates below a position have created."""
        counts = Counter(self.stream.number(update) // NUMBERS for update in range(position)
                         if self.stream.operation(update) == CREATES)  # fmt: skip
        return [counts[kind] for kind in range(len(self.workload.types))]


def damaged(document, how):
    if how == DAMAGED:
        return dict(document, data="x" + document["data"][1:])
    if how == UNREADABLE:
        return {"_id": document["_id"], "_rev": "1-a", "_unreadable": True}
    return dict(document, _conflicts=["1-b"]) if how == CONFLICTED else document


@st.composite
def workloads(draw):
    types = []
    for number in range(draw(st.integers(1, 4))):
        total = draw(st.integers(1, 6))
        create = draw(st.integers(0, total))
        delete = draw(st.integers(0, create))
        types.append(DocumentType(f"t{number}", total, draw(st.integers(1, 4)), create, delete, f"{number}:", SIZE))
    return Workload(tuple(draw(st.permutations(types))))


@st.composite
def workload_cases(draw):
    workload = draw(workloads())
    stream = WorkloadStream(7, workload)
    position = draw(st.integers(0, 5 * stream.total))
    latest = [update for update in range(position) if (stream.next(update) or position) >= position]
    some = st.sets(st.sampled_from(latest), max_size=4) if latest else st.just(set())
    claims = draw(some)
    refused = draw(some) - claims
    stands_at = draw(st.sampled_from([position, position, max(0, position - 3), position + 3, position + 9]))
    held = {}
    for update in range(stands_at):
        is_written = not (update in claims or update in refused) or draw(st.booleans())
        if is_written and stream.operation(update) == DELETES:
            held.pop(stream.number(update), None)
        elif is_written:
            held[stream.number(update)] = update
    for update in draw(st.sets(st.integers(0, 7 * stream.total), max_size=draw(st.sampled_from([0, 0, 2])))):
        if draw(st.booleans()) or stream.operation(update) == DELETES:
            held.pop(stream.number(update), None)
        else:
            held[stream.number(update)] = update
    is_clean = draw(st.booleans())
    touched = {} if is_clean or not held else draw(
        st.dictionaries(st.sampled_from(sorted(held)), st.sampled_from(TOUCHES), max_size=2))  # fmt: skip
    beyond = [kind * NUMBERS + 10**6 + stream.total for kind in range(len(workload.types))]
    extras = frozenset() if is_clean else draw(st.sets(st.sampled_from(beyond), max_size=2))
    gone = [stream.number(update) for update in range(position + 20) if stream.operation(update) == DELETES]
    graves = draw(st.sets(st.sampled_from(gone))) if gone and draw(st.booleans()) else set()
    return Case(workload, position, frozenset(claims), frozenset(refused), held, touched, frozenset(extras),
                frozenset(graves - held.keys()))  # fmt: skip


class Naive:
    """The verdict on a case, by looking at each document that there is or may be.

    The section of each type ends with the last document that updates below ``end`` have created.
    """

    def __init__(self, case, may, since, until, excused, graves=frozenset(), end=None):
        self.case, self.may, self.excused, self.graves = case, may, excused, graves
        ideal = case._replace(refused=frozenset())
        self.before, self.after = ideal.history(since, since), ideal.history(until, until)
        self.created = case.created(until if end is None else end)
        self.counts = dict.fromkeys(KINDS, 0)
        self.lows, self.high = [], 0
        self.doubtful = 0
        numbers = case.held.keys() | {
            kind * NUMBERS + index for kind, count in enumerate(self.created) for index in range(count)}  # fmt: skip
        for number in sorted(numbers):
            self.judge(number)
        self.counts["extra"] += len(case.extras)
        for kind, count in enumerate(self.created):
            self.next_creation(kind * NUMBERS + count)

    def judge(self, number):
        kind = self.kind(number)
        self.counts[kind] += 1
        if kind in (DAMAGED, UNREADABLE, "extra", "deleted", ""):
            return
        update = self.case.held.get(number)
        if update is not None:
            self.high = max(self.high, update + 1)
            self.lack(self.case.stream.next(update))
        elif not (self.after.get(number) == {GONE} and number in self.before):
            self.lack(self.case.stream.creation(number))

    def kind(self, number):
        update, may = self.case.held.get(number), self.may.get(number, {None})
        if update is None:
            return self.absence(number, may)
        touched = self.case.touched.get(number)
        if touched in (DAMAGED, UNREADABLE):
            return touched if number % NUMBERS < self.created[number // NUMBERS] else "extra"
        if update in may:
            return CONFLICTED if touched else "exact"
        if may == {GONE}:
            return "revived"
        return "ahead" if update > max((each for each in may if each not in (None, GONE)), default=-1) else "behind"

    def absence(self, number, may):
        if may == {GONE}:
            return "deleted"
        before, after = (may.get(number, {None}) for may in (self.before, self.after))
        if None not in may and GONE not in may:
            return "missing"
        if after == {GONE} and before != {GONE} and number in self.graves:
            self.high = max(self.high, 1 + max(
                update for update in range(500) if self.case.stream.number(update) == number))  # fmt: skip
            return "deleted"
        is_of_fill = self.case.stream.creation(number) is not None
        is_of_fill = is_of_fill and self.case.stream.creation(number) < self.case.stream.total
        self.doubtful += is_of_fill and before == {None} and after != {None}
        return "absent"

    def next_creation(self, number):
        while number in self.case.held and self.case.touched.get(number) not in (DAMAGED, UNREADABLE):
            number += 1
        self.lack(self.case.stream.creation(number))

    def lack(self, update):
        while update is not None and update in self.excused:
            update = self.case.stream.next(update)
        self.lows += [] if update is None else [update]

    @property
    def low(self):
        return min(self.lows, default=None)

    def top(self):
        return max(self.high, self.low or 0) if self.case.stream.deletes or self.case.refused else self.high

    def is_wrong(self):
        return any(self.counts[kind] for kind, __ in FAULTS)


def stands_at(case, high):
    """The position after the newest update, and after the deletions that follow it and have been done."""
    while case.stream.operation(high) == DELETES and case.stream.number(high) not in case.held:
        high += 1
    return high


def at(case, position):
    """The verdict on a case if its documents must be those of a position."""
    case = case._replace(claims=frozenset())
    excused = {update for update in case.refused if update < position}
    return Naive(case, case.history(position, position), position, position, excused)


@settings(max_examples=WORKLOADS, deadline=None)
@given(workload_cases(), SIZES)
def test_a_workload_by_its_ledger(case, sizes):
    set_sizes(sizes)
    position = case.position
    report = verify(case.database())
    naive = Naive(case, case.history(position), position, position, case.refused)
    if case.stream.deletes and naive.counts["ahead"] and naive.counts["missing"]:
        later = at(case, stands_at(case, naive.high))
        naive = later if not later.is_wrong() and later.low == stands_at(case, naive.high) else naive
    counts, low, high = naive.counts, naive.low, naive.top()
    is_filling = counts["missing"] > 0 and high > 0 and position < case.stream.total
    is_moved = counts["ahead"] + counts["behind"] + counts["revived"] > 0 or high > position
    is_doubtful = low == high and (is_moved or is_filling)
    if is_doubtful:
        counts["exact"] += counts["ahead"] + counts["behind"] + counts["revived"]
        counts["absent"] += counts["missing"]
        counts.update(ahead=0, behind=0, missing=0, revived=0)
    event(report["verdict"])
    assert report["counts"] == counts
    assert (report["low"], report["high"]) == (low, high)
    assert report["verdict"] == ("wrong" if naive.is_wrong() else "undecided" if is_doubtful else "right")
    assert report["checked"] == len(case.held) - sum(
        naive.kind(number) == "extra" for number in case.held)  # fmt: skip
    assert report["ledger"]["agrees"] or report["verdict"] != "right"


@settings(max_examples=WORKLOADS, deadline=None)
@given(workload_cases(), SIZES, st.integers(0, 40), st.integers(0, 40))
def test_a_workload_within_a_span(case, sizes, since, more):
    set_sizes(sizes)
    until = since + more
    report = verify(case.database(), Span(since, until))
    excused = {update for update in case.refused if update < since}
    naive = Naive(case, case.history(until, since), since, until, excused, case.graves)
    event(report["verdict"])
    assert report["counts"] == naive.counts
    assert (report["low"], report["high"]) == (naive.low, naive.top())
    assert (report["verdict"] == "wrong") == (naive.is_wrong() or not since <= case.position <= until)
    is_snapshot = naive.low == naive.top() == case.position
    assert report["verdict"] != "right" or is_snapshot or not naive.doubtful


@settings(max_examples=WORKLOADS, deadline=None)
@given(workload_cases(), SIZES)
def test_a_workload_without_a_ledger(case, sizes):
    set_sizes(sizes)
    case = case._replace(claims=frozenset(), refused=frozenset())
    report = verify(case.database(), given=case.stream)
    total = case.stream.total
    # Any update from the last one of the fill on.
    naive = Naive(case, case.history(99, total), total, 99, (), case.graves, end=total)
    if case.stream.deletes or naive.low != naive.high:
        position = stands_at(case, naive.high)
        naive = at(case, max(total, position) if case.stream.deletes else position)
    event(report["verdict"])
    assert (report["verdict"] == "wrong") == (naive.is_wrong() or naive.low not in (None, naive.top()))
    assert report["counts"] == naive.counts
    assert (report["low"], report["high"]) == (naive.low, naive.top())
