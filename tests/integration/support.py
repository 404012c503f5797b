# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shared by the integration tests: a real server, databases on it, and ways to run what users run."""

from __future__ import annotations

import json
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import parse
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import NoDatabase, NoLedger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import RunRecord
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_reading import read_ledger
from proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
BIN = ROOT / "venv" / "bin"
sys.path.insert(0, str(ROOT / "playbooks" / "files" / "embedded"))


class Server:
    """A server and its admin; COUCHDYNO_TEST_URL names one; by default the embedded server is started."""

    def __init__(self, url, username, password):
        self.url = url
        self.username = username
        self.password = password

    def database(self, name=None):
        return Database(self, "test_" + secrets.token_hex(6) if name is None else name)

    def add_user(self, name, password):
        document = {"name": name, "password": password, "roles": [], "type": "user"}
        answer = requests.put(
            f"{self.url}/_users/org.couchdb.user:{name}", json=document, timeout=30, auth=(self.username, self.password)
        )
        assert answer.status_code in (201, 202, 409), answer.text

    def change_password(self, name, password):
        url, auth = f"{self.url}/_users/org.couchdb.user:{name}", (self.username, self.password)
        user = requests.get(url, timeout=30, auth=auth).json()
        assert requests.put(url, json=dict(user, password=password), timeout=30, auth=auth).ok


class Database:
    """A database by its name; it need not exist."""

    def __init__(self, server, name):
        self.server = server
        self.name = name
        self.plain_url = f"{server.url}/{quote(name, safe='')}"

    @property
    def url(self):
        """The URL with the admin's credentials."""
        return self.as_user(self.server.username, self.server.password)

    def client(self):
        """The program's own client of the database."""
        return Client(parse(self.url))

    def as_user(self, username, password):
        return self.plain_url.replace("://", f"://{quote(username, safe='')}:{quote(password, safe='')}@")

    def behind(self, proxy):
        """The same database, by way of a proxy."""
        return Database(Server(proxy.url, self.server.username, self.server.password), self.name)

    def request(self, method, path="", **options):
        return requests.request(
            method, self.plain_url + path, timeout=60, **options, auth=(self.server.username, self.server.password)
        )

    def create(self):
        assert self.request("PUT").status_code in (201, 202)
        return self

    def open_to(self, username):
        security = {"members": {"names": [username], "roles": []}, "admins": {"names": [], "roles": ["_admin"]}}
        assert self.request("PUT", "/_security", json=security).ok

    def put(self, document):
        answer = self.request("PUT", "/" + quote(document["_id"], safe=""), json=document)
        assert answer.ok, answer.text

    def get(self, document_id):
        return self.request("GET", "/" + quote(document_id, safe="")).json()

    def book(self):
        """The ledger as the program reads it."""
        return read_ledger(self.client())

    @property
    def ledger(self):
        """The fields of the ledger, ``{}`` if there is none; ``_id`` is that of the document that holds its state."""
        try:
            found = self.book()
        except (NoDatabase, NoLedger):
            return {}
        return {**found.meta, **found.meta.get("state", {}), **found.state}

    def change_ledger(self, **fields):
        """Edit the documents of the ledger by hand."""
        found = self.book()
        constants = {name: value for name, value in fields.items() if name in found.meta}
        state = {name: value for name, value in fields.items() if name not in constants}
        if "state" in found.meta and not found.state:
            constants, state = {**constants, "state": {**found.meta["state"], **state}}, {}
        for document, changes in ((found.meta, constants), (found.state, state)):
            if changes:
                self.put({**self.get(document["_id"]), **changes})

    def documents(self, prefix="cdyno_"):
        between = {"startkey": json.dumps(prefix), "endkey": json.dumps(prefix + "\ufff0")}
        rows = self.request("GET", "/_all_docs", params=dict(between, include_docs="true")).json()["rows"]
        return {row["id"]: row["doc"] for row in rows}

    def records(self):
        """The run records as reports show them, in any order."""
        return [RunRecord.load(document).shown() for document in self.documents("couchdyno_run_").values()]

    def assert_exact(self):
        """Every document contains, byte for byte, the update that follows from the ledger's position."""
        ledger = self.book()
        assert ledger.claims == ()
        updates, documents, expected = ledger.stream, self.documents(), {}
        for index in range(ledger.total):
            state = updates.state_at(index, ledger.position)
            if state.exists:
                expected[updates.document_id(index)] = state.update
        assert set(documents) == set(expected)
        for name, held in expected.items():
            document = dict(documents[name])
            document.pop("_rev")
            assert document == json.loads(updates.content.render(held, document["ts"]))
        return ledger


def run_until(database, position):
    """Run cycles until a position; nothing may go wrong in them."""
    while database.book().position < position:
        after = execute(database.client())["after"]
        assert (after["errors"], after.get("foreign", 0), after.get("conflicts", 0)) == (0, 0, 0)


@pytest.fixture(scope="session")
def server():
    given = os.environ.get("COUCHDYNO_TEST_URL")
    if given:
        parts = urlsplit(given)
        yield Server(f"{parts.scheme}://{parts.hostname}:{parts.port}", parts.username, parts.password)
        return
    import embedded

    with embedded.running(COUCH_VALIDATE="1") as started:
        yield Server(started.url, started.username, started.password)


@pytest.fixture
def database(server):
    database = server.database()
    yield database
    database.request("DELETE")


@pytest.fixture
def replica(server):
    """Another database, which a test or a replication creates."""
    replica = server.database()
    yield replica
    replica.request("DELETE")


@pytest.fixture
def proxy(server):
    """A proxy in front of the server, for ``database.behind(proxy)``."""
    proxy = Proxy(server.url)
    yield proxy
    proxy.close()


def environment(**extra):
    """The environment of a user, without the variables of the tests."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COUCHDYNO_")}
    return dict(kept, **extra)


def start(script, *args, **extra):
    """Start a script of ./venv/bin."""
    return subprocess.Popen(
        [str(BIN / script), *map(str, args)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(**extra),
    )


def run(script, *args, code=0, **extra):
    """Run a script of ./venv/bin and check its exit code; returns its output, and its errors if it failed."""
    process = start(script, *args, **extra)
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, (process.returncode, out, err)
    assert "Traceback" not in err
    return out if code == 0 else err


def report(script, *args, **options):
    """Run a script with --json and return its report."""
    return json.loads(run(script, *args, "--json", **options))


def controller(tool, *args, cwd=ROOT, **extra):
    """Run a tool of Ansible; returns (its exit code, all output)."""
    done = subprocess.run(
        [str(BIN / tool), *map(str, args)],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        stdin=subprocess.DEVNULL,
        env=environment(ANSIBLE_NOCOLOR="1", **extra),
    )
    return done.returncode, done.stdout + done.stderr


def ansible(module, args, *flags, host="localhost", **extra):
    """Run a module ad hoc; returns (whether it succeeded, its result, all output)."""
    code, output = controller("ansible", host, "-m", module, "-a", json.dumps(args) if args else "", *flags, **extra)
    found = re.search(r"(?:=>|!:) (\{.*\})", output, re.DOTALL)
    assert found, output
    result, __ = json.JSONDecoder().raw_decode(found.group(1))
    return code == 0, result, output


def playbook(name, *flags, cwd=ROOT, code=0, **extra):
    """Run ansible-playbook and check its exit code; returns its output."""
    ended, output = controller("ansible-playbook", name, *flags, cwd=cwd, **extra)
    assert ended == code, output
    return output
