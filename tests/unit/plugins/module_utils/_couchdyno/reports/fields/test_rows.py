# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of fields match the reports of jobs: each row has a value, and each value has a row."""

from __future__ import annotations

import copy
import json
import re
from collections import Counter

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.security import Access
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.compare import compare
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.attachments import Attachments
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.properties import Properties
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.comparison import COMPARISON
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.info import DATABASE, INFO
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.rows import (
    ALWAYS,
    IN_DATABASE,
    IN_PROGRESS,
    PAGE,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.verify import VERIFY
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.written import EXECUTE, SETUP
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.forms import COUNTS
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.paths import found, join
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import comparison as comparison_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import execute as execute_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import info as info_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import setup as setup_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text import verify as verify_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

WORKLOAD = Workload(
    (DocumentType("order", 10, 1, 2, 1, "order:", 200, attachments=Attachments(), conflicts=5),),
    Properties(design=True, revs_limit=50),
)
SECTIONS = {"setup": SETUP, "execute": EXECUTE, "info": INFO, "verify": VERIFY, "comparison": COMPARISON}
RENDER = {
    "setup": setup_text.render, "execute": execute_text.render, "info": info_text.render,
    "verify": verify_text.render, "comparison": comparison_text.render,
}  # fmt: skip
OF_DATABASE = {f"dyno_config.workload.database.{name}" for name in ("design", "revs_limit")}
# Values that text shows in the line of another field.
IN_LINES = {
    "setup": {"fill.samples", "fill.samples.*.id", "fill.samples.*.update", "fill.samples.*.reason", *OF_DATABASE},
    "execute": {"after.samples", "after.samples.*.id", "after.samples.*.update", "after.samples.*.reason"},
    "info": {
        *OF_DATABASE,
        *("progress.open_hosts", "progress.expired_hosts", "growth.since", "growth.until", "gaps.count"),
        *(f"growth.{name}.{key}" for name in ("active", "file") for key in ("first", "last", "per_day")),
        *(f"statistics.{kind}.trend.is_noise" for kind in ("cycle", "fill")),
    },
    "verify": {
        *("low_ts", "high_ts", "ledger.position", "ledger.claims", "ledger.refused", "ledger.agrees"),
        *("span.from_position", "span.to_position", "source.position", "source.ts"),
        *("documents.expected", "documents.deleted", "types.*.name", "types.*.checked", "types.*.behind"),
    },
    "comparison": {
        *(f"{side}.{key}" for side in "ab" for key in ("name", "server_version", "runs", "since", "until", "errors")),
        *("figures.*.figure", "figures.*.unit"),
        *(f"figures.*.{side}.{key}" for side in "ab" for key in ("median", "low", "high")),
    },
}
# Values that only programs see, in JSON and in the results of modules.
NOT_SHOWN = {
    "setup": {"changed", "fill.first"},
    "execute": {"after.first"},
    "info": {
        *("format", "database.connections", "database.limits", "progress.lap_left", "hosts.*.first_ts"),
        *("runs.*.first", "runs.*.count", "runs.*.connections", "runs.*.limit", "runs.*.redone"),
        *(f"statistics.{kind}.trend.{half}" for kind in ("cycle", "fill") for half in ("earlier", "later")),
    },
    "verify": {"format", "ledger.settled", "documents.found", "types.*.exact"},
    "comparison": {
        *("a.url", "b.url", "a.updates", "b.updates", "figures.*.a.values", "figures.*.b.values"),
    },
}
# Dicts whose keys are not fields; text lists their contents or omits them.
OPEN = {
    "setup": {"before", "dyno_config.claims", "dyno_config.workload.types.*.attachments", "security_before"},
    "execute": {"new_state.claims"},
    "info": {"dyno_config.workload.types.*.attachments", "runs.*.latency", "runs.*.classes", "runs.*.sizes"},
    "verify": {"samples"}, "comparison": {"differs"},
}  # fmt: skip


@pytest.fixture
def reports(couch, client):
    """A report of each job, with all optional values."""
    add_sizes(couch)
    LedgerDocument(client).create(Parameters(10, 200, 5, 42))
    cycles = []
    for pause in (*[60] * 14, 1200, 7200):  # enough for a trend
        couch.refuse = {"cdyno_000000000003": "forbidden"} if len(cycles) == 4 else {}
        couch.clock += pause
        cycles.append(execute(client))
    failed = cycles[4]
    found = info(client, Wanted(3, census=True, series=True))
    conflicts = {"documents": 1, "revisions": 1, "samples": [{"id": "cdyno_000000000001", "revisions": 1}]}
    found.update(conflicts=conflicts, earlier=[1], ring=dict(found["ring"], skipped=2))
    found["statistics"]["fill"] = copy.deepcopy(found["statistics"]["cycle"])
    found["progress"].update(open_hosts=["h"], open_claims=1, expired_hosts=["h"], expired_claims=1, outdated=True)
    found["dyno_config"]["workload"] = WORKLOAD.dump()
    found["progress"]["types"] = [{"name": "order", "present": 3, "deleted": 2, "lap": 1}]
    found["dyno_config"]["partitioned"] = True
    found["database"].update(expected_count=20, partitioned=False)
    found["dyno_config"]["claims"] = [{"host": "h", "first": 5, "count": 2, "ts": couch.clock, "lease": couch.clock}]
    counts = {"redone": 1, "accepted": 2, "conflicts": 3, "foreign": 4, "left": 5, "busy": 1, "superseded": 7,
              "throttled": 6}  # fmt: skip
    failed["after"].update(counts, reason="broken", unrecorded="its place is taken", undeleted="forbidden")
    points = [dict(found["series"][0], ts=ts, until=ts) for ts in range(20)]
    earlier, later = ({**found, "series": points, "dyno_config": dict(found["dyno_config"], created=ts, size=ts)}
                      for ts in (1, 2))  # fmt: skip
    couch.documents["odd"] = {"_id": "odd", "_rev": "1-a"}
    access = {name: ["x"] for name in Access._fields}
    reports = {
        "setup": {"changed": True, "before": None, "dyno_config": found["dyno_config"], "fill": failed["after"],
                  "adopted": dict(adopt.preview(client)["adopted"], unbranched=1), "security": dict(access, kept=True),
                  "security_before": access, "properties": ["design"]},
        "execute": failed, "info": found,
        "verify": dict(verify(client, Span(0), original=client), differing=1, catching_up=2,
                       documents={"expected": 3, "deleted": 2, "found": 4, "tombstones": 2},
                       attachments={"expected": 4, "checked": 3, "read": 2, "damaged": 1},
                       types=[{"name": "order", "checked": 3, "exact": 2, "behind": 1}],
                       properties=[{"name": "design", "state": "lost", "details": "is missing"}]),
        "comparison": compare(earlier, later, force=True),
    }  # fmt: skip
    return json.loads(json.dumps(reports))


def add_sizes(couch):
    """Let the server report sizes and a number of shards."""
    answer = couch._answer

    def with_sizes(request, path):
        status, content = answer(request, path)
        if isinstance(content, dict) and "cluster" in content:
            sizes = {"file": couch.clock, "external": 5, "active": couch.clock}
            content = dict(content, cluster={"q": 2, "n": 1}, sizes=sizes)
        return status, content

    couch._answer = with_sizes


def rows(kind):
    """The rows of a report: the path and the field of each."""
    return [(join(section.path, field.path), field) for section in SECTIONS[kind] for field in section.fields]


def places(value, path=""):
    """The paths of everything in a report, with ``*`` for items of lists."""
    if isinstance(value, dict):
        for name, child in value.items():
            yield join(path, name)
            yield from places(child, join(path, name))
    elif isinstance(value, list):
        for item in value:
            yield from places(item, join(path, "*"))


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_row_has_its_value(reports, kind):
    absent = {path for path, __ in rows(kind) if not found(reports[kind], path)}
    assert absent == set()


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_value_fits_its_row(reports, kind):
    for path, field in rows(kind):
        for where, value in found(reports[kind], path):
            assert (value is None and field.nullable) or field.form.fits(value), where


@pytest.mark.parametrize("kind", SECTIONS)
def test_each_key_has_its_row_or_is_listed_here(reports, kind):
    shown = {part for path, __ in rows(kind) for part in around(path)}
    listed = IN_LINES[kind] | NOT_SHOWN[kind] | OPEN[kind]
    open_parts = OPEN[kind] | {path for path, field in rows(kind) if field.form == COUNTS}
    within = {path for path in places(reports[kind]) if open_parts & set(around(path)[:-1])}
    assert set(places(reports[kind])) - within - shown - listed == set()
    assert not shown & NOT_SHOWN[kind]


def around(path):
    """A path and the paths of all parts around it, the outermost first."""
    names = path.split(".")
    return [".".join(names[: number + 1]) for number in range(len(names))]


def test_the_info_of_a_workload_has_these_fields(reports, another):
    couch, client = another
    add_sizes(couch)
    LedgerDocument(client).create(Parameters(10, 200, 5, 42, WORKLOAD))
    seen = json.loads(json.dumps(info(client)))
    for part, name in (("dyno_config", "workload"), ("progress", "types"), ("database", "expected_count")):
        assert set(places({name: seen[part][name]})) == set(places({name: reports["info"][part][name]}))


@pytest.mark.parametrize("kind", SECTIONS)
def test_values_in_lines_of_other_fields_are_shown(reports, kind):
    said = RENDER[kind](reports[kind])
    for path in IN_LINES[kind]:
        changed = copy.deepcopy(reports[kind])
        *above, name = path.split(".")
        for __, part in found(changed, ".".join(above)):
            part[name] = other(part.get(name))
        assert RENDER[kind](changed) != said, path


def other(value):
    """Another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 86400
    return {str: "other", list: []}[type(value)] if value is not None else 86400


@pytest.mark.parametrize("kind", SECTIONS)
def test_labels_of_a_section_differ(kind):
    for section in SECTIONS[kind]:
        labels = Counter(field.label for field in section.fields if field.label)
        assert not labels or max(labels.values()) == 1, section.heading


@pytest.mark.parametrize("table", ["overview", IN_PROGRESS, IN_DATABASE])
def test_titles_of_a_table_differ_and_so_do_their_places(table):
    fields = [field for __, field in rows("info")]
    titles = [field.overview for field in fields if field.overview] if table == "overview" else [
        field.title for field in fields if field.title and field.title.table == table]  # fmt: skip
    assert len({title.text for title in titles}) == len(titles)
    assert sorted(title.place for title in titles) == list(range(1, len(titles) + 1))


@pytest.mark.parametrize("kind", ["info", "verify"])
def test_titles_of_a_section_differ(kind):
    for section in SECTIONS[kind]:
        titles = [field.title.text for field in section.fields if field.title and not field.title.table]
        assert len(set(titles)) == len(titles), section.path


@pytest.mark.parametrize("script", ["execute", "info", "verify"])
def test_metrics(script):
    """Names are valid and have one meaning each, and samples with the same name differ in their labels."""
    meanings, samples = {}, []
    for section in SECTIONS[script]:
        for field in section.fields:
            if field.metric:
                name, text, place, by, labels, *__ = field.metric
                assert re.fullmatch(r"[a-z]+(_[a-z]+)*", name) and text.endswith(".")
                assert meanings.setdefault(name, (text, place, by)) == (text, place, by)
                samples.append((section.path, name, labels))
    assert len(set(samples)) == len(samples)
    assert len({place for __, place, __ in meanings.values()}) == len(meanings)


@pytest.mark.parametrize("kind", SECTIONS)
def test_only_reports_for_a_page_or_a_comparison_need_fields(kind):
    needed = {field.needed for __, field in rows(kind)}
    assert needed <= {"", PAGE, ALWAYS}
    assert ALWAYS in needed or kind not in ("setup", "execute", "info")  # all three report the ledger
    assert kind != "comparison" or needed == {""}


def test_none_is_omitted_or_shown_as_such(reports):
    """Some servers do not report the number of documents or shards."""
    found = reports["info"]
    found["database"].update(doc_count=None, q=None, sizes=None)
    said = info_text.render(found)
    assert "    doc_count : None\n" in said and "    q : " not in said and "size_file" not in said
    assert all(field.nullable for field in DATABASE.fields if field.none)
