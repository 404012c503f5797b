# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbooks that set up databases pass on what the messages of the module advise."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())


@pytest.mark.parametrize("name", ["setup", "fleet"])
def test_a_database_can_be_recreated_with_other_parameters(name):
    play = yaml.safe_load((ROOT / "playbooks" / f"{name}.yml").read_text())[0]
    task = next(task for task in play["tasks"] if "dyno.couchdb.couchdyno_setup" in task)
    assert task["dyno.couchdb.couchdyno_setup"]["force"] == "{{ couchdyno_force | default(omit) }}"
    section = (ROOT / "docs" / "playbooks.md").read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert "| `couchdyno_force` |" in section


@pytest.mark.parametrize("name", ["setup", "fleet"])
def test_a_database_can_be_partitioned(name):
    text = (ROOT / "playbooks" / f"{name}.yml").read_text()
    assert re.search(r"^ +partitioned: \"\{\{ couchdyno_partitioned \| default\(omit\) \}\}\"$", text, re.MULTILINE)
    section = (ROOT / "docs" / "playbooks.md").read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert "`couchdyno_partitioned`" in section


@pytest.mark.parametrize("name", ["setup", "fleet", "demo"])
def test_a_workload_can_be_chosen(name):
    text = (ROOT / "playbooks" / f"{name}.yml").read_text()
    assert re.search(r"^ +workload: \"\{\{ couchdyno_workload( \| default\(omit\))? \}\}\"$", text, re.MULTILINE)
    section = (ROOT / "docs" / "playbooks.md").read_text().split(f"\n## {name}\n")[1].split("\n## ")[0]
    assert "`couchdyno_workload`" in section
