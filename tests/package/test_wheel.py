# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The scripts from their wheel, without anything else of the project."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import __version__
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli.scripts import SCRIPTS


@pytest.mark.parametrize("script", SCRIPTS)
def test_each_script_knows_its_version(driver, script):
    assert driver.run(script, "--version").split() == ["couchdyno", __version__]


def test_a_round(driver, database):
    driver.run("couchdyno-setup", "-t", 20, "-u", 15, "-w", database.url)
    driver.run("couchdyno-execute", database.url)
    found = json.loads(driver.run("couchdyno-info", "--json", database.url))
    assert found["dyno_config"]["position"] == 35
    assert "verdict : right" in driver.run("couchdyno-verify", database.url)
    database.assert_exact()
