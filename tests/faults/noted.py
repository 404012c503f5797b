# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Figures that tests note, printed at the end: a plugin of pytest for the conftest.py that imports it."""

from __future__ import annotations

import pytest

PROPERTY = "figures"


@pytest.fixture
def figures(request):
    """A function that adds a line to what is printed at the end."""
    return lambda line: request.node.user_properties.append((PROPERTY, line))


def pytest_terminal_summary(terminalreporter):
    reports = [report for ended in ("passed", "failed") for report in terminalreporter.getreports(ended)]
    lines = [line for report in reports for name, line in report.user_properties
             if name == PROPERTY and report.when == "call"]
    if lines:
        terminalreporter.section("figures")
        for line in lines:
            terminalreporter.write_line(line)
