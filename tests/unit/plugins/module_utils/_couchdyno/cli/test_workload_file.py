# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option --workload."""

from __future__ import annotations

import json

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import setup
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli.workload_file import MAX_SIZE, workload
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN


@pytest.fixture
def file(tmp_path):
    return tmp_path / "w.json"


def test_names():
    assert workload(None) is None and workload("classic") is None
    assert workload("queue") == BUILT_IN["queue"].written


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_file(file, mark):
    text = json.dumps({"types": {"é": {}}}, ensure_ascii=False)
    file.write_bytes((mark + text).encode())
    assert workload(str(file)) == {"types": {"é": {}}}


@pytest.mark.parametrize(
    "content, message",
    [
        (b"", "is not JSON"),
        (b"{", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100000, "is not JSON"),
        (b'{"types": {"a": {"size": 1, "size": 2}}}', "has the member 'size' twice"),
        (b'{"types": {"a": {}, "a": {}}}', "has the member 'a' twice"),
        (b" " * (MAX_SIZE + 1), f"is larger than {MAX_SIZE} bytes"),
    ],
)
def test_files_that_cannot_be_used(file, content, message):
    file.write_bytes(content)
    with pytest.raises(UsageError) as refused:
        workload(str(file))
    assert str(refused.value).startswith(f"--workload: {file} {message}") and len(str(refused.value)) < 400


def test_no_file(tmp_path):
    for path in (tmp_path / "absent.json", tmp_path):
        with pytest.raises(UsageError, match=r"^--workload(: cannot read| must be one of)"):
            workload(str(path))


def test_a_file_that_cannot_be_read(tmp_path):
    directory = tmp_path / "workload.json"
    directory.mkdir()
    with pytest.raises(UsageError, match=r"cannot read .*workload\.json: Is a directory"):
        workload(str(directory))


def test_the_list_needs_no_database(capsys, monkeypatch):
    monkeypatch.delenv("COUCHDYNO_URL", raising=False)
    assert setup.main(["--workloads"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == ["workloads:", *(f"    {name} : {each.stands_for}" for name, each in BUILT_IN.items())]
    assert setup.main(["--workloads", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)["workloads"]
    assert [each["name"] for each in listed] == list(BUILT_IN)
    assert listed[0]["types"] is None and listed[1]["types"] == BUILT_IN["queue"].written["types"]


@pytest.mark.parametrize(
    "types, message",
    [
        ({"order": {"delete": 1}}, "types.order.delete: 1 is more than create, 0: the type would die out"),
        ({"order": {"total": 5}}, "--total must be 5 for this workload"),
    ],
)
def test_errors_are_one_line_and_nothing_is_touched(file, capsys, types, message):
    file.write_text(json.dumps({"types": types}))
    nowhere = "http://user:sesame@127.0.0.1:1/db"  # a request would fail, after many seconds
    assert setup.main(["--workload", str(file), nowhere]) == 2
    assert capsys.readouterr().err == f"couchdyno-setup: {message}\n"


def test_adopting_keeps_the_workload(capsys):
    assert setup.main(["--adopt", "--workload", "queue", "http://127.0.0.1:1/db"]) == 2
    assert capsys.readouterr().err == "couchdyno-setup: --adopt cannot be combined with --workload\n"
