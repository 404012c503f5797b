# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import subprocess

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import connection as module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli.connection import connection, source
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import Address
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.options import Options
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError


@pytest.fixture
def file(tmp_path):
    def write(text, mode=0o600):
        path = tmp_path / "couchdyno.ini"
        path.write_text(text)
        path.chmod(mode)
        return str(path)

    return write


def test_the_command_line_overrides_the_environment_and_that_the_file(file):
    path = file("[couchdyno]\nurl = http://file/db\nusername = u\npassword = from-file\ntimeout = 5\n")
    environ = {"COUCHDYNO_URL": "http://environment/db", "COUCHDYNO_PASSWORD": "from-environment"}
    address, found = connection({"url": "http://argument/db", "timeout": None}, environ, path)
    assert (address.url, address.username, address.password) == ("http://argument/db", "u", "from-environment")
    assert found.timeout == 5.0
    assert connection({}, environ, path)[0].url == "http://environment/db"
    assert connection({}, {}, path)[0] == connection({}, {}, path)[0]._replace(password="from-file")


def test_without_a_url():
    with pytest.raises(UsageError, match="no database given"):
        connection({}, {}, None)


@pytest.mark.parametrize("password", ["p%40:ss'w\"rd$ #!\\", "%(url)s", "a;b", "[x]", "=", "ü€"])
def test_any_password_survives_the_file(file, password):
    path = file(f"[couchdyno]\nurl = http://h/db\nusername = u\npassword = {password}\n")
    assert connection({}, {}, path)[0].password == password


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644, 0o666, 0o601])
def test_a_file_that_others_can_read_is_refused(file, mode):
    path = file("[couchdyno]\nurl = http://h/db\n", mode)
    with pytest.raises(UsageError, match="chmod 600"):
        connection({}, {}, path)


@pytest.mark.parametrize(
    "text, says",
    [
        ("url = http://u:s3cr3t@h/db\n", "not an INI file"),
        ("[couchdyno]\npassword s3cr3t\n", "not an INI file"),
        ("[couchdyno]\npassword = s3cr3t\npassword = s3cr3t\n", "not an INI file"),
        ("[other]\npassword = s3cr3t\n", "no section"),
        ("[couchdyno]\npasswort = s3cr3t\n", "unknown settings: passwort"),
    ],
)
def test_a_broken_file_is_refused_without_quoting_it(file, text, says):
    with pytest.raises(UsageError, match=says) as refusal:
        connection({}, {}, file(text))
    assert "s3cr3t" not in str(refusal.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(UsageError, match="No such file"):
        connection({}, {}, str(tmp_path / "none.ini"))


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_file_of_another_system(tmp_path, mark, end):
    path = tmp_path / "couchdyno.ini"
    path.write_bytes((mark + end.join(["[couchdyno]", "url = http://h/db", "username = u", "password = ü"])).encode())
    path.chmod(0o600)
    assert connection({}, {}, str(path))[0] == Address("http://h", "db", "u", "ü")


@pytest.mark.parametrize("path", ["/dev/null", "/dev/zero", "/"])
def test_only_files_and_pipes_are_read(path):
    """And nobody is told to change the mode of a device."""
    with pytest.raises(UsageError, match="it is neither a regular file nor a pipe"):
        connection({}, {}, path)


def test_a_file_that_is_too_large(file):
    with pytest.raises(UsageError, match="too large"):
        connection({}, {}, file("#" * (module.MAX_SIZE + 1)))


@pytest.fixture
def pipe(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path, 0o600)
    return path


def test_a_pipe_is_read_to_its_end(pipe):
    """As of ``--config <(pass show couchdb)``."""
    lines = 'exec > "$0"; echo "[couchdyno]"; sleep 0.05; echo "url = http://h/db"'
    writer = subprocess.Popen(["sh", "-c", lines, pipe])
    descriptor = os.open(pipe, os.O_RDONLY)  # waits for the writer
    try:
        assert connection({}, {}, f"/dev/fd/{descriptor}")[0].url == "http://h/db"
    finally:
        os.close(descriptor)
        writer.wait()


@pytest.mark.parametrize("has_writer", [False, True])
def test_a_pipe_that_never_ends_is_not_waited_for(pipe, has_writer, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    writer = os.open(pipe, os.O_RDWR) if has_writer else None
    with pytest.raises(UsageError, match="its writer did not finish"):
        connection({}, {}, str(pipe))
    if has_writer:
        os.close(writer)


@pytest.mark.parametrize("word, value", [("true", True), ("YES", True), ("0", False), ("off", False), (False, False)])
def test_switches(word, value):
    assert Options.of({"validate_certs": word}).validate_certs is value


def test_defaults():
    assert Options.of({}) == Options(None, True, None, None, 60.0)


@pytest.mark.parametrize(
    "bad",
    [
        {"timeout": "0"},
        {"timeout": "-1"},
        {"timeout": "nan"},
        {"timeout": "inf"},
        {"timeout": "soon"},
        {"timeout": 10**9},
        {"validate_certs": "perhaps"},
        {"ca_path": "/there/is/none"},
        {"ca_path": "a\0b"},
        {"client_cert": "/there/is/none"},
    ],
)
def test_bad_options_are_refused(bad):
    with pytest.raises(UsageError):
        Options.of(bad)


def test_seconds():
    assert Options.of({"timeout": "2.5"}).timeout == 2.5


def test_the_source_has_its_own_url_and_credentials_and_shares_the_rest():
    environ = {
        "COUCHDYNO_URL": "http://h/copy",
        "COUCHDYNO_USERNAME": "copier",
        "COUCHDYNO_PASSWORD": "secret",
        "COUCHDYNO_TIMEOUT": "7",
    }
    assert source(None, {}, environ, None) is None
    address, found = source("http://h/db", {"url": "http://h/copy"}, environ, None)
    assert (address.url, address.username, found.timeout) == ("http://h/db", None, 7.0)
    environ.update(COUCHDYNO_SOURCE_URL="http://h/db", COUCHDYNO_SOURCE_USERNAME="me", COUCHDYNO_SOURCE_PASSWORD="x")
    address, found = source(None, {"timeout": "9"}, environ, None)
    assert (address.url, address.username, address.password, found.timeout) == ("http://h/db", "me", "x", 9.0)
