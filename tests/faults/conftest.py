# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fault tests share the server, the proxy and the verification with the integration tests.

COUCHDYNO_FAULTS_REPEAT=N runs each scenario N times, COUCHDYNO_FAULTS_KILLS=N kills N drivers at random points.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parents[1] / "integration")]

import noted  # noqa: E402
import support  # noqa: E402

# the fixtures, and what shows the figures at the end
figures = noted.figures
pytest_terminal_summary = noted.pytest_terminal_summary
database = support.database
proxy = support.proxy
server = support.server


def pytest_generate_tests(metafunc):
    repeat = int(os.environ.get("COUCHDYNO_FAULTS_REPEAT", "1"))
    if repeat > 1:
        metafunc.fixturenames.append("repetition")
        metafunc.parametrize("repetition", range(repeat))
