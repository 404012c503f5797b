# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of the project in several places."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import __version__
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli.scripts import SCRIPTS

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
RELEASES = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text())["releases"]
VERSION = re.compile(r"^ *version_added: (\S+)$", re.MULTILINE)
CONTENT = ["plugins/modules/*.py", "plugins/filter/*.py", "roles/*/meta/argument_specs.yml"]


def test_the_collection_has_the_version_of_the_package():
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"] == __version__


def test_it_is_the_latest_in_the_changelog():
    latest = max(RELEASES, key=lambda version: tuple(map(int, version.split("."))))
    assert latest == __version__


@pytest.mark.parametrize("name", [str(path.relative_to(ROOT)) for pattern in CONTENT for path in ROOT.glob(pattern)])
def test_the_changelog_names_what_was_added(name):
    """Or it is to come: then its version is that of no release so far."""
    path = ROOT / name
    added = VERSION.search(path.read_text())[1]
    name = path.parents[1].name if path.name == "argument_specs.yml" else path.stem
    assert added not in RELEASES or f"name: {name}\n" in yaml.safe_dump(RELEASES[added])


def test_the_scripts_of_the_package_are_those_that_are_installed():
    installed = (ROOT / "pyproject.toml").read_text().split("[project.scripts]")[1].split("[", 1)[0]
    names = {line.split(" = ")[0]: line.split(":")[1].rstrip('"') for line in installed.splitlines() if " = " in line}
    assert names == {name: main.__name__ for name, main in SCRIPTS.items()}


def test_each_folder_of_the_package_is_installed():
    package = ROOT / "plugins" / "module_utils" / "_couchdyno"
    folders = {path.parent.relative_to(package).parts for path in package.rglob("*.py")}
    listed = (ROOT / "pyproject.toml").read_text().split("packages = [")[1].split("]")[0]
    assert set(re.findall('"(.+)"', listed)) == {".".join(("couchdyno", *parts)) for parts in folders}
