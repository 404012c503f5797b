# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed form is a promise."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.verify import render


def test_verify():
    report = {
        "verdict": "wrong",
        "reasons": ["7 documents not of the stream"],
        "checked": 9,
        "counts": {"exact": 9, "damaged": 0, "extra": 7, "absent": 1},
        "samples": {"extra": [{"id": "a\nb", "reason": "is not a document of the stream"}]},
        "low": 9,
        "high": 9,
        "low_ts": 1653544694,
        "high_ts": None,
        "ledger": {"position": 9, "settled": 9, "claims": 0, "agrees": True},
        "span": {"from_position": 5, "to_position": 9},
        "source": {"position": 12, "ts": None},
        "lag": {"updates": 3, "seconds": None},
        "stream": {"seed": 7, "total": 10, "size": 100},
        "dt": 0.5,
        "rate": 18.0,
    }
    assert (
        render(report)
        == """\
verify:
    verdict : wrong
    because : 7 documents not of the stream
    dt (sec) : 0.5
    rate (/sec) : 18

documents:
    checked : 9 of 10
    exact : 9
    extra : 7
    extra : 'a\\nb' is not a document of the stream
    extra : and 6 more
    absent : 1

position:
    low : 9 (last update claimed at 2022-05-26 05:58:14 UTC)
    high : 9
    ledger : 9, 0 open claims, agrees with the documents
    span : 5 to 9
    source : 12
    lag (updates) : 3
    lag (sec) : unknown"""
    )
