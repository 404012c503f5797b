# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ids of couchdyno's own documents, in databases that are partitioned and others."""

from __future__ import annotations

import re

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import (
    BOTH,
    PARTITIONED,
    PLAIN,
    Names,
)
from hypothesis import given
from hypothesis import strategies as st

NAMES = st.sampled_from(BOTH)
TEXTS = st.text("couchdyno:_meta ledger_run_history_0123456789²", max_size=30)


@given(NAMES, st.integers(0, 10**12))
def test_numbers_and_ids_of_states(names, number):
    assert names.state_number(names.state_id(number)) == number and names.run_place(names.state_id(number)) is None


@given(NAMES, st.integers(0, 99999))
def test_places_and_ids_of_run_records(names, place):
    assert names.run_place(names.run_id(place)) == place and names.state_number(names.run_id(place)) is None


@pytest.mark.parametrize("digits", ["", "1", "0000000a", "000000001", "0000000²", "-0000001"])
@pytest.mark.parametrize("names", BOTH, ids=["plain", "partitioned"])
def test_other_ids(names, digits):
    assert names.state_number(names.state + digits) is None and names.state_number(names.meta + digits) is None
    assert names.run_place(names.run + digits) is None and not names.is_own(names.run + digits)


@given(st.sampled_from(list(zip(BOTH, "_:"))), TEXTS)
def test_what_is_couchdynos_own(names_and_mark, text):
    names, mark = names_and_mark
    own = f"couchdyno{mark}(meta|history|run_[0-9]{{5}}|ledger_([0-9]{{8}}|[1-9][0-9]{{8,}}))"
    for document_id in (text, f"couchdyno{mark}{text}"):
        assert names.is_own(document_id) == bool(re.fullmatch(own, document_id)), document_id


@given(NAMES, st.integers(0, 10**9), st.integers(0, 99999))
def test_each_id_shows_which_names_apply(names, number, place):
    for document_id in (names.meta, names.history, names.state_id(number), names.run_id(place)):
        assert Names.of(document_id) == names and names.is_own(document_id)
        assert not any(other.is_own(document_id) for other in BOTH if other != names)


def test_the_ids_in_partitioned_databases_have_a_partition():
    for plain, partitioned in zip(PLAIN, PARTITIONED):
        assert partitioned == plain.replace("_", ":", 1)
    assert PARTITIONED.is_partitioned and not PLAIN.is_partitioned
    assert Names.of_database(True) == PARTITIONED and Names.of_database(False) == PLAIN
