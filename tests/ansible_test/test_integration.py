# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test integration: a target for each module.

They use the server of COUCHDYNO_TEST_URL, or start their own.
"""

from __future__ import annotations

import json
import os

import pytest
from checkout import ROOT

TARGETS = sorted(path.parent.name for path in ROOT.glob("tests/integration/targets/*/aliases")
                 if not path.parent.name.startswith("setup_"))
SERVER = os.environ.get("COUCHDYNO_TEST_URL")


@pytest.fixture(scope="module", autouse=True)
def _settings(checkout):
    """The variables that ansible-test passes to each target."""
    settings = {"couchdb_test_url": SERVER} if SERVER else {}
    (checkout.directory / "tests" / "integration" / "integration_config.yml").write_text(json.dumps(settings))


@pytest.mark.parametrize("target", TARGETS)
def test_target(checkout, target):
    done = checkout.run("integration", target)
    if done.returncode:
        pytest.fail(done.stdout, pytrace=False)


def test_each_module_has_a_target():
    assert {path.stem for path in ROOT.glob("plugins/modules/*.py")} <= set(TARGETS)
