# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How scripts end when something unforeseen happens: with their exit code, in one line, without a secret."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import (
    command,
    ending,
    execute,
    info,
    scripts,
    terminal,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Unforeseen, Unshown

COLLECTIONS = Path(scripts.__file__.partition("ansible_collections")[0])
SCRIPT = f"import sys; from {scripts.__name__} import info; sys.exit(info())"
DB = "http://adm:s3cr3t@127.0.0.1:9/db"
SECRET = "s3cr3t"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in [name for name in os.environ if name.startswith("COUCHDYNO_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(ending, "on_signals", lambda handler: None)


def start(shell="", arguments=("--version",), path=""):
    """Run couchdyno-info in a process of its own, with these redirections, and packages that replace installed ones."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {shell}', "sh", sys.executable, "-c", SCRIPT, *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=dict(os.environ, PYTHONPATH=os.pathsep.join([str(path), str(COLLECTIONS)])),
    )


@pytest.mark.parametrize("option", ["--version", "--help"])
@pytest.mark.parametrize("shell, why", [("> /dev/full", "No space left on device"), (">&-", "it is closed")])
def test_what_cannot_be_shown(option, shell, why):
    done = start(shell, [option])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"couchdyno-info: cannot write to standard output: {why}\n"


@pytest.mark.parametrize("shell", ["2> /dev/full", "2>&-", "> /dev/full 2>&-", ">&- 2>&-", ">&- 2> /dev/full", "<&-"])
def test_errors_that_cannot_be_shown(shell):
    done = start(shell, ["--timeout", "0", DB])
    assert (done.returncode, done.stdout) == (2, "") and ("timeout" in done.stderr) == (shell == "<&-")


def test_a_reader_that_has_ended():
    done = start("| true", ["--help"])
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_starting(tmp_path, name):
    """The most of the start is to import requests."""
    (tmp_path / "requests.py").write_text(f"import os, signal; os.kill(os.getpid(), signal.{name})")
    done = start(arguments=[DB], path=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_a_package_that_cannot_be_imported(tmp_path):
    (tmp_path / "requests.py").write_text("raise RuntimeError('s3cr3t')")
    done = start(arguments=[DB], path=tmp_path)
    assert (done.returncode, done.stdout) == (1, "") and done.stderr.count("\n") == 1
    assert done.stderr.startswith("couchdyno-info: unexpected error: RuntimeError (couchdb/")


def fail(_invocation):
    try:
        raise OSError(24, "Too many open files", SECRET)
    except OSError:
        return {}[SECRET]


@pytest.fixture
def broken(monkeypatch):
    """A bug in couchdyno-info, which reveals a password."""
    monkeypatch.setattr(info.Info, "run", lambda _self, invocation: [invocation.connect(), fail(invocation)])


def test_a_bug_is_one_line(broken, capsys, tmp_path):
    assert info.main([DB, "--metrics", str(tmp_path / "job.prom")]) == 1
    captured = capsys.readouterr()
    assert captured.out == "" and captured.err.count("\n") == 1
    assert captured.err.startswith("couchdyno-info: unexpected error: KeyError (")
    assert captured.err.endswith("); set COUCHDYNO_DEBUG=1 to see where it comes from\n")
    assert SECRET not in captured.err
    assert 'couchdyno_info_exit_code{database="db",name="job"' in (tmp_path / "job.prom").read_text()


def test_a_bug_can_be_traced(broken, capsys, monkeypatch):
    monkeypatch.setenv("COUCHDYNO_DEBUG", "1")
    assert info.main([DB]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("couchdyno-info: unexpected error: KeyError (")
    assert "OSError: Too many open files" in lines and lines[-1] == "KeyError"
    assert any("cli/command.py" in line for line in lines) and SECRET not in "".join(lines)


def test_a_bug_before_there_is_anything_to_report_to(monkeypatch, capsys):
    monkeypatch.setattr(command, "_parser", lambda _command: fail(None))
    assert info.main([DB]) == 1 and capsys.readouterr().err.startswith("couchdyno-info: unexpected error: KeyError")


def test_a_bug_in_reporting_a_bug(broken, monkeypatch, capsys):
    monkeypatch.setattr(command.Invocation, "end", lambda *__: fail(None))
    monkeypatch.setattr("sys.argv", ["couchdyno-info", DB])
    assert scripts.info() == 1
    assert "unexpected error: KeyError" in capsys.readouterr().err.splitlines()[-1]


def test_modules_name_their_own_switch():
    assert Unforeseen(KeyError("x")).for_module() == "unexpected error: KeyError; use -vvv to see where it comes from"


class Full(io.StringIO):
    def write(self, _text):
        raise OSError(28, "No space left on device")


def test_a_full_disk_does_not_end_cycles(monkeypatch, capsys):
    """It is told once for each time that the disk is full, and in the end by the exit code."""
    usual, disks = sys.stdout, []

    def execute_once(*_args):
        disks.append(len(disks))
        monkeypatch.setattr(sys, "stdout", usual if disks[-1] == 2 else Full())
        return {"after": {"updates": 1, "dt": 1.0, "rate": 1.0, "errors": 0, "first": 0}}

    monkeypatch.setattr(execute, "execute", execute_once)
    assert execute.main([DB, "-c", "0", "--cycles", "5", "--json"]) == 1
    captured = capsys.readouterr()
    complaint = "couchdyno-execute: cannot write to standard output: No space left on device\n"
    assert captured.err == 2 * complaint and captured.out.count("\n") == 1 and len(disks) == 5


def test_a_terminal_that_is_gone(monkeypatch):
    with pytest.raises(Unshown, match="Input/output error"), terminal.showing():
        raise OSError(5, "Input/output error")
    monkeypatch.setattr(sys, "stdout", None)
    assert not terminal.is_terminal(sys.stdout)
