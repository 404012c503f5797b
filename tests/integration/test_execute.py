# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-execute, against a real server."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import threading
import time

import pytest
from proxy import rows, status, unreadable
from support import BIN, report, run, start


@pytest.fixture
def ready(database):
    """A database of five documents, three of them updated in a cycle."""
    run("couchdyno-setup", "-t", 5, "-s", 300, "-u", 3, database.url)
    return database


def test_the_example_of_the_readme(database):
    run("couchdyno-setup", database.url)
    before, after, state = run("couchdyno-execute", database.url).strip().split("\n\n")
    assert before == "before:\n  total: 1000\n  size: 1000\n  start: 0\n  updating: 10"
    assert re.match(r"after:\n  updates: 10\n  dt \(sec\): \d+\.\d+\n  rate \(/sec\): \d+\n", after)
    moment = r"\d{10} \(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\)"
    assert re.match(
        rf"new_state:\n  created: {moment}\n  last_dt: 0\n  last_errors: 0\n  last_ts: {moment}\n"
        r"  last_updates: 10\n  size: 1000\n  start: 10\n  total: 1000\n  updates: 10\n  version: 1\n",
        state,
    )


def test_round_robin(ready):
    seen, starts, held = [], [], {}
    for __ in range(4):
        starts.append(report("couchdyno-execute", ready.url)["new_state"]["start"])
        now = {int(name[-12:]): document["_rev"] for name, document in ready.documents().items()}
        seen.append({index for index, rev in now.items() if held.get(index) != rev})
        held = now
        ready.assert_exact()
    assert seen == [{0, 1, 2}, {3, 4, 0}, {1, 2, 3}, {4, 0, 1}]
    assert starts == [3, 1, 4, 2]


@pytest.mark.parametrize("option", ["-u", "--update-per-run", "--updates-per-run"])
def test_another_number_of_updates(ready, option):
    found = report("couchdyno-execute", option, 2, ready.url)
    assert (found["before"]["updating"], found["after"]["updates"]) == (2, 2)
    assert report("couchdyno-execute", option, 10**9, ready.url)["after"]["updates"] == 5
    ready.assert_exact()


def test_laps_of_several_batches(database):
    run("couchdyno-setup", "-t", 2500, "-s", 200, "-w", database.url)
    for count in (2500, 1700, 1700, 2500):
        assert report("couchdyno-execute", "-u", count, database.url)["after"]["errors"] == 0
    assert database.assert_exact().position == 2500 + 2500 + 1700 + 1700 + 2500


def test_missing_databases_and_ledgers(server, database):
    assert "there is no database" in run("couchdyno-execute", database.url, code=3)
    assert "there is no database" in run("couchdyno-info", database.url, code=3)
    database.create()
    for script in ("couchdyno-execute", "couchdyno-info"):
        assert "was not set up by couchdyno" in run(script, database.url, code=3)


def test_a_damaged_ledger(ready):
    ready.change_ledger(total="five")
    for script in ("couchdyno-execute", "couchdyno-info"):
        assert "'total' is 'five'" in run(script, ready.url, code=3)


def test_wrong_credentials(ready):
    assert "401" in run("couchdyno-execute", ready.as_user("nobody", "nothing"), code=1)


def test_settings_from_environment_and_file(ready, tmp_path):
    server = ready.server
    run("couchdyno-execute", COUCHDYNO_URL=ready.url)
    run("couchdyno-execute", ready.plain_url, COUCHDYNO_USERNAME=server.username, COUCHDYNO_PASSWORD=server.password)
    config = tmp_path / "job.ini"
    config.write_text(
        f"[couchdyno]\nurl = {ready.plain_url}\nusername = {server.username}\npassword = {server.password}\n"
    )
    config.chmod(0o644)
    assert "chmod 600" in run("couchdyno-execute", "--config", config, code=2)
    config.chmod(0o600)
    run("couchdyno-execute", "--config", config)
    assert ready.assert_exact().position == 9


def test_continuous_rereads_the_ledger(ready):
    process = start("couchdyno-execute", "-c", 10, "--cycles", 2, "--json", ready.url)
    first = json.loads(process.stdout.readline())
    run("couchdyno-execute", "-u", 1, ready.url)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 0, err
    second = json.loads(out)
    assert (first["before"]["start"], second["before"]["start"]) == (0, 4)
    assert ready.assert_exact().position == 7


def test_a_rate_spreads_the_documents_and_continues_from_cycle_to_cycle(ready):
    """Never faster: the last batch is due after the time of all batches before it."""
    started = time.monotonic()
    out = run("couchdyno-execute", "-c", 0, "--cycles", 3, "-u", 5, "--rate", 10, "--json", ready.url)
    assert time.monotonic() - started >= 1.4
    afters = [json.loads(line)["after"] for line in out.splitlines()]
    assert [after["updates"] for after in afters] == [5, 5, 5]
    assert afters[0]["rate"] <= 5 / 0.4  # a later cycle may have to catch up, on a machine that is busy
    ready.assert_exact()


def test_a_signal_ends_a_cycle_that_waits_for_its_rate(ready):
    process = start("couchdyno-execute", "-u", 5, "--rate", 0.01, "--json", ready.url)
    while ready.ledger["position"] == 0 or not ready.documents():
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait(5) == 130
    assert json.loads(process.stdout.read())["after"]["left"] == 4
    run("couchdyno-execute", ready.url)
    ready.assert_exact()


def test_batches_and_connections_as_requested(database):
    out = run("couchdyno-setup", "-t", 50, "-s", 200, "-w", "--connections", 2, "--batch-bytes", 1000, database.url)
    assert "total : 50" in out
    run("couchdyno-execute", "-u", 50, "--connections", 1, "--batch-bytes", 1, database.url)
    database.assert_exact()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_between_cycles_ends_at_once(ready, number):
    process = start("couchdyno-execute", "-c", 600, ready.url)
    while "new_state:" not in process.stdout.readline():
        pass
    time.sleep(0.2)
    process.send_signal(number)
    assert process.wait(5) == 130
    ready.assert_exact()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_within_a_cycle_settles_first(database, number):
    run("couchdyno-setup", "-t", 50_000, "-s", 100, database.url)
    process = start("couchdyno-execute", "-u", 50_000, "--json", database.url)
    while database.ledger["position"] == 0:
        time.sleep(0.01)
    time.sleep(0.3)
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    after = json.loads(out)["after"]
    assert 0 < after["updates"] < 50_000 and after["updates"] + after["left"] == 50_000 and after["errors"] == 0
    assert run("couchdyno-execute", "-u", 1, database.url)
    assert database.assert_exact().position == 50_001


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_driver_that_was_killed_is_redone(database, elsewhere):
    run("couchdyno-setup", "-t", 50_000, "-s", 100, database.url)
    process = start("couchdyno-execute", "-u", 50_000, database.url)
    while len(database.documents()) == 0:
        time.sleep(0.01)
    process.kill()
    process.wait()
    (claim,) = database.ledger["claims"]
    assert sum(count for __, count in claim["updates"]) == 50_000
    if elsewhere:  # nothing here shows that it is dead; its lease must run out
        database.change_ledger(claims=[dict(claim, process="another machine 1 2", lease=1)])
    found = report("couchdyno-execute", "-u", 10, database.url)
    assert found["after"]["redone"] >= 50_000 - 10
    database.assert_exact()


def test_a_driver_that_was_killed_elsewhere_is_waited_for(database):
    run("couchdyno-setup", "-t", 5, "-s", 100, "-u", 3, database.url)
    run("couchdyno-execute", database.url)
    run("couchdyno-execute", "-u", 1, database.url)
    now = report("couchdyno-info", database.url)["progress"]["ts"]
    claim = {"first": 4, "count": 3, "ts": now, "lease": now + 4, "driver": "x", "host": "x", "process": "", "run": 2}
    database.change_ledger(position=7, start=2, runs=3, claims=[dict(claim, redo=False)])
    found = report("couchdyno-execute", database.url)
    assert (found["after"]["first"], found["after"]["redone"]) == (7, 3)
    database.assert_exact()


def test_drivers_at_the_same_time(database):
    run("couchdyno-setup", "-t", 200, "-s", 200, "-u", 7, "-w", database.url)
    drivers = [start("couchdyno-execute", "-c", 0, "--cycles", 15, "--json", database.url) for __ in range(4)]
    windows = []
    for driver in drivers:
        out, err = driver.communicate(timeout=120)
        assert driver.returncode == 0, err
        windows += [json.loads(line)["after"] for line in out.splitlines()]
    firsts = sorted(window["first"] for window in windows)
    assert firsts == [200 + 7 * number for number in range(60)]
    assert sum(window["updates"] for window in windows) == 420
    assert database.assert_exact().position == 620


def test_documents_that_the_database_refuses(ready):
    ready.put(
        {
            "_id": "_design/refuse",
            "validate_doc_update": "function (doc) {"
            " if (doc._id === 'cdyno_000000000001') throw({forbidden: 'not this one'}); }",
        }
    )
    process = start("couchdyno-execute", "--json", ready.url)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 4
    complaint = "couchdyno-execute: 1 document could not be written: .*; it is tried again on its next turn\n"
    assert re.fullmatch(complaint, err)
    found = json.loads(out)
    assert found["after"]["errors"] == found["after"]["refused"] == 1
    assert found["after"]["samples"][0]["id"] == "cdyno_000000000001"
    assert "not this one" in found["after"]["samples"][0]["reason"]
    assert ready.ledger["claims"] == [] and ready.ledger["refused"] == [[1, 1, 1, 1]]
    assert "refused : 1 document, older until the next turn" in run("couchdyno-info", ready.url)
    found = report("couchdyno-verify", ready.url)
    assert (found["verdict"], found["counts"]["absent"]) == ("right", 3) and found["ledger"]["refused"] == 1
    design = ready.get("_design/refuse")
    ready.request("DELETE", "/_design/refuse", params={"rev": design["_rev"]})
    run("couchdyno-execute", "-u", 10, ready.url)
    assert "refused" not in ready.ledger
    ready.assert_exact()


def test_refused_documents_neither_stop_a_database_nor_excuse_others(ready):
    """A copy that lost what was written next to refused documents is wrong."""
    refuse = "function (doc) { if (/^cdyno_0+[24]$/.test(doc._id)) throw({forbidden: 'no'}); }"
    ready.put({"_id": "_design/refuse", "validate_doc_update": refuse})
    for __ in range(40):
        run("couchdyno-execute", "-u", 5, ready.url, code=4)
    assert ready.ledger["position"] == 200 and ready.ledger["claims"] == []
    assert report("couchdyno-verify", ready.url)["verdict"] == "right"
    kept = ready.documents()["cdyno_000000000003"]
    content = ready.book().stream.content
    ready.put(dict(json.loads(content.render(188, kept["ts"])), _rev=kept["_rev"]))
    out, __ = start("couchdyno-verify", "--json", ready.url).communicate(timeout=60)
    assert json.loads(out)["reasons"][0].startswith("1 document older than allowed; ")


def test_a_server_that_goes_away_within_a_cycle_and_comes_back(database, proxy):
    run("couchdyno-setup", "-t", 40_000, "-s", 100, database.url)
    process = start("couchdyno-execute", "-u", 40_000, "--json", database.behind(proxy).url)
    while database.ledger["position"] == 0:
        time.sleep(0.01)
    time.sleep(0.2)
    proxy.shut_for(1.5)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    assert json.loads(out)["after"]["errors"] == 0
    database.assert_exact()


@pytest.mark.parametrize("broken", [(1,), (0, 1, 2)])
def test_unreadable_documents_are_overwritten_when_a_window_is_redone(ready, proxy, broken):
    run("couchdyno-execute", "-u", 5, ready.url)
    proxy.fail(rows("internal_server_error", "_00000000000"), times=10**9, on="_bulk_docs", holding='"cdyno_')
    assert run("couchdyno-execute", ready.behind(proxy).url, code=4)
    proxy.heal()
    proxy.fail(unreadable(*(f"cdyno_{index:012d}" for index in broken)), times=10**9)
    after = report("couchdyno-execute", "-u", 2, ready.behind(proxy).url)["after"]
    assert (after["redone"], after["errors"], after.get("foreign")) == (3, 0, None)
    ready.assert_exact()


def test_how_often_the_server_throttles_is_reported_and_on_record(ready, proxy):
    first = report("couchdyno-execute", ready.behind(proxy).url)
    proxy.fail(status(429, "too_many_requests"), on="_bulk_docs", times=2)
    text = run("couchdyno-execute", ready.behind(proxy).url)
    assert "throttled" not in first["after"] and "  throttled: 2\n" in text
    found = report("couchdyno-info", "--history", 2, ready.url)
    assert [record["throttled"] for record in found["runs"]] == [0, 2]
    assert found["statistics"]["cycle"]["throttled"] == 2
    lines = run("couchdyno-info", "--history", 2, ready.url).splitlines()
    assert "    throttled : 2 times (429 or 503)" in lines
    assert (lines[-3].split()[-2:], lines[-1].split()[-2:]) == (["refused", "throttled"], ["0", "2"])


def test_continuous_survives_a_server_that_stays_away_for_long(ready, proxy):
    process = start("couchdyno-execute", "-c", 0.2, ready.behind(proxy).url)
    errors = []
    reader = threading.Thread(target=lambda: errors.extend(process.stderr))
    reader.start()
    while ready.ledger["runs"] < 2:
        time.sleep(0.05)
    proxy.shut()
    deadline = time.monotonic() + 120
    while not errors and time.monotonic() < deadline:
        time.sleep(0.1)
    proxy.open()
    runs = ready.ledger["runs"]
    while ready.ledger["runs"] < runs + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGTERM)
    process.stdout.read()
    assert process.wait(30) == 130
    reader.join()
    assert len(errors) >= 1 and all("cannot reach" in line for line in errors)
    run("couchdyno-execute", ready.url)
    ready.assert_exact()


def test_a_database_of_the_original_tool(database):
    database.create()
    database.put(
        {
            "_id": "couchdyno_meta",
            "version": 1,
            "created": 1653543334,
            "total": 5,
            "size": 300,
            "updates": 3,
            "start": 4,
            "last_ts": 1653544694,
            "last_dt": 0,
            "last_errors": 0,
            "last_updates": 3,
            "history": [{"ts": 1653544694, "dt": 0.1, "updates": 3, "errors": 0}],
        }
    )
    for index in range(5):
        database.put({"_id": f"cdyno_{index:012d}", "ts": 1653544694, "data": "x"})
    assert "    start : 4" in run("couchdyno-info", database.url)
    found = report("couchdyno-execute", database.url)
    assert (found["before"]["start"], found["after"]["updates"], found["new_state"]["start"]) == (4, 3, 2)
    assert "history" not in database.ledger
    info = report("couchdyno-info", database.url)
    assert len(info["earlier"]) == 1 and info["dyno_config"]["created"] == 1653543334
    run("couchdyno-execute", "-u", 5, database.url)
    database.assert_exact()


def test_cycles_go_on_when_their_reports_cannot_be_written(database):
    """As when the disk of the log is full."""
    run("couchdyno-setup", "-t", 20, "-u", 5, database.url)
    command = f"{BIN / 'couchdyno-execute'} -c 0 --cycles 3 {database.url}"
    for shell, why in (("> /dev/full", "No space left on device"), (">&-", "it is closed")):
        done = subprocess.run(f"{command} {shell}", shell=True, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (
            1,
            f"couchdyno-execute: cannot write to standard output: {why}\n",
        )
    assert database.ledger["position"] == 30
