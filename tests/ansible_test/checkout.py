# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy of this checkout for ansible-test: below ansible_collections, and with its own home directory.

ansible-test keeps its files in the home directory, and downloads pip for its virtual environments from its own server.
Here, pip comes from the package index, like all other packages.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pythons

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "venv" / "bin"
GET_PIP = '''\
"""Runs the pip in the directory of this file. ansible-test calls this in new virtual environments."""
import os, runpy, sys
here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, {wheel!r}))
wanted = [each for each in sys.argv[1:] if each not in ("--no-setuptools", "--no-wheel")]
sys.argv[1:] = ["install", "--quiet", "--no-index", "--find-links", here, *wanted]
runpy.run_module("pip", run_name="__main__", alter_sys=True)
'''


class Checkout:
    """The copy, and how to run ansible-test in it; a copy with the same name is reused."""

    def __init__(self, name: str) -> None:
        self.home = ROOT / ".test" / "ansible-test" / name
        self.directory = self.home / "ansible_collections" / "dyno" / "couchdb"
        self.results = self.directory / "tests" / "output" / "junit"
        self._copy()
        for shared in (".cache", ".config"):  # downloaded packages and settings of pip
            if not (self.home / shared).is_symlink():
                (self.home / shared).symlink_to(Path.home() / shared)
        self._provide_pip()
        for key in ("id_rsa", "id_rsa.pub"):  # so that ansible-test does not create keys, which nobody needs here
            (self.home / ".ansible" / "test" / key).touch()

    def run(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ansible-test; its output goes to stdout."""
        places = [str(BIN), *(str(Path(path).parent) for path in pythons.found().values()), os.environ["PATH"]]
        environ = dict(os.environ, HOME=str(self.home), PATH=os.pathsep.join(places))
        return subprocess.run([BIN / "ansible-test", command, "--color", "no", *options], cwd=self.directory,
                              env=environ, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=3600)

    def _copy(self) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        subprocess.run(["git", "init", "--quiet", self.directory], check=True)  # otherwise git finds ROOT
        wanted = {name for name in _files(ROOT) if (ROOT / name).exists()}
        for name in _files(self.directory) - wanted:
            (self.directory / name).unlink()
        for name in wanted:
            (self.directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, self.directory / name)

    def _provide_pip(self) -> None:
        from ansible_test._internal.python_requirements import get_venv_packages

        version = get_venv_packages(SimpleNamespace(version="3.12"))["pip"]
        cache = self.home / ".ansible" / "test" / "cache"
        cache.mkdir(parents=True, exist_ok=True)
        wheel = f"pip-{version}-py3-none-any.whl"
        if not (cache / wheel).exists():
            subprocess.run([sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache,
                            f"pip=={version}"], check=True)
        (cache / f"get_pip_{version.replace('.', '_')}.py").write_text(GET_PIP.format(wheel=wheel))


def _files(directory: Path) -> set[str]:
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=directory, stdout=subprocess.PIPE, text=True, check=True).stdout
    return set(listed.split("\0")) - {""}
