# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

from collections import Counter

from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import Unreachable
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.outcome import Outcome, error_class


def test_errors_by_class():
    reasons = [*["forbidden: no"] * 9, "http://h/db answered 413 (too large)"]
    batch = Outcome(errors=10, failed=Counter(map(error_class, reasons)))
    whole = Outcome(errors=1, failed={error_class("no answer"): 1}).plus(batch)
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1}
    whole = whole._replace(errors=20, broken=Unreachable("away"))
    assert whole.classes == {"forbidden": 9, "other": 1, "no answer": 1, "unreachable": 9}
