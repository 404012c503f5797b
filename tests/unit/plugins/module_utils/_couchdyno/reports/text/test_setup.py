# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The printed form is a promise: it must match the README word for word."""

from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.setup import render

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


def test_a_workload_adds_a_line_for_each_type():
    order = {"name": "order", "total": 600, "updates": 7, "create": 60, "delete": 3, "size": [400, 900], "hot": False}
    types = [
        order,
        dict(order, name="entry", total=1, updates=2, delete=0, size=50),
        dict(order, name="counter", updates=1, create=0, delete=0, size=50, hot=True),
    ]
    classic = render({"dyno_config": CONFIG})
    added = render({"dyno_config": dict(CONFIG, workload={"types": types})}).split(classic)[1]
    assert (
        added
        == """
    type : order: 600 documents of 400 to 900 bytes at the start, 70 % of the updates; each lap creates 60 and deletes 3
    type : entry: 1 document of 50 bytes at the start, 20 % of the updates; each lap creates 60
    type : counter: 600 hot documents of 50 bytes at the start, 10 % of the updates"""
    )


def test_setup():
    assert (
        render({"dyno_config": CONFIG})
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
