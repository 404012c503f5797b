# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.unwritten import (
    unwritten,
    warnings,
    why,
)

AFTER = {"errors": 1, "samples": [{"id": "a", "update": 4, "reason": "forbidden: no"}]}


def test_a_script_says_why():
    message = "1 document could not be written: a (update 4): forbidden: no; the next cycle retries it"
    assert unwritten(1, why(AFTER)) == message
    assert why(dict(AFTER, reason="the disk is full")) == "the disk is full"


def test_a_module_says_what_to_do():
    assert unwritten(2) == "2 documents could not be written; the next cycle retries them"
    message = "2 documents could not be written; run the task again to write them"
    assert unwritten(2, retry="run the task again to write them") == message


def test_what_was_refused_is_not_retried_by_the_next_cycle():
    assert unwritten(2, refused=2) == "2 documents could not be written; they are tried again on their next turn"
    assert unwritten(3, refused=1) == (
        "3 documents could not be written; the next cycle retries them, except 1 that the server refused; "
        "this one is tried again on its next turn"
    )


def test_what_is_worth_a_warning():
    assert list(warnings({"updates": 3, "errors": 0})) == []
    told = list(warnings({"undeleted": "forbidden", "busy": 1, "unrecorded": "too large"}))
    assert [line.split(":")[0] for line in told] == [
        "nothing was updated",
        "the run record was not written",
        "an earlier state of the ledger could not be deleted",
    ]
