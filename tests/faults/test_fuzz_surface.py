# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options, URLs, environment and files that nobody should pass: a script ends with its exit code and in few lines.

The scripts run in this process, without waiting, and some in processes of their own. Nothing is looked up: a name
server would learn what is taken for a host. COUCHDYNO_FUZZ=N runs N times the cases; each is named by its seed, and is
the same each time.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import socket
import subprocess
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import (
    command,
    connection,
    ending,
    execute,
    info,
    setup,
    verify,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from drivers import make
from support import BIN, report

TIMES = int(os.environ.get("COUCHDYNO_FUZZ", "1"))
SEEDS, CASES = range(21 * TIMES), 50  # in this process: cases for each seed
PROCESSES, OF_THEIR_OWN = range(4 * TIMES), 5
SECRET = "s3cr3t"
CODES = {0, 1, 2, 3, 4, 130}
UNPRINTABLE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")
PATIENCE = 12  # how many waits a script gets before it is stopped
PAGES = 25  # one in so many cases may write a page with charts, which takes long

SCRIPTS = {script.name: script for script in (setup.Setup, execute.Execute, info.Info, verify.Verify)}
MAINS = {"setup": setup.main, "execute": execute.main, "info": info.main, "verify": verify.main}

HOSTILE = "\x1b[31mred\x07\ncouchdyno-info: forged\r\u202e\x9b2J"
NUMBERS = (
    "0", "1", "-1", "7", "1.5", "1e3", "1e999", "nan", "-inf", "²", "0x10", "1_000", " 5", "9" * 5000, "-0", "00"
)  # fmt: skip
JUNK = (
    "", " ", "-", "--", "…", "\udcff\udcfe", HOSTILE, "x" * 100_000, "%s{0}${x}", "ü€😀", "'\"\\", "@/dev/null", "~",
    "*"
)  # fmt: skip
TIMES_TAKEN = (
    "1..2", "..", "2..1", "now..later", "2026-11-27T03:25:00Z..2026-11-27T03:26:00Z", "1..1e999", "²..³",
    "9999-12-31T23:59:59Z..9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00..1"
)  # fmt: skip
PASSWORDS = (
    SECRET, f"12/{SECRET}", f"{SECRET}?x", f"#{SECRET}", f"p@{SECRET}", f"{SECRET}%ff", f"{SECRET}%", f"{SECRET}\udcff",
    f"{SECRET} x", f"ü{SECRET}", f"{SECRET}\x1b[31m", f"{SECRET}\n", f"[{SECRET}", f"{SECRET}]", f"\\{SECRET}",
    f"%2F{SECRET}", f":{SECRET}", f"{SECRET}%00", f"{SECRET}\u202e"
)  # fmt: skip
HOSTS = (
    "127.0.0.1:9", "127.0.0.1:0", "localhost:9", "[::1]:9", "h", "a..b", "x" * 64, "ü" + "x" * 70, "*", "a b", "h%00",
    "h:x", "h:99999", "[::1", "[x]", "[::1%25lo]:9", "\udcff", "", ".", "xn--\u1fef", "a\u200db", "1.2.3.4.5", "0",
    HOSTILE, "-h-", "h_1", "[]", "h:", "²"
)  # fmt: skip
PATHS = (
    "/db", "/db/", "/p/db", "/", "", "/DB", "/_users", "/db?x", "/db#x", "/a%2Fb", "/%ff", "/\udcff/db", "//db",
    "/d b/db", "/..", "/db;x", "/" + "d" * 300, "/\x1b/db", "/%00", "/_node/a%40b/db", "/a@b/db"
)  # fmt: skip
SETTINGS = ("url", "username", "password", "ca_path", "validate_certs", "client_cert", "client_key", "timeout")
WORKLOAD = {
    "documents": (1, 60, 100), "total": (1, 7, 10**12), "updates": (1, 50), "create": (0, 1, 100), "delete": (0, 1),
    "size": (1, 500, [100, 900], [5, 5]), "prefix": ("x:", "é%s/"), "tombstone": ("bare", "fields"),
    "ids": ("ordered", "hashed"), "hot": (True, False),
    "body": ("hex", "order", "hostile", "package", {"a": "$name"}, {"a": {"$fill": "text"}, "b": [{"$growth": {}}]}),
}  # fmt: skip
JUNK_IN_JSON = (None, -1, 1.5, 10**400, float("nan"), "", "\ud800", [], [[]], {}, {"$fill": 1}, {"$x": 1}, {"_id": 1})
PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "HTTPS_PROXY")
OTHERS = ("REQUESTS_CA_BUNDLE", "COLUMNS", "LINES", "TZ", "TERM", "HOME", "NETRC", "COUCHDYNO_DEBUG")


def url(rng, real):
    """A URL of a database, mostly with a password, and often with something wrong in it."""
    how = rng.random()
    if how < 0.45:
        return rng.choice(real)
    if how < 0.5:
        return rng.choice((*JUNK, *HOSTS))
    scheme = rng.choice(("http://",) * 4 + ("https://", "", "ftp://", "HTTP://", "http:/", "://", "file://"))
    host = rng.choice(HOSTS if rng.random() < 0.5 else HOSTS[:1])
    path = rng.choice(PATHS if rng.random() < 0.3 else PATHS[:2])
    user = rng.choice(("adm", "adm", "adm", "adm", "ad/m", "a\udcff", "", HOSTILE))
    password = rng.choice(PASSWORDS if rng.random() < 0.7 else PASSWORDS[:1])
    return f"{scheme}{user}:{password}@{host}{path}" if rng.random() < 0.8 else f"{scheme}{host}{path}"


class Files:
    """Files in a directory of a case; each name makes a file with some content."""

    def __init__(self, rng, directory, saved):
        self._rng = rng
        self._directory = directory
        self._saved = saved
        self._count = 0

    def _new(self, content, mode=0o600):
        self._count += 1
        path = self._directory / f"file{self._count}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))
        path.chmod(mode)
        return str(path)

    def _other(self):
        """What is no usable file."""
        self._count += 1
        place = self._directory / f"other{self._count}"
        kinds = {
            "directory": place.mkdir,
            "loop": lambda: place.symlink_to(place.name),
            "dangling": lambda: place.symlink_to("nowhere"),
            "missing": lambda: None,
        }
        kinds[self._rng.choice(list(kinds))]()
        others = ("", "/", ".", "/dev/null", "/proc/self/mem", "x" * 300, HOSTILE, "\udcff")
        return self._rng.choice((*[str(place)] * 4, *others))

    def config(self):
        rng = self._rng
        if rng.random() < 0.15:
            return self._other()
        if rng.random() < 0.1:
            place = self._directory / f"pipe{rng.random()}"
            os.mkfifo(place, rng.choice((0o600, 0o644)))
            return str(place)
        lines = [rng.choice(("[couchdyno]",) * 4 + ("[other]", "[couchdyno", "", "\ufeff[couchdyno]"))]
        for __ in range(rng.randrange(6)):
            name = rng.choice(SETTINGS)
            secret = {"url": url(rng, ("http://h/db",)), "password": rng.choice(PASSWORDS)}
            joint = rng.choice((" = ", " = ", "=", ": ", " ", " =\n  "))
            lines.append(f"{name}{joint}{secret.get(name, rng.choice((*NUMBERS, *JUNK)))}")
        if rng.random() < 0.1:
            lines.append(rng.choice(("nonsense", "x = y", "password", "[couchdyno]", "\0", "[DEFAULT]\nurl = x")))
        text = rng.choice(("\n", "\n", "\r\n", "\r")).join(lines).encode("utf-8", "surrogateescape")
        if rng.random() < 0.1:
            utf_16 = text.decode("utf-8", "replace").encode("utf-16")
            text = rng.choice((utf_16, noise(rng), text * 20_000, b""))
        return self._new(text, rng.choice((0o600, 0o600, 0o600, 0o400, 0o644, 0o666)))

    def saved(self):
        rng = self._rng
        if rng.random() < 0.15:
            return self._other()
        text = rng.choice(self._saved)
        how = rng.random()
        if how < 0.4:
            return self._new(text)
        if how < 0.6:
            return self._new(text[: rng.randrange(len(text))])
        if how < 0.8:
            changes = ("1", "NaN"), ("0", "9" * 50), ('"', "'"), ("{", "["), (":", ": -"), ("db", HOSTILE)
            return self._new(text.replace(*rng.choice(changes)))
        others = (b"", b"null", b"[]", b"[" * 10**5, b'{"verdict": 1}', b"\xef\xbb\xbf{}", b"9" * 5000, noise(rng))
        return self._new(rng.choice(others))

    def output(self):
        if self._rng.random() < 0.3:
            return self._other()
        name = self._rng.choice(("job", "job", "a b", "-", "", HOSTILE, "\udcff", "x" * 250))
        return str(self._directory / (name + self._rng.choice((".prom", ".html"))))

    def workload(self):
        """The name of a workload, or a file with one, which may make no sense."""
        rng = self._rng
        if rng.random() < 0.3:
            return rng.choice(("classic", "queue", "crm", "hot", "none", ".json", "/"))
        keys = rng.sample(sorted(WORKLOAD), rng.randrange(len(WORKLOAD)))
        entry = {key: rng.choice(WORKLOAD[key] if rng.random() < 0.9 else JUNK_IN_JSON) for key in keys}
        text = json.dumps({"types": {"a": entry, HOSTILE if rng.random() < 0.1 else "b": rng.choice(({}, entry))}})
        if rng.random() < 0.1:
            text = rng.choice(("[" * 10**5, "null", text[:-3], '{"types": {"a": {}, "a": {}}}', "9" * 5000))
        path = self._new(text)
        return str(Path(path).rename(path + ".json"))

    def certificate(self):
        if self._rng.random() < 0.3:
            return self._other()
        return self._new(self._rng.choice((b"-----BEGIN CERTIFICATE-----\nx", b"", noise(self._rng))))


def noise(rng):
    return bytes(rng.randrange(256) for __ in range(200))


def value(rng, files, real, action):
    """A value of an option."""
    name = action.dest
    if rng.random() < 0.05:
        return rng.choice((*NUMBERS, *JUNK))
    if name in ("url", "source"):
        return url(rng, real)
    if name in ("config", "source_config"):
        return files.config()
    if name in ("infos", "compare"):
        return files.saved()
    if name in ("metrics", "report"):
        return files.output()
    if name in ("ca_path", "client_cert", "client_key"):
        return files.certificate()
    if name == "workload":
        return files.workload()
    if name == "allow":
        return rng.choice(("numbers", "numbers,numbers", "security,revs_limit", "", ",", "all"))
    if name == "attachments":
        return rng.choice(("stubs", "read", ""))
    if name == "taken":
        return rng.choice(TIMES_TAKEN)
    return rng.choice(NUMBERS if rng.random() < 0.5 else NUMBERS[:4])


def arguments(rng, files, real, name):
    """The arguments of a script, from its own options."""
    actions = command._parser(SCRIPTS[name]())._actions
    argv = []
    for action in rng.sample(actions, min(len(actions), rng.choice((0, 1, 1, 2, 3, 5)))):
        if not action.option_strings or (action.dest in ("help", "version") and rng.random() < 0.8):
            continue
        if action.dest in ("infos", "report") and rng.randrange(PAGES):
            continue
        values = {None: 1, 0: 0, "+": rng.choice((1, 2))}.get(action.nargs, action.nargs)
        argv.append(rng.choice(action.option_strings))
        argv += [value(rng, files, real, action) for __ in range(values)]
    if rng.random() < 0.1:
        unknown = [f"--password={SECRET}"], ["--password", SECRET], [f"-p{SECRET}"], ["---x"], ["--bad", HOSTILE]
        argv += rng.choice(unknown)
    if rng.random() < 0.85:
        argv.insert(rng.choice((0, len(argv))), url(rng, real))
    return argv


def environment(rng, files, real):
    """Variables of the environment."""
    chosen = {}
    for __ in range(rng.choice((0, 0, 1, 2, 4))):
        prefix = rng.choice(("COUCHDYNO_", "COUCHDYNO_", "COUCHDYNO_SOURCE_"))
        name = rng.choice(SETTINGS)
        secret = {"url": url(rng, real), "password": rng.choice(PASSWORDS)}
        chosen[prefix + name.upper()] = secret.get(name, rng.choice((*NUMBERS, *JUNK, files.certificate())))
    if rng.random() < 0.2:
        scheme = rng.choice(("", "http://", "http://", "ftp://", "socks5://", "https://"))
        proxy = f"{scheme}me:{rng.choice(PASSWORDS)}@{rng.choice(HOSTS)}"
        chosen[rng.choice(PROXIES)] = rng.choice((proxy, proxy, *JUNK))
    if rng.random() < 0.1:
        chosen[rng.choice(OTHERS)] = rng.choice((*NUMBERS, *JUNK))
    return {name: found.replace("\0", "")[:100_000] for name, found in chosen.items()}


def check(name, code, out, err, what):
    """The contract of all scripts."""
    assert code in CODES, (what, code, err)
    assert "Traceback" not in out + err and "unexpected error" not in err, (what, err)
    assert SECRET not in out + err, (what, out, err)
    assert not UNPRINTABLE.search(out + err), (what, out, err)
    lines = err.splitlines()
    assert all(re.match(f"couchdyno-{name}: |filling: |verifying: |adopting: ", line) for line in lines), (what, err)
    assert all(len(line) < 2500 for line in lines) and len(lines) <= 3 * PATIENCE, (what, err)
    assert lines or code in (0, 4, 130), (what, code)
    assert code != 2 or len(lines) <= 2, (what, err)


@pytest.fixture(scope="module")
def real(server):
    """The URL of a small database, with and without credentials, which is not to be changed."""
    database = make(server.database(), 10, fill=True)
    yield database.url, database.plain_url
    database.request("DELETE")


@pytest.fixture(scope="module")
def saved(real):
    """Saved reports."""
    run_once = report("couchdyno-execute", real[0])
    reports = [report(script, real[0]) for script in ("couchdyno-info", "couchdyno-verify")]
    return [json.dumps(each) for each in (*reports, run_once)]


@pytest.fixture
def lookups(monkeypatch):
    """The hosts that were looked up; there are none but this machine."""
    asked = []
    usual = socket.getaddrinfo

    def look_up(host, *args, **options):
        asked.append(str(host))
        if host in ("127.0.0.1", "localhost", "::1"):
            return usual(host, *args, **options)
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.fixture
def run(monkeypatch, capsys, lookups):
    """Runs a script in this process, with these variables; returns its exit code, its output and its errors."""
    monkeypatch.setattr(ending, "on_signals", lambda handler: None)
    monkeypatch.setattr(connection, "PATIENCE", 0.02)
    monkeypatch.setattr(Stop, "wait", wait)
    for name in [name for name in os.environ if name.startswith("COUCHDYNO_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)

    def run(name, argv, variables):
        lookups.clear()
        with pytest.MonkeyPatch.context() as patch:
            for variable, content in variables.items():
                patch.setenv(variable, content)
            try:
                code = MAINS[name](argv)
            except SystemExit as ended:
                code = ended.code
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def wait(stop, _seconds):
    """Do not wait; a script that goes on and on is stopped."""
    stop.waits = getattr(stop, "waits", 0) + 1
    if stop.waits >= PATIENCE:
        stop.request()
    return stop.is_requested()


@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_a_script_is_given(run, real, saved, lookups, tmp_path, monkeypatch, seed):
    monkeypatch.chdir(tmp_path)
    for number in range(CASES):
        rng = random.Random(f"{seed}/{number}")
        directory = tmp_path / str(number)
        directory.mkdir()
        files = Files(rng, directory, saved)
        name = rng.choice(list(SCRIPTS))
        known = real if name in ("info", "verify") else ("http://127.0.0.1:9/db",)
        argv, variables = arguments(rng, files, known, name), environment(rng, files, known)
        what = f"case {seed}/{number}: couchdyno-{name} {argv!a:.900} with {variables!a:.900}"
        try:
            code, out, err = run(name, argv, variables)
        except Exception as error:
            raise AssertionError(what) from error
        check(name, code, out, err, what)
        assert not any(SECRET in host for host in lookups), (what, lookups)
        written = [path for path in directory.iterdir() if path.suffix in (".prom", ".html") and path.is_file()]
        assert not any(SECRET.encode() in path.read_bytes() for path in written), what


@pytest.mark.parametrize("seed", PROCESSES)
def test_whatever_a_process_is_given(saved, tmp_path, seed):
    """As bytes, in any locale, with streams that are closed or full."""
    for number in range(OF_THEIR_OWN):
        rng = random.Random(f"process {seed}/{number}")
        directory = tmp_path / str(number)
        directory.mkdir()
        files, name = Files(rng, directory, saved), rng.choice(list(SCRIPTS))
        argv = arguments(rng, files, ("http://127.0.0.1:9/db",), name) + rng.choice(([], ["--version"], ["--help"]))
        argv = [os.fsencode(each.replace("\0", "")) for each in argv if each not in ("-c", "--continuous", "--watch")]
        variables = {"PATH": os.environ["PATH"], "LC_ALL": rng.choice(("C", "C.UTF-8", "POSIX", "xx"))}
        variables.update(environment(rng, files, ("http://127.0.0.1:9/db",)))
        shell = rng.choice(("", "", ">/dev/full", ">&-", "2>&-", "2>/dev/full", "<&-", ">&- 2>&-"))
        done = subprocess.run(
            ["timeout", "60", "sh", "-c", f'"$@" {shell}', "sh", str(BIN / f"couchdyno-{name}"), *argv],
            capture_output=True,
            check=False,
            cwd=directory,
            env={os.fsencode(key): os.fsencode(found) for key, found in variables.items()},
        )
        out, err = done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        what = f"process {seed}/{number}: couchdyno-{name} {argv!a:.900} {shell} with {variables!a:.900}"
        if "2>" in shell:
            assert done.returncode in CODES and err == "", (what, done.returncode, err)
        else:
            check(name, done.returncode, out, err, what)


def test_all_options_are_known():
    """Those whose values are files or URLs are told from the others by their names."""
    texts = {
        action.dest
        for script in SCRIPTS.values()
        for action in command._parser(script())._actions
        if isinstance(action, argparse._StoreAction) and action.type is None
    }
    assert texts == {"url", "source", "config", "source_config", "infos", "compare", "metrics", "report", "ca_path",
                     "client_cert", "client_key", "timeout", "taken", "workload", "allow", "attachments"}  # fmt: skip
    assert Path(BIN / "couchdyno-info").exists()
