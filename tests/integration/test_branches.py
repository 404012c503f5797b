# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documents with losing branches, against a real server: two leaves for good, and copies that lack or change one."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.adopt import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.branch_writer import BranchWriter
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.conflicts import conflicts
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import Request, setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.writer import Writer
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.branches import ZEROS
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from leaves import assert_leaves, leaves_of
from support import report, run, run_until

WORKLOAD = {
    "types": {
        "order": {"total": 20, "create": 20, "delete": 15, "conflicts": 2, "tombstone": "fields"},
        "person": {"total": 12, "ids": "hashed", "conflicts": 3, "body": "person", "size": [400, 900]},
        "plain": {"total": 8},
    }
}


@pytest.fixture
def shop(database):
    setup(database.client(), Request(Parameters(40, 250, 25, 7), fill=True, workload=WORKLOAD))
    return database


def push(database, *documents):
    assert database.request("POST", "/_bulk_docs", json={"new_edits": False, "docs": documents}).ok


def chosen(database, prefix="order:"):
    """A document with a losing leaf: its winner and that leaf; and its last update. It will have others."""
    ledger = database.book()
    numbers = map(ledger.stream.number_of, sorted(database.documents(prefix), reverse=True))
    updates = (ledger.stream.state_at(number, ledger.position).update for number in numbers)
    update = next(update for update in updates if ledger.stream.branches.leaf(update))
    rev = ledger.stream.branches.revision(update)
    leaves = {leaf["_rev"] == rev: leaf for leaf in leaves_of(database, ledger.stream.document_id(update))}
    return leaves[False], leaves[True], update


def only(found, kind):
    """The one finding of a verification that is wrong."""
    assert found["verdict"] == "wrong", found
    faults = {name: count for name, count in found["counts"].items() if name not in ("exact", "deleted") and count}
    assert faults == {kind: 1}, found
    (sample,) = found["samples"][kind]
    return sample


def test_two_leaves_through_many_laps_and_tombstones_after_the_deletion(shop):
    for position in range(60, 1100, 80):
        run_until(shop, position)
        found = verify(shop.client())
        assert (found["verdict"], found["reasons"]) == ("right", []), found
    assert found["counts"]["deleted"] >= 30
    assert assert_leaves(shop) > 8
    assert conflicts(shop.client(), stream=shop.book().stream)["documents"] == 0
    generations = [int(name.partition("-")[0]) for name in losing_revisions(shop)]
    assert max(generations) > 15


def losing_revisions(database):
    rows = database.request("GET", "/_all_docs", params={"include_docs": "true", "conflicts": "true"}).json()["rows"]
    return [rev for row in rows for rev in row["doc"].get("_conflicts", ())]


def test_the_reports_show_it(database, tmp_path):
    path = tmp_path / "shop.json"
    path.write_text(json.dumps(WORKLOAD))
    lines = run("couchdyno-setup", "--workload", path, "-t", 40, "-u", 9, "-w", database.url).splitlines()
    assert [line.partition("; one in ")[2] for line in lines if " type : " in line] == [
        "2 has a losing revision",
        "3 has a losing revision",
        "",
    ]
    run("couchdyno-execute", "-u", 15, "-c", 0, "--cycles", 5, database.url)
    found = report("couchdyno-info", "--conflicts", database.url)
    assert found["conflicts"]["documents"] == 0 and losing_revisions(database)
    assert [each.get("conflicts") for each in found["dyno_config"]["workload"]["types"]] == [2, 3, None]
    assert report("couchdyno-verify", database.url)["counts"]["unbranched"] == 0


def copy(source, target, change=lambda leaf: leaf):
    """Copy all leaves with their ancestors, as replication does."""
    target.create()
    rows = source.request("GET", "/_changes", params={"style": "all_docs"}).json()["results"]
    wanted = [{"id": row["id"], "rev": each["rev"]} for row in rows for each in row["changes"]]
    found = source.request("POST", "/_bulk_get", params={"revs": "true"}, json={"docs": wanted}).json()["results"]
    push(target, *[change(each["ok"]) for result in found for each in result["docs"]])


def test_a_copy_of_all_leaves_is_right(shop, replica):
    run_until(shop, 400)
    copy(shop, replica)
    assert verify(replica.client(), original=shop.client())["verdict"] == "right"
    since = shop.book().position
    run_until(shop, 480)
    assert verify(replica.client(), Span(since, shop.book().position))["verdict"] == "right"
    assert assert_leaves(replica) > 8


def test_a_copy_of_winners_is_wrong_in_one_sentence(shop, replica):
    run_until(shop, 400)
    replica.create()
    rows = shop.request("GET", "/_all_docs", params={"include_docs": "true"}).json()["rows"]
    push(replica, *[row["doc"] for row in rows])
    expected = len(losing_revisions(shop))
    found = verify(replica.client())
    sentence = f"all {expected} losing revisions are missing, as in a copy of winning revisions alone"
    assert (found["verdict"], found["reasons"]) == ("wrong", [sentence]), found
    assert found["counts"]["unbranched"] == expected and len(found["samples"]["unbranched"]) == 5
    assert sum(each.get("unbranched", 0) for each in found["types"]) == expected
    run("couchdyno-verify", replica.url, code=4)


def test_cycles_go_on_with_winners_that_were_dumped_and_reloaded(shop, replica):
    """Their generations begin at 1, below those of the losing leaves: the next visits raise them."""
    run_until(shop, 400)
    replica.create()
    rows = shop.request("GET", "/_all_docs", params={"include_docs": "true"}).json()["rows"]
    docs = [{name: each for name, each in row["doc"].items() if name != "_rev"} for row in rows]
    assert replica.request("POST", "/_bulk_docs", json={"docs": docs}).ok
    assert verify(replica.client())["counts"]["unbranched"] > 0
    adopt(replica.client())
    run_until(replica, 404)
    assert verify(replica.client())["verdict"] == "right"
    run_until(replica, 800)
    assert verify(replica.client())["verdict"] == "right"
    assert conflicts(replica.client(), stream=replica.book().stream)["documents"] == 0


def test_a_lost_losing_leaf(shop):
    run_until(shop, 400)
    __, losing, __ = chosen(shop)
    tombstone = {"_id": losing["_id"], "_rev": losing["_rev"], "_deleted": True}
    assert shop.request("POST", "/_bulk_docs", json={"docs": [tombstone]}).ok
    sample = only(verify(shop.client()), "unbranched")
    assert sample == {"id": losing["_id"], "reason": f"lacks its losing revision, {losing['_rev']}"}
    run_until(shop, 600)  # its next visit brings the next one
    assert verify(shop.client())["verdict"] == "right"


def test_a_changed_losing_leaf(shop, replica):
    run_until(shop, 400)
    __, losing, __ = chosen(shop)
    copy(shop, replica, lambda leaf: dict(leaf, data="changed") if leaf["_rev"] == losing["_rev"] else leaf)
    sample = only(verify(replica.client()), "damaged")
    assert sample["id"] == losing["_id"] and sample["reason"].endswith(f"in its losing revision, {losing['_rev']}")
    run_until(replica, 600)
    assert verify(replica.client())["verdict"] == "right"


def test_one_too_many(shop):
    run_until(shop, 400)
    winner, __, __ = chosen(shop)
    push(shop, dict(winner, _rev="1-abc"))
    sample = only(verify(shop.client()), "conflicted")
    assert sample["reason"] == "has a losing revision that is not in the stream, 1-abc"
    found = conflicts(shop.client(), stream=shop.book().stream)
    assert (found["documents"], found["revisions"]) == (1, 1)


def test_a_winner_that_is_deleted_leaves_its_losing_leaf_as_the_document(shop):
    """The next visit writes the winner again, above the losing leaf."""
    run_until(shop, 400)
    winner, losing, update = chosen(shop)
    tombstone = {"_id": winner["_id"], "_rev": winner["_rev"], "_deleted": True}
    assert shop.request("POST", "/_bulk_docs", json={"docs": [tombstone]}).ok
    sample = only(verify(shop.client()), "damaged")
    assert sample["reason"].startswith(f"shows its losing revision, {losing['_rev']}")
    while shop.book().position <= shop.book().stream.next(update):
        execute(shop.client())
    assert verify(shop.client())["verdict"] == "right"


def test_a_foreign_rewrite_is_overwritten(shop):
    run_until(shop, 400)
    winner, __, update = chosen(shop)
    for __ in range(3):
        shop.put(dict(shop.get(winner["_id"]), more=1))
    assert only(verify(shop.client()), "damaged")["id"] == winner["_id"]
    while shop.book().position <= shop.book().stream.next(update):
        execute(shop.client())
    run_until(shop, 700)
    assert verify(shop.client())["verdict"] == "right"


class Killed(Exception):
    """The driver has died."""


def die(*_args, **_options):
    raise Killed


@pytest.mark.parametrize("place", ["before the losing leaves", "after them", "after the winners"])
def test_a_driver_that_dies_is_continued(shop, monkeypatch, place):
    run_until(shop, 200)
    with monkeypatch.context() as patch:
        if place == "before the losing leaves":
            patch.setattr(BranchWriter, "prepare", die)
        elif place == "after them":
            patch.setattr(Writer, "_post_all", die)
        else:
            patch.setattr(Writer, "_take_answers", lambda self, work, updates, answers: die() if answers else {})
        with pytest.raises(Killed):
            execute(shop.client())
    found = verify(shop.client())
    assert found["verdict"] == "right" and found["ledger"]["claims"] == 1
    assert execute(shop.client())["after"]["redone"] > 0
    assert verify(shop.client())["verdict"] == "right"
    run_until(shop, 400)
    assert verify(shop.client())["verdict"] == "right"
    assert_leaves(shop)


def test_visits_that_were_refused_do_not_let_the_losing_leaf_win(shop, monkeypatch):
    """Its winner is refused at several visits, with the losing leaf written each time."""
    run_until(shop, 200)
    winner, __, update = chosen(shop, "person:")
    post_all = Writer._post_all

    def refuse(self, work, updates, found, new_edits=True):
        stopped = [each for each in updates if self._stream.document_id(each) == winner["_id"]]
        rest = [each for each in updates if each not in stopped]
        work.refused.update((each, "forbidden: a test") for each in stopped)
        return post_all(self, work, rest, found, new_edits) if rest else {}

    name, stream = winner["_id"], shop.book().stream
    with monkeypatch.context() as patch:
        patch.setattr(Writer, "_post_all", refuse)
        for __ in range(3):
            update = stream.next(update)
            while shop.book().position <= update:
                execute(shop.client())
            assert verify(shop.client())["verdict"] == "right"
    update = stream.next(update)
    while shop.book().position <= update:
        assert execute(shop.client())["after"]["errors"] == 0
    assert verify(shop.client())["verdict"] == "right"
    leaves = leaves_of(shop, name)
    assert len(leaves) == 2 and ZEROS not in shop.get(name)["_rev"]
