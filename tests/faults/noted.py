# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that tests note, printed at the end: a plugin of pytest for the conftest.py that imports it."""

from __future__ import annotations

import pytest

FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


@pytest.fixture
def figures(request):
    """A function that adds a line to what is printed at the end."""
    return request.config.stash[FIGURES].append


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[FIGURES]:
        terminalreporter.section("figures")
        for line in config.stash[FIGURES]:
            terminalreporter.write_line(line)
