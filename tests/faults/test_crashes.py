# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drivers that are killed, stopped and continued: unfinished windows are redone, and no document goes back."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import threading
import time

import proxy as faults
import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from drivers import LONGEST, Ended, drive, hold, launch, make, wait_until
from support import report, start
from verification import assert_nothing_lost

KILLS = int(os.environ.get("COUCHDYNO_FAULTS_KILLS", "100"))
TOTAL, WINDOW = 120, 50
BRIEF = {"model__claiming__LEASE": 4, "storage__lease__MARGIN": 1, "jobs__writer__TICK": 0.1}
LASTING = 10**9

POINTS = {
    "before the claim": ("claim", faults.hold_before, 0),
    "after the claim": ("claim", faults.hold_after, 0),
    "before the first batch": ("write", faults.hold_before, 0),
    "between batches": ("write", faults.hold_before, 3),
    "after a batch, its answer not seen": ("write", faults.hold_after, 2),
    "before settling": ("settle", faults.hold_before, 0),
    "after settling, its answer not seen": ("settle", faults.hold_after, 0),
}


@pytest.fixture(params=[False, True], ids=["first lap", "later lap"])
def database_of_a_lap(request, database):
    return make(database, TOTAL, fill=request.param)


def kill(driver):
    driver.send_signal(signal.SIGKILL)
    driver.communicate(timeout=LONGEST)


@pytest.mark.parametrize("point", POINTS)
def test_a_driver_is_killed(database_of_a_lap, proxy, figures, point):
    """The next cycle of the host redoes its window at once. The requests of the dead driver arrive only afterwards."""
    database = database_of_a_lap
    place, how, skip = POINTS[point]
    driver, rule = hold(database, proxy, WINDOW, place, how, skip)
    kill(driver)
    was_open = len(database.ledger["claims"])
    assert was_open == (point not in ("before the claim", "after settling, its answer not seen"))
    started = time.monotonic()
    after = execute(database.client(), 10)["after"]
    assert time.monotonic() - started < 20  # no lease is waited for
    assert after.get("redone", 0) == WINDOW * was_open and after["errors"] == 0
    rule.release()
    wait_until(lambda: rule.answered)
    assert_nothing_lost(database)
    figures(f"killed {point}: {after.get('redone', 0)} updates redone")


def test_a_claim_of_another_host_is_left_alone_until_its_lease_ends(database, proxy):
    make(database, TOTAL, fill=True)
    driver, __ = hold(database, proxy, WINDOW, **BRIEF)
    kill(driver)
    (claim,) = database.ledger["claims"]
    database.change_ledger(claims=[dict(claim, process="another machine 1 2", host="another")])
    assert "redone" not in execute(database.client(), 10)["after"]
    assert len(database.ledger["claims"]) == 1
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert execute(database.client(), 10)["after"]["redone"] == WINDOW
    assert_nothing_lost(database)


UNSHARE = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")


def can_unshare():
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True, check=False, timeout=30).returncode == 0
    except OSError:
        return False


@pytest.mark.skipif(not can_unshare(), reason="process namespaces cannot be made here: no unshare, or not permitted")
def test_a_claim_of_another_container_is_left_alone_until_its_lease_ends(database, proxy):
    """Process ids of another namespace mean nothing here, although the machine is the same."""
    make(database, TOTAL, fill=True)
    driver, __ = hold(database, proxy, WINDOW, within=UNSHARE, **BRIEF)
    kill(driver)
    assert "redone" not in execute(database.client(), 10)["after"]
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert execute(database.client(), 10)["after"]["redone"] == WINDOW
    assert_nothing_lost(database)


def test_the_lease_is_renewed_during_a_long_window(database, proxy):
    """Another driver works meanwhile, and takes over nothing."""
    make(database, TOTAL, fill=True)
    proxy.fail(faults.slow(2.5), times=LASTING, on="_bulk_docs", holding='"cdyno_')
    driver = launch(database.behind(proxy).url, "-u", 100, **BRIEF)  # ten batches, four at a time: 7.5 seconds
    wait_until(lambda: database.ledger["claims"])
    leases, number = set(), 0
    while driver.poll() is None:
        leases.update(claim["lease"] for claim in database.ledger["claims"] if claim["updates"][0][1] == 100)
        if number < 10:
            assert "redone" not in execute(database.client(), 1)["after"]
            number += 1
        time.sleep(0.3)
    ended = Ended(driver)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], 100)
    assert len(leases) >= 3
    assert_nothing_lost(database)


def test_a_driver_that_slept_past_its_lease_stops_writing(database_of_a_lap, proxy, figures):
    """Others have taken over its window and written another lap. Its requests in flight arrive late."""
    database = database_of_a_lap
    driver, rule = hold(database, proxy, WINDOW, times=LASTING, **BRIEF)
    driver.send_signal(signal.SIGSTOP)
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert drive(database.url, "-u", 10, **BRIEF).after["redone"] == WINDOW
    for __ in range(3):
        assert drive(database.url, "-u", WINDOW).code == 0
    before = database.documents()
    rule.release()
    driver.send_signal(signal.SIGCONT)
    ended = Ended(driver)
    assert ended.code == 1 and len(ended.lines) == 1
    assert "another driver" in ended.lines[0] and "no update is lost" in ended.lines[0]
    assert database.documents() == before
    assert_nothing_lost(database)
    figures(f"stopped beyond its lease: exit code 1: {ended.lines[0]}")


def test_a_continuous_driver_that_slept_past_its_lease_goes_on_with_the_next_cycle(database, proxy):
    make(database, TOTAL, fill=True)
    rule = proxy.fail(faults.hold_before(), times=LASTING, on="_bulk_docs", holding='"cdyno_')
    driver = launch(database.behind(proxy).url, "-u", WINDOW, "-c", 0.1, "--cycles", 3, **BRIEF)
    assert rule.reached.wait(LONGEST)
    driver.send_signal(signal.SIGSTOP)
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert drive(database.url, "-u", 10, **BRIEF).after["redone"] == WINDOW
    rule.release()
    driver.send_signal(signal.SIGCONT)
    ended = Ended(driver)
    (line,) = ended.lines
    assert "another driver" in line and "no update is lost" in line
    assert ended.code == 1 and [after["updates"] for after in ended.afters] == [WINDOW] * 2
    assert_nothing_lost(database)


def test_a_driver_that_slept_past_its_lease_continues_if_no_other_came(database, proxy):
    make(database, TOTAL, fill=True)
    driver, rule = hold(database, proxy, WINDOW, times=LASTING, **BRIEF)
    driver.send_signal(signal.SIGSTOP)
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    rule.release()
    driver.send_signal(signal.SIGCONT)
    ended = Ended(driver)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert_nothing_lost(database)


class Continuous:
    """A driver that runs cycle after cycle; ``cycles`` is the number of finished ones."""

    def __init__(self, database, errors):
        self.process = launch(database.url, "-c", 0, stderr=errors)
        self.cycles = 0
        threading.Thread(target=self._count, daemon=True).start()

    def _count(self):
        for __ in self.process.stdout:
            self.cycles += 1

    def end(self, number):
        assert self.process.poll() is None
        self.process.send_signal(number)
        assert self.process.wait(LONGEST) in (130, -number)  # the latter for a SIGTERM before Python is ready


def kill_at_random(database, kills, path):
    """Four drivers are always running, and each is killed somewhere in its second cycle or a later one.

    Returns what they have said on standard error, which is kept in a file.
    """
    with path.open("w+") as errors:
        drivers = [Continuous(database, errors) for __ in range(4)]
        for __ in range(kills):
            wait_until(lambda: any(driver.cycles for driver in drivers))
            victim = random.choice([driver for driver in drivers if driver.cycles])
            time.sleep(random.uniform(0, 0.3))
            victim.end(signal.SIGKILL)
            drivers[drivers.index(victim)] = Continuous(database, errors)
        for driver in drivers:
            driver.end(signal.SIGTERM)
        errors.seek(0)
        return errors.read()


def test_kills_at_random_points(database, tmp_path, figures):
    make(database, 600, updates=30, fill=True)
    assert kill_at_random(database, KILLS, tmp_path / "errors") == ""
    verified = assert_nothing_lost(database)
    redone = sum(len(record.get("redone", [])) for record in database.records())
    assert redone > KILLS // 4  # or else the kills hit nothing
    figures(f"{KILLS} kills, {redone} windows redone; {verified}")


def test_a_filling_setup_is_killed_and_run_again(database, proxy):
    rule = proxy.fail(faults.hold_before(), on="_bulk_docs", holding='"cdyno_', skip=1)
    options = ("-t", 2500, "-s", 200, "-w")
    process = start("couchdyno-setup", *options, database.behind(proxy).url)
    assert rule.reached.wait(LONGEST)
    kill(process)
    assert report("couchdyno-setup", *options, database.url)["fill"]["errors"] == 0
    assert len(database.documents()) == 2500
    assert_nothing_lost(database)


QUEUE = {"types": {"q": {"create": 50, "delete": 50}}}  # each lap: ten deletions, ten rewrites, ten creations


def test_a_creation_that_was_held_through_the_life_of_its_documents_revives_nothing(database, proxy, figures):
    """The driver was stopped before it sent documents 20 to 29. Another creates them, and they are deleted in lap 3."""
    client = database.client()
    setup(client, Request(Parameters(20, 200, 10, 7), fill=True, workload=QUEUE))
    execute(client, 20)
    rule = proxy.fail(faults.hold_before(), on="_bulk_docs", holding='"q:000000000020"')
    driver = launch(database.behind(proxy).url, "-u", 10, **BRIEF)
    assert rule.reached.wait(LONGEST), Ended(driver).lines
    driver.send_signal(signal.SIGSTOP)
    time.sleep(BRIEF["model__claiming__LEASE"] + 1)
    assert drive(database.url, "-u", 10, **BRIEF).after["redone"] == 10
    while database.book().position < 115:
        assert execute(client, 10)["after"]["errors"] == 0
    before = database.documents("q:")
    assert min(before) > "q:000000000029"
    rule.release()
    wait_until(lambda: rule.answered)
    driver.send_signal(signal.SIGCONT)
    ended = Ended(driver)
    assert ended.code == 1 and "another driver" in ended.lines[0]
    assert database.documents("q:") == before
    report = verify(client)
    assert (report["verdict"], report["counts"]["revived"]) == ("right", 0), report
    figures("stopped through the life of ten documents, then continued: none revived")
