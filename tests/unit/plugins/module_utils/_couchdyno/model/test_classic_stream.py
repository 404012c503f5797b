# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.content import Reading
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.document_state import NOT_CREATED, holding
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import MAX_SEED, MAX_TOTAL
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED, PLAIN
from hypothesis import assume, given
from hypothesis import strategies as st

TOTALS = st.integers(1, MAX_TOTAL)
UPDATES = st.integers(0, 10**15)
SEEDS = st.integers(0, MAX_SEED)
TIMES = st.integers(0, 2**33)
SIZES = st.integers(1, 5000)


@given(total=TOTALS, first=UPDATES, count=st.integers(1, 500))
def test_a_window_names_no_document_twice(total, first, count):
    stream = ClassicStream(0, total, 100)
    count = min(count, total)
    assert len({stream.document_id(update) for update in range(first, first + count)}) == count


@given(total=st.integers(1, 200), lap=st.integers(0, 10**9))
def test_a_lap_names_every_document_once(total, lap):
    stream = ClassicStream(0, total, 100)
    assert sorted(stream.number(lap * total + i) for i in range(total)) == list(range(total))


@given(total=st.integers(1, 50), position=st.integers(0, 300))
def test_state_is_what_remains_after_applying_the_updates_one_by_one(total, position):
    stream = ClassicStream(0, total, 100)
    documents = {}
    for update in range(position):
        documents[stream.number(update)] = update
    states = {i: stream.state_at(i, position) for i in range(total)}
    assert states == {i: holding(documents[i]) if i in documents else NOT_CREATED for i in range(total)}


@given(SEEDS, TOTALS, SIZES, UPDATES, TIMES)
def test_text_is_json_of_exactly_the_size_or_as_short_as_the_fields_allow(seed, total, size, update, ts):
    stream = ClassicStream(seed, total, size)
    text = stream.content.render(update, ts)
    document = json.loads(text)
    assert list(document) == ["_id", "ts", "update", "data"]
    assert document["_id"] == f"cdyno_{update % total:012d}"
    assert (document["ts"], document["update"]) == (ts, update)
    assert set(document["data"]) <= set("0123456789abcdef")
    assert len(text) == size or (document["data"] == "" and len(text) > size)
    assert text.isascii()


@given(SEEDS, TOTALS, SIZES, UPDATES, TIMES)
def test_in_a_partitioned_database_only_the_ids_differ(seed, total, size, update, ts):
    plain = ClassicStream(seed, total, size)
    partitioned = plain.named(PARTITIONED)
    text = plain.content.render(update, ts, "1-a")
    assert partitioned.content.render(update, ts, "1-a") == text.replace("cdyno_", "cdyno:")
    number = plain.number(update)
    document_id = partitioned.id_of(number)
    assert document_id == plain.id_of(number).replace("_", ":")
    assert partitioned.number_of(document_id) == number and plain.number_of(document_id) is None
    (section,) = partitioned.sections(update, None)
    assert section.begin <= document_id < section.before < PARTITIONED.meta
    assert not plain.is_same(partitioned) and plain.is_same(partitioned.named(PLAIN))


@given(SEEDS, TOTALS, SIZES, UPDATES, TIMES)
def test_what_is_rendered_is_read_as_the_update(seed, total, size, update, ts):
    content = ClassicStream(seed, total, size).content
    document = json.loads(content.render(update, ts, "1-a"))
    assert content.read(document) == Reading(update)


@given(TOTALS, UPDATES)
def test_the_index_of_an_id(total, update):
    stream = ClassicStream(0, total, 100)
    assert stream.number_of(stream.document_id(update)) == stream.number(update)


@pytest.mark.parametrize(
    "document_id",
    [
        "",
        "cdyno_",
        "cdyno_5",
        "cdyno_000000000010",
        "cdyno_00000000000a",
        "cdyno_0000000000050",
        "cdyno_00000000000\u0665",
        "cdyno_-00000000005",
        "xdyno_000000000005",
    ],
)
def test_ids_outside_the_stream(document_id):
    assert ClassicStream(0, 10, 100).number_of(document_id) is None


@given(SEEDS, SIZES, UPDATES, TIMES)
def test_a_revision_comes_on_top_of_the_size(seed, size, update, ts):
    stream = ClassicStream(seed, 1000, size)
    document = json.loads(stream.content.render(update, ts, "3-abc"))
    assert document.pop("_rev") == "3-abc"
    assert document == json.loads(stream.content.render(update, ts))


WRITES = st.tuples(SEEDS, UPDATES, TIMES)


@given(WRITES, WRITES)
def test_same_seed_update_and_time_same_bytes_others_different_ones(one, other):
    def data(seed, update, ts):
        return ClassicStream(seed, 1000, 400).content.digits(update, ts, 200)

    assert data(*one) == data(*one)
    assume(one != other)
    assert data(*one) != data(*other)


def test_the_bytes_never_change_between_versions_and_machines():
    stream = ClassicStream(seed=42, total=5, size=100)
    assert stream.content.render(7, 1653543334) == (
        '{"_id":"cdyno_000000000002","ts":1653543334,"update":7,"data":"9f7e849b891cfa85eeeb8f27f1827926f78"}'
    )
