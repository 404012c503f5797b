# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The folders of the program, and their allowed imports, including late ones and those for type checking."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils import _couchdyno

# Every folder may import itself, the errors and the version.
MAY_IMPORT = {
    "couchdb": set(),
    "model": set(),
    "storage": {"couchdb", "model"},
    "statistics": {"model"},
    "jobs": {"couchdb", "model", "storage", "statistics"},
    "reports": set(),
    "cli": {"couchdb", "model", "storage", "statistics", "jobs", "reports"},
}
ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
PACKAGE = Path(_couchdyno.__file__).parent
FILES = {str(path.relative_to(PACKAGE)): path for path in sorted(PACKAGE.rglob("*.py"))}


def imported(name):
    """The files and folders of the program, by their parts, that a file imports anywhere in it."""
    home = Path(name).parent.parts
    for node in ast.walk(ast.parse(FILES[name].read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = (*home[: len(home) - node.level + 1], *(node.module.split(".") if node.module else ()))
            yield from ((*base, alias.name) for alias in node.names)


@pytest.mark.parametrize("name", [name for name in FILES if "/" in name])
def test_a_file_imports_only_what_its_folder_may(name):
    folder = Path(name).parts[0]
    allowed = {folder, "errors", "__version__", "REPORT_FORMAT"} | MAY_IMPORT[folder]
    assert {parts[0] for parts in imported(name)} <= allowed


@pytest.mark.parametrize("name", ["__init__.py", "errors.py"])
def test_what_all_may_import_imports_nothing(name):
    assert list(imported(name)) == []


def test_every_folder_is_in_the_table():
    assert {Path(name).parts[0] for name in FILES if "/" in name} == set(MAY_IMPORT)


@pytest.mark.parametrize("place", ["docs/architecture.md", "docstring"])
def test_every_folder_is_described(place):
    text = _couchdyno.__doc__ if place == "docstring" else (ROOT / place).read_text()
    folders = {str(Path(name).parent) for name in FILES if "/" in name}
    missing = {folder for folder in folders if not re.search(rf"\b{folder.rpartition('/')[2]}/", text)}
    assert not missing


def test_the_program_imports_itself_in_no_other_way():
    text = "".join(path.read_text() for path in FILES.values())
    assert not re.search(r"(import|from) +(couchdyno|ansible)|import_module\(\W*(couchdyno|\.)", text)
