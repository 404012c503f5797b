# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The properties of a database that a workload can ask for."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.properties import PLAIN, Properties
from hypothesis import given
from hypothesis import strategies as st

WRITTEN = st.fixed_dictionaries(
    {},
    optional={
        **dict.fromkeys(("design", "validator", "security", "partitioned"), st.booleans()),
        "revs_limit": st.integers(30, 10**9),
    },
)


@given(WRITTEN)
def test_what_is_kept_is_what_was_written(written):
    found = Properties.resolve(written)
    assert Properties.load(found.dump()) == found
    assert found.dump() == {name: value for name, value in written.items() if value}


def test_nothing_is_asked_for_by_default():
    assert Properties.resolve({}) == PLAIN and PLAIN.dump() == {}


@pytest.mark.parametrize(
    "written, message",
    [
        ([], "database: must be an object"),
        (
            {"views": True},
            "database.views: is unknown; known are design, validator, security, revs_limit, partitioned",
        ),
        ({"design": 1}, "database.design: must be true or false, not 1"),
        ({"revs_limit": 0}, "database.revs_limit: must be a whole number from 30 to 1000000000, not 0"),
        ({"revs_limit": None}, "database.revs_limit: must be a whole number from 30 to 1000000000, not None"),
    ],
)
def test_what_makes_no_sense_is_refused(written, message):
    with pytest.raises(UsageError) as caught:
        Properties.resolve(written)
    assert str(caught.value) == message


@pytest.mark.parametrize("kept", [None, [], {"design": 1}, {"revs_limit": True}, {"revs_limit": 0}, {"other": True}])
def test_what_makes_no_sense_in_a_ledger_is_damage(kept):
    assert Properties.load(kept) is None
