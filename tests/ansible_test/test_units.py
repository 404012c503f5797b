# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test units: the unit tests, with what tests/unit/requirements.txt names and nothing else.

On the Python of the controller: ``./test.sh unit`` runs them on all others.
"""

from __future__ import annotations

import pytest

# Not of the collection: it needs the scripts.
LEFT_OUT = "tests/unit/bench/"


def test_units(checkout):
    done = checkout.run("units", "--target-python", "venv/default", "--exclude", LEFT_OUT)
    if done.returncode:
        pytest.fail(done.stdout, pytrace=False)
