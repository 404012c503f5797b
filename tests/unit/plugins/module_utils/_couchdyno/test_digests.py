# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The program runs where Python has no MD5, for example where FIPS 140 is enforced."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from ansible_collections.dyno.couchdb.plugins.module_utils import _couchdyno

# Some systems have the function, which then fails, and some do not. The second must not reach the libraries.
PROGRAM = """
import hashlib, re, sys
import requests

def refuse(*__, **___):
    raise ValueError("disabled for FIPS")

sys.path.insert(0, sys.argv[1])
package = "ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno"
hashlib.md5 = refuse
if sys.argv[2] == "missing":
    del hashlib.md5

from importlib import import_module
for name in sys.argv[3:]:
    import_module(f"{package}.{name}")
successor = import_module(package + ".model.state_document").successor
end_of = import_module(package + ".couchdb.revisions").end_of
state = {"_id": "couchdyno_ledger_00000000", "position": 5, "sealed": True}
leaf = {"_id": "x", "_rev": "3-a", "_revisions": {"start": 3, "ids": ["a", "b", "c"]}}
for document in successor(state), end_of(leaf):
    generation, digest = document["_rev"].split("-")
    assert re.fullmatch("[0-9a-f]{32}", digest), digest
    assert document["_revisions"]["ids"][0] == digest and document["_revisions"]["start"] == int(generation)
"""


def test_without_md5():
    home = Path(_couchdyno.__file__).parent
    names = [str(path.relative_to(home).with_suffix("")).replace("/", ".") for path in home.rglob("*.py")]
    names = [name for name in names if not name.endswith("__init__")]
    collections = _couchdyno.__file__.partition("ansible_collections")[0]
    for how in ("refused", "missing"):
        command = [sys.executable, "-c", PROGRAM, collections, how, *names]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        assert (done.returncode, done.stderr) == (0, ""), (how, done.stderr)
