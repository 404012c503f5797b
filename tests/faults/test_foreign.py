# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others write into the database: cycles continue, overwrite, and count what they see of it."""

from __future__ import annotations

import json
import random
import signal
import threading
import time

import proxy as faults
import pytest
from drivers import Ended, drive, hold, launch, make
from support import run, start
from verification import assert_nothing_lost, come_to_rest

TOTAL, WINDOW = 60, 50
SECONDS_OF_VANDALISM = 6


def name(index):
    return f"cdyno_{index:012d}"


@pytest.fixture
def filled(database):
    return make(database, TOTAL, fill=True)


def delete(database, index):
    document = database.get(name(index))
    return database.request("DELETE", "/" + name(index), params={"rev": document["_rev"]})


def edit(database, index):
    return database.request("PUT", "/" + name(index), json=dict(database.get(name(index)), data="mine"))


def add_leaf(database, index, generation=70):
    """Create a conflict, as replication does."""
    leaf = {"_id": name(index), "_rev": f"{generation}-{'f' * 32}", "mine": True}
    answer = database.request("POST", "/_bulk_docs", json={"docs": [leaf], "new_edits": False})
    assert answer.ok, answer.text


def test_between_cycles(filled, figures):
    """Missing documents are seen and counted. Edits are not searched for, and are gone after a lap."""
    for index in (3, 4, 55):
        assert delete(filled, index).ok
    assert edit(filled, 7).ok
    filled.put({"_id": "a document of others", "mine": True})
    add_leaf(filled, 8, generation=1)  # one of two that exclude each other
    add_leaf(filled, 9, generation=70)  # and one that wins
    ended = drive(filled.url, "-u", TOTAL)
    assert (ended.code, ended.lines) == (0, [])
    assert (ended.after["updates"], ended.after["foreign"]) == (TOTAL, 3)
    assert drive(filled.url, "-u", TOTAL).after.get("foreign") is None
    assert_nothing_lost(filled)
    assert filled.get("a document of others")["mine"] is True
    figures("foreign, between cycles: 3 deletions counted, 2 conflicts and 1 edit overwritten, exit code 0")


@pytest.mark.parametrize("change", [delete, edit])
def test_within_a_cycle(filled, proxy, figures, change):
    """After its revision was read, before it is written."""
    driver, rule = hold(filled, proxy, WINDOW)
    index = json.loads(rule.body)["docs"][4]["_id"][-12:]
    change(filled, int(index))
    rule.release()
    ended = Ended(driver)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert ended.after.get("foreign") == 1
    assert_nothing_lost(filled)
    figures(f"foreign, within a cycle: {change.__name__}: 1 counted, exit code 0")


def put_deep(database, document, field):
    """Write a document with a field that is nested more deeply than Python can read; returns its revision."""
    text = json.dumps({**document, field: "deep"}).replace('"deep"', "[" * 3000 + "]" * 3000)
    answer = database.request("PUT", "/" + document["_id"], data=text, headers={"Content-Type": "application/json"})
    assert answer.ok, answer.text
    return answer.json()["rev"]


def verified(database):
    """The report of a verification that finds something wrong."""
    process = start("couchdyno-verify", database.url, "--json")
    out, __ = process.communicate(timeout=60)
    assert process.returncode == 4
    return json.loads(out)


def test_documents_that_are_nested_deeply(filled, proxy, figures):
    """They are damaged, or of others, and cycles overwrite what is theirs, also when they redo a window."""
    driver, __ = hold(filled, proxy, WINDOW, place="settle")
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    put_deep(filled, filled.get(name(5)), "data")
    others = {each: put_deep(filled, {"_id": each}, "mine") for each in (name(7) + "x", "a document of others")}
    found = verified(filled)
    assert (found["counts"]["damaged"], found["counts"]["extra"]) == (1, 2)
    assert found["samples"]["damaged"] == [{"id": name(5), "reason": "is nested more than 100 levels deep"}]
    after = drive(filled.url, "-u", 1).after
    assert (after["redone"], after["updates"], after["foreign"]) == (WINDOW, 2, 1)
    assert verified(filled)["counts"]["extra"] == 2
    for each, rev in others.items():
        assert filled.request("DELETE", f"/{each}", params={"rev": rev}).ok  # the audit cannot read them
    assert_nothing_lost(filled)
    figures("foreign, nested 3,000 levels deep: 1 damaged, 2 extra; overwritten by the next cycle, exit code 0")


def test_a_ledger_that_is_nested_deeply(filled, figures):
    """It is damaged, and can be repaired."""
    ledger = filled.ledger
    put_deep(filled, filled.get(ledger["_id"]), "note")
    for script in ("execute", "info", "verify"):
        (line,) = run(f"couchdyno-{script}", filled.url, code=3).splitlines()
        assert f"the ledger (document {ledger['_id']}) is damaged: it is nested more than 100 levels deep" in line
    run("couchdyno-setup", "--adopt", filled.url)
    assert drive(filled.url).code == 0
    assert_nothing_lost(filled)
    figures(f"ledger nested deeply: exit code 3: {line}")


def test_a_conflict_that_wins_within_a_cycle(filled, proxy):
    """The server accepts the write, as its revision is still a leaf: the conflict is not seen until the next lap."""
    driver, rule = hold(filled, proxy, WINDOW)
    index = int(json.loads(rule.body)["docs"][4]["_id"][-12:])
    add_leaf(filled, index)
    rule.release()
    ended = Ended(driver)
    assert (ended.code, ended.lines, ended.after["updates"]) == (0, [], WINDOW)
    assert filled.get(name(index))["mine"] is True
    assert drive(filled.url, "-u", TOTAL).code == 0
    assert_nothing_lost(filled)


def test_documents_in_the_way_of_the_first_lap(database):
    make(database, TOTAL)
    for index in (2, 12):
        database.put({"_id": name(index), "mine": True})
    ended = drive(database.url, "-u", WINDOW)
    assert (ended.code, ended.after["updates"], ended.after["foreign"]) == (0, WINDOW, 2)
    assert_nothing_lost(database)


def test_documents_that_look_as_if_they_were_done(filled, proxy):
    """A window is redone; in one of its documents, only the data was edited."""
    driver, __ = hold(filled, proxy, WINDOW, place="settle")
    driver.send_signal(signal.SIGKILL)
    driver.wait()
    assert edit(filled, 5).ok
    after = drive(filled.url, "-u", 1).after
    assert (after["redone"], after["updates"], after["foreign"]) == (WINDOW, 2, 1)
    assert_nothing_lost(filled)


def test_what_was_never_written_is_not_foreign(database, proxy):
    """A document that the server refused in the first lap does not count as deleted in the second."""
    make(database, TOTAL)
    proxy.fail(faults.rows("forbidden", "00000003"), times=10**9, on="_bulk_docs")
    assert drive(database.behind(proxy).url, "-u", TOTAL).code == 4
    after = drive(database.url, "-u", TOTAL).after
    assert (after["updates"], after["errors"], "foreign" in after) == (TOTAL, 0, False)


def vandalize(database, ended, counts):
    """Edit, delete and add documents at random, and create conflicts, until it is stopped."""
    changes = {
        "deleted": lambda index: delete(database, index),
        "edited": lambda index: edit(database, index),
        "conflict": lambda index: add_leaf(database, index, random.randint(1, 30)),
        "added": lambda index: database.put({"_id": f"other_{index}_{random.random()}", "mine": True}),
    }
    while not ended.wait(0.02):
        what = random.choice(list(changes))
        index = random.randrange(TOTAL)
        if what in ("added", "conflict") or "_rev" in database.get(name(index)):
            changes[what](index)
            counts[what] = counts.get(what, 0) + 1


def test_vandalism_while_drivers_are_at_work(filled, figures):
    ended, counts = threading.Event(), {}
    vandal = threading.Thread(target=vandalize, args=(filled, ended, counts))
    drivers = [launch(filled.url, "-c", 0.05, "-u", 7) for __ in range(3)]
    for driver in drivers:
        driver.stdout.readline()  # it has run a cycle, however busy the machine is
    vandal.start()
    time.sleep(SECONDS_OF_VANDALISM)
    ended.set()
    vandal.join()
    for driver in drivers:
        driver.send_signal(signal.SIGTERM)
    runs = [Ended(driver) for driver in drivers]
    assert [(run.code, run.lines) for run in runs] == [(130, [])] * 3
    assert all(after["errors"] == 0 for run in runs for after in run.afters)
    come_to_rest(filled)
    assert drive(filled.url, "-u", TOTAL).code == 0  # this lap overwrites the last edits
    foreign = sum(after.get("foreign", 0) for run in runs for after in run.afters)
    assert counts["deleted"] and foreign
    figures(f"foreign, at random: {counts}, {foreign} counted; {assert_nothing_lost(filled)}")
