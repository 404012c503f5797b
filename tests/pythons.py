# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The Pythons of this machine, of the versions that hosts may have; run as a script, it prints "version path" lines.

They are looked for as ``pythonX.Y``, and where pyenv puts them.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

VERSIONS = [f"3.{minor}" for minor in range(7, 15)]
# It must be the version that its name says, and able to make virtual environments.
CHECK = "import sys, ensurepip, venv; print('%d.%d' % sys.version_info[:2], sys.executable)"


def find(version: str) -> str | None:
    """The interpreter of a version, None where there is none."""
    name = f"python{version}"
    for place in (shutil.which(name), *sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/{name}"))):
        if place:
            answer = subprocess.run([place, "-c", CHECK], capture_output=True, text=True, check=False).stdout.split()
            if answer[:1] == [version]:
                return answer[1]  # not a wrapper of it, which may need what a test takes away
    return None


def found() -> dict[str, str]:
    """The interpreters by their versions."""
    return {version: path for version in VERSIONS for path in [find(version)] if path}


if __name__ == "__main__":
    for version, path in found().items():
        print(version, path)
