# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "integration"))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
import support

# the fixtures
database = support.database
server = support.server


@pytest.fixture(scope="session")
def browser():
    from browser import Browser  # after the path is set

    opened = Browser()
    yield opened
    opened.close()
