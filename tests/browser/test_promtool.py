# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics and the examples for them, as Prometheus' own tool sees them."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from support import ROOT, run

PROMTOOL = shutil.which("promtool") or str(ROOT / ".test" / "prometheus" / "usr" / "bin" / "promtool")


@pytest.mark.parametrize("script", ["couchdyno-execute", "couchdyno-info", "couchdyno-verify"])
def test_promtool_accepts_metrics(database, tmp_path, script):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    path = tmp_path / "job.prom"
    run(script, "--metrics", path, database.url)
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=path.read_bytes(), capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def test_promtool_accepts_the_alerts():
    rules = str(ROOT / "docs" / "prometheus" / "alerts.yml")
    done = subprocess.run([PROMTOOL, "check", "rules", rules], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
