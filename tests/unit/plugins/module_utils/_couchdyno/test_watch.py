# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import watch
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.glance import LATEST, glance
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.parameters import Parameters
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

LATENCY = {"p50": 0.1, "p95": 0.2, "p99": 0.3, "max": 0.4}


def seen(*runs, **fields):
    records = [{"updates": updates, "dt": 2.0, "errors": errors, "latency": LATENCY} for updates, errors in runs]
    usual = {"name": "db", "ts": 0, "runs": records, "all_runs": len(runs), "total": 2000, "position": 2500, "laps": 1,
             "lap_done": 500, "seconds_left": 90, "open_claims": 0}  # fmt: skip
    return dict(usual, **fields)


def test_a_glance(couch, client):
    Ledger(client).create(Parameters(10, 200, 4, 42))
    for __ in range(3):
        execute(client)
        couch.clock += 10
    before = len(couch.requests)
    found = glance(client)
    assert len(couch.requests) - before <= 3 and {method for method, __ in couch.requests[before:]} == {"GET"}
    assert (found["position"], found["laps"], found["lap_done"], found["all_runs"]) == (12, 1, 2, 3)
    assert found["seconds_left"] == 20  # 8 documents, at 8 in 20 seconds
    assert [run["first"] for run in found["runs"]] == [0, 4, 8]


def test_a_glance_reads_no_more_than_it_shows(couch, client):
    Ledger(client).create(Parameters(10, 200, 1, 42))
    for __ in range(LATEST + 5):
        execute(client)
    assert len(glance(client)["runs"]) == LATEST


@pytest.mark.parametrize(
    "values, expected", [([], ""), ([0, 0], "▁▁"), ([0, 1, 2, 4], "▁▃▅█"), ([7], "█"), ([0.001, 1000], "▁█")]
)
def test_sparklines(values, expected):
    assert watch.sparkline(values) == expected


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=80))
def test_a_sparkline_keeps_the_order(values):
    drawn = watch.sparkline(values)
    assert len(drawn) == len(values)
    ordered = [block for __, block in sorted(zip(values, drawn))]
    assert ordered == sorted(ordered, key=watch.BLOCKS.index)


def test_lines():
    assert watch.line(seen((100, 0), (50, 1))) == (
        "1970-01-01T00:00:00 db: 2 runs, the last 50 documents in 2.000 s, 25/s, p99 0.3 s, "
        "lap 1: 500 of 2.0k, done in 1 min 30 s, errors 1"
    )
    assert watch.line(seen(seconds_left=None)) == "1970-01-01T00:00:00 db: 0 runs, lap 1: 500 of 2.0k"


def test_a_line_for_each_run_where_there_is_no_terminal(capsys):
    with watch.View() as view:
        for glimpse in (seen(), seen(), seen((1, 0)), seen((1, 0))):
            view.show(glimpse)
    assert capsys.readouterr().out.count("\n") == 2


def drawn(glance, width):
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    console.print(watch.picture(glance, width))
    return console.file.getvalue()


@pytest.mark.parametrize("runs", [(), ((100, 0), (50, 1))])
def test_the_picture(runs):
    picture = drawn(seen(*runs, name="[red]db"), 100)
    assert "[red]db" in picture and "lap 1: 500 of 2.0k" in picture
    for name, values, text in watch.rows(seen(*runs)):
        assert name in picture and text in picture and watch.sparkline(values) in picture


@pytest.mark.parametrize("width, blocks", [(65, 23), (80, 38), (120, 60)])
def test_a_narrow_terminal_draws_fewer_runs_and_tells_all_figures(width, blocks):
    glance = seen(*((100 + number, 0) for number in range(60)))
    picture = drawn(glance, width)
    assert "…" not in picture
    rates = next(line for line in picture.splitlines() if " documents/s, from 50 to 80 " in line)
    assert sum(rates.count(block) for block in watch.BLOCKS) == blocks
    assert "█ 80 documents/s" in rates  # of the latest ones


def test_a_terminal_without_rich_gets_lines(monkeypatch, capsys):
    monkeypatch.setattr(watch, "Live", None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with watch.View() as view:
        view.show(seen((1, 0)))
    assert capsys.readouterr().out.startswith("1970-01-01T00:00:00 db: 1 runs")
