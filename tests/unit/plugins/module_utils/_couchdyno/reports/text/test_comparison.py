# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.comparison import render

SIDE = {"name": "db", "url": "http://h/db", "server_version": "3.5.0", "runs": 60, "updates": 300, "errors": 1,
        "since": 1653543334, "until": 1653544672}  # fmt: skip
MIDDLE = {"median": 1001.5, "low": 990.25, "high": 1010.0, "values": 60}


def test_the_report():
    figures = [{"figure": "rate", "unit": "/sec", "a": MIDDLE, "b": dict(MIDDLE, median=500.0, low=None, high=None),
                "change": -50.07, "verdict": "unknown"},
               {"figure": "latency_p95", "unit": "sec", "a": None, "b": None, "change": None,
                "verdict": "unknown"}]  # fmt: skip
    report = {"verdict": "worse", "tolerance": 10.0, "a": SIDE, "b": dict(SIDE, server_version="3.5.1", runs=0),
              "differs": {"server_version": ["3.5.0", "3.5.1"]}, "figures": figures}  # fmt: skip
    assert (
        render(report)
        == """\
compare:
    verdict : worse
    tolerance : 10 %
    a : db on 3.5.0, 60 runs from 2022-05-26 05:35:34 UTC to 2022-05-26 05:57:52 UTC, 1 error
    b : db on 3.5.1, 0 runs, 1 error
    differs : server_version: 3.5.0 and 3.5.1

medians, with their 99 % confidence intervals:
                        a                               b                                   change  b is
    rate (/sec)         1,002 (990 to 1,010)            500                                -50.1 %  unknown
    latency_p95 (sec)   -                               -                                        -  unknown"""
    )
