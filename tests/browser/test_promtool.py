# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Metrics, example alerts and the dashboard, checked by promtool."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from support import ROOT, run

PROMTOOL = shutil.which("promtool") or str(ROOT / ".test" / "prometheus" / "usr" / "bin" / "promtool")
PROMETHEUS = ROOT / "docs" / "prometheus"
ALERTS_TEST = Path(__file__).with_name("alerts_test.yml")


@pytest.mark.parametrize("script", ["couchdyno-execute", "couchdyno-info", "couchdyno-verify"])
def test_promtool_accepts_metrics(database, tmp_path, script):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    path = tmp_path / "job.prom"
    run(script, "--metrics", path, database.url)
    done = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=path.read_bytes(), capture_output=True, check=False, timeout=60
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, b"")


def promtool(*args):
    done = subprocess.run([PROMTOOL, *map(str, args)], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_accepts_the_alerts():
    promtool("check", "rules", PROMETHEUS / "alerts.yml")


def test_each_alert_fires_when_it_should_and_only_then():
    """promtool runs alerts_test.yml, which must test each alert."""
    alerts = yaml.safe_load((PROMETHEUS / "alerts.yml").read_text())
    tests = yaml.safe_load(ALERTS_TEST.read_text())
    there = {rule["alert"] for group in alerts["groups"] for rule in group["rules"]}
    seen = [each for test in tests["tests"] for each in test["alert_rule_test"]]
    assert {each["alertname"] for each in seen if each["exp_alerts"]} == there
    assert {each["alertname"] for each in seen if not each["exp_alerts"]} == there
    promtool("test", "rules", ALERTS_TEST)


def test_promtool_accepts_the_queries_of_the_dashboard(tmp_path):
    panels = json.loads((PROMETHEUS / "dashboard.json").read_text())["panels"]
    asked = [target["expr"] for panel in panels for target in panel["targets"]]
    assert len(asked) >= len(panels)
    rules = [{"record": f"asked:{number}", "expr": expr} for number, expr in enumerate(asked)]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", path)
