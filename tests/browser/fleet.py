# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Infos of an imaginary fleet."""

from __future__ import annotations

import copy
import math
import random

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.statistics import runs as runs_on_record
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.statistics.missed_cycles import gaps

NOW = 1_795_480_000
INTERVAL = 600  # seconds between two cycles
DAY = 86400 // INTERVAL  # cycles


def records(chance, host, count):
    """The run records of a host: a rate that varies by time of day, some errors, some missed cycles."""
    base = chance.uniform(1500, 4000)
    for number in range(count):
        if chance.random() < 0.0004:
            continue
        rate = base * chance.lognormvariate(0, 0.15) * (1 + 0.2 * math.sin(2 * math.pi * number / DAY))
        errors = chance.choice((0,) * 300 + (1, 3))
        worst = 480 / rate * chance.lognormvariate(0, 0.3)
        yield RunRecord.load({
            "run": number, "ts": NOW - (count - number) * INTERVAL, "dt": 500 / rate, "first": number * 500,
            "count": 500, "updates": 500 - errors, "errors": errors, "kind": "cycle", "host": host, "connections": 4,
            "latency": {"p50": round(250 / rate, 4), "p95": round(400 / rate, 4), "p99": round(worst, 4), "max": 9.0},
            "classes": {"forbidden": errors} if errors else {},
            "sizes": {"file": int(2e6 + number * 900 + chance.uniform(0, 2e5)), "active": int(1.4e6 + number * 200)},
        })  # fmt: skip


def fleet(hosts, runs):
    """The infos of a number of hosts, each with its own database and a number of runs.

    The first is computed from run records; the others are copies of it with different values.
    """
    first = list(records(random.Random(1), "driver01", runs))
    like = _info(first, runs)
    for number in range(1, hosts + 1):
        yield _another(like, number) if number > 1 else like


def _info(found, runs):
    missed = gaps(found, NOW)
    sizes = found[-1].sizes
    return {
        "label": "driver01",
        "dyno_config": {"seed": 1, "created": NOW - runs * INTERVAL, "total": 5000, "size": 1000, "updates": 500,
                        "position": runs * 500, "runs": runs, "claims": [], "start": 0},
        "database": {"name": "orders01", "url": "http://db01.example.com:5984/orders01", "server_version": "3.5.0",
                     "doc_count": 15001, "sizes": sizes, "q": 2, "n": 1, "connections": [4], "limits": []},
        "progress": {"present": 5000, "total": 5000, "laps": runs // 10, "open_claims": 0, "open_hosts": [],
                     "expired_claims": 0, "expired_hosts": [], "settled": runs * 500, "lap_done": 0,
                     "lap_left": 5000, "pace": 0.83, "seconds_left": 6000, "ts": NOW},
        "statistics": {"cycle": runs_on_record.summary(found, NOW), "fill": runs_on_record.summary([], NOW)},
        "hosts": runs_on_record.hosts(found, NOW),
        "gaps": {"missed": sum(gap["missed"] for gap in missed), "count": len(missed), "latest": missed[-20:]},
        "growth": runs_on_record.growth(found, sizes, NOW),
        "ring": {"runs": len(found), "since": found[0].ts},
        "runs": [],
        "census": runs_on_record.census(found),
        "series": runs_on_record.series(found),
    }  # fmt: skip


def _another(like, number):
    """A similar info with randomly changed points."""
    chance = random.Random(number)
    info = copy.deepcopy(like)
    name, host, speed = f"orders{number:02}", f"driver{number:02}", chance.uniform(0.5, 1.5)
    info["label"], info["dyno_config"]["seed"] = host, number
    info["database"].update(name=name, url=f"http://db{number:02}.example.com:5984/{name}")
    info["hosts"][0].update(host=host, rate=_scaled(info["hosts"][0]["rate"], speed, 1))
    for point in info["series"]:
        factor = speed * chance.lognormvariate(0, 0.05)
        point.update(ts=point["ts"] + number, until=point["until"] + number, rate=_scaled(point["rate"], factor, 1),
                     latency=_scaled(point["latency"], 1 / factor, 4), sizes=_scaled(point["sizes"], factor, None),
                     errors=chance.choice((0, 0, 0, 1, 5)))  # fmt: skip
    return info


def _scaled(values, factor, digits):
    return {name: round(value * factor, digits) for name, value in values.items()}
