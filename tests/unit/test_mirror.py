# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tests mirror ``plugins/``: each file has its own, or it is said here with which others it is tested."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
PACKAGE = "module_utils/_couchdyno"
UNIT = f"unit/plugins/{PACKAGE}"
# What is a part of something else, and what takes a server, by the tests that run it.
ELSEWHERE = {
    f"{UNIT}/couchdb/test_client.py": ["couchdb/bulk", "couchdb/session", "couchdb/stop", "errors"],
    f"{UNIT}/jobs/test_verify.py": ["jobs/census", "jobs/property_verdicts"],
    f"{UNIT}/couchdb/test_with_losing.py": ["couchdb/wrapped_source"],
    f"{UNIT}/couchdb/test_shared_document.py": ["couchdb/revisions"],
    f"{UNIT}/model/test_classic_stream.py": [
        *("model/stream", "model/content", "model/document_ids", "model/document_state"),
    ],
    f"{UNIT}/model/test_workload.py": ["model/refusal"],
    f"{UNIT}/model/test_workload_stream.py": ["model/laps", "model/schedule", "model/streams", "model/typed_content"],
    f"{UNIT}/model/attachments/test_faults.py": ["jobs/attached_bytes"],
    f"{UNIT}/model/bodies/test_template.py": ["model/bodies/body", "model/bodies/generators"],
    f"{UNIT}/model/bodies/test_built_in.py": ["model/bodies/words"],
    f"{UNIT}/model/test_claiming.py": ["model/claim", "model/expectation"],
    f"{UNIT}/model/test_ledger.py": ["model/legacy", "model/parameters"],
    f"{UNIT}/model/test_verdicts.py": ["couchdb/source", "model/tally"],
    f"{UNIT}/storage/test_ledger_document.py": ["storage/lease"],
    f"{UNIT}/storage/test_run_records.py": ["model/run_record"],
    f"{UNIT}/jobs/test_writer.py": ["storage/before_write"],
    f"{UNIT}/jobs/test_reader.py": ["couchdb/all_replicas"],
    f"{UNIT}/jobs/test_execute.py": ["jobs/cycle"],
    f"{UNIT}/cli/test_connection.py": ["couchdb/options"],
    f"{UNIT}/cli/test_command.py": ["cli/options", "cli/scripts", "model/limits"],
    f"{UNIT}/cli/test_live_view.py": ["cli/terminal", "jobs/snapshot", "model/common_lap"],
    f"{UNIT}/cli/test_workload_file.py": ["reports/text/workloads"],
    f"{UNIT}/jobs/test_compare.py": ["cli/saved_reports"],
    f"{UNIT}/reports/fields/test_rows.py": [
        *(f"reports/fields/{name}" for name in ("comparison", "info", "ledger", "runs", "verify", "written")),
        *("reports/paths", "reports/text/info", "reports/text/written", "reports/text/parts"),
    ],
    f"{UNIT}/reports/html/test_tables.py": ["reports/html/page", "reports/html/template"],
    "integration/test_branches.py": ["jobs/branch_writer", "storage/branched_documents"],
    "integration/test_setup.py": ["cli/setup", "jobs/fill"],
    "integration/test_execute.py": ["cli/execute"],
    "integration/test_properties.py": ["jobs/properties", "jobs/views"],
    "integration/test_info.py": ["cli/info", "jobs/info"],
    "integration/test_verify.py": ["cli/verify"],
    "integration/test_modules.py": ["_module", "jobs/repeat"],
}


def sources():
    """The files below ``plugins/``: those of the package by their paths in it, the others by their names."""
    for path in (ROOT / "plugins").rglob("*.py"):
        place = path.relative_to(ROOT / "plugins").with_suffix("")
        if path.stem != "__init__" and place.parts[0] != "doc_fragments":
            yield place.name if PACKAGE not in str(place) else str(place.relative_to(PACKAGE))


def test_each_file_is_tested():
    units = ROOT / "tests" / "unit" / "plugins"
    tested = {
        str(path.relative_to(units / PACKAGE).parent / path.stem[len("test_") :])
        for path in (units / PACKAGE).rglob("test_*.py")
    }
    tested |= {path.stem[len("test_") :] for path in (units / "filter").glob("test_*.py")}
    tested |= {path.name for path in (ROOT / "tests" / "integration" / "targets").iterdir()}
    assert not set(sources()) - tested - {name for names in ELSEWHERE.values() for name in names}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_the_others_are_there(name):
    assert set(ELSEWHERE[name]) <= set(sources())
    assert (ROOT / "tests" / name).exists()
