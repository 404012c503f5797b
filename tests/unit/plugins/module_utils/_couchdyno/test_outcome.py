# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Unreachable
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.ledger import Claim
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.outcome import Outcome

CLAIM = Claim(0, 100, 0, 0, "d", "h", "", 0)


def test_errors_by_class():
    batch, whole = Outcome(), Outcome()
    for update in range(9):
        batch.fail(CLAIM, update, "id", "forbidden: no")
    batch.fail(CLAIM, 9, "id", "http://h/db answered 413 (too large)")
    whole.fail(CLAIM, 10, "id", "no answer")
    whole.add(batch)
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1}
    whole.errors, whole.broken = 20, Unreachable("away")
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1, "unreachable": 9}
