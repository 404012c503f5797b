# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress: a bar on a terminal, a line every ten seconds elsewhere."""

from __future__ import annotations

import sys

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import progress as module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """The seconds that have gone by, as a list of one."""
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    return clock


def test_a_line_every_ten_seconds(clock, capsys):
    progress = Progress("filling")
    for seconds, done in (0, 100), (9, 190), (10, 200), (19, 290), (20, 300):
        clock[0] = seconds
        progress(done, 1000)
    progress.close()
    assert capsys.readouterr().err.splitlines() == [
        "filling: 200 of 1,000 documents (20 %), 10/s, 1 min 20 s left",
        "filling: 300 of 1,000 documents (30 %), 10/s, 1 min 10 s left",
    ]


def test_documents_where_none_are_expected(clock, capsys):
    progress = Progress("verifying")
    progress(0, 0)
    clock[0] = 10
    progress(20, 0)
    assert capsys.readouterr().err == "verifying: 20 of 0 documents, 2/s, 0 s left\n"


def test_nobody_can_tell_how_long_nothing_takes(clock, capsys):
    progress = Progress("filling")
    progress(100, 1000)
    clock[0] = 10
    progress(100, 1000)
    assert capsys.readouterr().err == "filling: 100 of 1,000 documents (10 %), 0/s\n"


@pytest.mark.parametrize("has_rich", [True, False])
def test_a_bar_on_a_terminal_if_rich_is_installed(clock, capsys, monkeypatch, has_rich):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    if not has_rich:
        monkeypatch.setitem(sys.modules, "rich.progress", None)
    progress = Progress("filling")
    progress(100, 1000)
    progress(250, 1000)
    progress.close()
    shown = capsys.readouterr().err
    assert ("filling" in shown and "250/1000" in shown) == has_rich
