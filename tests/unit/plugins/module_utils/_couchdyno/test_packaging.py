# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from pathlib import Path

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import __version__

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())


def test_the_collection_and_the_package_have_one_version():
    assert f"\nversion: {__version__}\n" in (ROOT / "galaxy.yml").read_text()


def test_the_scripts_of_the_package_are_those_that_are_installed():
    from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import SCRIPTS

    installed = (ROOT / "pyproject.toml").read_text().split("[project.scripts]")[1].split("[", 1)[0]
    names = {line.split(" = ")[0]: line.split(":")[1].rstrip('"') for line in installed.splitlines() if " = " in line}
    assert names == {name: main.__name__ for name, main in SCRIPTS.items()}
