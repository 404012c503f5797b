# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports that were saved: what a script has printed is taken, and whatever else is refused before it is used."""

from __future__ import annotations

import copy
import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import CouchdynoError, UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.compare import compare
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.execute import execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import verify
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports import saved
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.html import charts, tables
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.storage.ledger_document import LedgerDocument

GARBAGE = (
    *(None, True, -1, 2**53, 10**30, 10**400, 1e308, -1e308, float("nan"), "x", "\ud800", [], [None], {}, {"a": 1}),
    *(253402300798, "0001-01-01", "9999-12-31"),
)


@pytest.fixture
def reports(couch, client):
    """The reports of info and verify after cycles with an error, a gap, and an open claim."""
    LedgerDocument(client).create(Parameters(10, 200, 5, 42))
    for number in range(11):
        couch.refuse = {"cdyno_000000000003": "internal_server_error"} if number in (4, 10) else {}
        couch.clock += 600 if number == 8 else 60
        execute(client)
    conflicts = {"documents": 1, "revisions": 1, "samples": [{"id": "cdyno_000000000001", "revisions": 1}]}
    found = dict(info(client, Wanted(3, census=True, series=True)), conflicts=conflicts)
    return plain(found), plain(verify(client))


def plain(report):
    return json.loads(json.dumps(report))


def places(value, path=()):
    """The paths of everything in a value; the first two items of a list stand for all."""
    children = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for name, child in children:
        yield (*path, name)
        yield from places(child, (*path, name))


def with_other(report, path, value):
    """A report with another value at a path, or with none (...)."""
    changed = copy.deepcopy(report)
    parent = changed
    for name in path[:-1]:
        parent = parent[name]
    if value is ...:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return changed


def use(infos, verified):
    """Compute everything that a page shows of reports."""
    subjects = tables.subjects(infos)
    tables.overview(subjects), tables.verified(verified, subjects)
    for each in infos:
        tables.groups(each), list(tables.lists(each))
        charts.census(each.get("census") or ())
        charts.hosts([("", each["hosts"])])
        charts.fleet([("", each["series"])] * 20, lambda point: (point["rate"] or {}).get("median"), "")
        for chart in (charts.rate, charts.latency, charts.errors, charts.sizes):
            chart(each["series"])


def test_reports_are_told_apart(reports):
    found, verdict = reports
    assert found["gaps"]["latest"] and found["dyno_config"]["claims"]
    assert saved.classified([("a", found), ("b", verdict)]) == ([found], [verdict])
    use([found], [verdict])


def test_other_files_are_refused(reports):
    with pytest.raises(UsageError, match=r"^c: not a report of couchdyno-info"):
        saved.classified([("c", {})])
    with pytest.raises(UsageError, match=r"^d: no series"):
        saved.classified([("d", {"dyno_config": {}, "database": {}})])
    incomplete = r"^e: not a complete couchdyno-info report \(missing or invalid: series.1.ts\)"
    with pytest.raises(UsageError, match=incomplete):
        saved.classified([("e", with_other(reports[0], ("series", 1, "ts"), "now"))])
    incomplete = r"^f: not a complete couchdyno-verify report \(missing or invalid: stream.seed\)"
    with pytest.raises(UsageError, match=incomplete):
        saved.classified([("f", with_other(reports[1], ("stream", "seed"), ...))])


@pytest.mark.parametrize("value", [..., *GARBAGE])
def test_any_changed_report_is_used_or_refused(reports, value):
    """Whichever value is changed, the result is a page or a one-line error."""
    refused = 0
    for number, report in enumerate(reports):
        for path in places(report):
            changed = list(reports)
            changed[number] = with_other(report, path, value)
            try:
                use(*saved.classified((str(place), each) for place, each in enumerate(changed)))
            except UsageError as error:
                assert "\n" not in str(error)
                refused += 1
    assert refused


@pytest.mark.parametrize("value", [..., *GARBAGE])
def test_any_changed_report_is_compared_or_refused(reports, value, tmp_path):
    whole, other = tmp_path / "a.json", tmp_path / "b.json"
    whole.write_text(json.dumps(reports[0]))
    refused = 0
    for path in places(reports[0]):
        other.write_text(json.dumps(with_other(reports[0], path, value)))
        for pair in ((whole, other), (other, whole)):
            try:
                compare(*map(saved.read_comparable, map(str, pair)), force=True)
            except CouchdynoError as error:
                assert "\n" not in str(error)
                refused += 1
    assert refused


@pytest.mark.parametrize("text", ["[" * 100000, '{"dyno_config": NaN}', '{"a": 1', "\x00"])
def test_json_that_browsers_cannot_read_is_refused(tmp_path, text):
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(UsageError, match="is not a report"):
        saved.read(str(path))


def test_reports_of_version_0_1_0_have_no_format(reports):
    found, verdict = (dict(report, format=1) for report in reports)
    assert saved.classified([("a", found), ("b", verdict)]) == ([found], [verdict])
    assert saved.classified([("a", reports[0]), ("b", reports[1])]) == ([reports[0]], [reports[1]])


@pytest.mark.parametrize(
    "found, shown", [(2, "format 2"), (0, "format 0"), (None, "an unknown format"), ("a\nb", "an unknown format")]
)
def test_other_formats_are_refused(reports, tmp_path, found, shown):
    path = tmp_path / "a.json"
    for report in reports:
        with pytest.raises(UsageError, match=f"^a: a report in {shown}.*reads format 1; create it again") as refused:
            saved.classified([("a", dict(report, format=found))])
        assert "\n" not in str(refused.value)
    path.write_text(json.dumps(dict(reports[0], format=found)))
    with pytest.raises(UsageError, match=f"a report in {shown}"):
        saved.read_comparable(str(path))
