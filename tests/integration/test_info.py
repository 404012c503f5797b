# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-info, against a real server."""

from __future__ import annotations

from support import report, run


def test_what_it_tells(database):
    run("couchdyno-setup", "-t", 10, "-s", 300, "-u", 4, "-w", database.url)
    for _ in range(3):
        run("couchdyno-execute", database.url)
    found = report("couchdyno-info", "--history", 2, database.url)
    assert (found["dyno_config"]["start"], found["dyno_config"]["position"]) == (2, 22)
    assert found["progress"]["present"] == found["progress"]["total"] == 10
    assert (found["progress"]["laps"], found["progress"]["open_claims"], found["progress"]["settled"]) == (2, 0, 22)
    cycles, fill = found["statistics"]["cycle"], found["statistics"]["fill"]
    assert (cycles["runs"], cycles["updates"], cycles["errors"]) == (3, 12, 0)
    assert (fill["runs"], fill["updates"]) == (1, 10)
    assert 0 < cycles["rate"]["min"] <= cycles["rate"]["median"] <= cycles["rate"]["max"]
    assert [run["first"] for run in found["runs"]] == [14, 18]
    assert found["database"]["doc_count"] == 10 + 1 + 4
    assert abs(found["progress"]["ts"] - found["dyno_config"]["last_ts"]) < 60


def test_it_begins_with_the_form_of_setup(database):
    config = run("couchdyno-setup", "-t", 5, database.url)
    assert run("couchdyno-info", database.url).startswith(config.rstrip() + "\n\ndatabase:\n")


def test_runs_are_listed(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    run("couchdyno-execute", database.url)
    assert "latest runs:" not in run("couchdyno-info", database.url)
    table = run("couchdyno-info", "--history", 5, database.url).split("latest runs:\n")[1].splitlines()
    assert [line.split()[2] for line in table[1:]] == ["fill", "cycle"]


def test_it_writes_nothing(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    before = database.request("GET").json()["update_seq"], database.ledger
    run("couchdyno-info", "--history", 5, database.url)
    assert (database.request("GET").json()["update_seq"], database.ledger) == before


def test_a_negative_history_is_refused(database):
    assert "history" in run("couchdyno-info", "--history", -1, database.url, code=2)
