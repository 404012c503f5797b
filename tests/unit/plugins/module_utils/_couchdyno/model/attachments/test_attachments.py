# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The attachments of a type as users write them, and as the ledger keeps them."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.attachments import Attachments
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import MAX_SIZE
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import Workload, resolve
from hypothesis import given
from hypothesis import strategies as st

SIZE = st.integers(0, MAX_SIZE // 100)
WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        "every": st.integers(1, 10**6),
        "count": st.integers(1, 100),
        "size": SIZE | st.lists(SIZE, min_size=2, max_size=2).map(sorted),
        "content_type": st.sampled_from(["image/png", "text/plain", "application/vnd.oasis+xml"]),
        "renew": st.integers(1, 10**6),
    },
)


@given(WRITTEN)
def test_what_is_kept_is_what_was_written(written):
    found = Attachments.resolve("here", written)
    assert Attachments.load(json.loads(json.dumps(found.dump()))) == found
    for name, value in written.items():
        assert found.dump()[name] == (value[0] if isinstance(value, list) and value[0] == value[1] else value)


def test_the_defaults():
    assert Attachments.resolve("here", {}) == (1, 1, (1000, 200000), "image/png", 1)


@pytest.mark.parametrize(
    "written, message",
    [
        (True, ": must be an object"),
        ({"names": 3}, ".names: is unknown; known are every, count, size, content_type, renew"),
        ({"every": 0}, ".every: must be a whole number from 1 to 1000000000000, not 0"),
        ({"renew": 1.0}, ".renew: must be a whole number from 1 to 1000000000000, not 1.0"),
        ({"count": 101}, ".count: must be a whole number from 1 to 100, not 101"),
        ({"size": -1}, ".size: must be a whole number, or two in order, from 0 to 100000000, not -1"),
        ({"size": [9, 8]}, ".size: must be a whole number, or two in order, from 0 to 100000000, not [9, 8]"),
        ({"size": 10**8 + 1}, ".size: must be a whole number, or two in order, from 0 to 100000000, not 100000001"),
        ({"size": 10**8, "count": 2}, ".size: 2 files of 100000000 bytes are more than 100000000 bytes in a document"),
        ({"content_type": "png"}, ".content_type: must be like image/png, not 'png'"),
        ({"content_type": "text/plain; charset=utf-8"}, ".content_type: must be like image/png, not 'text/plain; "),
        ({"content_type": ["image/png"]}, ".content_type: must be like image/png, not ['image/png']"),
    ],
)
def test_what_makes_no_sense_is_refused(written, message):
    with pytest.raises(UsageError) as caught:
        resolve({"types": {"photo": {"attachments": written}}}, 10, 100)
    assert str(caught.value).startswith("types.photo.attachments" + message)


def test_hot_types_have_none():
    with pytest.raises(UsageError, match=r"types\.counter\.attachments: must not be given: documents of hot types"):
        resolve({"types": {"counter": {"hot": True, "attachments": {}}}}, 10, 100)


KEPT = Attachments().dump()


@pytest.mark.parametrize(
    "kept",
    [
        *(None, [], {}, dict(KEPT, other=1), dict(KEPT, every=0), dict(KEPT, count=True), dict(KEPT, renew="1")),
        *(dict(KEPT, size=None), dict(KEPT, size=[2, 1]), dict(KEPT, size=10**8, count=2)),
        dict(KEPT, content_type=5),
    ],
    ids=str,
)
def test_what_makes_no_sense_in_a_ledger_is_damage(kept):
    workload = resolve({"types": {"photo": {"attachments": {}}}}, 10, 100).dump()
    assert Workload.load(workload)
    workload["types"][0]["attachments"] = kept
    assert Workload.load(workload) is None


def test_a_hot_type_with_attachments_in_a_ledger_is_damage():
    workload = resolve({"types": {"photo": {"attachments": {}}}}, 10, 100).dump()
    workload["types"][0]["hot"] = True
    assert Workload.load(workload) is None


def test_a_type_without_any_is_kept_as_before():
    assert "attachments" not in resolve({"types": {"order": {}}}, 10, 100).dump()["types"][0]
