# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests on a cluster, which cannot be started from here: COUCHDYNO_TEST_CLUSTER names one.

It holds the URLs of all nodes, as http://user:password@host:port, with spaces between them. COUCHDYNO_TEST_NODE_DOWN
and COUCHDYNO_TEST_NODE_UP are commands that kill the last of these nodes and start it again.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS / "faults"), str(TESTS / "integration")]

import noted  # noqa: E402
from support import Database, Server  # noqa: E402

# the fixture, and what shows the figures at the end
figures = noted.figures
pytest_terminal_summary = noted.pytest_terminal_summary


def setting(name):
    value = os.environ.get(name)
    assert value, f"set {name}, as tests/cluster/conftest.py says"
    return value


@pytest.fixture(scope="session")
def nodes():
    """The nodes of the cluster, each as a server."""
    parts = [urlsplit(url) for url in setting("COUCHDYNO_TEST_CLUSTER").split()]
    return [Server(f"{each.scheme}://{each.hostname}:{each.port}", each.username, each.password) for each in parts]


@pytest.fixture
def views(nodes):
    """One database, as each node shows it."""
    name = nodes[0].database().name
    yield [Database(node, name) for node in nodes]
    Database(nodes[0], name).request("DELETE")


@pytest.fixture
def last_node():
    """A function that brings the last node ``"down"`` or ``"up"``; it is up at the end."""

    def bring(state):
        subprocess.run(setting(f"COUCHDYNO_TEST_NODE_{state.upper()}"), shell=True, check=True, timeout=120)

    yield bring
    bring("up")
