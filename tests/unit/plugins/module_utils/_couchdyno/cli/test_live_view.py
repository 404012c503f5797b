# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import io

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import live_view
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.snapshot import SHOWN_RUNS, snapshot
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

LATENCY = {"p50": 0.1, "p95": 0.2, "p99": 0.3, "max": 0.4}


def seen(*runs, **fields):
    records = [
        {"run": run, "updates": updates, "dt": 2.0, "errors": errors, "latency": LATENCY}
        for run, (updates, errors) in enumerate(runs)
    ]
    usual = {"name": "db", "ts": 0, "runs": records, "all_runs": len(runs), "total": 2000, "position": 2500, "laps": 1,
             "lap_done": 500, "seconds_left": 90, "open_claims": 0}  # fmt: skip
    return dict(usual, **fields)


def test_a_snapshot(couch, client):
    LedgerDocument(client).create(Parameters(10, 200, 4, 42))
    for __ in range(3):
        execute(client)
        couch.clock += 10
    before = len(couch.requests)
    found = snapshot(client)
    assert len(couch.requests) - before <= 3 and {method for method, __ in couch.requests[before:]} == {"GET"}
    assert (found["position"], found["laps"], found["lap_done"], found["all_runs"]) == (12, 1, 2, 3)
    assert found["seconds_left"] == 20  # 8 documents, at 8 in 20 seconds
    assert [run["first"] for run in found["runs"]] == [0, 4, 8]


def test_a_snapshot_of_a_workload(client):
    """Its types have laps of their own, once it is filled."""
    workload = Workload((DocumentType("order", 10, 1, 0, 0, "order:", 200),))
    LedgerDocument(client).create(Parameters(10, 200, 4, 42, workload))
    seen_at = []
    for __ in range(3):
        execute(client)
        seen_at.append(snapshot(client))
    assert [(each["laps"], each["lap_done"]) for each in seen_at] == [(0, 4), (0, 8), (None, None)]
    assert live_view.line(seen_at[1]).endswith("lap 0: 8 of 10 documents")
    assert live_view.line(seen_at[2]).endswith("0 errors, 12 updates handed out")
    assert "12 updates handed out" in drawn(seen_at[2], 80) and "lap" not in drawn(seen_at[2], 80)


def test_a_snapshot_reads_no_more_than_it_shows(couch, client):
    LedgerDocument(client).create(Parameters(10, 200, 1, 42))
    for __ in range(SHOWN_RUNS + 5):
        execute(client)
    assert len(snapshot(client)["runs"]) == SHOWN_RUNS


@pytest.mark.parametrize(
    "values, expected", [([], ""), ([0, 0], "▁▁"), ([0, 1, 2, 4], "▁▃▅█"), ([7], "█"), ([0.001, 1000], "▁█")]
)
def test_sparklines(values, expected):
    assert live_view.sparkline(values) == expected


@given(st.lists(st.floats(0, 1e9), min_size=1, max_size=80))
def test_a_sparkline_keeps_the_order(values):
    drawn = live_view.sparkline(values)
    assert len(drawn) == len(values)
    ordered = [block for __, block in sorted(zip(values, drawn))]
    assert ordered == sorted(ordered, key=live_view.BLOCKS.index)


def test_lines():
    assert live_view.line(seen((100, 0), (50, 1))) == (
        "1970-01-01 00:00:00 UTC db: 2 runs, latest: 50 documents in 2 s (25/s), p99 300 ms, 1 error, "
        "lap 1: 500 of 2.0k documents, 1 min 30 s left"
    )
    throttled = dict(seen((50, 1))["runs"][0], throttled=2)
    assert ", 1 error, throttled 2 times, lap 1" in live_view.line(seen(runs=[throttled]))
    assert live_view.line(seen(seconds_left=None)) == "1970-01-01 00:00:00 UTC db: 0 runs, lap 1: 500 of 2.0k documents"


def test_a_line_for_each_run_where_there_is_no_terminal(capsys):
    with live_view.LiveView() as view:
        for glimpse in (seen(), seen(), seen(all_runs=1), seen((1, 0)), seen((1, 0))):  # a run begins, then ends
            view.show(glimpse)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and "latest: 1 document in" in lines[1]


def drawn(snapshot, width):
    console = Console(file=io.StringIO(), force_terminal=True, width=width)
    console.print(live_view.picture(snapshot, width))
    return console.file.getvalue()


@pytest.mark.parametrize("runs", [(), ((100, 0), (50, 1))])
def test_the_picture(runs):
    picture = drawn(seen(*runs, name="[red]db"), 100)
    assert "[red]db" in picture and "lap 1: 500 of 2.0k" in picture
    for name, values, text in live_view.rows(seen(*runs)):
        assert name in picture and text in picture and live_view.sparkline(values) in picture


@pytest.mark.parametrize("width, blocks", [(65, 19), (80, 34), (120, 60)])
def test_a_narrow_terminal_draws_fewer_runs_and_shows_all_figures(width, blocks):
    snapshot = seen(*((100 + number, 0) for number in range(60)))
    picture = drawn(snapshot, width)
    assert "…" not in picture
    rates = next(line for line in picture.splitlines() if " documents/s, from 50 to 79.5 " in line)
    assert sum(rates.count(block) for block in live_view.BLOCKS) == blocks
    assert "█ 79.5 documents/s" in rates  # of the latest ones


def test_a_terminal_without_rich_gets_lines(monkeypatch, capsys):
    monkeypatch.setattr(live_view, "Live", None)
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    with live_view.LiveView() as view:
        view.show(seen((1, 0)))
    assert capsys.readouterr().out.startswith("1970-01-01 00:00:00 UTC db: 1 run, ")
