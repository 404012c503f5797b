# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Templates: what they make, and what is refused."""

from __future__ import annotations

import json
from datetime import date

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies import values
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.body import Body
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.generators import Wrong
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.template import compiled
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.words import (
    FAMILY_NAMES,
    FIRST_NAMES,
    PLACES,
    WORDS,
)
from hypothesis import given
from hypothesis import strategies as st


def bodies(template, count=200, visits=0, least=1, most=1):
    """Some bodies, parsed."""
    body = Body(template, least, most)
    return [json.loads("{" + body.written(b"%d" % number, visits, 0)[1:] + "}") for number in range(count)]


def made(template, **options):
    """Some values of one member."""
    return [body["x"] for body in bodies({"x": template}, **options)]


@pytest.mark.parametrize(
    "template, is_right",
    [
        ({"$integer": [-3, 3]}, lambda value: isinstance(value, int) and -3 <= value <= 3),
        ({"$integer": 7}, lambda value: value == 7),
        ({"$integer": [0, 2**53 - 1]}, lambda value: isinstance(value, int) and 0 <= value < 2**53),
        ({"$float": [0, 2]}, lambda value: 0 < value < 2 and value == round(value, 2) and value % 1),
        ({"$float": [-9, 9], "decimals": 1}, lambda value: -9 < value < 9 and value == round(value, 1) and value % 1),
        ("$boolean", lambda value: value in (True, False)),
        ("$word", lambda value: value in WORDS),
        ("$place", lambda value: value in PLACES),
        ("$name", lambda value: (value.split()[0] in FIRST_NAMES) and value.split()[1] in FAMILY_NAMES),
        ({"$text": [2, 5]}, lambda value: 2 <= len(value.split()) <= 5 and set(value.split()) <= set(WORDS[:64])),
        ({"$date": [1999, 2000]}, lambda value: date(*map(int, value.split("-"))).year in (1999, 2000)),
        ({"$choice": ["a", 1, None, {"b": [1.0]}]}, lambda value: value in ("a", 1, None, {"b": [1.0]})),
        ({"$hex": 13}, lambda value: len(value) == 13 and int(value, 16) >= 0),
        ({"$array": {"y": "$word"}, "length": [0, 3]}, lambda value: all(each["y"] in WORDS for each in value)),
        ("$visits", lambda value: value == 4),
    ],
    ids=lambda value: "" if callable(value) else str(value),
)  # fmt: skip
def test_generators(template, is_right):
    found = made(template, visits=4)
    assert all(map(is_right, found))
    many = {values.dumped(value) for value in found}
    assert len(many) > (1 if template not in ({"$integer": 7}, "$visits") else 0)


def test_arrays_have_all_lengths_and_items_of_their_own():
    found = made({"$array": {"$hex": 8}, "length": [0, 3]})
    assert {len(value) for value in found} == {0, 1, 2, 3}
    assert all(len(set(value)) == len(value) for value in found)
    assert {len(value) for value in made({"$array": 1, "length": 2})} == {2}


def test_a_growth_has_one_more_item_with_each_visit_until_there_is_no_room():
    body = Body({"a": 1, "list": {"$growth": {"n": {"$hex": 20}}}}, 1, 1000)
    lengths = []
    for visits in range(60):
        text = body.written(b"x", visits, 0)
        lengths.append(len(json.loads("{" + text[1:] + "}")["list"]))
        assert len(text) < 1000
    most = lengths[-1]
    assert lengths[:most] == list(range(1, most + 1)) and set(lengths[most:]) == {most}
    assert len(body.written(b"x", 99, 0)) > 1000 - 120 - 60  # nearly all room is used


LITERALS = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**200), 10**200) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)  # fmt: skip


@given(LITERALS.filter(lambda value: "5e-324" not in json.dumps(value)))
def test_a_literal_is_itself(value):
    (found,) = made({"$literal": value}, count=1)
    assert values.are_same(found, without_negative_zeros(value))


def without_negative_zeros(value):
    if isinstance(value, dict):
        return {name: without_negative_zeros(each) for name, each in value.items()}
    if isinstance(value, list):
        return list(map(without_negative_zeros, value))
    return value + 0.0 if isinstance(value, float) else value


NAMES = st.text("ab%\"é😀", min_size=1)


@given(st.dictionaries(NAMES, st.sampled_from(["$word", "%", 1.0, [], {"%s": "%d"}]), max_size=4))
def test_what_is_written_is_what_is_kept(template):
    """Of all values that CouchDB gives back as they are: the text is that which Python makes of the parsed body."""
    body = Body(template, 1, 1)
    text = body.written(b"x", 0, 0)
    assert body.is_kept and text == body.kept(b"x", 0, 0)
    assert "{" + text[1:] + "}" == values.dumped(json.loads("{" + text[1:] + "}"))


def test_json_text_is_written_as_it_is_and_kept_as_couchdb_gives_it_back():
    body = Body({"x": [{"$json": "1E3"}, {"$json": ["-0", "0"]}, {"$json": '{"é": 1}'}]}, 1, 1)
    assert body.written(b"", 0, 0) == ',"x":[1E3,-0,{"é": 1}]'
    assert body.kept(b"", 0, 0) == ',"x":[1000.0,0,{"\\u00e9":1}]'


@given(st.integers(100, 900))
def test_what_couchdb_gives_back_in_other_words_has_the_same_fill(size):
    odd = {"$json": ["1e3", "1000.0"]}
    body = Body({"a": odd, "b": {"$array": odd, "length": [0, 3]}, "c": {"$fill": "text"}}, size, size)
    written, kept = (json.loads("{" + text[1:] + "}") for text in (body.written(b"x", 0, 9), body.kept(b"x", 0, 9)))
    assert not body.is_kept and values.are_same(written, kept)
    assert len(body.written(b"x", 0, 9)) == size - 9


@given(st.integers(100, 5000), st.sampled_from(["hex", "text"]), st.integers(0, 40))
def test_a_fill_makes_the_size_exact(size, kind, used):
    body = Body({"a": "$word", "b": {"c": [{"$fill": kind}]}, "d": "$boolean"}, size, size)
    text = body.written(b"%d" % size, 0, used)
    assert len(text) == size - used
    assert json.loads("{" + text[1:] + "}")["b"]["c"][0].isascii()


def test_sizes_of_a_range_are_those_that_are_drawn():
    lengths = [len(values.dumped(each)) for each in bodies({"a": {"$fill": "hex"}}, least=100, most=900, count=500)]
    assert min(lengths) >= 100 and max(lengths) <= 901 and len(set(lengths)) > 200


def nested(levels):
    value = "x"
    for __ in range(levels):
        value = [value]
    return value


def arrays(levels):
    value = "$word"
    for __ in range(levels):
        value = {"$array": value, "length": 1}
    return value


REFUSED = [
    ([], "must be an object"),
    ({"_id": 1}, "._id: is not a name that a member of a body can have"),
    ({"ts": 1}, ".ts: is not a name that a member of a body can have"),
    ({"a": {"b": "$nmae"}}, ".a.b: $nmae is no generator; known are $boolean, $word, $name, $place, $visits, $integer, "
     "$text, $date, $hex, $float, $choice, $array, $growth, $fill, $literal, $json"),
    ({"a": [0, {"$integer": [2, 1]}]}, ".a[1].$integer: must be a whole number, or two in order, from "
     "-9007199254740991 to 9007199254740991, not [2, 1]"),
    ({"a": {"$float": [1, 1]}}, ".a.$float: the two numbers must differ"),
    ({"a": {"$float": [1, 2], "decimals": 7}}, ".a.$float: decimals must be a whole number from 1 to 6, not 7"),
    ({"a": {"$integer": 1, "b": 2}}, ".a: b is unknown here"),
    ({"a": {"$text": [0, 2]}}, ".a.$text: must be a whole number, or two in order, from 1 to 1000, not [0, 2]"),
    ({"a": {"$date": [0, 2]}}, ".a.$date: must be a whole number, or two in order, from 1 to 9999, not [0, 2]"),
    ({"a": {"$hex": 0}}, ".a.$hex: must be a whole number from 1 to 10000, not 0"),
    ({"a": {"$choice": []}}, ".a.$choice: must be a list of 1 to 1000 values"),
    ({"a": {"$array": 1}}, ".a.length: must be a whole number, or two in order, from 0 to 1000"),
    ({"a": {"$array": {"$growth": 1}, "length": 1}}, ".a.$array: a body has one $growth at most, which is not within "
     "an array"),
    ({"a": {"$growth": {"$fill": "hex"}}}, ".a.$growth: a body has one $fill at most, which is not within an array"),
    ({"a": {"$fill": "hex"}, "b": {"$fill": "hex"}}, ".b: a body has one $fill at most, which is not within an array"),
    ({"a": {"$fill": ["hex"]}}, ".a.$fill: must be hex or text, not ['hex']"),
    ({"a": {"$json": "{"}}, ".a.$json: '{' is not JSON"),
    ({"a": {"$json": 5}}, ".a.$json: must be JSON text, or a list of it as written and as CouchDB gives it back"),
    ({"a": float("nan")}, ".a: nan is not a value that CouchDB can store"),
    ({"a": {"$literal": [10**400]}}, f".a: {10**400!r:.40} is not a value that CouchDB can store"),
    ({"a": "\ud800"}, ".a: '\\ud800' is not a string that CouchDB can store"),
    ({"a": nested(90)}, "is nested more than 80 levels deep"),
    ({"a": {"$literal": nested(500)}}, "is nested more than 80 levels deep"),
    ({"a": {"$choice": [nested(90)]}}, "is nested more than 80 levels deep"),
    ({"a": {"$json": json.dumps(nested(90))}}, "is nested more than 80 levels deep"),
    ({"a": arrays(90)}, "is nested more than 80 levels deep"),
    ({"a": [{"$literal": 5e-324}]}, ".a[0]: CouchDB makes 0.0 of 5e-324; use $json with both texts"),
    ({"a": {"$array": {"$array": {"$hex": 80}, "length": 500}, "length": 500}}, ".a: takes too many random numbers; "
     "all values together may take 20000"),
    ({"a": {"$growth": {"$json": "1e3"}}}, "a body with a $growth must not have a $json that CouchDB gives back in "
     "other words"),
    ({"a": 10**5 * "x"}, "has more than 100000 characters"),
]  # fmt: skip


@pytest.mark.parametrize("template, message", REFUSED, ids=range(len(REFUSED)))
def test_what_makes_no_sense_is_refused_with_its_place(template, message):
    with pytest.raises(Wrong) as refused:
        compiled(template)
    assert len(str(refused.value)) < 300
    if "nested" in message:
        assert str(refused.value).endswith(message)
    else:
        assert str(refused.value) == message
