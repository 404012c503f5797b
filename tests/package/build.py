# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build what is released, the tarball of the collection and the wheel of the scripts: build.py DIRECTORY.

Both are made of the files that git has, or would take, in this checkout, in a copy of it: nothing else can get in.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "venv" / "bin"


def build(directory: Path) -> tuple[Path, Path]:
    """Build both into the directory, which is emptied before; returns their paths."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="couchdyno-") as tree:
        copy_checkout(Path(tree))
        run(BIN / "ansible-galaxy", "collection", "build", "--output-path", directory, tree)
        run(BIN / "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", directory, tree)
    return next(directory.glob("*.tar.gz")), next(directory.glob("*.whl"))


def copy_checkout(tree: Path) -> None:
    for name in run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard").split("\0"):
        if name and (ROOT / name).exists():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, tree / name)


def run(*command: str | Path) -> str:
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit(f"build.py: {' '.join(map(str, command))} failed: {done.stdout.strip()}")
    return done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(*build(Path(sys.argv[1]).resolve()), sep="\n")
