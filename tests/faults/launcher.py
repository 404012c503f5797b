# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-execute with other constants, or with a wrong clock.

    launcher.py '{"model.claiming.LEASE": 3, "clock": -7200}' [ARGUMENT ...]
"""

from __future__ import annotations

import importlib
import json
import sys
import time


def main():
    changes = json.loads(sys.argv[1])
    set_clock(changes.pop("clock", 0))
    for name, value in changes.items():
        module_name, __, constant = name.rpartition(".")
        module = importlib.import_module("couchdyno." + module_name)
        setattr(module, constant, type(getattr(module, constant))(value))
    from couchdyno.cli.execute import main as execute

    return execute(sys.argv[2:])


def set_clock(seconds):
    """Set the clock of this process forward or back."""
    right = time.time
    time.time = lambda: right() + seconds


if __name__ == "__main__":
    sys.exit(main())
