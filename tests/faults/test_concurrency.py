# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many drivers of all kinds on one database, with different clocks: each update is handed out once."""

from __future__ import annotations

import json
import subprocess
from concurrent.futures import ThreadPoolExecutor

from drivers import Ended, drive, launch, make
from support import BIN, ROOT, environment
from verification import assert_nothing_lost

HOUR = 3600
CLOCKS = (0, -7 * HOUR, 5 * HOUR, 400 * 24 * HOUR)
CYCLES = 30  # of each continuous driver and each module run
SINGLE = 10  # processes that each of two crontabs starts, one after the other


def module_runs(database, cycles):
    """Two hosts of a playbook's inventory, at the same time; returns the process."""
    arguments = json.dumps({"url": database.url, "cycles": cycles})
    how = f"-i one,two, --forks 2 -c local -e ansible_python_interpreter={BIN / 'python'}".split()
    return subprocess.Popen(
        [str(BIN / "ansible"), "all", *how, "-m", "couchdyno_execute", "-a", arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(ANSIBLE_NOCOLOR="1"),
    )


def test_eight_drivers_at_once(database, figures):
    """Four continuous drivers with different clocks, two module runs, two crontabs: 200 cycles."""
    make(database, 2000, updates=20, fill=True)
    filled = len(database.records())
    drivers = [launch(database.url, "-c", 0, "--cycles", CYCLES, clock=clock) for clock in CLOCKS]
    modules = module_runs(database, CYCLES)
    with ThreadPoolExecutor(2) as crontabs:
        runs = list(crontabs.map(lambda __: drive(database.url), range(2 * SINGLE)))
    runs += [Ended(driver, 300) for driver in drivers]
    assert [(run.code, run.lines) for run in runs] == [(0, [])] * len(runs)
    out, __ = modules.communicate(timeout=300)
    assert modules.returncode == 0 and out.count('"changed": true') == 2, out
    afters = [after for run in runs for after in run.afters]
    assert all(after["updates"] == 20 and after["errors"] == 0 for after in afters)
    cycles = len(database.records()) - filled
    assert cycles == 6 * CYCLES + 2 * SINGLE == 200
    figures(f"8 drivers, {cycles} cycles; {assert_nothing_lost(database)}")


def test_drivers_that_wait_for_each_other(database, figures):
    """Any two of the windows share documents, so only one of them can be open at a time."""
    make(database, 50, updates=30, fill=True)
    drivers = [launch(database.url, "-c", 0, "--cycles", 5) for __ in range(4)]
    runs = [Ended(driver, 300) for driver in drivers]
    assert [(run.code, run.lines) for run in runs] == [(0, [])] * 4
    assert all(after["updates"] == 30 and "busy" not in after for run in runs for after in run.afters)
    figures(f"4 drivers in each other's way, 20 cycles; {assert_nothing_lost(database)}")


def test_a_driver_with_a_wrong_clock_takes_over_nothing(database, proxy):
    """A host whose clock is a day ahead sees that the lease of another host's claim still lasts."""
    make(database, 100, fill=True)
    now = database.client()
    now.database_info()
    claim = {"first": 100, "count": 5, "ts": now.now(), "lease": now.now() + 60, "driver": "x", "host": "x"}
    database.change_ledger(position=105, start=5, runs=2, claims=[dict(claim, process="", run=1, redo=False)])
    assert "redone" not in drive(database.url, clock=24 * HOUR).after
    assert database.ledger["last_ts"] < now.now() + HOUR
    database.change_ledger(claims=[dict(database.ledger["claims"][0], lease=0)])
    assert drive(database.url, clock=-24 * HOUR).after["redone"] == 5
    assert_nothing_lost(database)
