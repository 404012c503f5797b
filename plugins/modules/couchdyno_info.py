#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_info
short_description: Show the parameters, progress and update statistics of a CouchDB database
version_added: 0.1.0
description:
  - Reads the parameters and the state of a database that M(dyno.couchdb.couchdyno_setup) has set up, and the
    run records that the cycles of M(dyno.couchdb.couchdyno_execute) have written to it.
author:
  - The couchdyno maintainers (@couchdyno)
extends_documentation_fragment:
  - dyno.couchdb.connection
  - dyno.couchdb.attributes
  - dyno.couchdb.attributes.actiongroup
  - dyno.couchdb.attributes.info
options:
  history:
    description: How many of the latest run records to return, from 0 to 1000000000. A database keeps the latest 10,000.
    type: int
    default: 0
  daily:
    description: Whether to return the runs, updates and errors of each day.
    type: bool
    default: false
  conflicts:
    description: Whether to look for documents with conflicting revisions. This reads the changes feed of the whole
      database.
    type: bool
    default: false
  series:
    description: Whether to return the cycles as a series of points, as M(dyno.couchdb.couchdyno_report) requires.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Read parameters, progress and statistics of a database
  dyno.couchdb.couchdyno_info:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    history: 10
  register: info

- name: Show the report that couchdyno-info prints
  ansible.builtin.debug:
    msg: "{{ info.report.splitlines() }}"

- name: Check that the last cycle wrote all its documents
  ansible.builtin.assert:
    that: info.dyno_config.last_errors == 0
"""

RETURN = r"""
format:
  description: The version of the format of these values. It changes when other versions cannot read them.
  type: int
  returned: success
  sample: 1
dyno_config:
  description: The parameters and the state of the database, as described at M(dyno.couchdb.couchdyno_setup).
  type: dict
  returned: success
database:
  description: What the server reports about the database. Values that it does not report are V(null).
  type: dict
  returned: success
  contains:
    name:
      description: The name of the database.
      type: str
      sample: backup-me
    url:
      description: The URL of the database, without credentials.
      type: str
      sample: http://localhost:5984/backup-me
    server_version:
      description: The version of the server.
      type: str
      sample: 3.5.0
    doc_count:
      description: The number of documents in the database, including couchdyno's own.
      type: int
      sample: 1004
    expected_count:
      description: The number of documents that the server should count according to the ledger, including couchdyno's
        own. It differs from C(doc_count) if there are other documents in the database, or while updates are being
        written.
      type: int
      returned: with a workload other than classic
      sample: 1004
    sizes:
      description: The sizes of the database in bytes.
      type: dict
      sample: {"active": 1220500, "external": 1009000, "file": 4546000}
    q:
      description: The number of shards.
      type: int
      sample: 2
    n:
      description: The number of replicas of each shard.
      type: int
      sample: 1
    partitioned:
      description: Whether the database is partitioned. A copy of a partitioned database may not be.
      type: bool
      returned: if the database, or the one that it is a copy of, was set up as a partitioned database
      sample: true
    connections:
      description: All values of O(dyno.couchdb.couchdyno_execute#module:connections) in the run records.
      type: list
      elements: int
      sample: [4]
    limits:
      description: All values of O(dyno.couchdb.couchdyno_execute#module:rate) in the run records. Empty if no run had
        a limit.
      type: list
      elements: float
      sample: []
progress:
  description: The progress of the updates.
  type: dict
  returned: success
  contains:
    present:
      description: The number of documents that exist, according to the ledger. New documents count once the cycle or
        fill that creates them has settled and has written them. In a database of the original couchdyno, documents from
        its C(start) on do not count until cycles have written them.
      type: int
      sample: 1000
    total:
      description: The number of documents. With a workload other than classic, the number of documents at the start.
      type: int
      sample: 1000
    laps:
      description: The number of complete laps. In a lap, each document is handed out once. V(null) after the fill of a
        workload other than classic, as its types have laps of their own. C(lap_done), C(lap_left) and C(seconds_left)
        are V(null) then, too.
      type: int
      sample: 1
    open_claims:
      description: The number of claims with updates that are not written yet. Their cycles are running, have crashed or
        could not write all documents, or the database was adopted.
      type: int
      sample: 0
    open_hosts:
      description: The hosts that hold the open claims.
      type: list
      elements: str
      sample: []
    expired_claims:
      description: The number of open claims whose lease has expired. The next cycle finishes their updates.
      type: int
      sample: 0
    expired_hosts:
      description: The hosts that hold the expired claims.
      type: list
      elements: str
      sample: []
    lap_done:
      description: The number of documents of the current lap that have been handed out.
      type: int
      sample: 500
    lap_left:
      description: The number of documents of the current lap that have not been handed out.
      type: int
      sample: 500
    pace:
      description: Updates per second in the latest cycles, including the time between them. During a fill, the
        updates per second of that fill. V(null) if unknown, for example if no cycles have run since the fill.
      type: float
      sample: 1.667
    seconds_left:
      description: The time in seconds until the current lap is done at this pace; during a fill, until the database is
        full. V(null) if unknown.
      type: int
      sample: 300
    settled:
      description: The position below which every update was either written or refused. Pass it to
        M(dyno.couchdb.couchdyno_verify) as O(dyno.couchdb.couchdyno_verify#module:from_position).
      type: int
      sample: 1000
    outdated:
      description: V(true) if an earlier ledger was restored over this database, so that cycles stop until
        M(dyno.couchdb.couchdyno_setup) with O(dyno.couchdb.couchdyno_setup#module:adopt) has made ledger and documents
        agree.
      type: bool
      returned: when true
    refused:
      description: The number of documents whose latest update the server refused for good. They are older than others
        until their next turn succeeds.
      type: int
      sample: 0
    types:
      description: The progress of each type of documents.
      type: list
      elements: dict
      returned: with a workload other than classic
      contains:
        name:
          description: The name of the type.
          type: str
          sample: order
        present:
          description: The number of its documents that exist.
          type: int
          sample: 6000
        deleted:
          description: The number of its documents that are deleted when all updates handed out so far are written.
          type: int
          sample: 240
        lap:
          description: The number of its current lap. The fill is lap 0.
          type: int
          sample: 3
    ts:
      description: The current time in Unix seconds, by the server's clock.
      type: int
      sample: 1795461868
statistics:
  description: Statistics from run records, for cycles and fills separately.
  type: dict
  returned: success
  contains:
    cycle:
      description: The statistics of cycles. Values that no run record has are V(null).
      type: dict
      contains:
        runs:
          description: The number of cycles on record.
          type: int
        updates:
          description: The number of documents that they wrote.
          type: int
        errors:
          description: The number of documents that they could not write.
          type: int
        error_classes:
          description: The number of errors of each class. The class is CouchDB's name for the error,
            C(other), or the kind of error that ended the run.
          type: dict
        throttled:
          description: How often the server throttled them, with answers 429 and 503. Cycles of version 0.1.0 did not
            record it and count as 0.
          type: int
        first_ts:
          description: When the first of them began, in Unix seconds by the server's clock.
          type: int
        last_ts:
          description: When the last of them began, in Unix seconds by the server's clock.
          type: int
        recent:
          description: The runs, updates and errors of the last C(hour) and the last C(day).
          type: dict
        rate:
          description: Documents per second. The C(min), C(median) and C(max) of all cycles.
          type: dict
        dt:
          description: The duration of a cycle in seconds. The C(min), C(median) and C(max) of all cycles.
          type: dict
        trend:
          description: The median rates of the C(earlier) and the C(later) half of the cycles, the C(change) in percent,
            and whether the change is within the noise (C(is_noise)). V(null) with fewer than 16 cycles, which are too
            few to tell.
          type: dict
        latency:
          description: The duration of bulk requests in seconds. C(p50), C(p95) and C(p99) are the percentiles of all
            requests of the cycles. Durations are recorded in buckets, so the percentiles are approximate, off by a
            third at most (from 1 ms to 56 s). If any of the cycles was run by version 0.1.0, they are the medians of
            the cycles' C(p50) and C(p95), and the highest C(p99).
          type: dict
    fill:
      description: The same statistics of fills.
      type: dict
hosts:
  description: Statistics of the cycles of each C(host). C(runs), C(updates), C(errors), C(first_ts), C(last_ts),
    C(rate) and C(latency) as in RV(statistics.cycle), the usual C(interval) between cycles in seconds (V(null) if there
    is none), and the number of cycles that were due and did not run (C(missed)).
  type: list
  elements: dict
  returned: success
gaps:
  description: Periods in which cycles were due, by the usual interval of each host, and did not run. The number of
    C(missed) cycles, the number of gaps (C(count)) and the C(latest) gaps. The C(until) of a gap that still lasts is
    V(null). A host with a usual interval below 50 seconds is assumed to run in a loop, whose end is not
    counted as a gap.
  type: dict
  returned: success
  sample: {"missed": 3, "count": 1, "latest": [
           {"host": "driver1", "since": 1795461868, "until": 1795462108, "missed": 3}]}
growth:
  description: How the sizes of the database, C(file) and C(active), have changed since the first cycle that recorded
    them, in bytes. V(null) if no cycle has recorded sizes, or if the server does not report the current ones.
    C(per_day) is V(null) in the first hour.
  type: dict
  returned: success
  sample: {"since": 1795461868, "until": 1795548268, "file": {"first": 1000000, "last": 1500000, "per_day": 500000}}
ring:
  description: The number of run records and the time of the oldest. The database keeps the latest 10,000, and all
    statistics are computed from them. If some were edited so that they make no sense, C(skipped) is their number.
  type: dict
  returned: success
  sample: {"runs": 10000, "since": 1795461868}
census:
  description: The runs, updates and errors of each day (UTC) with at least one run.
  type: list
  elements: dict
  returned: with O(daily)
  sample: [{"day": "2026-11-24", "runs": 1440, "updates": 14400, "errors": 0}]
conflicts:
  description: The number of C(documents) in conflict, the number of their losing C(revisions), and the first few of
    these documents (C(samples)), without the losing revisions that the workload asks for.
  type: dict
  returned: with O(conflicts)
  sample: {"documents": 1, "revisions": 2, "samples": [{"id": "cdyno_000000000003", "revisions": 2}]}
series:
  description: The cycles as at most 240 points, each for an equal number of consecutive cycles; the last point may
    cover fewer. If there are no cycles, the fills.
  type: list
  elements: dict
  returned: with O(series)
  contains:
    ts:
      description: When the first of them began, in Unix seconds by the server's clock.
      type: int
      sample: 1795461868
    until:
      description: When the last of them began, in Unix seconds by the server's clock.
      type: int
      sample: 1795461988
    runs:
      description: The number of cycles that the point covers.
      type: int
      sample: 3
    updates:
      description: The number of documents that they wrote.
      type: int
      sample: 30
    errors:
      description: The number of documents that they could not write.
      type: int
      sample: 0
    rate:
      description: The C(min), C(median) and C(max) of their rates. V(null) if they wrote nothing.
      type: dict
      sample: {"min": 640.2, "median": 714.3, "max": 801.1}
    latency:
      description: The duration of bulk requests in seconds, as in RV(statistics.cycle.latency).
      type: dict
      sample: {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098}
    sizes:
      description: The latest sizes of the database that these cycles recorded, in bytes. V(null) if they recorded
        none.
      type: dict
      sample: {"active": 1220500, "file": 4546000}
runs:
  description: The latest run records, at most O(history), oldest first. C(first) and C(count) describe the window of
    updates, C(dt) is in seconds, and C(latency) has percentiles of the duration of bulk requests in seconds. C(refused)
    is how many of the documents the server refused for good, and C(throttled) how often it throttled the run, with
    answers 429 and 503; records of version 0.1.0 do not have them. Records of some runs also have the C(limit) in
    documents per second; the C(sizes) of the database in bytes, if they were read for the run (at most once a minute by
    each process); the number of errors by class (C(classes)); the windows that were taken over from earlier runs
    (C(redone)), each as first update, count and time of the claim; the updates that the run recorded as refused or
    superseded (C(missed)), each as first update and count; and how many seconds after its claim the run began to write
    (C(delay)).
  type: list
  elements: dict
  returned: success
  sample:
    - run: 3
      ts: 1795461868
      dt: 0.014
      first: 1010
      count: 10
      updates: 10
      errors: 0
      kind: cycle
      host: driver1
      latency: {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098, "max": 0.0098}
      connections: 4
      refused: 0
      throttled: 0
earlier:
  description: The history that the original couchdyno recorded, unchanged.
  type: list
  elements: raw
  returned: when the database was set up by the original couchdyno
report:
  description: The report as C(couchdyno-info) prints it.
  type: str
  returned: success
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.info import render
from ansible_collections.dyno.couchdb.plugins.module_utils._module import run


def show(module: AnsibleModule, client: Client) -> dict[str, Any]:
    report = info(client, Wanted(*(module.params[name] for name in ("history", "daily", "conflicts", "series"))))
    return dict(report, changed=False, report=render(report))


def main() -> None:
    run({
        "history": {"type": "int", "default": 0},
        "daily": {"type": "bool", "default": False},
        "conflicts": {"type": "bool", "default": False},
        "series": {"type": "bool", "default": False},
    }, show)


if __name__ == "__main__":
    main()
