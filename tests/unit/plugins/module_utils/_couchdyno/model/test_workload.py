# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Workloads as users write them, and as the ledger keeps them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import LedgerDamaged, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.built_in import BODIES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import MAX_SIZE, MAX_TOTAL
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import (
    KEYS,
    LONGEST,
    MOST_TYPES,
    DocumentType,
    Workload,
    resolve,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN, named
from hypothesis import example, given
from hypothesis import strategies as st


def written(**types):
    return {"types": types}


def totals(workload):
    return [each.total for each in workload.types]


def test_numbers_follow_from_shares_and_percentages():
    orders = {"documents": 60, "updates": 70, "create": 3, "delete": 2, "tombstone": "fields", "prefix": "o-"}
    found = resolve(written(order=orders, customer={"documents": 39}, counter={"total": 7, "size": 150}), 107, 400)
    assert found.types == (
        DocumentType("order", 61, 70, 2, 2, "o-", 400, tombstone="fields"),  # 60.6, 1.83 and 1.22
        DocumentType("customer", 39, 1, 0, 0, "customer:", 400),  # 39.4
        DocumentType("counter", 7, 1, 0, 0, "counter:", 150),
    )
    assert found.total == 107


@pytest.mark.parametrize(
    "shares, total, expected",
    [
        ([1, 1, 1], 10, [4, 3, 3]),
        ([50, 30, 20], 7, [4, 2, 1]),  # 3.5, 2.1 and 1.4: the largest remainder is that of the first
        ([100, 1], 2, [1, 1]),
        ([100, 1, 1], 5, [3, 1, 1]),
    ],
)
def test_shares(shares, total, expected):
    types = {f"t{place}": {"documents": share} for place, share in enumerate(shares)}
    assert totals(resolve({"types": types}, total, 100)) == expected


SHARES = st.lists(st.integers(1, 100), min_size=1, max_size=12)


def shared(shares, total):
    return totals(resolve({"types": {f"t{place}": {"documents": each} for place, each in enumerate(shares)}}, total, 1))


@given(SHARES, st.integers(0, 10**6))
def test_each_type_has_documents_and_together_they_are_the_total(shares, more):
    total = len(shares) + more
    found = shared(shares, total)
    assert sum(found) == total and min(found) >= 1


@given(SHARES, st.integers(0, 10**6) | st.integers(0, 20))
@example([100, 99, 1, 1, 1], 3)
def test_a_greater_share_has_no_fewer_documents(shares, more):
    found = shared(shares, len(shares) + more)
    by_share = [number for __, number in sorted(zip(shares, found))]
    assert by_share == sorted(by_share)


@given(SHARES, st.integers(10**4, 10**6))
def test_each_type_is_within_one_document_of_its_share(shares, total):
    """If there are enough documents; with few of them, the least shares are raised to one."""
    for share, number in zip(shares, shared(shares, total)):
        assert abs(number - total * share / sum(shares)) < 1 + 1e-9


WRITTEN = st.dictionaries(
    st.text("aZ09é€😀-", min_size=3, max_size=3),
    st.fixed_dictionaries(
        {},
        optional={
            "documents": st.integers(1, 100),
            "updates": st.integers(1, 100),
            "create": st.integers(50, 100),
            "delete": st.integers(0, 50),
            "size": st.integers(1, MAX_SIZE) | st.lists(st.integers(1, MAX_SIZE), min_size=2, max_size=2).map(sorted),
            "body": st.sampled_from(["hex", "order", {"a": "$name", "b": {"$fill": "text"}}]),
            "tombstone": st.sampled_from(["bare", "fields"]),
            "ids": st.sampled_from(["ordered", "hashed"]),
            "hot": st.booleans(),
            "attachments": st.just({}) | st.just({"every": 5, "count": 2, "size": [0, 99], "renew": 3}),
        },
    )
    .filter(lambda entry: not (entry.get("delete") if "create" not in entry else entry.get("hot")))
    .filter(lambda entry: not (entry.get("hot") and "attachments" in entry)),
    min_size=1,
    max_size=5,
)


@given(WRITTEN, st.integers(5, MAX_TOTAL), st.integers(1, MAX_SIZE))
def test_a_workload_is_kept_as_it_is(types, total, size):
    workload = resolve({"types": types}, total, size)
    assert Workload.load(json.loads(json.dumps(workload.dump()))) == workload
    assert [each.name for each in workload.types] == list(types)


ORDER = "types.order"
REFUSED = [
    ("queue", "a workload must be an object with types"),
    ([], "a workload must be an object with types"),
    ({}, "types: must be an object with at least one type"),
    (written(), "types: must be an object with at least one type"),
    ({"types": [{}]}, "types: must be an object with at least one type"),
    (dict(written(order={}), seed=1), "seed: is unknown; known are types, database"),
    (written(order=5), f"{ORDER}: must be an object"),
    (written(order={"kind": 1}), f"{ORDER}.kind: is unknown; known are {', '.join(KEYS)}"),
    (written(order={"total": 1, "documents": 1}), f"{ORDER}: documents and total exclude each other"),
    (written(order={"create": 1, "delete": 2}), f"{ORDER}.delete: 2 is more than create, 1: the type would die out"),
    (written(order={"delete": 1}), f"{ORDER}.delete: 1 is more than create, 0: the type would die out"),
    (written(order={"body": "ordre"}), f"{ORDER}.body: must be one of {', '.join(BODIES)}, or an object, not 'ordre'"),
    (written(order={"body": {"a": [{"$integer": "5"}]}}), f"{ORDER}.body.a[0].$integer: must be a whole number, or two "
     "in order, from -9007199254740991 to 9007199254740991, not '5'"),
    (written(order={"body": {"ts": 1}}), f"{ORDER}.body.ts: is not a name that a member of a body can have"),
    (written(order={"body": {"a": 10**5 * "x"}}), f"{ORDER}.body: has more than 100000 characters"),
    (written(order={"body": {"a": "$word"}, "size": 500}), f"{ORDER}.size: must not be given, as the body has neither "
     "a $fill nor a $growth"),
    (written(order={"size": [2, 1]}), f"{ORDER}.size: must be a whole number, or two in order, from 1 to 100000000, "
     "not [2, 1]"),
    (written(order={"ids": "random"}), f"{ORDER}.ids: must be ordered or hashed, not 'random'"),
    (written(order={"hot": 1}), f"{ORDER}.hot: must be true or false, not 1"),
    (
        written(order={"hot": True, "create": 1}),
        f"{ORDER}.create: must be 0, not 1: hot types neither create nor delete documents",
    ),
    (written(order={"hot": True, "conflicts": 5}), f"{ORDER}.conflicts: must not be given, as the type is hot"),
    (
        written(order={"conflicts": 5, "body": {"losing": 1}}),
        f"{ORDER}.body.losing: is the name of a member that losing revisions have; use another one",
    ),
    (written(order={"tombstone": "none"}), f"{ORDER}.tombstone: must be bare or fields, not 'none'"),
    (written(order={"tombstone": ["bare"]}), f"{ORDER}.tombstone: must be bare or fields, not ['bare']"),
    (written(order={"prefix": ""}), f"{ORDER}.prefix: must be a string of 1 to 100 characters, not ''"),
    (written(order={"prefix": 5}), f"{ORDER}.prefix: must be a string of 1 to 100 characters, not 5"),
    (written(order={"prefix": "_o"}), f"{ORDER}.prefix: must not begin with _, which CouchDB keeps for itself"),
    (written(_design={}), "types._design.prefix: must not begin with _, which CouchDB keeps for itself"),
    (
        written(order={"prefix": "couchdyno_x"}),
        f"{ORDER}.prefix: must not begin with couchdyno, as the documents of the ledger do",
    ),
    (
        written(order={"prefix": "\ud800"}),
        f"{ORDER}.prefix: must not contain half of a surrogate pair, which CouchDB refuses",
    ),
    (written(**{"": {}}), "types.: the name of a type must be a string of 1 to 99 characters"),
    ({"types": {5: {}}}, "types.5: the name of a type must be a string of 1 to 99 characters"),
    (written(**{"a\nb": {}}), "types.a b: the name of a type must consist of printable characters"),
    (
        written(order={"prefix": "o"}, other={"prefix": "o:"}),
        "types: the prefix 'o' begins the prefix 'o:'; ids would be ambiguous",
    ),
    (
        written(order={"prefix": "o"}, other={"prefix": "o"}),
        "types: the prefix 'o' begins the prefix 'o'; ids would be ambiguous",
    ),
    ({"types": {f"t{n}-": {} for n in range(MOST_TYPES + 1)}}, "types: must not have more than 100 types"),
    (written(order={"total": 20}, other={}), "--total must be at least 21 for this workload"),
    (written(order={"total": 19}), "--total must be 19 for this workload"),
    ({"types": {f"t{n}-": {} for n in range(21)}}, "--total must be at least 21 for this workload"),
]


@pytest.mark.parametrize("value, message", REFUSED)
def test_what_makes_no_sense_is_refused_with_its_place(value, message):
    with pytest.raises(UsageError) as refused:
        resolve(value, 20, 100)
    assert str(refused.value) == message


NUMBERS = {"documents": (1, 100), "total": (1, MAX_TOTAL), "updates": (1, 100), "create": (0, 100), "delete": (0, 100),
           "size": (1, MAX_SIZE), "conflicts": (1, 10**6)}  # fmt: skip


@pytest.mark.parametrize("value", [-1, 1.0, True, "5", None, [], MAX_TOTAL + 1])
@pytest.mark.parametrize("key", NUMBERS)
def test_numbers_are_whole_and_in_their_ranges(key, value):
    least, most = NUMBERS[key]
    with pytest.raises(UsageError) as refused:
        resolve(written(order={key: value}), 20, 100)
    kind = "a whole number, or two in order," if key == "size" else "a whole number"
    assert str(refused.value) == f"types.order.{key}: must be {kind} from {least} to {most}, not {value!r}"


@pytest.mark.parametrize("key", NUMBERS)
def test_the_ends_of_ranges(key):
    for value in NUMBERS[key]:
        entry = {key: value, **({"create": 100} if key == "delete" else {})}
        total = value if key == "total" else 20
        assert resolve(written(order=entry), total, 100).total == total


def test_long_names_and_words_of_the_modules():
    name = "x" * (LONGEST - 1)
    assert resolve(written(**{name: {}}), 1, 1).types[0].prefix == name + ":"
    for value in (written(**{name + "x": {}}), written(**{name: 5}), written(order={"x" * 1000: 1})):
        with pytest.raises(UsageError) as refused:
            resolve(value, 1, 1)
        assert len(str(refused.value)) < 200
    with pytest.raises(UsageError) as refused:
        resolve(written(order=5), 1, 1)
    assert refused.value.for_module() == "workload.types.order: must be a dict"


@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_workloads(name):
    """They make sense at any size, and mean what they always meant."""
    types = named(name)
    for total in (8, 9, 1000):
        found = [tuple(each) for each in resolve(types, total, 100).types] if types else []
        half, tenth, counters = -(-total // 2), -(-total // 10), max(1, total // 20)
        assert (
            found
            == {
                "classic": [],
                "queue": [("message", total, 1, half, half, "message:", 100, "hex", "bare", "ordered", False, None, 0)],
                "growing": [("entry", total, 1, tenth, 0, "entry:", 100, "hex", "bare", "ordered", False, None, 0)],
                **dict.fromkeys(("crm", "backup", "backup-partitioned"), found),  # below, and by their vectors
                "hot": [
                    ("account", total - counters, 20, 0, 0, "account:", 100, "hex", "bare", "ordered", False, None, 0),
                    ("counter", counters, 80, 0, 0, "counter:", 150, "hex", "bare", "ordered", True, None, 0),
                ],
            }[name]
        )


def test_the_workload_crm():
    assert [tuple(each) for each in resolve(named("crm"), 1000, 700).types] == [
        ("report", 100, 15, 20, 0, "report:", (800, 4000), "report", "bare", "hashed", False, None, 0),
        ("person", 400, 20, 8, 4, "person:", 700, "person", "bare", "hashed", False, None, 0),
        ("order", 450, 50, 45, 41, "order:", (400, 6000), "order", "bare", "ordered", False, None, 0),
        ("counter", 50, 15, 0, 0, "counter:", 200, "state", "bare", "ordered", True, None, 0),
    ]


def test_unknown_names():
    with pytest.raises(UsageError) as refused:
        named("quue")
    names = "classic, queue, growing, crm, hot, backup, backup-partitioned"
    assert str(refused.value) == f"--workload must be one of {names}, or a file whose name ends in .json, not 'quue'"
    assert refused.value.for_module() == f"workload must be one of {names}, or a dict, not 'quue'"


SOUND = resolve(written(order={"create": 10, "delete": 5}, item={"documents": 3}), 40, 100)
META = dict(Ledger.new(Parameters(40, 100, 5, 1, SOUND), 0).dump_nested(), _id="couchdyno_meta")


def changed(**fields):
    """The workload in the ledger after an edit of its first type."""
    dumped = SOUND.dump()
    dumped["types"][0].update(fields)
    return dumped


JUNK = [
    *(None, 5, "queue", [], {}, {"types": None}, {"types": []}, {"types": [5]}, {"types": [{}]}),
    *(changed(total=value) for value in (0, 11, -1, "10", 10.0, True, None, MAX_TOTAL + 1)),  # 10 is right
    *(changed(updates=value) for value in (0, 101, "1", None)),
    *(changed(create=value) for value in (-1, 11, 0.5, None)),
    *(changed(delete=value) for value in (-1, 2, True, None)),  # create is 1
    *(changed(size=value) for value in (0, MAX_SIZE + 1, "1")),
    *(changed(prefix=value) for value in ("", "_design/", "couchdyno_run_", 5, "item:", "it", "\ud800")),
    *(changed(name=value) for value in ("", "item", 5, None, "x" * 100)),
    *(changed(tombstone=value) for value in ("", None, [])),
    changed(hot=True),
    {"types": [{name: value for name, value in SOUND.dump()["types"][0].items() if name != "size"}]},
    {"types": SOUND.dump()["types"][:1]},  # fewer documents than the ledger says
]


def test_a_sound_workload_in_the_ledger():
    assert totals(SOUND) == [10, 30]
    assert Ledger.load(META).workload == SOUND


@pytest.mark.parametrize("junk", JUNK)
def test_a_workload_that_makes_no_sense_is_damage(junk):
    with pytest.raises(LedgerDamaged, match="field 'workload' is invalid"):
        Ledger.load(dict(META, workload=junk))


def test_conflicts_are_kept_only_where_there_are_any():
    """So the ledgers of other workloads remain as they are."""
    found = resolve(written(order={"conflicts": 20}, person={}), 20, 100)
    order, person = found.dump()["types"]
    assert (order["conflicts"], "conflicts" in person) == (20, False)
    assert Workload.load(json.loads(json.dumps(found.dump()))) == found
    for conflicts in (-1, True, 1.5, 10**6 + 1, "5"):
        assert DocumentType.load(dict(order, conflicts=conflicts)) is None
    assert DocumentType.load(dict(order, hot=True)) is None
    plain = resolve(written(order={"body": {"losing": 1}}), 20, 100)
    assert plain.types[0].conflicts == 0
    resolve(dict(written(order={"conflicts": 5}), database={"revs_limit": 30}), 20, 100)
