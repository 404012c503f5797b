# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from checkout import Checkout


@pytest.fixture(scope="module")
def checkout(request):
    """A copy of this checkout for the tests of a module, which may run in parallel with those of other modules."""
    return Checkout(request.path.stem)
