# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import copy
import json
import random
import re

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import info as info_script
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import NotComparable
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.compare import compare
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.comparison import render

CONFIG = {"seed": 1, "created": 1000, "total": 10, "size": 100, "updates": 5}
DATABASE = {"name": "db", "url": "http://h/db", "server_version": "3.5.0", "q": 2, "n": 1, "connections": [4]}


def info(scale=1.0, points=60, begin=2000, noise=0.1, seed=7, **database):
    chance = random.Random(seed * 1000 + begin)
    series = []
    for number in range(points):
        rate = scale * 1000 * chance.lognormvariate(0, noise)
        ts = begin + 60 * number
        latency = {"p50": 50 / rate, "p95": 80 / rate, "p99": 90 / rate}
        series.append({"ts": ts, "until": ts, "runs": 1, "updates": 5, "errors": 0, "latency": latency,
                       "rate": {"min": rate, "median": rate, "max": rate}, "sizes": None})  # fmt: skip
    return {"dyno_config": dict(CONFIG, created=begin), "database": dict(DATABASE, **database), "series": series}


@pytest.mark.parametrize("scale, verdict", [(0.5, "worse"), (1.0, "same"), (0.95, "same"), (2.0, "better")])
def test_verdicts(scale, verdict):
    report = compare(info(), info(scale, begin=9000))
    assert report["verdict"] == verdict
    assert {figure["verdict"] for figure in report["figures"]} == {verdict}
    assert report["a"]["runs"] == report["b"]["runs"] == 60


def test_noise_is_not_worse():
    """Two sets of widely scattered runs, equally good: the medians differ all the same."""
    reports = [compare(info(noise=0.8, seed=n), info(noise=0.8, seed=n, begin=9000), 0.0) for n in range(100)]
    assert max(abs(report["figures"][0]["change"]) for report in reports) > 20
    assert [report["verdict"] for report in reports].count("worse") <= 1


def test_the_tolerance():
    a, b = info(noise=0.01), info(0.85, noise=0.01, begin=9000)
    assert [compare(a, b, tolerance)["verdict"] for tolerance in (5, 10, 25)] == ["worse", "worse", "same"]


def test_another_workload_is_not_compared_unless_forced():
    a, b = info(), info(begin=9000)
    b["dyno_config"]["workload"] = {"types": [{"name": "order", "total": 10}, {"name": "item", "total": 5}]}
    with pytest.raises(NotComparable, match=r"workload: classic and order, item \([0-9a-f]{6}\)"):
        compare(a, b)
    assert compare(b, dict(info(begin=20000), dyno_config=dict(b["dyno_config"], created=1)))["differs"] == {}
    assert list(compare(a, b, force=True)["differs"]) == ["workload"]


@pytest.mark.parametrize(
    "change",
    [{"size": 200}, {"total": 11}, {"updates": 6}, {"server_version": "3.4.2"}, {"connections": [8]}, {"q": 8}],
)
def test_what_differs_is_not_compared_unless_forced(change):
    a, b = info(), info(begin=9000)
    for part in ("dyno_config", "database"):
        b[part].update({name: value for name, value in change.items() if name in b[part]})
    (name,) = change
    with pytest.raises(NotComparable, match=f"{name}: .*--force"):
        compare(a, b)
    assert list(compare(a, b, force=True)["differs"]) == [name]


def test_of_one_database_only_what_came_later_counts():
    before = info(1.0)
    after = copy.deepcopy(before)
    later = [dict(point, ts=point["ts"] + 3600, until=point["until"] + 3600) for point in info(0.5)["series"]]
    after["series"] += later
    report = compare(before, after)
    assert (report["verdict"], report["b"]["runs"]) == ("worse", 60)
    with pytest.raises(NotComparable, match="too few points to compare: 60 and 0"):
        compare(before, before)


def test_too_few_cycles():
    with pytest.raises(NotComparable, match="60 and 7, but 8 of each are required"):
        compare(info(), info(0.1, points=7, begin=9000))


def test_the_report():
    text = render(compare(info(), info(0.5, begin=9000, server_version="3.5.1"), force=True))
    lines = text.splitlines()
    assert lines[:2] == ["compare:", "    verdict : worse"]
    assert "    differs : server_version: 3.5.0 and 3.5.1" in lines
    assert [line.split()[0] for line in lines[-3:]] == ["rate", "latency_p50", "latency_p95"]
    assert all(line.endswith("  worse") for line in lines[-3:])


def run(capsys, *argv):
    try:
        code = info_script.main(list(map(str, argv)))
    except SystemExit as ended:
        code = ended.code
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_the_script(tmp_path, capsys):
    a, b = tmp_path / "a.json", tmp_path / "b.json"
    a.write_text(json.dumps(info()))
    b.write_text(json.dumps(info(0.5, begin=9000)))
    code, out, err = run(capsys, "--compare", a, b)
    assert (code, err) == (4, "") and out.startswith("compare:\n    verdict : worse\n")
    assert run(capsys, "--compare", b, a)[0] == 0
    assert json.loads(run(capsys, "--json", "--compare", b, a)[1])["verdict"] == "better"
    assert run(capsys, "--compare", a, b, "--tolerance", "120")[0] == 0
    b.write_text(json.dumps(info(server_version="4", begin=9000)))
    code, out, err = run(capsys, "--compare", a, b)
    assert (code, out) == (1, "") and err.count("\n") == 1 and "--force" in err
    assert run(capsys, "--force", "--compare", a, b)[0] == 0


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"dyno_config": {}, "database": {}}', "\xff"])
def test_files_that_are_not_infos(tmp_path, capsys, content):
    path = tmp_path / "a.json"
    path.write_text(content, encoding="latin-1")
    code, out, err = run(capsys, "--compare", path, path)
    assert (
        (code, out) == (2, "") and re.match(rf"couchdyno-info: {re.escape(str(path))}:? ", err) and err.count("\n") == 1
    )


@pytest.mark.parametrize("argv", [("/there/is/none", "/there/is/none"), ("one",)])
def test_missing_files(capsys, argv):
    assert run(capsys, "--compare", *argv)[0] == 2


@pytest.mark.parametrize("tolerance", ["-1", "1001", "nan", "x"])
def test_tolerances_that_make_no_sense(tmp_path, capsys, tolerance):
    path = tmp_path / "a.json"
    path.write_text(json.dumps(info()))
    assert run(capsys, "--compare", path, path, "--tolerance", tolerance)[0] == 2
