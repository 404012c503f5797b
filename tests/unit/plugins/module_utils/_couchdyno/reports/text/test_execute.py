# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed form is a promise: it must match the README word for word."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.execute import render

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


def test_execute():
    report = {
        "before": {"total": 1000, "size": 1000, "start": 0, "updating": 10},
        "after": {"updates": 10, "dt": 0.078, "rate": 128.2, "errors": 0, "first": 0},
        "new_state": dict(CONFIG, created=1653544672, last_ts=1653544694, last_updates=10, start=10, position=10),
    }
    assert (
        render(report)
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


def test_documents_that_could_not_be_written_are_listed():
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
    assert "  errors: 1\n  conflicts: 2\n  failed: cdyno_000000000004 (update 4): forbidden: no" in render(report)
