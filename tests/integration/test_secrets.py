# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords: in no output, error, report, module result, process list."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import quote

import pytest
from support import ansible, run, start

PASSWORD = "p%40:ss'w\"rd$ #!\\"
USER = "oddly"


@pytest.fixture
def odd(server, database):
    """A database of a user whose password is full of special characters."""
    server.add_user(USER, PASSWORD)
    database.create().open_to(USER)
    run("couchdyno-setup", "-t", 5, database.as_user(USER, PASSWORD))
    return database


def leaks(text):
    """The forms of the password that a text contains."""
    forms = {
        PASSWORD,
        quote(PASSWORD, safe=""),
        PASSWORD.replace("\\", "\\\\"),
        PASSWORD.replace("\\", "\\\\").replace('"', '\\"'),
        "p%40:ss",
        "p%2540",
    }
    return [form for form in forms if form in text]


def everything(process):
    out, err = process.communicate(timeout=60)
    return out + err


@pytest.mark.parametrize(
    "script, args",
    [
        ("couchdyno-execute", ()),
        ("couchdyno-execute", ("--json",)),
        ("couchdyno-info", ()),
        ("couchdyno-info", ("--json",)),
        ("couchdyno-setup", ()),
        ("couchdyno-setup", ("-f",)),
        ("couchdyno-execute", ("surplus",)),
        ("couchdyno-info", ("-u", "3")),
        ("couchdyno-verify", ()),
        ("couchdyno-verify", ("--json",)),
    ],
)
def test_in_the_url(odd, script, args):
    assert leaks(everything(start(script, odd.as_user(USER, PASSWORD), *args))) == []


@pytest.mark.parametrize("path", ["", "?x", "/missing"])
def test_in_the_url_of_a_source(odd, path, tmp_path):
    source = odd.as_user(USER, PASSWORD) + path
    assert leaks(everything(start("couchdyno-verify", "--source", source, odd.as_user(USER, PASSWORD)))) == []
    vault = tmp_path / "vault.json"
    vault.write_text(json.dumps({"url": odd.as_user(USER, PASSWORD), "source": source}))
    args = {"url": "{{ url }}", "source_url": "{{ source }}"}
    ok, _result, out = ansible("dyno.couchdb.couchdyno_verify", args, "-vvvv", "-e", f"@{vault}")
    assert ok == (path == "") and leaks(out) == []


@pytest.mark.parametrize("script", ["couchdyno-setup", "couchdyno-execute", "couchdyno-info", "couchdyno-verify"])
@pytest.mark.parametrize("broken", ["", "/", "/DB", "/_users", "/db?x", ":port/db", "/missing"])
def test_in_a_url_that_is_wrong(script, broken, server):
    secret = quote(PASSWORD, safe="")
    text = everything(start(script, f"http://{USER}:{secret}@127.0.0.1:9{broken}"))
    assert text and leaks(text) == []


def test_in_a_report_of_wrong_credentials(odd):
    assert leaks(everything(start("couchdyno-execute", odd.as_user("nobody", PASSWORD)))) == []


def test_from_the_environment_or_a_file_it_is_in_no_process_list(odd, tmp_path):
    config = tmp_path / "job.ini"
    config.write_text(f"[couchdyno]\nurl = {odd.plain_url}\nusername = {USER}\npassword = {PASSWORD}\n")
    config.chmod(0o600)
    ways = [
        start("couchdyno-execute", "-c", 5, odd.plain_url, COUCHDYNO_USERNAME=USER, COUCHDYNO_PASSWORD=PASSWORD),
        start("couchdyno-execute", "-c", 5, COUCHDYNO_URL=odd.as_user(USER, PASSWORD)),
        start("couchdyno-execute", "-c", 5, "--config", config),
    ]
    for process in ways:
        assert leaks(process.stdout.readline()) == []  # signals end it cleanly from now on
        assert leaks(Path(f"/proc/{process.pid}/cmdline").read_text()) == []
        process.terminate()
    for process in ways:
        assert leaks(everything(process)) == [] and process.returncode == 130


@pytest.mark.parametrize("module", ["couchdyno_setup", "couchdyno_execute", "couchdyno_info", "couchdyno_verify"])
@pytest.mark.parametrize("way", ["url", "option", "environment", "wrong url", "refused"])
def test_in_module_results_at_the_highest_verbosity(odd, tmp_path, module, way):
    extra = {"total": 5} if module == "couchdyno_setup" else {}
    args, environ = {
        "url": ({"url": "{{ url }}"}, {}),
        "option": ({"url": odd.plain_url, "username": USER, "password": "{{ password }}"}, {}),
        "environment": (
            {},
            {"COUCHDYNO_URL": odd.plain_url, "COUCHDYNO_USERNAME": USER, "COUCHDYNO_PASSWORD": PASSWORD},
        ),
        "wrong url": ({"url": "{{ url }}?x"}, {}),
        "refused": ({"url": "{{ url | replace('" + USER + "', 'nobody') }}"}, {}),
    }[way]
    vault = tmp_path / "vault.json"
    vault.write_text(json.dumps({"url": odd.as_user(USER, PASSWORD), "password": PASSWORD}))
    ok, _result, out = ansible(
        f"dyno.couchdb.{module}", dict(args, **extra), "-vvvv", "--diff", "-e", f"@{vault}", **environ
    )
    assert ok == (way in ("url", "option", "environment")), out
    assert leaks(out) == []


@pytest.mark.parametrize("module", ["couchdyno_info", "couchdyno_verify"])
def test_a_raw_slash_in_the_password(module, tmp_path):
    url = "http://adm:123/s3cr3t@127.0.0.1:9/db"
    vault = tmp_path / "vault.json"
    vault.write_text(json.dumps({"secret": url}))
    args = {"couchdyno_info": {"url": "{{ secret }}"}}
    args["couchdyno_verify"] = {"url": "http://h/db", "source_url": "{{ secret }}"}
    ok, result, out = ansible(f"dyno.couchdb.{module}", args[module], "-vvvv", "-e", f"@{vault}")
    assert not ok and "write %2F for /" in result["msg"] and "s3cr3t" not in out
