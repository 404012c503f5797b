# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bodies of documents, against a real server: realistic ones, hostile ones, and what JavaScript makes of numbers."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.bodies.built_in import BODIES
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from support import ansible, report, run

VERIFY = "dyno.couchdb.couchdyno_verify"
NUMBERS = {"types": {"n": {"body": {"one": {"$json": "1.0"}, "large": {"$json": "9007199254740993"}, "name": "$name"}}}}


def is_embedded(server):
    """Whether it is the embedded server, which is written in JavaScript."""
    about = requests.get(server.url, auth=(server.username, server.password), timeout=30).text
    return "pouchdb" in about.lower()


def set_up(database, types, total=30):
    request = Request(Parameters(total, 1500, 20, 7), fill=True, workload={"types": types})
    assert setup(database.client(), request)["fill"]["errors"] == 0
    for __ in range(4):
        assert execute(database.client())["after"]["errors"] == 0


@pytest.mark.parametrize("name", [name for name in BODIES if name != "hostile"])
def test_realistic_bodies_are_right_and_the_bytes_stay_the_same(database, name):
    set_up(database, {"a": {"body": name}, "b": {"body": name, "ids": "hashed", "create": 10, "delete": 10}})
    found = verify(database.client())
    assert (found["verdict"], found["reasons"]) == ("right", [])


def test_hostile_bodies_are_kept_by_couchdb_and_not_by_javascript(server, database):
    set_up(database, {"odd": {"body": "hostile"}, "even": {"body": "hostile", "create": 20, "delete": 20}})
    found = verify(database.client())
    if not is_embedded(server):
        assert (found["verdict"], found["reasons"]) == ("right", [])
        assert all("/+$%é " in name for name in database.documents("odd:"))
        return
    counts = found["counts"]
    assert found["verdict"] == "wrong" and counts["exact"] == 0
    assert counts["damaged"] + counts["rounded"] == found["checked"] > 0


def in_javascript(text):
    """What JavaScript makes of JSON text."""

    def shown(number):
        value = float(number)
        return int(Decimal(repr(value))) if value.is_integer() and abs(value) < 1e21 else value

    return json.loads(text, parse_int=shown, parse_float=shown)


def test_numbers_that_went_through_javascript_are_a_finding_of_their_own(server, database):
    set_up(database, NUMBERS["types"], total=10)
    if not is_embedded(server):
        assert verify(database.client())["verdict"] == "right"
        for name, document in database.documents("n:").items():
            if name != "n:000000000003":
                database.put(in_javascript(json.dumps(document)))
    run("couchdyno-verify", database.url, code=4)
    found = verify(database.client())
    assert [each.endswith("with rounded numbers") for each in found["reasons"]] == [True]
    reasons = {each["reason"] for each in found["samples"]["rounded"]}
    assert reasons == {"has 1 at 'one' instead of 1.0, as JavaScript makes it"}
    found = report("couchdyno-verify", "--allow", "numbers", database.url)
    assert (found["verdict"], found["reasons"]) == ("right", [])
    assert found["counts"]["rounded"] == (10 if is_embedded(server) else 9)
    ok, result, __ = ansible(VERIFY, {"url": database.url})
    assert not ok and "with rounded numbers" in result["msg"]
    ok, result, __ = ansible(VERIFY, {"url": database.url, "allow": ["numbers"]})
    assert ok and result["verdict"] == "right"


def test_what_may_be_allowed(database):
    said = run("couchdyno-verify", "--allow", "numbers,colours", database.url, code=2)
    assert said.startswith("couchdyno-verify: --allow must be some of numbers, conflicts, design, ")
    assert said.endswith(", not 'colours'\n")


def test_sizes_are_distributed_as_they_should(database):
    types = {"a": {"size": [300, 5000], "body": "order"}, "b": {"size": 800, "body": "report"}}
    set_up(database, types, total=200)
    found = {name: dict(each, _rev=None) for name, each in database.documents("").items() if name[:2] in ("a:", "b:")}
    empty = len('"_rev":null,')
    sizes = {name: len(json.dumps(each, separators=(",", ":"))) - empty for name, each in found.items()}
    large = [size for name, size in sizes.items() if name.startswith("a:")]
    assert 250 < min(large) < 700 and 3000 < max(large) <= 5000 and len(set(large)) > 50
    assert {size for name, size in sizes.items() if name.startswith("b:")} == {800}
