# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The built-in workloads: what their updates write never changes, so that databases remain verifiable."""

from __future__ import annotations

import hashlib

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload import resolve
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workload_stream import WorkloadStream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import BUILT_IN

VECTORS = {
    "queue": "121fea65f5acc2c1",
    "growing": "a0d30c1cceda3a37",
    "crm": "949bc32950876c3f",
    "hot": "33581c8b74a6e59a",
    "backup": "2f0babaa5ee3f6c2",
    "backup-partitioned": "2f0babaa5ee3f6c2",
}


@pytest.mark.parametrize("name", [name for name, each in BUILT_IN.items() if each.written])
def test_the_updates_of_a_workload_never_change(name):
    stream = WorkloadStream(4990448999442304, resolve(BUILT_IN[name].written, 1000, 700))
    texts = [stream.content.render(update, 1_700_000_000, "1-a") for update in range(0, 20_000, 37)]
    content = stream.content
    revs = [
        content.first_revision(update, 5) if content.has_first_revision(update) else "None"
        for update in range(0, 20_000, 91)
    ]
    assert hashlib.sha256("\n".join(texts + revs).encode()).hexdigest()[:16] == VECTORS[name]


@pytest.mark.parametrize("name", ["backup", "backup-partitioned"])
def test_the_attachments_and_losing_revisions_of_a_workload_never_change(name):
    stream = WorkloadStream(4990448999442304, resolve(BUILT_IN[name].written, 1000, 700))
    digest = hashlib.sha256()
    for update in range(0, 20_000, 7):
        for file in stream.content.files.of(update):
            digest.update(f"{file.name}/{file.content_type}/".encode() + file.content())
        if stream.branches.concerns(update):
            digest.update(stream.branches.losing(update).encode())
    assert digest.hexdigest()[:16] == "45f68630d698dedc"
