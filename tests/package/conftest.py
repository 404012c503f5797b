# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A release installed as users install it: in new virtual environments, without anything from this checkout.

``--release DIRECTORY`` names a directory filled by build.py; if omitted, the tests build a release.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent / "integration")]

import support  # noqa: E402
from build import BIN, build  # noqa: E402

# the fixtures
database = support.database
server = support.server


def pytest_addoption(parser):
    parser.addoption("--release", type=Path, help="a directory with the release to test")


class Environment:
    """A virtual environment with its own home directory."""

    def __init__(self, directory, *requirements):
        self.home = directory / "home"
        self.home.mkdir()
        self.bin = directory / "venv" / "bin"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", directory / "venv"], check=True)
        pip = [BIN / "pip", "--python", self.bin / "python", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)

    def run(self, tool, *args, code=0, **extra):
        """Run a tool in the home directory and check its exit code; returns its output."""
        done = subprocess.run(
            [str(self.bin / tool), *map(str, args)], cwd=self.home, env=dict(self.variables(), **extra), text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=600, check=False)
        assert done.returncode == code, done.stdout
        return done.stdout

    def variables(self):
        """The environment without settings of Python, Ansible or couchdyno; the installed embedded server is reused."""
        kept = {name: value for name, value in os.environ.items()
                if not name.startswith(("ANSIBLE_", "COUCHDYNO_", "PYTHON", "VIRTUAL_ENV"))}
        cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
        return dict(kept, HOME=str(self.home), XDG_CACHE_HOME=cache, PATH=f"{self.bin}{os.pathsep}{os.environ['PATH']}",
                    ANSIBLE_NOCOLOR="1")


@pytest.fixture(scope="session")
def release(request, tmp_path_factory):
    """The paths of the tarball and the wheel."""
    directory = request.config.getoption("--release")
    if directory is None:
        return build(tmp_path_factory.mktemp("release") / "dist")
    return next(directory.resolve().glob("*.tar.gz")), next(directory.resolve().glob("*.whl"))


@pytest.fixture(scope="session")
def controller(release, tmp_path_factory):
    """An environment with Ansible, the packages that the collection requires, and the collection from its tarball."""
    environment = Environment(tmp_path_factory.mktemp("controller"), "ansible-core", "requests")
    environment.run("ansible-galaxy", "collection", "install", "--offline", release[0])
    return environment


@pytest.fixture(scope="session")
def collection(controller):
    """The directory of the installed collection."""
    return controller.home / ".ansible" / "collections" / "ansible_collections" / "dyno" / "couchdb"


@pytest.fixture(scope="session")
def driver(release, tmp_path_factory):
    """An environment with the scripts from their wheel."""
    return Environment(tmp_path_factory.mktemp("driver"), release[1])
