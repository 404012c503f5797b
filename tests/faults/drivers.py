# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers for the fault tests: processes of couchdyno-execute with small batches and short waits."""

from __future__ import annotations

import json
import subprocess
import time
from pathlib import Path

import proxy as faults
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import CONNECTIONS
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from support import BIN, environment

LAUNCHER = Path(__file__).with_name("launcher.py")
SMALL = {"jobs.pace.BATCH_DOCUMENTS": 10, "couchdb.client.TRIES": 4, "couchdb.client.WAITS": [0.02, 0.1]}
LONGEST = 60  # seconds: the longest run of a driver, whatever happens

CLAIM = {"on": "_bulk_docs", "holding": '"couchdyno_ledger_'}  # the first of these; later ones renew and settle
LEDGER = {"on": 'startkey="couchdyno:meta', "method": "GET"}
READ = {"on": 'startkey="cdyno_', "method": "GET"}
WRITE = {"on": "_bulk_docs", "holding": '"cdyno_'}
SETTLE = {"on": "_bulk_docs", "holding": '"couchdyno_run_'}
PLACES = {"ledger": LEDGER, "claim": CLAIM, "read": READ, "write": WRITE, "settle": SETTLE}


def make(database, total, updates=10, fill=False, force=False):
    """Set up a database; returns it."""
    client = database.client()
    setup(client, Request(Parameters(total, 200, updates), fill=fill, force=force))
    LedgerDocument(client).change(lambda ledger: (ledger, None))  # moves the state into a document of its own
    return database


def launch(url, *args, within=(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, **changes):
    """Start a driver, optionally ``within`` another command.

    ``changes`` are constants of the program, as model__claiming__LEASE=3, and the clock.
    """
    changed = dict(SMALL, **{name.replace("__", "."): value for name, value in changes.items()})
    return subprocess.Popen(
        [*within, str(BIN / "python"), str(LAUNCHER), json.dumps(changed), "--json", *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
        text=True,
        env=environment(COUCHDYNO_URL=url),
    )


def hold(database, proxy, window, place="write", how=faults.hold_before, skip=0, times=1, **options):
    """A driver in the middle of a cycle with one request held; returns it and the rule that holds the request."""
    rule = proxy.fail(how(), skip=skip, times=times, **PLACES[place])
    driver = launch(database.behind(proxy).url, "-u", window, **options)
    assert rule.reached.wait(LONGEST), Ended(driver).lines
    return driver, rule


def hold_all(database, proxy, window):
    """A driver in the middle of a cycle with no request at the server: each connection has its write held."""
    driver, rule = hold(database, proxy, window, times=10**9)
    wait_until(lambda: rule.applied == CONNECTIONS)
    return driver, rule


class Ended:
    """A driver that has ended: its exit code, its reported ``after``, and its error lines."""

    def __init__(self, process, timeout=LONGEST):
        out, err = process.communicate(timeout=timeout)
        self.code = process.returncode
        self.afters = [json.loads(line)["after"] for line in out.splitlines()]
        self.lines = err.splitlines()
        assert "Traceback" not in err, err

    @property
    def after(self):
        (after,) = self.afters
        return after


def drive(url, *args, **changes):
    """Run a driver to its end."""
    return Ended(launch(url, *args, **changes))


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
