# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program is as it is drawn: each module stands in a row, and imports only from rows below it, early or late."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils import _couchdyno

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
PACKAGE = Path(_couchdyno.__file__).parent
MODULES = {path.stem: path for path in PACKAGE.glob("*.py") if path.stem != "__init__"}
# Each drawing, and the column where the words about a row begin.
DRAWINGS = {
    "docstring": (_couchdyno.__doc__, 42),
    "architecture.md": ((ROOT / "docs" / "architecture.md").read_text().split("```")[1], 63),
}


def drawn(drawing):
    """The modules in a drawing, by the number of their row, counted from the top."""
    text, width = DRAWINGS[drawing]
    rows = enumerate(re.findall(r"\w+", line[:width]) for line in text.splitlines())
    return [(name, row) for row, names in rows for name in names if name in MODULES]


def imported(module):
    """The modules of the package that one imports, in functions, too."""
    for node in ast.walk(ast.parse(MODULES[module].read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            names = [node.module] if node.module else [alias.name for alias in node.names]
            yield from (name for name in names if name in MODULES)


@pytest.mark.parametrize("drawing", DRAWINGS)
def test_each_module_is_drawn_once(drawing):
    assert sorted(name for name, _row in drawn(drawing)) == sorted(MODULES)


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("module", MODULES)
def test_it_imports_only_from_rows_below(module, drawing):
    row = dict(drawn(drawing))
    upward = {name for name in imported(module) if row[name] <= row[module]}
    assert not upward, f"{module} imports {', '.join(upward)}"


def test_the_program_imports_itself_in_no_other_way():
    text = "".join(path.read_text() for path in MODULES.values())
    assert not re.search(r"(import|from) +(couchdyno|ansible)|import_module\(\W*(couchdyno|\.)", text)
