# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build a release, the tarball of the collection and the wheel of the scripts: build.py DIRECTORY

Both are built from a copy of the files that git tracks, or would track, so that nothing else can get in.
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
    """Empty the directory and build both there; returns their paths."""
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir(parents=True)
    with tempfile.TemporaryDirectory(prefix="couchdyno-") as tree:
        copy_checkout(Path(tree))
        run(BIN / "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-deps", "--wheel-dir", directory, tree)
        # Galaxy shows the file README.md, whatever galaxy.yml says, and ./build.sh is not in the tarball.
        (Path(tree) / "docs" / "galaxy.md").replace(Path(tree) / "README.md")
        run(BIN / "ansible-galaxy", "collection", "build", "--output-path", directory, tree)
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
