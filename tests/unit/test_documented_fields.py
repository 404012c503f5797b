# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each field has a row in the tables of reports, and is documented as a return value of its module."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.attachments.attachments import Attachments
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.claim import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.classic_stream import ClassicStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.ledger import Ledger
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.names import PARTITIONED
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.run_record import (
    CHECKS,
    SHOWN,
    RunRecord,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import DocumentType, Workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.info import INFO
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.ledger import CLAIM, LEDGER, TYPE
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.verify import VERIFY
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.fields.written import EXECUTE, SETUP
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.paths import join, names

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
MODULES = {"setup": SETUP, "info": INFO, "verify": VERIFY, "execute": EXECUTE}
WORKLOAD = Workload((DocumentType("order", 1, 1, 0, 0, "order:", 100, attachments=Attachments(), conflicts=1),))
IN_CYCLES = ("before", "after", "new_state")  # the report of a cycle; the module returns a list of them
# Return values without a row: for programs only, sums, or shown in the line of another field.
NO_ROWS = {
    "setup": set(),
    "execute": {
        *("updates", "errors", "dt", "rate", "cycles", "cycles.after.first", "cycles.after.samples", "dyno_config"),
        "error",
    },
    "info": {
        *("format", "report", "database.connections", "database.limits"),
        *("progress.lap_left", "progress.open_hosts", "progress.expired_hosts"),
    },
    "verify": {"format", "report", "low_ts", "high_ts", "samples"},
}
# A description that refers to that of the fields.
REFERENCE = re.compile(r"M\(dyno|RV\(dyno|RV\(statistics|The same statistics|state of the database after the cycle")


def documented(module):
    path = ROOT / "plugins" / "modules" / f"couchdyno_{module}.py"
    return yaml.safe_load(path.read_text().split('RETURN = r"""\n')[1].split('"""')[0])


def paths_of(sections, module):
    """The paths of all rows, without stars; those of cycles as in the result of the module."""
    for section in sections:
        for field in section.fields:
            path = ".".join(name for name in names(join(section.path, field.path)) if name != "*")
            if path:
                yield f"cycles.{path}" if module == "execute" and path.partition(".")[0] in IN_CYCLES else path


def entry_of(values, path):
    """The deepest documentation of a path, and the rest of the path."""
    entry, left = None, path.split(".")
    while left and values and left[0] in values:
        entry = values[left.pop(0)]
        values = entry.get("contains")
    return entry, left


@pytest.mark.parametrize("module", MODULES)
def test_each_row_is_documented(module):
    """Directly, or by its name in the description or the sample of the value around it."""
    values = documented(module)
    for path in paths_of(MODULES[module], module):
        entry, left = entry_of(values, path)
        assert entry, path
        text = entry["description"] + str(entry.get("sample", ""))
        assert not left or REFERENCE.search(text) or re.search(rf"\b{left[-1]}\b", text, re.IGNORECASE), path


def leaves(values, way=()):
    for name, entry in values.items():
        yield ".".join((*way, name))
        yield from leaves(entry.get("contains", {}), (*way, name))


@pytest.mark.parametrize("module", MODULES)
def test_each_documented_value_has_a_row(module):
    """Or is a part of a value with a row, or has parts with rows."""
    rows = set(paths_of(MODULES[module], module)) | NO_ROWS[module]
    without = {
        path
        for path in leaves(documented(module))
        if not any(f"{path}.".startswith(f"{row}.") or row.startswith(f"{path}.") for row in rows)
    }
    assert not without


def test_each_field_of_the_ledger_has_a_row():
    shown = Ledger.new(Parameters(seed=1), 0).shown()
    with_workload = Ledger.new(Parameters(1, workload=WORKLOAD, seed=1), 0).shown()
    rows = list(dict.fromkeys(field.path.partition(".")[0] for field in LEDGER.fields))
    assert rows == [*shown, "workload", "partitioned"] and set(rows) == {*with_workload, "partitioned"}
    assert "partitioned" in Ledger.new(Parameters(seed=1), 0, names=PARTITIONED).shown()
    assert {field.path for field in TYPE.fields} == set(*map(frozenset, with_workload["workload"]["types"]))
    claim = Claim(((0, 1),), 0, 0, "", "", "", 0)
    assert {field.path for field in CLAIM.fields} == set(claim.shown(ClassicStream(1, 1, 100)))


def test_each_field_of_a_run_record_is_checked_and_documented():
    entry = documented("info")["runs"]
    own = {*RunRecord._fields} - {"latencies", "percentiles", "stored"} | {"latency"}
    assert {*SHOWN} == own
    assert own == {*CHECKS, "run", "ts", "first", "count", "dt"} - {"_id", "format", "round", "window", "ms"}
    assert [name for name in SHOWN if name not in str(entry)] == []
