# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed forms are a promise: the ones of the README, word for word."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import text

CONFIG = {
    "created": 1653543334,
    "last_dt": 0,
    "last_errors": 0,
    "last_ts": 0,
    "last_updates": 0,
    "size": 1000,
    "start": 0,
    "total": 1000,
    "updates": 10,
    "version": 1,
    "seed": 42,
    "position": 0,
    "runs": 0,
    "claims": [],
}


def test_setup():
    assert (
        text.setup({"dyno_config": CONFIG})
        == """\
dyno_config:
    created : 1653543334 (2022-05-26T05:35:34)
    last_dt : 0
    last_errors : 0
    last_ts : 0 (1970-01-01T00:00:00)
    last_updates : 0
    size : 1000
    start : 0
    total : 1000
    updates : 10
    version : 1
    seed : 42
    position : 0
    runs : 0
    claims : 0"""
    )


def test_execute():
    report = {
        "before": {"total": 1000, "size": 1000, "start": 0, "updating": 10},
        "after": {"updates": 10, "dt": 0.078, "rate": 128.2, "errors": 0, "first": 0},
        "new_state": dict(CONFIG, created=1653544672, last_ts=1653544694, last_updates=10, start=10, position=10),
    }
    assert (
        text.execute(report)
        == """\
before:
  total: 1000
  size: 1000
  start: 0
  updating: 10

after:
  updates: 10
  dt (sec): 0.078
  rate (/sec): 128
  errors: 0

new_state:
  created: 1653544672 (2022-05-26T05:57:52)
  last_dt: 0
  last_errors: 0
  last_ts: 1653544694 (2022-05-26T05:58:14)
  last_updates: 10
  size: 1000
  start: 10
  total: 1000
  updates: 10
  version: 1
  seed: 42
  position: 10
  runs: 0
  claims: 0"""
    )


def test_documents_that_could_not_be_written_are_named():
    report = {
        "before": {},
        "new_state": CONFIG,
        "after": {
            "updates": 9,
            "dt": 1.0,
            "rate": 9.0,
            "errors": 1,
            "first": 0,
            "conflicts": 2,
            "samples": [{"id": "cdyno_000000000004", "update": 4, "reason": "forbidden: no"}],
        },
    }
    assert "  errors: 1\n  conflicts: 2\n  failed: cdyno_000000000004 (update 4): forbidden: no" in text.execute(report)


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
        text.verify(report)
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
    low : 9 (after 2022-05-26T05:58:14)
    high : 9
    ledger : 9, 0 open claims, agrees
    span : 5 to 9
    source : 12
    lag (updates) : 3
    lag (sec) : unknown"""
    )
