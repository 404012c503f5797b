# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in bodies: realistic, of the size that is wanted, compressible as their kind is, and never changed."""

from __future__ import annotations

import hashlib
import json
import zlib

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies import values, words
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.body import body_of
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.built_in import BODIES

FILLED = [name for name in BODIES if body_of(name, 1, 1).takes_size and name not in ("package", "hostile")]


def texts(name, size=1000, count=200, visits=3):
    body = body_of(name, size, size)
    return [body.written(b"%d" % number, visits, 0) for number in range(count)]


def parsed(text):
    return json.loads("{" + text[1:] + "}")


@pytest.mark.parametrize("name", FILLED)
@pytest.mark.parametrize("size", [1000, 4000])
def test_sizes_are_exact(name, size):
    assert {len(text) for text in texts(name, size)} == {size}


@pytest.mark.parametrize("name", BODIES)
def test_each_document_is_different(name):
    assert len(set(texts(name, 2000))) == 200


@pytest.mark.parametrize("name", [name for name in BODIES if name != "hostile"])
def test_values_survive_javascript_and_couchdb(name):
    """Most backup tools are written in JavaScript, so only hostile bodies have numbers that it changes."""

    def check(value):
        if isinstance(value, dict):
            list(map(check, value.values()))
        elif isinstance(value, list):
            list(map(check, value))
        elif isinstance(value, float):
            assert not value.is_integer()
        elif isinstance(value, int):
            assert abs(value) < 2**53

    assert body_of(name, 1000, 1000).is_kept
    for text in texts(name):
        check(parsed(text))


@pytest.mark.parametrize(
    "name, least, most", [("order", 3.5, 5), ("chunk", 3.5, 5), ("report", 3.5, 6), ("hex", 1.5, 2)]
)
def test_text_compresses_like_text_and_hexadecimal_digits_do_not(name, least, most):
    whole = "".join(texts(name)).encode()
    assert least < len(whole) / len(zlib.compress(whole, 6)) < most


def test_packages_grow_with_each_visit_and_have_hundreds_of_leaves():
    lengths = [len(parsed(texts("package", 50000, 1, visits)[0])["versions"]) for visits in (0, 1, 50, 500, 1000)]
    assert lengths[:3] == [1, 2, 51] and lengths[3] == lengths[4] > 150
    assert 49000 < len(texts("package", 50000, 1, 1000)[0]) < 50000


def test_hostile_bodies_have_what_has_broken_tools():
    text = texts("hostile", 1, 1)[0]
    for each in ("9007199254740993", "18446744073709551616", "1.0,", "1e3", "\\u2028", '\\"', "\\\\", "\\ud83d\\ude00",
                 '"":', "{}", "[]", '"doc":{', "-0.0", "__proto__"):  # fmt: skip
        assert each in text, each
    assert text.count('"down"') == 20 and "[" * 2 in text
    kept = body_of("hostile", 1, 1).kept(b"0", 3, 0)
    assert values.dumped(parsed(kept)) == "{" + kept[1:] + "}"


VECTORS = {
    "hex": "073845555cf928f3",
    "person": "c99f2a9cd5c84180",
    "order": "08ea34498fac9c8c",
    "report": "a0c50502460fa39c",
    "package": "e2c7ca82b540e562",
    "chunk": "faae94a6b492f660",
    "log": "b21258fd88e72cdf",
    "state": "6a7067f4a8d29328",
    "hostile": "1cf787d0ad16e543",
}


@pytest.mark.parametrize("name", BODIES)
def test_the_bodies_never_change_between_versions_and_machines(name):
    bodies = [body_of(name, *bounds).written(b"42/%d" % visits, visits, 90) for bounds in ((1500, 1500), (400, 9000))
              for visits in range(3)]  # fmt: skip
    assert hashlib.sha256("\n".join(bodies).encode()).hexdigest()[:16] == VECTORS[name]


def test_the_words_never_change():
    lists = (words.WORDS, words.FIRST_NAMES, words.FAMILY_NAMES, words.PLACES)
    assert [len(each) for each in lists] == [256, 64, 64, 64] and all(len(set(each)) == len(each) for each in lists)
    assert hashlib.sha256(" ".join(" ".join(each) for each in lists).encode()).hexdigest()[:16] == "430c5d7518e599f6"
