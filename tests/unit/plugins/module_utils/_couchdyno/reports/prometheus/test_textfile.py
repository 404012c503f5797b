# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import MissingLibrary, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.info import INFO
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.verify import VERIFY
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.written import EXECUTE
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.prometheus import metrics, textfile
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument
from prometheus_client.parser import text_string_to_metric_families

LABELS = {"server": 'http://h:5984/"odd\\', "database": "db"}


@pytest.fixture
def found(couch, client):
    """The metrics of each script after a few cycles, one of them with an error."""
    LedgerDocument(client).create(Parameters(10, 200, 5, 42))
    for refused in ({"cdyno_000000000003": "forbidden"}, {}, {}):
        couch.refuse = refused
        couch.clock += 60
        last = execute(client)
    return {
        script: [*metrics.ended(script, 0, couch.clock), *metrics.measured(script, sections, report)]
        for script, sections, report in (
            ("execute", EXECUTE, last),
            ("info", INFO, info(client)),
            ("verify", VERIFY, verify(client)),
        )
    }


def read(path):
    """The samples of a textfile, by name and by the values of labels that not all of them have."""
    families = text_string_to_metric_families(Path(path).read_text())
    return {
        (sample.name, *sorted(value for name, value in sample.labels.items() if name not in (*LABELS, "name"))): sample
        for family in families
        for sample in family.samples
    }


def test_figures(found, tmp_path):
    path = tmp_path / "job.prom"
    textfile.write(str(path), LABELS, [metric for each in found.values() for metric in each])
    samples = read(path)
    value = {key: sample.value for key, sample in samples.items()}
    assert value["couchdyno_execute_handed_out_updates_total",] == 15
    assert value["couchdyno_execute_documents", "redone"] == 0
    assert value["couchdyno_info_errors", "cycle", "forbidden"] == 1
    assert value["couchdyno_info_recent_updates", "cycle", "hour"] == 14
    assert value["couchdyno_info_refused_documents",] == 0
    assert value["couchdyno_info_present_documents",] == 10
    assert value["couchdyno_verify_right",] == 1 and value["couchdyno_verify_documents", "exact"] == 10
    assert {name[0] for name in value if name[0].startswith("couchdyno_verify_lag")} == set()
    for sample in samples.values():
        assert {name: sample.labels[name] for name in (*LABELS, "name")} == dict(LABELS, name="job")


def test_files_are_replaced_atomically_and_readable_for_the_collector(found, tmp_path):
    path = tmp_path / "job.prom"
    path.write_text("old")
    with path.open() as old:
        usual = os.umask(0o077)  # as in the role's cron jobs
        textfile.write(str(path), LABELS, found["info"])
        os.umask(usual)
        assert old.read() == "old"
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["job.prom"]


@pytest.mark.parametrize("path", ["metrics.txt", "there/is/none.prom", "directory.prom", "fifo.prom", "link.prom"])
def test_refused_paths(tmp_path, monkeypatch, path):
    (tmp_path / "directory.prom").mkdir()
    os.mkfifo(tmp_path / "fifo.prom")
    (tmp_path / "link.prom").symlink_to("/dev/null")  # root would replace the device with a file
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError):
        textfile.check(path)


def test_without_the_library(monkeypatch):
    monkeypatch.setattr(textfile, "CollectorRegistry", None)
    with pytest.raises(MissingLibrary, match="pip install prometheus_client"):
        textfile.check("a.prom")


def test_a_name_that_cannot_be_a_label_is_refused(tmp_path):
    with pytest.raises(UsageError, match="not valid UTF-8"):
        textfile.check(f"{tmp_path}/\udcff.prom")
