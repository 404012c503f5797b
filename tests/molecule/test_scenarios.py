# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Molecule scenarios, in parallel, because they mostly wait for cron."""

from __future__ import annotations

import fcntl
import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "venv" / "bin"
LOGS = ROOT / ".test" / "molecule"
SCENARIOS = sorted(path.parent.name for path in (ROOT / "extensions" / "molecule").glob("*/molecule.yml"))


@pytest.fixture(scope="session")
def running(request):
    """Start the selected scenarios. Their hosts have fixed ports, so tests of another checkout wait here."""
    wanted = [item.callspec.params["scenario"] for item in request.session.items if item.path == Path(__file__)]
    LOGS.mkdir(parents=True, exist_ok=True)
    with Path("/run/couchdyno-molecule.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        processes = {scenario: start(scenario) for scenario in wanted}
        yield processes
        for process in processes.values():
            process.terminate()
            process.wait()


def start(scenario):
    with (LOGS / f"{scenario}.log").open("w") as log:
        return subprocess.Popen(
            [str(BIN / "molecule"), "test", "--no-command-borders", "--scenario-name", scenario],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env=dict(os.environ, PATH=f"{BIN}:{os.environ['PATH']}", ANSIBLE_NOCOLOR="1", NO_COLOR="1"),
        )


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenario(running, scenario):
    if running[scenario].wait(timeout=3600):
        pytest.fail((LOGS / f"{scenario}.log").read_text(), pytrace=False)
