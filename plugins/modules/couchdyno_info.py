#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_info
short_description: Tell what is in a CouchDB database and how its updates have been going
version_added: 0.1.0
description:
  - Reads the parameters and the state of a database that M(dyno.couchdb.couchdyno_setup) has set up, and the
    records that the cycles of M(dyno.couchdb.couchdyno_execute) have left in it.
author:
  - The couchdyno maintainers (@couchdyno)
extends_documentation_fragment:
  - dyno.couchdb.connection
  - dyno.couchdb.attributes
  - dyno.couchdb.attributes.actiongroup
  - dyno.couchdb.attributes.info
options:
  history:
    description: How many of the latest run records to return.
    type: int
    default: 0
  daily:
    description: Whether to return what was done on each day.
    type: bool
    default: false
  conflicts:
    description: Whether to look for documents with conflicting revisions. Reads which revisions all documents have.
    type: bool
    default: false
  series:
    description: Whether to return the cycles as a series of points to draw, as M(dyno.couchdb.couchdyno_report) does.
    type: bool
    default: false
"""

EXAMPLES = r"""
- name: Look at a database
  dyno.couchdb.couchdyno_info:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    history: 10
  register: info

- name: Show what couchdyno-info would print
  ansible.builtin.debug:
    msg: "{{ info.report.splitlines() }}"

- name: Make sure that the last cycle wrote everything
  ansible.builtin.assert:
    that: info.dyno_config.last_errors == 0
"""

RETURN = r"""
format:
  description: The number of the format of these values. It changes when values of one version are no use to another.
  type: int
  returned: success
  sample: 1
dyno_config:
  description: The parameters and the state of the database, as in the module M(dyno.couchdb.couchdyno_setup).
  type: dict
  returned: success
database:
  description: What the server tells of the database. What it does not tell is V(null).
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
      description: How many documents the database has, with couchdyno's own.
      type: int
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
      description: The number of copies of each shard.
      type: int
      sample: 1
    connections:
      description: The numbers of connections that cycles have used
        (O(dyno.couchdb.couchdyno_execute#module:connections)).
      type: list
      elements: int
      sample: [4]
    limits:
      description: The limits that cycles have had (O(dyno.couchdb.couchdyno_execute#module:rate)); none where empty.
      type: list
      elements: float
      sample: []
progress:
  description: How far the updates have come.
  type: dict
  returned: success
  contains:
    present:
      description: How many of the documents have been handed out to be written.
      type: int
      sample: 1000
    total:
      description: The number of documents.
      type: int
      sample: 1000
    laps:
      description: How many laps are complete. In each, all documents are handed out to be written once.
      type: int
      sample: 1
    open_claims:
      description: How many windows of updates have been handed out and not been settled, to cycles that run or have
        died.
      type: int
      sample: 0
    open_hosts:
      description: The hosts that they were handed to.
      type: list
      elements: str
      sample: []
    expired_claims:
      description: How many of the open claims no host works on any more. The next cycle repairs them.
      type: int
      sample: 0
    expired_hosts:
      description: The hosts that have left expired claims behind.
      type: list
      elements: str
      sample: []
    lap_done:
      description: How many documents of the current lap have been handed out.
      type: int
      sample: 500
    lap_left:
      description: How many documents of the current lap have not been handed out.
      type: int
      sample: 500
    pace:
      description: Updates a second in the latest runs, the time between them included; V(null) when nobody can tell.
      type: float
      sample: 1.667
    seconds_left:
      description: The seconds until the current lap is done at this pace.
      type: int
      sample: 300
    settled:
      description: The position up to which everything is known to be written. M(dyno.couchdb.couchdyno_verify) takes
        it as O(dyno.couchdb.couchdyno_verify#module:from_position).
      type: int
      sample: 1000
    ts:
      description: The time of the server in Unix seconds.
      type: int
      sample: 1795461868
statistics:
  description: What the run records tell, for cycles and for filling apart.
  type: dict
  returned: success
  contains:
    cycle:
      description: The statistics of cycles. What no run record tells is V(null).
      type: dict
      contains:
        runs:
          description: How many cycles are on record.
          type: int
        updates:
          description: How many documents they wrote.
          type: int
        errors:
          description: How many documents they could not write.
          type: int
        error_classes:
          description: How many errors there were of each class, by CouchDB's word for it.
          type: dict
        first_ts:
          description: When the first of them began, in Unix seconds of the server.
          type: int
        last_ts:
          description: When the last of them began, in Unix seconds of the server.
          type: int
        recent:
          description: Runs, updates and errors of the last C(hour) and the last C(day).
          type: dict
        rate:
          description: Documents a second, the C(min), C(median) and C(max) of all cycles.
          type: dict
        dt:
          description: The seconds that a cycle took, their C(min), C(median) and C(max).
          type: dict
        trend:
          description: The median rates of the earlier and the later half of the cycles, the percent of C(change), and
            whether chance explains it (C(is_noise)).
          type: dict
        latency:
          description: The seconds that bulk requests took, the median C(p50) and C(p95) of the cycles, and the worst
            C(p99).
          type: dict
    fill:
      description: The same statistics of filling.
      type: dict
hosts:
  description: How each host has been doing. For its cycles, the figures of RV(statistics.cycle), the usual C(interval)
    between them (seconds, V(null) when nothing is usual), and how many were to be expected by it and were C(missed).
  type: list
  elements: dict
  returned: success
gaps:
  description: The times in which cycles were to be expected, judged from the usual interval of each host, and did not
    run. How many cycles are C(missed) in how many gaps (C(count)), and the C(latest) gaps; where one still lasts, its
    C(until) is V(null). A host whose cycles come more often than cron can run them is taken for a loop. It misses
    nothing when it ends.
  type: dict
  returned: success
  sample: {"missed": 3, "count": 1, "latest": [
           {"host": "driver1", "since": 1795461868, "until": 1795462108, "missed": 3}]}
growth:
  description: How the sizes of the database, C(file) and C(active), have changed since the first cycle that tells;
    V(null) when none does.
  type: dict
  returned: success
  sample: {"since": 1795461868, "until": 1795548268, "file": {"first": 1000000, "last": 1500000, "per_day": 500000}}
ring:
  description: How many run records there are, and since when. Older ones have made room. All figures are of these.
  type: dict
  returned: success
  sample: {"runs": 10000, "since": 1795461868}
census:
  description: What was done on each day (UTC) that has a run.
  type: list
  elements: dict
  returned: with O(daily)
  sample: [{"day": "2026-11-24", "runs": 1440, "updates": 14400, "errors": 0}]
conflicts:
  description: How many documents have conflicting revisions, how many losing revisions these have, and the first few.
  type: dict
  returned: with O(conflicts)
  sample: {"documents": 1, "revisions": 2, "samples": [{"id": "cdyno_000000000003", "revisions": 2}]}
series:
  description: The cycles as at most 240 points, each for equally many cycles in a row.
  type: list
  elements: dict
  returned: with O(series)
  contains:
    ts:
      description: When the first of them began, in Unix seconds of the server.
      type: int
      sample: 1795461868
    until:
      description: When the last of them began, in Unix seconds of the server.
      type: int
      sample: 1795461988
    runs:
      description: How many cycles the point is for.
      type: int
      sample: 3
    updates:
      description: How many documents they wrote.
      type: int
      sample: 30
    errors:
      description: How many documents they could not write.
      type: int
      sample: 0
    rate:
      description: The C(min), C(median) and C(max) of their rates, V(null) if they wrote nothing.
      type: dict
      sample: {"min": 640.2, "median": 714.3, "max": 801.1}
    latency:
      description: The seconds that bulk requests took, as in RV(statistics.cycle.latency).
      type: dict
      sample: {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098}
    sizes:
      description: The sizes of the database that the last of them found, in bytes; V(null) if the server does not
        tell them.
      type: dict
      sample: {"active": 1220500, "file": 4546000}
runs:
  description: The latest run records, as many as O(history) says, oldest first. Some have more fields. C(limit), the
    documents a second that the run was limited to; C(sizes) of the database when it began, in bytes; C(classes), its
    errors by CouchDB's word for them; C(redone), the windows of earlier runs that it took over, each as first update,
    count and time of its claim.
  type: list
  elements: dict
  returned: success
  contains:
    run:
      description: The number of the run.
      type: int
      sample: 3
    ts:
      description: When it began, in Unix seconds of the server.
      type: int
      sample: 1795461868
    dt:
      description: The seconds that writing took.
      type: float
      sample: 0.014
    first:
      description: The first update of its window.
      type: int
      sample: 1010
    count:
      description: How many updates it was handed; V(0) when it only repaired.
      type: int
      sample: 10
    updates:
      description: How many documents it wrote.
      type: int
      sample: 10
    errors:
      description: How many documents it could not write.
      type: int
      sample: 0
    kind:
      description: V(cycle), or V(fill) when it filled the database.
      type: str
      sample: cycle
    host:
      description: The host that it ran on.
      type: str
      sample: driver1
    latency:
      description: Percentiles of the seconds that bulk requests took.
      type: dict
      sample: {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098, "max": 0.0098}
    connections:
      description: How many connections it wrote over.
      type: int
      sample: 4
earlier:
  description: The history that the earlier tool left, as it was.
  type: list
  elements: raw
  returned: when the database was set up by the earlier tool
report:
  description: The same as C(couchdyno-info) prints it.
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
