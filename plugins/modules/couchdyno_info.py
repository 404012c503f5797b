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
      description: Its URL, without credentials.
      type: str
      sample: http://localhost:5984/backup-me
    server_version:
      description: The version of the server.
      type: str
      sample: 3.5.0
    doc_count:
      description: How many documents it has, with those of couchdyno.
      type: int
      sample: 1004
    sizes:
      description: Its sizes in bytes.
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
      description: The numbers of connections that cycles have written over.
      type: list
      elements: int
      sample: [4]
    limits:
      description: The limits that cycles have had, in documents a second.
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
      description: How many times all documents have been handed out to be written.
      type: int
      sample: 1
    open_claims:
      description: How many windows of updates have been handed out and not been settled.
      type: int
      sample: 0
    open_hosts:
      description: The hosts that they were handed to.
      type: list
      elements: str
      sample: []
    expired_claims:
      description: How many of these no driver works on any more. The next cycle repairs them.
      type: int
      sample: 0
    expired_hosts:
      description: The hosts that have left them.
      type: list
      elements: str
      sample: []
    lap_done:
      description: How many documents of this lap have been handed out.
      type: int
      sample: 500
    lap_left:
      description: How many have not.
      type: int
      sample: 500
    pace:
      description: Updates a second in the latest runs, the time between them included; V(null) when nobody can tell.
      type: float
      sample: 1.667
    seconds_left:
      description: The seconds until the lap is done at this pace.
      type: int
      sample: 300
    settled:
      description: The position up to which everything is known to be written. What M(dyno.couchdb.couchdyno_verify)
        takes as O(dyno.couchdb.couchdyno_verify#module:from_position).
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
      description: The statistics of cycles. The counts C(runs), C(updates) and C(errors); the time stamps
        C(first_ts) and C(last_ts); C(error_classes), how many errors there were of each class; C(recent), the
        counts of the last C(hour) and C(day); C(rate) (documents a second) and C(dt) (seconds) with their min,
        median and max; C(trend), the median rates of the earlier and the later half of the runs, the percent of
        C(change), and whether chance explains it (C(is_noise)); C(latency) of bulk requests (seconds), the median
        p50 and p95 and the worst p99.
      type: dict
    fill:
      description: The same for filling.
      type: dict
hosts:
  description: How each host has been doing. The same figures for its cycles, the usual C(interval) between them
    (seconds, V(null) when nothing is usual), and how many were to be expected by it and were C(missed).
  type: list
  elements: dict
  returned: success
gaps:
  description: The times in which cycles were to be expected, judged from the usual interval of each host, and did not
    run. How many are C(missed) in how many gaps (C(count)), and the C(latest) of them; C(until) is V(null) where one
    lasts. Cycles that come more often than cron can run them are a loop, which misses none after its end.
  type: dict
  returned: success
  sample: {"missed": 3, "count": 1, "latest": [
           {"host": "driver1", "since": 1795461868, "until": 1795462108, "missed": 3}]}
growth:
  description: How the sizes of the database have changed since the first cycle that tells; V(null) when none does.
  type: dict
  returned: success
  sample: {"since": 1795461868, "until": 1795548268, "file": {"first": 1000000, "last": 1500000, "per_day": 500000}}
ring:
  description: How many run records there are, and since when. All figures are of these.
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
  description: The cycles as at most 240 points, each for equally many cycles in a row. Its counts, the min, median and
    max of the rate, the latency as in RV(statistics), and the last sizes that were told.
  type: list
  elements: dict
  returned: with O(series)
runs:
  description: The latest run records, oldest first.
  type: list
  elements: dict
  returned: success
  sample:
    - run: 3
      ts: 1795461868
      dt: 0.014
      first: 1010
      updates: 10
      errors: 0
      kind: cycle
      host: driver1
      latency: {"p50": 0.0098, "p95": 0.0098, "p99": 0.0098, "max": 0.0098}
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
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import info_text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.info import Wanted, info
from ansible_collections.dyno.couchdb.plugins.module_utils._module import run


def tell(module: AnsibleModule, client: Client) -> dict[str, Any]:
    wanted = Wanted(*(module.params[name] for name in ("history", "daily", "conflicts", "series")))
    report = info(client, wanted)
    return dict(report, changed=False, report=info_text.info(report))


def main() -> None:
    run({
        "history": {"type": "int", "default": 0},
        "daily": {"type": "bool", "default": False},
        "conflicts": {"type": "bool", "default": False},
        "series": {"type": "bool", "default": False},
    }, tell)


if __name__ == "__main__":
    main()
