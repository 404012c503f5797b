# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The programs that the role runs on hosts: one writes the files of couchdyno, one compiles them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

FILES = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists()) / (
    "roles/couchdyno/files"
)


def run(name, *args, given=""):
    code = (FILES / name).read_text()
    command = [sys.executable, "-B", "-c", code, *map(str, args)]
    return subprocess.run(command, input=given, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.fixture
def program(tmp_path):
    """The directory of a program, with a file on each of two levels."""
    files = [[str(tmp_path / "couchdyno" / name), "0644", "X = 1\n"] for name in ("one.py", "inner/two.py")]
    run("unpack.py", given=json.dumps({"files": files, "stale": []}))
    return tmp_path / "couchdyno"


def test_files_are_written_into_folders_that_everybody_may_read(program):
    assert (program / "inner" / "two.py").read_text() == "X = 1\n"
    assert (program / "inner" / "two.py").stat().st_mode & 0o777 == 0o644
    assert (program / "inner").stat().st_mode & 0o777 == 0o755
    assert {path.name for path in program.rglob("*")} == {"one.py", "inner", "two.py"}


def test_stale_files_and_folders_are_removed(program):
    stale = [str(program / "inner"), str(program / "one.py"), str(program / "never")]
    run("unpack.py", given=json.dumps({"files": [], "stale": stale}))
    assert list(program.iterdir()) == []


def test_what_is_compiled_is_used_and_not_compiled_again(program):
    sources = [str(program / "inner" / "two.py"), str(program / "one.py")]
    assert sorted(run("compile.py", program)) == [f"compiled {source}" for source in sources]
    assert run("compile.py", program) == []
    code = f"import sys; sys.path.insert(0, {str(program)!r}); import one"
    said = subprocess.run([sys.executable, "-IBv", "-c", code], capture_output=True, text=True, check=True).stderr
    assert f"matches {program / 'one.py'}" in said


def test_what_has_changed_is_compiled_and_what_is_gone_is_removed(program):
    run("compile.py", program)
    (program / "one.py").write_text("X = 22\n")
    (program / "inner" / "two.py").unlink()
    (program / "__pycache__" / "one.cpython-27.pyc").write_text("of another Python")
    said = run("compile.py", program, "--check")
    assert len(said) == 3 and said == run("compile.py", program, "--check")
    assert run("compile.py", program) == said and run("compile.py", program) == []
    left = {path.name for path in program.rglob("*.pyc")}
    assert left == {f"one.{sys.implementation.cache_tag}.pyc"}


def test_a_host_on_which_nothing_is_installed_yet(tmp_path):
    assert run("compile.py", tmp_path / "couchdyno", "--check") == []


def test_everybody_may_read_what_is_compiled(program):
    before = os.umask(0o077)
    try:
        run("compile.py", program)
    finally:
        os.umask(before)
    cache = program / "__pycache__"
    assert cache.stat().st_mode & 0o055 == 0o055
    assert all(path.stat().st_mode & 0o044 == 0o044 for path in cache.iterdir())
