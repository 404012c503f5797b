# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The EXAMPLES of the modules, run with another server, other names of databases, and a smaller largest number."""

from __future__ import annotations

import os
import re
import sys

import pytest
import yaml
from support import ROOT, playbook, run

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("couchdyno_*.py"))
# Stands for any backup system: it copies every document, as it is.
RESTORE = """#!{python}
import sys
import requests
source, target = ("{server}/" + name for name in sys.argv[1:])
requests.put(target, timeout=60)
rows = requests.get(source + "/_all_docs", params={{"include_docs": "true"}}, timeout=60).json()["rows"]
copy = {{"docs": [row["doc"] for row in rows], "new_edits": False}}
requests.post(target + "/_bulk_docs", json=copy, timeout=60).raise_for_status()
"""
BACK_UP = "#!/bin/sh\n"


@pytest.fixture
def backup_system(server, tmp_path):
    """A PATH with the commands that the examples call."""
    account = server.url.replace("://", f"://{server.username}:{server.password}@")
    for name, script in ("back-up", BACK_UP), ("restore", RESTORE.format(python=sys.executable, server=account)):
        (tmp_path / name).write_text(script)
        (tmp_path / name).chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def examples(module):
    text = (ROOT / "plugins" / "modules" / f"{module}.py").read_text()
    return re.search(r'^EXAMPLES = r"""\n(.*?)^"""', text, re.DOTALL | re.MULTILINE)[1]


@pytest.fixture
def databases(server):
    """By the names in the examples; the one that they start from exists."""
    databases = {name: server.database() for name in ("backup-me", "restored", "small")}
    yield databases
    for database in databases.values():
        database.request("DELETE")


def tasks(module, server, databases, directory):
    text = examples(module).replace("http://localhost:5984", server.url).replace("total: 100000", "total: 1000")
    text = text.replace("username: admin", f"username: {server.username}").replace("/tmp/", f"{directory}/")
    for name, database in databases.items():
        text = re.sub(rf"(/|\b(back-up|restore)( \S+)? ){name}\b", rf"\g<1>{database.name}", text)
    return yaml.safe_load(text)


@pytest.mark.parametrize("module", MODULES)
def test_they_work(module, server, databases, backup_system, tmp_path):
    wanted = tasks(module, server, databases, tmp_path)
    if module != "couchdyno_setup":
        run("couchdyno-setup", "-w", databases["backup-me"].url)
    if module == "couchdyno_verify":  # its first example verifies a database that its second one creates
        run("couchdyno-setup", "-w", "-t", 5, databases["restored"].url)
        absent = {"url": databases["restored"].plain_url, "state": "absent"}
        wanted[1]["block"].insert(0, {"name": "Make room", "dyno.couchdb.couchdyno_setup": absent})
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "tasks": wanted,
        "vars": {"couchdb_password": server.password, "ansible_python_interpreter": sys.executable},
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]))
    output = playbook(tmp_path / "play.yml", PATH=backup_system)
    assert re.search(r"ok=\d+ .*unreachable=0 +failed=0 ", output)
    assert output.count("TASK [") >= len(wanted)
