# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/command-line.md holds what the scripts print with --help.

After a change of options or their help, write the page again, on Python 3.10, 3.11 or 3.12:

    COUCHDYNO_DOCS=write venv/bin/pytest tests/unit/test_command_line_reference.py
"""

from __future__ import annotations

import os
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import scripts

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
PAGE = ROOT / "docs" / "command-line.md"
SECTION = "## {script}\n\n```\n{help}```\n"
COLUMNS = "102"  # argparse uses two fewer

# Other Pythons arrange the same help in other ways: "optional arguments:" up to 3.9, "-t, --total N" from 3.13 on.
pytestmark = pytest.mark.skipif(not (3, 10) <= sys.version_info < (3, 13), reason="argparse formats help differently")


@pytest.fixture
def sections(capsys, monkeypatch):
    """The sections of the page as they should be."""
    monkeypatch.setenv("COLUMNS", COLUMNS)
    return [section(script, capsys) for script in scripts.SCRIPTS]


def section(script, capsys):
    command = import_module("." + script.rpartition("-")[2], scripts.__package__)
    with pytest.raises(SystemExit) as ended:
        command.main(["--help"])
    assert ended.value.code == 0
    return SECTION.format(script=script, help=capsys.readouterr().out)


def test_the_reference_is_what_help_prints(sections):
    introduction = re.split(r"(?m)^## ", PAGE.read_text(), maxsplit=1)[0]
    page = introduction + "\n".join(sections)
    if os.environ.get("COUCHDYNO_DOCS") == "write":
        PAGE.write_text(page)
    assert PAGE.read_text() == page, "write the page again, as this file says at its top"
