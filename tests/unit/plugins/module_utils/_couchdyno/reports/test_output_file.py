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


@pytest.mark.parametrize("path", ["", "/", "there/", "a\0b"])
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
        try:
            output_file.write(str(path), b"new")
        finally:
            os._exit(1)  # the child is not to go on with the tests
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "old" and [each.name for each in tmp_path.glob("*.prom")] == ["job.prom"]


@pytest.fixture
def shared(tmp_path, monkeypatch):
    """A directory like /tmp in which links belong to another user, and a file of this one."""
    directory, victim = tmp_path / "shared", tmp_path / "home" / "victim"
    directory.mkdir()
    directory.chmod(0o1777)
    victim.parent.mkdir()
    victim.write_text("mine")
    usual = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path, **how: Planted(usual(path, **how)))
    monkeypatch.setattr(os, "geteuid", lambda: OTHER + 1)
    return directory, victim


OTHER = 12345


class Planted:
    """The status of a file that belongs to another user."""

    def __init__(self, status):
        self._status = status
        self.st_uid = OTHER

    def __getattr__(self, name):
        return getattr(self._status, name)


@pytest.mark.parametrize("way", ["file", "directory", "behind a link", "relative"])
def test_planted_links_are_not_followed(shared, monkeypatch, way, tmp_path):
    directory, victim = shared
    (directory / "job.prom").symlink_to(victim)
    (directory / "there").symlink_to(victim.parent)
    (tmp_path / "link").symlink_to("shared/job.prom")
    monkeypatch.chdir(directory)
    paths = {
        "file": f"{directory}/job.prom",
        "directory": f"{directory}/there/victim",
        "behind a link": f"{tmp_path}/link",
        "relative": "job.prom",
    }
    with pytest.raises(UsageError, match="link of another user"):
        output_file.write(paths[way], b"x")
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("mode, owner", [(0o755, OTHER + 1), (0o1777, OTHER)])
def test_links_of_others_in_private_directories_and_own_links_are_followed(shared, monkeypatch, mode, owner):
    directory, victim = shared
    directory.chmod(mode)
    (directory / "job.prom").symlink_to(victim)
    monkeypatch.setattr(os, "geteuid", lambda: owner)
    output_file.write(f"{directory}/job.prom", b"new")
    assert victim.read_text() == "new"


def test_links_that_lead_nowhere_end(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(UsageError, match="too many links"):
        output_file.check(f"{tmp_path}/a")


def test_a_file_keeps_its_permissions(tmp_path):
    path = tmp_path / "report.html"
    for mode in (0o644, 0o600, 0o640):
        output_file.write(str(path), b"x")
        assert path.stat().st_mode & 0o7777 == mode if mode == 0o644 else True
        path.chmod(mode)
        output_file.write(str(path), b"y")
        assert path.stat().st_mode & 0o7777 == mode
