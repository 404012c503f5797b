# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conflicts are counted page by page, and only documents that may have some are read."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Interrupted
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import conflicts as module
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.conflicts import conflicts


class Shelf:
    """A client of a database with some losing revisions of each document; None: all of them are deleted."""

    def __init__(self, losing):
        self.losing = losing
        self.read = []

    def changes(self, since, limit):
        names = list(self.losing)[since : since + limit]
        leaves = {name: 2 if self.losing[name] is None else 1 + self.losing[name] for name in names}
        return [{"id": name, "changes": [{}] * leaves[name]} for name in names], since + len(names)

    def documents(self, names):
        self.read.append(names)
        return {name: {"_id": name, "_conflicts": ["1-x"] * (self.losing[name] or 0)} for name in names}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(module, "PAGE", 3)
    monkeypatch.setattr(module, "READ", 2)


def test_they_are_counted_and_the_first_are_named():
    shelf = Shelf({"g": 1, "b": 0, "c": 2, "d": None, "e": 1, "f": 1, "a": 1, "h": 1, "i": 1})
    seen = []
    found = conflicts(shelf, seen.append)
    assert (found["documents"], found["revisions"]) == (7, 8)
    assert found["samples"] == [{"id": name, "revisions": 2 if name == "c" else 1} for name in "acefg"]
    assert seen == [3, 6, 9, 9]
    assert shelf.read == [["g", "c"], ["d", "e"], ["f"], ["a", "h"], ["i"]]


def test_without_any_nothing_is_read():
    shelf = Shelf({"a": 0, "b": 0})
    assert conflicts(shelf) == {"documents": 0, "revisions": 0, "samples": []}
    assert shelf.read == []


def test_it_can_be_interrupted_between_two_pages():
    shelf = Shelf({"a": 0, "b": 0, "c": 0})
    stop = Stop()
    stop.request()
    with pytest.raises(Interrupted):
        conflicts(shelf, stop=stop)
