# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.info import INFO
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.verify import VERIFY
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.written import EXECUTE
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.prometheus import metrics
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
DOCS = ROOT / "docs" / "prometheus"


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


@pytest.mark.parametrize("script", ["execute", "info", "verify"])
def test_names_and_help(found, script):
    for metric in found[script]:
        assert re.fullmatch(f"couchdyno_{script}_[a-z_]+", metric.name)
        assert metric.documentation.endswith(".") and "\n" not in metric.documentation
        assert {sample.name for sample in metric.samples} <= {name_of(metric)}
        assert len({frozenset(sample.labels) for sample in metric.samples}) <= 1


def name_of(metric):
    """The full name of a metric; prometheus_client keeps that of a counter without its suffix."""
    return metric.name + ("_total" if metric.type == "counter" else "")


def test_types_have_metrics_only_if_there_is_a_workload(found, another):
    __, client = another
    types = (DocumentType("order", 6, 1, 2, 1, "order:", 200), DocumentType("item", 4, 1, 0, 0, "item:", 200))
    LedgerDocument(client).create(Parameters(10, 200, 5, 42, Workload(types)))
    measured = {name_of(metric): metric for metric in metrics.measured("info", INFO, info(client))}
    classic = {name_of(metric) for metric in found["info"]}
    names = {"couchdyno_info_type_present_documents", "couchdyno_info_type_deleted_documents_total"}
    assert {name for name in measured if "_type_" in name} == names and not names & classic
    for name in names:
        assert [sample.labels for sample in measured[name].samples] == [{"type": "order"}, {"type": "item"}]


def test_names_are_not_used_twice(found):
    names = [name_of(metric) for metrics_of_script in found.values() for metric in metrics_of_script]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("path", [DOCS / "alerts.yml", DOCS / "dashboard.json", ROOT / "tests/browser/alerts_test.yml"])
def test_the_examples_use_existing_metrics(found, path):
    existing = {name_of(metric) for metrics_of_script in found.values() for metric in metrics_of_script}
    used = set(re.findall(r"couchdyno_[a-z]+_[a-z_]+", path.read_text()))
    assert used and used <= existing


def test_the_dashboard_uses_existing_labels(found):
    samples = {name_of(metric): metric.samples for metrics_of_script in found.values() for metric in metrics_of_script}
    text = json.dumps([panel["targets"] for panel in json.loads((DOCS / "dashboard.json").read_text())["panels"]])
    used = re.findall(r"(couchdyno_[a-z_]+)\{([^}]*)\}", text.replace('\\"', '"'))
    narrowed = 0
    for name, matchers in used:
        wanted = dict(re.findall(r'(\w+)="(\w+)"', matchers))
        narrowed += len(wanted)
        assert not wanted or any(wanted.items() <= sample.labels.items() for sample in samples[name]), name
    assert narrowed >= 3


def test_panels_of_the_dashboard_have_different_ids():
    dashboard = json.loads((DOCS / "dashboard.json").read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"]) > 5
