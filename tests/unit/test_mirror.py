# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests mirror ``plugins/``: each file has its own, or it is said here with which others it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
UNIT = "unit/plugins/module_utils/_couchdyno"
# What is a part of something else, and what takes a server, by the tests that run it.
ELSEWHERE = {
    f"{UNIT}/test_report.py": ["charts", "page", "tables"],
    f"{UNIT}/test_compare.py": ["cli_files", "compare_text"],
    f"{UNIT}/test_metrics.py": ["files", "textfile"],
    f"{UNIT}/test_saved.py": ["shapes"],
    f"{UNIT}/test_text.py": ["layout"],
    f"{UNIT}/test_verify.py": ["reader"],
    f"{UNIT}/test_watch.py": ["glance", "screen"],
    f"{UNIT}/test_writer.py": ["documents"],
    f"{UNIT}/test_client.py": ["errors", "session"],
    f"{UNIT}/test_ledger.py": ["parameters"],
    "integration/test_info.py": ["info"],
    "integration/test_modules.py": ["_module"],
}
SOURCES = {path.stem for folder in ("module_utils", "modules", "filter") for path in
           (ROOT / "plugins" / folder).rglob("*.py") if path.stem != "__init__"}


def test_each_file_is_tested():
    units = {path.stem[len("test_"):] for path in (ROOT / "tests" / "unit" / "plugins").rglob("test_*.py")}
    targets = {path.name for path in (ROOT / "tests" / "integration" / "targets").iterdir()}
    untested = SOURCES - units - targets - {name for names in ELSEWHERE.values() for name in names}
    assert not untested


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_others_are_there(name):
    assert set(ELSEWHERE[name]) <= SOURCES
    assert (ROOT / "tests" / name).exists()
