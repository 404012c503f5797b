# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""couchdyno-info, against a real server."""

from __future__ import annotations

from support import report, run


def test_what_it_shows(database):
    run("couchdyno-setup", "-t", 10, "-s", 300, "-u", 4, "-w", database.url)
    for __ in range(3):
        run("couchdyno-execute", database.url)
    found = report("couchdyno-info", "--history", 2, database.url)
    assert (found["dyno_config"]["start"], found["dyno_config"]["position"]) == (2, 22)
    assert found["progress"]["present"] == found["progress"]["total"] == 10
    assert (found["progress"]["laps"], found["progress"]["open_claims"], found["progress"]["settled"]) == (2, 0, 22)
    cycles, fill = found["statistics"]["cycle"], found["statistics"]["fill"]
    assert (cycles["runs"], cycles["updates"], cycles["errors"]) == (3, 12, 0)
    assert (fill["runs"], fill["updates"]) == (1, 10)
    assert 0 < cycles["rate"]["min"] <= cycles["rate"]["median"] <= cycles["rate"]["max"]
    assert [run["first"] for run in found["runs"]] == [14, 18]
    assert found["database"]["doc_count"] == 10 + 2 + 4  # documents, ledger, run records
    assert abs(found["progress"]["ts"] - found["dyno_config"]["last_ts"]) < 60


def test_it_begins_with_the_form_of_setup(database):
    config = run("couchdyno-setup", "-t", 5, database.url)
    assert run("couchdyno-info", database.url).startswith(config.rstrip() + "\n\ndatabase:\n")


def test_runs_are_listed(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    run("couchdyno-execute", database.url)
    assert "latest runs:" not in run("couchdyno-info", database.url)
    table = run("couchdyno-info", "--history", 5, database.url).split("latest runs:\n")[1].splitlines()
    assert [line.split()[2] for line in table[1:]] == ["fill", "cycle"]


def test_it_writes_nothing(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    before = database.request("GET").json()["update_seq"], database.ledger
    run("couchdyno-info", "--history", 5, "-d", "-c", database.url)
    assert (database.request("GET").json()["update_seq"], database.ledger) == before


def test_the_rest_comes_from_run_records(database):
    run("couchdyno-setup", "-t", 10, "-s", 300, "-u", 4, "-w", database.url)
    for __ in range(7):
        run("couchdyno-execute", database.url)
    found = report("couchdyno-info", "-d", database.url)
    cycles, progress = found["statistics"]["cycle"], found["progress"]
    assert cycles["recent"]["hour"] == cycles["recent"]["day"] == {"runs": 7, "updates": 28, "errors": 0}
    assert cycles["latency"]["p50"] <= cycles["latency"]["p95"] <= cycles["latency"]["p99"]
    assert [(host["runs"], host["missed"]) for host in found["hosts"]] == [(7, 0)]
    assert sum(day["updates"] for day in found["census"]) == 10 + 28
    assert [point["updates"] for point in found["series"]] == [4] * 7
    assert (progress["lap_done"], progress["lap_left"]) == (8, 2)
    assert found["ring"]["runs"] == 8
    assert "conflicts" not in found


def test_the_documents_of_run_records_are_small_and_their_reports_complete(database, proxy):
    run("couchdyno-setup", "-t", 5, "-u", 1, database.url)
    run("couchdyno-execute", "-c", 0, "--cycles", 3, database.behind(proxy).url)
    stored = [document for __, document in sorted(database.documents("couchdyno_run_").items())]
    for document in stored:
        sometimes = {"sizes", "delay"}  # a second may end between claiming and writing
        assert set(document) - sometimes == {"_id", "_rev", "format", "window", "ms", "host", "latency"}
        assert document["format"] == 2
    reports_sizes = "sizes" in database.request("GET").json()
    assert ["sizes" in document for document in stored] == [reports_sizes, False, False]
    assert proxy.seen.count(("GET", f"/{database.name}")) == 1
    found = report("couchdyno-info", "--history", 3, database.url)
    for document, record in zip(stored, found["runs"]):
        assert record["dt"] == document["ms"] / 1000
        assert set(record["latency"].values()) == {round(document["latency"] / 1000, 4)}
        assert [record["first"], record["count"], record["ts"]] == document["window"]
        assert (record["updates"], record["errors"], record["kind"], record["connections"]) == (1, 0, "cycle", 4)
        assert (record["refused"], record["throttled"], "sizes" in record) == (0, 0, "sizes" in document)


def test_records_of_version_0_1_0_among_later_ones(database):
    """Drivers of both versions may work on a database."""
    run("couchdyno-setup", "-t", 5, "-u", 1, database.url)
    run("couchdyno-execute", "-c", 0, "--cycles", 3, database.url)
    later = database.get("couchdyno_run_00001")
    earlier = {
        "run": 1, "ts": later["window"][2], "dt": 0.5, "first": 1, "count": 1, "updates": 1, "errors": 0,
        "kind": "cycle", "host": "elsewhere", "connections": 8,
        "latency": {"p50": 0.4, "p95": 0.4, "p99": 0.4, "max": 0.4},
    }  # fmt: skip
    database.put(dict(earlier, _id=later["_id"], _rev=later["_rev"]))
    found = report("couchdyno-info", "--history", 3, database.url)
    assert found["runs"][1] == earlier and found["database"]["connections"] == [4, 8]
    cycles = found["statistics"]["cycle"]
    assert (cycles["runs"], cycles["updates"], cycles["dt"]["max"], cycles["latency"]["p99"]) == (3, 3, 0.5, 0.4)
    by_host = {host["host"]: host["latency"]["p99"] for host in found["hosts"]}
    assert by_host.pop("elsewhere") == 0.4 and len(by_host) == 1


def test_errors_by_class(database):
    run("couchdyno-setup", "-t", 5, "-u", 5, database.url)
    refuse = "function (doc) { if (doc._id.slice(-1) == '3') { throw({forbidden: 'no'}); } }"
    database.put({"_id": "_design/refuse", "validate_doc_update": refuse})
    run("couchdyno-execute", database.url, code=4)
    cycles = report("couchdyno-info", database.url)["statistics"]["cycle"]
    assert (cycles["errors"], cycles["error_classes"]) == (1, {"forbidden": 1})
    assert "errors_by_class : forbidden 1" in run("couchdyno-info", database.url)


def test_documents_that_were_never_written_do_not_count(database):
    run("couchdyno-setup", "-t", 10, "-u", 5, database.url)
    refuse = "function (doc) { if (doc._id.indexOf('cdyno_') === 0) { throw({forbidden: 'no'}); } }"
    database.put({"_id": "_design/refuse", "validate_doc_update": refuse})
    run("couchdyno-execute", database.url, code=4)
    found = report("couchdyno-info", database.url)
    assert (found["progress"]["present"], found["progress"]["refused"], found["progress"]["lap_done"]) == (0, 5, 5)
    database.request("DELETE", f"/_design/refuse?rev={database.get('_design/refuse')['_rev']}")
    run("couchdyno-execute", database.url)
    assert "    documents : 5 of 10 (50 %)\n" in run("couchdyno-info", database.url)
    run("couchdyno-execute", database.url)
    assert "    documents : 10 of 10 (100 %)\n" in run("couchdyno-info", database.url)


def test_a_fill_shows_when_the_database_will_be_full_and_nothing_about_the_cycles_after_it(database):
    run("couchdyno-setup", "-t", 100, "-u", 10, "-w", database.url)
    ts = database.get("couchdyno_run_00000")["window"][2]
    for number in (1, 2):
        window = [10 * number, 10, ts + 60 * number]
        database.put({"_id": f"couchdyno_run_{number:05d}", "format": 2, "window": window, "ms": 9, "kind": "fill"})
    database.change_ledger(runs=3, position=30, start=30)
    progress = report("couchdyno-info", database.url)["progress"]
    assert (progress["pace"], progress["seconds_left"]) == (0.916667, 76)
    database.change_ledger(position=100, start=0)
    progress = report("couchdyno-info", database.url)["progress"]
    assert (progress["pace"], progress["seconds_left"]) == (None, None)


def test_unfinished_claims_of_a_driver(database):
    run("couchdyno-setup", "-t", 5, "-u", 2, database.url)
    claim = {"first": 0, "count": 2, "ts": 1, "lease": 1, "driver": "d", "host": "gone", "process": "p", "run": 0,
             "redo": False}  # fmt: skip
    now = report("couchdyno-info", database.url)["progress"]["ts"]
    other = dict(claim, first=2, lease=now + 60, driver="e", host="at work", run=1)
    database.change_ledger(claims=[claim, other], position=4, start=4, runs=2)
    progress = report("couchdyno-info", database.url)["progress"]
    assert (progress["expired_claims"], progress["expired_hosts"]) == (1, ["gone"])
    assert (progress["open_claims"], progress["open_hosts"], progress["present"]) == (2, ["at work", "gone"], 0)
    text = run("couchdyno-info", database.url)
    assert "open_claims : 2, held by at work, gone\n" in text and "expired_claims : 1, held by gone;" in text


def test_conflicts_are_found_by_a_user_without_admin_rights(database):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    document = database.get("cdyno_000000000003")
    losers = [dict(document, _rev=f"1-{digit * 32}") for digit in "ab"]
    gone = {"_id": "cdyno_000000000004", "_rev": "2-" + "c" * 32, "_deleted": True}
    body = {"docs": [*losers, gone], "new_edits": False}
    assert database.request("POST", "/_bulk_docs", json=body).ok
    database.server.add_user("reader", "r")
    database.open_to("reader")
    found = report("couchdyno-info", "-c", database.as_user("reader", "r"))["conflicts"]
    expected = {"documents": 1, "revisions": 2, "samples": [{"id": "cdyno_000000000003", "revisions": 2}]}
    assert found == expected
    assert "documents : 1\n    revisions : 2\n" in run("couchdyno-info", "-c", database.url)


def test_metrics(database, tmp_path):
    run("couchdyno-setup", "-t", 5, "-w", database.url)
    files = {name: tmp_path / f"{name}.prom" for name in ("execute", "info", "verify")}
    for name, path in files.items():
        run(f"couchdyno-{name}", "--metrics", path, database.url)
    for name, path in files.items():
        text = path.read_text()
        assert f"couchdyno_{name}_exit_code{{" in text and f'database="{database.name}",name="{name}"' in text
        assert database.server.password not in text
    damaged = dict(database.get("cdyno_000000000001"), data="")
    database.put(damaged)
    run("couchdyno-verify", "--metrics", files["verify"], database.url, code=4)
    assert f'verify_right{{database="{database.name}",name="verify",server="{database.server.url}"}} 0.0' in (
        files["verify"].read_text()
    )


def test_a_screen_without_the_characters(database):
    """Host names may contain anything, and the output of cron may be limited to ASCII."""
    run("couchdyno-setup", "-t", 5, "-u", 2, database.url)
    run("couchdyno-execute", database.url)
    database.put(dict(database.get("couchdyno_run_00000"), host="hôst-日本"))
    assert "    h?st-??  " in run("couchdyno-info", database.url, PYTHONIOENCODING="ascii")
    assert '"h\\u00f4st-\\u65e5\\u672c"' in run("couchdyno-info", "--json", database.url)


def test_a_negative_history_is_refused(database):
    assert "history" in run("couchdyno-info", "--history", -1, database.url, code=2)
