# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The design documents that a workload can ask for."""

from __future__ import annotations

import hashlib
import json

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.design_documents import (
    IDS,
    design_documents,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.properties import Properties

VECTOR = "b14a92b88b472f40"


def test_only_those_are_there_that_were_asked_for():
    assert design_documents(Properties()) == {}
    assert list(design_documents(Properties(design=True))) == ["design", "index"]
    assert list(design_documents(Properties(validator=True))) == ["validator"]
    found = design_documents(Properties(design=True, validator=True))
    assert tuple(each["_id"] for each in found.values()) == IDS


def test_they_never_change_so_that_those_of_older_databases_count_as_kept():
    text = json.dumps(design_documents(Properties(design=True, validator=True)), sort_keys=True)
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == VECTOR
