# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Report pages in a browser without a network: they open from disk, draw all charts, and show what info reports."""

from __future__ import annotations

import copy
import json
import sys
import time
from datetime import datetime, timezone

import pytest
from fleet import fleet
from support import ROOT, playbook, report, run

LARGEST = 8 * 10**6  # bytes of a page


@pytest.fixture(scope="module")
def watched(server):
    """A filled, updated and verified database, with an error in the last cycle: its info and verification."""
    database = server.database()
    run("couchdyno-setup", "-t", 50, "-s", 300, "-u", 20, "-w", database.url)
    for __ in range(6):
        run("couchdyno-execute", database.url)
    verdict = report("couchdyno-verify", database.url)
    refuse = "function (doc) { if (doc._id.slice(-2) == '25') { throw({forbidden: '<b>no</b>'}); } }"
    database.put({"_id": "_design/refuse", "validate_doc_update": refuse})
    run("couchdyno-execute", database.url, code=4)
    yield report("couchdyno-info", "-d", "--history", 3, database.url), verdict, database
    database.request("DELETE")


@pytest.fixture(scope="module")
def page(watched, tmp_path_factory):
    """The page of that database."""
    directory = tmp_path_factory.mktemp("report")
    files = [directory / name for name in ("info.json", "verify.json")]
    for path, content in zip(files, watched):
        path.write_text(json.dumps(content))
    run("couchdyno-info", "--report", directory / "report.html", "--from", *files)
    return directory / "report.html"


def at(data, path):
    """The value at a path of names and indexes in a report; None beyond a None."""
    for name in path.split("."):
        data = data and data[int(name) if isinstance(data, list) else name]
    return data


@pytest.mark.parametrize("device", ["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_opens_and_draws_all_charts(browser, page, device, scheme):
    browser.be(device, scheme)
    browser.open(page)
    drawn = browser.draw_all()
    assert {name.rpartition("-")[2] for name in drawn} >= {"rate", "latency", "errors", "census"}
    assert all(paths > 0 for paths in drawn.values())
    assert browser.complaints() == []
    width, room = browser.script("return [document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert width <= room  # nothing overflows
    assert browser.script(CUT_OFF) == []
    colours = browser.script("const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]")
    assert (sum(map(luminance, colours[:1])) < sum(map(luminance, colours[1:]))) == (scheme == "dark")
    assert abs(luminance(colours[0]) - luminance(browser.script(TICK_COLOUR))) > 300


# Small tables that are cut off at the right.
CUT_OFF = """
return [...document.querySelectorAll('.tables .scroll')].filter(e => e.scrollWidth > e.clientWidth)
    .map(e => e.textContent);
"""
TICK_COLOUR = "return getComputedStyle(document.querySelector('.chart .xtick text')).fill"


def luminance(colour):
    """The sum of the three components of rgb(…)."""
    return sum(map(float, colour.partition("(")[2].rstrip(")").split(",")[:3]))


def test_its_numbers_are_those_of_info(browser, page, watched):
    info, verdict, database = watched
    browser.open(page)
    cells = browser.script(
        "return [...document.querySelectorAll('[data-path]')].map(e => [e.dataset.path, e.dataset.value])"
    )
    assert len(cells) > 50
    for path, value in cells:
        assert json.loads(value) == at(info, path), path
    assert "updates" in {path.rpartition(".")[2] for path, __ in cells}
    text = browser.script("return document.body.textContent")
    assert database.name in text and verdict["verdict"] in text and "forbidden" in text
    assert database.server.password not in page.read_text()


def day_and_time(ts):
    return datetime.fromtimestamp(ts, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def near(value):
    """A measured number, rounded to three digits or to a whole number."""
    return f"{value:,.0f}" if value >= 99.95 else f"{value:.3g}"


def rate(value):
    return f"{near(value)}/s"


def took(value):
    return f"{near(1000 * value)} ms" if value < 0.9995 else f"{near(value)} s"


# The path and the form of the value that a reader finds next to each name, by the title of the table.
READ = {
    "Progress": {
        "documents": ("progress.present", "{:,}".format), "documents at the start": ("progress.total", "{:,}".format),
        "laps": ("progress.laps", "{:,}".format), "updates in this lap": ("progress.lap_done", "{:,}".format),
        "position": ("dyno_config.position", "{:,}".format), "settled": ("progress.settled", "{:,}".format),
        "open claims": ("progress.open_claims", "{:,}".format), "missed cycles": ("gaps.missed", "{:,}".format),
        "runs on record": ("ring.runs", "{:,}".format), "on record since": ("ring.since", day_and_time),
    },
    "Database": {
        "document size": ("dyno_config.size", "{:,} B".format),
        "updates per run": ("dyno_config.updates", "{:,}".format), "seed": ("dyno_config.seed", str),
        "created": ("dyno_config.created", day_and_time),
        "server version": ("database.server_version", str), "documents stored": ("database.doc_count", "{:,}".format),
    },
    "Cycles": {
        "runs": ("statistics.cycle.runs", "{:,}".format), "updates": ("statistics.cycle.updates", "{:,}".format),
        "errors": ("statistics.cycle.errors", "{:,}".format),
        "runs in the last hour": ("statistics.cycle.recent.hour.runs", "{:,}".format),
        "runs in the last day": ("statistics.cycle.recent.day.runs", "{:,}".format),
        "first": ("statistics.cycle.first_ts", day_and_time), "last": ("statistics.cycle.last_ts", day_and_time),
        "rate, lowest": ("statistics.cycle.rate.min", rate), "rate, median": ("statistics.cycle.rate.median", rate),
        "rate, highest": ("statistics.cycle.rate.max", rate), "duration, median": ("statistics.cycle.dt.median", took),
        "latency p50": ("statistics.cycle.latency.p50", took), "latency p95": ("statistics.cycle.latency.p95", took),
        "latency p99": ("statistics.cycle.latency.p99", took),
    },
    "Filling": {
        "runs": ("statistics.fill.runs", "{:,}".format), "updates": ("statistics.fill.updates", "{:,}".format),
        "rate, median": ("statistics.fill.rate.median", rate),
    },
}  # fmt: skip
SHOWN = """
return Object.fromEntries([...document.querySelectorAll('section')].map(section => [
    section.querySelector('h3').textContent,
    Object.fromEntries([...section.querySelectorAll('tbody tr')].map(row => [...row.cells].map(e => e.textContent)))]));
"""


def differing(shown, info):
    """The names whose values on the page differ from those of info."""
    return {
        name
        for title, names in READ.items()
        for name, (path, form) in names.items()
        if shown[title].get(name) != form(at(info, path))
    }


def test_a_reader_finds_the_numbers_of_info(browser, page, watched):
    """Compare the text next to each name, without relying on the paths in the page."""
    info = watched[0]
    browser.open(page)
    shown = browser.script(SHOWN)
    assert differing(shown, info) == set()
    wrong = copy.deepcopy(info)
    wrong["statistics"]["cycle"]["rate"]["median"] *= 1.01
    wrong["progress"]["settled"] += 1
    assert differing(shown, wrong) == {"rate, median", "settled"}
    hosts = browser.script(
        "return [...document.querySelectorAll('h3')].find(e => e.textContent === 'Hosts')"
        ".nextElementSibling.querySelector('tbody tr').innerText.split(/\\t+/)"
    )
    (host,) = info["hosts"]
    assert hosts[:4] == [host["host"], str(host["runs"]), str(host["updates"]), str(host["errors"])]
    assert hosts[4:6] == [rate(host["rate"]["median"]), took(host["latency"]["p99"])]


def test_it_uses_no_network(browser, page):
    """The page loads nothing, and its policy blocks any request by its scripts."""
    browser.open(page)
    browser.draw_all()
    loaded = "return performance.getEntriesByType('resource').map(e => e.name).filter(e => !/^(data|blob):/.test(e))"
    assert browser.script(loaded) == []
    elements = "return [...document.querySelectorAll('[src], link[href]')].map(e => e.src || e.href)"
    assert [each for each in browser.script(elements) if not each.startswith("data:")] == []
    assert browser.complaints() == []
    browser.script("fetch('http://127.0.0.1:9/').catch(() => {}); new Image().src = 'http://127.0.0.1:9/a.png';")
    time.sleep(0.5)
    complaints = browser.complaints()
    assert len([each for each in complaints if "Content Security Policy" in each]) >= 2, complaints


def test_its_charts_are_those_of_info(browser, page, watched):
    info, __, __ = watched
    browser.open(page)
    browser.draw_all()
    series = info["series"]
    drawn = browser.script(
        "return Object.fromEntries([...document.querySelectorAll('.chart')].map("
        "e => [e.dataset.figure.split('-').pop(), e.data.map(t => [t.name, t.y, t.z])]))"
    )
    rates = ("min", "max", "median")
    assert drawn["rate"] == [[name, [point["rate"][name] for point in series], None] for name in rates]
    assert drawn["latency"] == [
        [name, [point["latency"][name] for point in series], None] for name in ("p50", "p95", "p99")
    ]
    assert drawn["errors"] == [["errors", [point["errors"] for point in series], None]]
    assert sum(drawn["errors"][0][1]) == info["statistics"]["cycle"]["errors"] == 1
    days = [updates for row in drawn["census"][0][2] for updates in row if updates is not None]
    assert days == [day["updates"] for day in info["census"]]


def test_names_are_escaped(browser, watched, tmp_path):
    """Hosts choose their own names."""
    info = json.loads(json.dumps(watched[0]))
    odd = "</script><script>window.broken = 1</script><img src=x onerror='window.broken = 2'>{{ 7 * 7 }}"
    short = "<b>&amp;ü\"'</b>"
    info["hosts"] = [dict(info["hosts"][0], host=name) for name in (odd, short)]
    info["gaps"]["latest"] = [{"host": odd, "since": 1, "until": None, "missed": 3}]
    (tmp_path / "info.json").write_text(json.dumps(info))
    run("couchdyno-info", "--report", tmp_path / "report.html", "--from", tmp_path / "info.json")
    browser.open(tmp_path / "report.html")
    browser.draw_all()
    assert browser.script("return [window.broken, document.querySelectorAll('img').length]") == [None, 0]
    assert browser.script("return document.body.textContent").count(odd) >= 2
    ticks = browser.script(
        "return [...document.querySelectorAll('[data-figure$=hosts] .xtick text')].map(e => e.textContent)"
    )
    assert ticks[1] == short and ticks[0].startswith("</script><s")
    assert browser.complaints() == []


def test_a_large_fleet(browser, tmp_path):
    """50 hosts with 10,000 runs each."""
    for number, info in enumerate(fleet(50, 10000)):
        (tmp_path / f"{number:02}.json").write_text(json.dumps(info))
    page = tmp_path / "report.html"
    run("couchdyno-info", "--report", page, "--from", *sorted(tmp_path.glob("*.json")))
    assert page.stat().st_size < LARGEST
    browser.open(page)
    drawn = browser.draw_all()
    assert set(drawn) == {f"fleet-{name}" for name in ("rate", "latency", "errors", "size", "hosts", "census")}
    assert browser.script("return document.querySelectorAll('details.database').length") == 50
    browser.script("document.querySelectorAll('details.database')[7].open = true")
    assert "database-7-rate" in browser.draw_all()
    assert browser.complaints() == []


def test_the_playbook(browser, server, watched, tmp_path):
    """One page for all hosts: a shared database appears once, and failed hosts are named."""
    __, __, database = watched
    other = server.database()
    run("couchdyno-setup", "-t", 5, "-w", other.url)
    job = {"name": "main", "url": other.plain_url, "username": server.username, "password": server.password}
    inventory = tmp_path / "inventory.yml"
    hosts = {
        "one": {"couchdyno_url": database.plain_url},
        "two": {"couchdyno_url": database.plain_url},
        "three": {"couchdyno_url": other.plain_url},
        "four": {"couchdyno_jobs": [job], "couchdyno_install_method": "system", "couchdyno_python": sys.executable,
                 "ansible_become": False},
        "lost": {"couchdyno_url": database.plain_url + "x"},
    }  # fmt: skip
    common = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable,
              "couchdyno_username": server.username, "couchdyno_password": server.password}  # fmt: skip
    inventory.write_text(json.dumps({"drivers": {"hosts": hosts, "vars": common}}))
    page = tmp_path / "report.html"
    flags = ("-i", inventory, "-e", f"couchdyno_report={page}", "-e", "couchdyno_verify=true")
    assert f"{page} (no data from lost)" in playbook("dyno.couchdb.report", *flags, cwd=ROOT, code=2)
    browser.open(page)
    summaries = browser.script("return [...document.querySelectorAll('summary')].map(e => e.textContent)")
    assert sorted(summaries) == sorted([
        f"{database.name}{server.url}, seen from one, two", f"{other.name}{server.url}, seen from four, three"
    ])  # fmt: skip
    assert "No data from lost." in browser.script("return document.body.textContent")
    assert browser.script("return document.querySelectorAll('td.good').length") >= 2
    assert browser.complaints() == []
    assert server.password not in page.read_text()
    other.request("DELETE")


def test_info_creates_a_page_as_well(browser, watched, tmp_path):
    __, __, database = watched
    text = run("couchdyno-info", "--report", tmp_path / "report.html", database.url)
    assert text.startswith("dyno_config:")
    browser.open(tmp_path / "report.html")
    assert browser.script("return document.title") == f"couchdyno: {database.name}"
    assert browser.draw_all() and browser.complaints() == []


def test_the_types_of_a_workload_are_listed(browser, database, tmp_path):
    run("couchdyno-setup", "--workload", "crm", "-t", 40, "-u", 15, "-w", database.url)
    for __ in range(3):
        run("couchdyno-execute", database.url)
    run("couchdyno-info", "--report", tmp_path / "report.html", database.url)
    browser.open(tmp_path / "report.html")
    tables = browser.script("""return Object.fromEntries([...document.querySelectorAll('h2, h3')].map(heading => {
        let next = heading.nextElementSibling;
        while (next && !next.querySelector('td') && next.tagName[0] != 'H') next = next.nextElementSibling;
        return [heading.textContent, next ? [...next.querySelectorAll('tbody tr')].map(row => row.textContent) : []];
    }))""")
    types = report("couchdyno-info", database.url)["progress"]["types"]
    assert [row.startswith(each["name"]) for row, each in zip(tables["Document types"], types)] == 4 * [True]
    assert [any(word in row for word in ("hashed", "ordered")) for row in tables["Workload"]] == 4 * [True]
    assert browser.draw_all() and browser.complaints() == []


@pytest.mark.parametrize(
    "argv, code",
    [
        (("--from", "x.json"), 2),
        (("--report", "/there/is/none.html", "DB"), 2),
        (("--report", "/dev/null", "DB"), 2),
        (("--report", "", "DB"), 2),
    ],
)
def test_refused_options(watched, argv, code):
    __, __, database = watched
    err = run("couchdyno-info", *(database.url if each == "DB" else each for each in argv), code=code)
    assert err.count("\n") == 1
