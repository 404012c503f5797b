# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import os
import re
import signal
import stat
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import files, metrics, textfile
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import MissingLibrary, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.verify import verify
from prometheus_client.parser import text_string_to_metric_families

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
DOCS = ROOT / "docs" / "prometheus"
LABELS = {"server": 'http://h:5984/"odd\\', "database": "db"}


@pytest.fixture
def found(couch, client):
    """What each script tells after a few cycles, one of which had an error."""
    Ledger(client).create(Parameters(10, 200, 5, 42))
    for refused in ({"cdyno_000000000003": "forbidden"}, {}, {}):
        couch.refuse = refused
        couch.clock += 60
        last = execute(client)
    return {
        script: [*metrics.ended(script, 0, couch.clock), *metrics.OF[script](report)]
        for script, report in {"execute": last, "info": info(client), "verify": verify(client)}.items()
    }


def read(path):
    """The samples of a textfile, by name and the labels that are not common to all."""
    families = text_string_to_metric_families(Path(path).read_text())
    return {
        (sample.name, *sorted(value for name, value in sample.labels.items() if name not in (*LABELS, "name"))): sample
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("script", ["execute", "info", "verify"])
def test_names_and_help(found, script):
    for metric in found[script]:
        assert re.fullmatch(f"couchdyno_{script}_[a-z_]+", metric.name)
        assert metric.help.endswith(".") and "\n" not in metric.help
        assert len({frozenset(labels) for labels, __ in metric.samples}) <= 1


def test_names_are_not_used_twice(found):
    names = [metric.name for metrics_of_script in found.values() for metric in metrics_of_script]
    assert len(names) == len(set(names))


def test_figures(found, tmp_path):
    path = tmp_path / "job.prom"
    textfile.write(str(path), LABELS, [metric for each in found.values() for metric in each])
    samples = read(path)
    value = {key: sample.value for key, sample in samples.items()}
    assert value["couchdyno_execute_handed_out_updates_total",] == 15
    assert value["couchdyno_execute_documents", "redone"] == 0
    assert value["couchdyno_info_errors", "cycle", "forbidden"] == 1
    assert value["couchdyno_info_recent_updates", "cycle", "hour"] == 15
    assert value["couchdyno_info_present_documents",] == 10
    assert value["couchdyno_verify_right",] == 1 and value["couchdyno_verify_documents", "exact"] == 10
    assert {name[0] for name in value if name[0].startswith("couchdyno_verify_lag")} == set()
    for sample in samples.values():
        assert {name: sample.labels[name] for name in (*LABELS, "name")} == dict(LABELS, name="job")


def test_files_are_replaced_whole_and_can_be_read_by_the_collector(found, tmp_path):
    path = tmp_path / "job.prom"
    path.write_text("old")
    with path.open() as old:
        usual = os.umask(0o077)  # as cron jobs of the role have it
        textfile.write(str(path), LABELS, found["info"])
        os.umask(usual)
        assert old.read() == "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["job.prom"]


def test_a_file_that_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def fail(*__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(UsageError, match="No space left"):
        files.write(str(tmp_path / "f"), b"x")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("path", ["metrics.txt", "there/is/none.prom", "directory.prom", "fifo.prom", "link.prom"])
def test_places_that_are_refused(tmp_path, monkeypatch, path):
    (tmp_path / "directory.prom").mkdir()
    os.mkfifo(tmp_path / "fifo.prom")
    (tmp_path / "link.prom").symlink_to("/dev/null")  # as root, it would be no null device any more
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        textfile.check(path)


@pytest.mark.parametrize("path", ["", "/", "there/"])
def test_what_names_no_file_is_refused(path):
    with pytest.raises(UsageError, match="does not name a file"):
        files.check_place(path)


def test_the_file_behind_a_link_is_replaced(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").mkdir()
    Path("link").symlink_to("there/file")
    for content in (b"new", b"newer"):
        files.write("link", content)
        assert Path("there/file").read_bytes() == content
    assert os.readlink("link") == "there/file" and os.listdir("there") == ["file"]


def test_a_process_that_dies_while_it_writes_leaves_the_old_file(tmp_path):
    """The collector takes no notice of what it leaves beside it, whose name does not end in .prom."""
    path = tmp_path / "job.prom"
    path.write_text("old")
    child = os.fork()
    if not child:
        os.replace = lambda *__: os.kill(os.getpid(), signal.SIGKILL)
        files.write(str(path), b"new")
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    assert path.read_text() == "old" and [each.name for each in tmp_path.glob("*.prom")] == ["job.prom"]


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(textfile, "CollectorRegistry", None)
    with pytest.raises(MissingLibrary, match="pip install prometheus_client"):
        textfile.check("a.prom")


@pytest.mark.parametrize("path", [DOCS / "alerts.yml", DOCS / "dashboard.json", ROOT / "tests/browser/alerts_test.yml"])
def test_the_examples_ask_for_metrics_that_there_are(found, path):
    there = {metric.name for metrics_of_script in found.values() for metric in metrics_of_script}
    asked = set(re.findall(r"couchdyno_[a-z]+_[a-z_]+", path.read_text()))
    assert asked and asked <= there


def test_the_dashboard_asks_for_labels_that_there_are(found):
    samples = {metric.name: metric.samples for metrics_of_script in found.values() for metric in metrics_of_script}
    text = json.dumps([panel["targets"] for panel in json.loads((DOCS / "dashboard.json").read_text())["panels"]])
    asked = re.findall(r"(couchdyno_[a-z_]+)\{([^}]*)\}", text.replace('\\"', '"'))
    narrowed = 0
    for name, matchers in asked:
        wanted = dict(re.findall(r'(\w+)="(\w+)"', matchers))
        narrowed += len(wanted)
        assert not wanted or any(wanted.items() <= labels.items() for labels, __ in samples[name]), name
    assert narrowed >= 3


def test_the_dashboard_is_one():
    dashboard = json.loads((DOCS / "dashboard.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 5
