# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: what is refused, with which exit code, in one line."""

from __future__ import annotations

import gc

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import __version__
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import (
    ending,
    execute,
    info,
    scripts,
    setup,
    verify,
)

SCRIPTS = {"couchdyno-" + module.__name__.rpartition(".")[2]: module.main for module in (setup, execute, info, verify)}
DB = "http://adm:s3cr3t@127.0.0.1:9/db"


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch):
    for name in ("URL", "USERNAME", "PASSWORD", "TIMEOUT"):
        monkeypatch.delenv(f"COUCHDYNO_{name}", raising=False)
    monkeypatch.setattr(ending, "on_signals", lambda handler: None)


def run(main, capsys, *argv):
    try:
        code = main(list(argv))
    except SystemExit as ended:
        code = ended.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def assert_refused(script, capsys, *argv):
    """It is reported as wrong usage in one line, without the password in the arguments."""
    code, out, err = run(SCRIPTS[script], capsys, *argv)
    assert (code, out) == (2, "")
    assert err.startswith(f"{script}: ") and err.count("\n") == 1 and "s3cr3t" not in err


@pytest.mark.parametrize(
    "argv",
    [
        ("-t", "0"),
        ("-t", "-5"),
        ("-t", "ten"),
        ("-t", "1.5"),
        ("-t", str(10**13)),
        ("-s", "0"),
        ("-s", "-1"),
        ("-s", "x"),
        ("-s", str(10**10)),
        ("-u", "0"),
        ("-u", "-1"),
        ("-u", "many"),
        ("-q", "0"),
        ("-n", "-1"),
        ("--seed", "-1"),
        ("--timeout", "0"),
        ("--timeout", "soon"),
        ("--no-such-option",),
        ("--config", "/there/is/none"),
        ("--connections", "65"),
        ("--batch-bytes", "x"),
        ("second", "third"),
    ],
)
def test_setup_refuses_bad_input(capsys, argv):
    assert_refused("couchdyno-setup", capsys, DB, *argv)


@pytest.mark.parametrize(
    "argv",
    [
        ("-u", "0"),
        ("-u", "-1"),
        ("-u", "x"),
        ("-c", "-1"),
        ("-c", "nan"),
        ("-c", "inf"),
        ("-c", "x"),
        ("-c", "1e99"),
        ("--cycles", "3"),
        ("-c", "1", "--cycles", "0"),
        ("--jitter", "-1"),
        ("--rate", "0"),
        ("--rate", "nan"),
        ("--connections", "0"),
        ("--batch-bytes", "0"),
    ],
)
def test_execute_refuses_bad_input(capsys, argv):
    assert_refused("couchdyno-execute", capsys, DB, *argv)


@pytest.mark.parametrize(
    "argv",
    [
        ("--from-position", "x"),
        ("--from-position", "5"),
        ("--to-position", "5"),
        ("--from-position", "6", "--to-position", "5"),
        ("--from-position", "-1", "--to-position", "5"),
        ("--seed", "1"),
        ("--seed", "1", "--total", "0", "--size", "1"),
        ("--source", "http://adm:s3cr3t@h"),
        ("--source-config", "/there/is/none"),
    ],
)
def test_verify_refuses_bad_input(capsys, argv):
    assert_refused("couchdyno-verify", capsys, DB, *argv)


@pytest.mark.parametrize(
    "url",
    [
        "http://adm:s3cr3t@h",
        "http://adm:s3cr3t@h/",
        "http://adm:s3cr3t@h/DB",
        "adm:s3cr3t@h/db",
        "http://adm:s3cr3t@h/_users",
        "http://adm:s3cr3t@h/db?x=1",
    ],
)
@pytest.mark.parametrize("main", SCRIPTS.values())
def test_bad_urls_are_refused(capsys, main, url):
    code, out, err = run(main, capsys, url)
    assert (code, out) == (2, "") and err.count("\n") == 1 and "s3cr3t" not in err


@pytest.mark.parametrize("name", SCRIPTS)
def test_no_database_given(capsys, name):
    code, __, err = run(SCRIPTS[name], capsys)
    assert code == 2 and err.startswith(f"{name}: no database given")


@pytest.mark.parametrize("name", SCRIPTS)
def test_an_unreachable_server(capsys, name):
    code, out, err = run(SCRIPTS[name], capsys, DB)
    assert (code, out) == (1, "")
    assert (
        err == f"{name}: cannot reach http://127.0.0.1:9: connection refused; check the URL and that the server is up\n"
    )


@pytest.mark.parametrize("name", SCRIPTS)
def test_version(capsys, name):
    assert run(SCRIPTS[name], capsys, "--version")[:2] == (0, f"couchdyno {__version__}\n")


@pytest.mark.parametrize(
    "argv, shown",
    [
        (("--password", "s3cr3t"), "--password …"),
        (("--password=s3cr3t",), "--password"),
        (("-ps3cr3t",), "-p"),
        (("u:s3cr3t@h/db",), "…"),
    ],
)
def test_surplus_arguments_are_not_shown(capsys, argv, shown):
    """They may be a password: here is no option for one, so that people try some."""
    code, out, err = run(info.main, capsys, DB, *argv)
    assert (code, out) == (2, "")
    assert err == f"couchdyno-info: unrecognized arguments: {shown}; see couchdyno-info --help\n"


def test_a_long_argument_is_cut(capsys):
    code, __, err = run(execute.main, capsys, DB, "-u", "9" * 10**5)
    assert code == 2 and len(err) < 500 and err.endswith("…; see couchdyno-execute --help\n")


def test_updates_per_run_has_two_spellings(capsys):
    for spelling in ("-u", "--update-per-run", "--updates-per-run"):
        assert run(setup.main, capsys, DB, spelling, "0")[0] == 2


@pytest.mark.parametrize("path", ["metrics.txt", "/there/is/none.prom"])
@pytest.mark.parametrize("name", ["couchdyno-execute", "couchdyno-info", "couchdyno-verify"])
def test_metrics_that_cannot_be_written_are_refused_before_anything_is_done(capsys, name, path):
    code, out, err = run(SCRIPTS[name], capsys, DB, "--metrics", path)
    assert (code, out) == (2, "") and path in err and "refused" not in err


def test_a_failure_is_reported_to_prometheus_too(capsys, tmp_path):
    path = tmp_path / "job.prom"
    assert run(execute.main, capsys, DB, "--metrics", str(path))[0] == 1
    assert 'couchdyno_execute_exit_code{database="db",name="job",server="http://127.0.0.1:9"} 1.0' in path.read_text()
    assert "s3cr3t" not in path.read_text()


def test_a_cycle_that_has_to_leave_its_documents_to_others_says_so_and_is_no_error(capsys, monkeypatch):
    after = {"updates": 0, "dt": 0.0, "rate": 0.0, "errors": 0, "first": 0, "busy": 1}
    monkeypatch.setattr(execute, "execute", lambda *_args: {"after": after})
    code, out, err = run(execute.main, capsys, DB, "--json")
    assert (code, out.count("\n"), err.count("\n")) == (0, 1, 1)
    assert err.startswith("couchdyno-execute: nothing was updated: other drivers are still writing ")


@pytest.mark.parametrize(
    "name, argv",
    [
        ("couchdyno-execute", ("--watch",)),
        ("couchdyno-execute", ("--watch", "-c", "1", "--json")),
        ("couchdyno-info", ("--watch", "--json")),
        ("couchdyno-info", ("--watch", "--report", "/tmp/x.html")),
        ("couchdyno-info", ("--watch", "--metrics", "/tmp/x.prom")),
    ],
)
def test_what_cannot_be_combined_with_watching(capsys, name, argv):
    code, out, err = run(SCRIPTS[name], capsys, DB, *argv)
    assert (code, out) == (2, "") and err.count("\n") == 1 and "--watch" in err


@pytest.mark.parametrize(
    "argv, what",
    [
        (("--compare", "a", "b", "--report", "/tmp/x.html"), "--report"),
        (("--compare", "a", "b", "--metrics", "/tmp/x.prom"), "--metrics"),
        (("--compare", "a", "b", "--from", "c"), "--from"),
        (("--compare", "a", "b", "--watch"), "--watch"),
        (("--compare", "a", "b", DB), "a database"),
        ((DB, "--report", "/tmp/x.html", "--from", "a"), "a database"),
        (("--from", "a", "--report", "/tmp/x.html", "--metrics", "/tmp/x.prom"), "--metrics"),
    ],
)
def test_what_cannot_be_combined_with_files(capsys, argv, what):
    """No option is ignored silently."""
    code, out, err = run(info.main, capsys, *argv)
    assert (code, out) == (2, "") and err.endswith(f" cannot be combined with {what}\n")
    assert "s3cr3t" not in err


def test_a_file_without_a_name_is_refused(capsys):
    code, out, err = run(info.main, capsys, DB, "--metrics", "")
    assert (code, out) == (2, "") and err.count("\n") == 1


def test_the_scripts_that_are_installed_run_their_commands(monkeypatch, capsys):
    for name, script in scripts.SCRIPTS.items():
        monkeypatch.setattr("sys.argv", [name, "--no-such-option"])
        with pytest.raises(SystemExit) as ended:
            script()
        assert ended.value.code == 2 and capsys.readouterr().err.startswith(f"{name}: ")
        assert gc.isenabled()
    assert set(scripts.SCRIPTS) == set(SCRIPTS)
