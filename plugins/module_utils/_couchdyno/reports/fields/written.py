# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The fields of the reports of execute and setup about what they wrote."""
from __future__ import annotations

from ..forms import COUNT, FAILURE, NAMES, RATE, SECONDS, SWITCH, TEXT
from .ledger import LEDGER, NEW_STATE, TYPE
from .rows import Field, Metric, Section

DOCUMENTS = Metric("documents", "Documents of the latest cycle by outcome.", 3, absent=0)

BEFORE = Section("before", heading="before", fields=(
    Field("total", COUNT, "total"),
    Field("size", COUNT, "size"),
    Field("start", COUNT, "start"),
    Field("updating", COUNT, "updating"),
))
AFTER = Section("after", heading="after", fields=(
    Field("updates", COUNT, "updates", metric=DOCUMENTS.of(outcome="written")),
    Field("dt", SECONDS, "dt (sec)", metric=Metric("duration_seconds", "How long the latest cycle took.", 1)),
    Field("rate", RATE, "rate (/sec)", metric=Metric(
        "updates_per_second", "Documents per second in the latest cycle.", 2)),
    Field("errors", COUNT, "errors", metric=DOCUMENTS.of(outcome="errors")),
    Field("refused", COUNT, "refused", metric=DOCUMENTS.of(outcome="refused"), optional=True),
    Field("redone", COUNT, "redone", metric=DOCUMENTS.of(outcome="redone"), optional=True),
    Field("accepted", COUNT, "accepted", metric=DOCUMENTS.of(outcome="accepted"), optional=True),
    Field("superseded", COUNT, "superseded", metric=DOCUMENTS.of(outcome="superseded"), optional=True),
    Field("conflicts", COUNT, "conflicts", metric=DOCUMENTS.of(outcome="conflicts"), optional=True),
    Field("foreign", COUNT, "foreign", metric=DOCUMENTS.of(outcome="foreign"), optional=True),
    Field("left", COUNT, "left", metric=DOCUMENTS.of(outcome="left"), optional=True),
    Field("throttled", COUNT, "throttled", optional=True, metric=Metric(
        "throttled_answers", "How often the server throttled the latest cycle (answers 429 and 503).", 7, absent=0)),
    Field("reason", TEXT, "reason", optional=True),
    Field("busy", COUNT, "busy", optional=True),
    Field("unrecorded", TEXT, "unrecorded", optional=True),
    Field("undeleted", TEXT, "undeleted", optional=True),
))
FILL = AFTER._replace(path="fill", heading="fill", optional=True)
FAILED = Section("after.samples.*", optional=True, fields=(
    Field("", FAILURE, "failed"),
))

ADOPTED = Section("adopted", heading="adopted", optional=True, fields=(
    Field("position", COUNT, "position"),
    Field("open", COUNT, "open"),
    Field("behind", COUNT, "behind"),
    Field("missing", COUNT, "missing"),
    Field("revived", COUNT, "revived", optional=True),
    Field("damaged", COUNT, "damaged"),
    Field("conflicted", COUNT, "conflicted"),
    Field("unbranched", COUNT, "unbranched", optional=True),
    Field("extra", COUNT, "extra"),
))

SECURITY = Section("security", heading="security", optional=True, fields=(
    Field("kept", SWITCH, "kept"),
    Field("member_names", NAMES, "member names"),
    Field("member_roles", NAMES, "member roles"),
    Field("admin_names", NAMES, "admin names"),
    Field("admin_roles", NAMES, "admin roles"),
))

GIVEN = Section("", heading="properties", fields=(
    Field("properties", NAMES, "given", optional=True),
))

SETUP = (LEDGER, TYPE, FILL, FAILED._replace(path="fill.samples.*"), ADOPTED, SECURITY, GIVEN)
EXECUTE = (BEFORE, AFTER, FAILED, NEW_STATE)
