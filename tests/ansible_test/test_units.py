# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test units: the unit tests with only the packages of tests/unit/requirements.txt.

They run on the Python of the controller; ``./test.sh unit`` runs them on all others.
"""

from __future__ import annotations

import pytest

# Not a part of the collection; needs the scripts.
LEFT_OUT = "tests/unit/bench/"


def test_units(checkout):
    done = checkout.run("units", "--target-python", "venv/default", "--exclude", LEFT_OUT)
    if done.returncode:
        pytest.fail(done.stdout, pytrace=False)
