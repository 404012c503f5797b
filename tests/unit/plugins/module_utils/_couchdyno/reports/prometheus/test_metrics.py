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
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.prometheus import metrics
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
DOCS = ROOT / "docs" / "prometheus"


@pytest.fixture
def found(couch, client):
    """What each script tells after a few cycles, one of which had an error."""
    LedgerDocument(client).create(Parameters(10, 200, 5, 42))
    for refused in ({"cdyno_000000000003": "forbidden"}, {}, {}):
        couch.refuse = refused
        couch.clock += 60
        last = execute(client)
    return {
        script: [*metrics.ended(script, 0, couch.clock), *metrics.measured(script, report)]
        for script, report in {"execute": last, "info": info(client), "verify": verify(client)}.items()
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
