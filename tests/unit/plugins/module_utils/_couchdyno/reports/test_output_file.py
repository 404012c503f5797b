# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports import output_file


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def fail(*__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UsageError, match="No space left"):
        output_file.write(str(tmp_path / "f"), b"x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["", "/", "there/"])
def test_what_names_no_file_is_refused(path):
    with pytest.raises(UsageError, match="not the name of a file"):
        output_file.check(path)


def test_the_file_behind_a_link_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    Path("link").symlink_to("there/file")
    for content in (b"new", b"newer"):
        output_file.write("link", content)
        assert Path("there/file").read_bytes() == content
    assert os.readlink("link") == "there/file" and os.listdir("there") == ["file"]


def test_a_process_that_dies_while_it_writes_leaves_the_old_file(tmp_path):
    """The collector ignores the temporary file next to it, whose name does not end in .prom."""
    path = tmp_path / "job.prom"
    path.write_text("old")
    child = os.fork()
    if not child:
        os.replace = lambda *__: os.kill(os.getpid(), signal.SIGKILL)
        output_file.write(str(path), b"new")
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "old" and [each.name for each in tmp_path.glob("*.prom")] == ["job.prom"]
