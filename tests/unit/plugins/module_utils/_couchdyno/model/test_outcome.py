# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Unreachable
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.outcome import (
    Outcome,
    error_class,
    percentiles,
)
from hypothesis import given
from hypothesis import strategies as st


def test_errors_by_class():
    reasons = [*["forbidden: no"] * 9, "http://h/db answered 413 (too large)"]
    batch = Outcome(errors=10, failed=Counter(map(error_class, reasons)))
    whole = Outcome(errors=1, failed={error_class("no answer"): 1}).plus(batch)
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1}
    whole = whole._replace(errors=20, broken=Unreachable("away"))
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1, "unreachable": 9}


def test_percentiles():
    assert percentiles([]) == {}
    assert percentiles([0.5]) == {"p50": 0.5, "p95": 0.5, "p99": 0.5, "max": 0.5}
    assert percentiles([n / 100 for n in range(100, 0, -1)]) == {"p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}


@given(st.lists(st.floats(0.001, 100), min_size=1))
def test_percentiles_are_measured_values_in_order(seconds):
    found = percentiles(seconds)
    assert found["p50"] <= found["p95"] <= found["p99"] <= found["max"] == round(max(seconds), 4)
    assert set(found.values()) <= {round(value, 4) for value in seconds}
