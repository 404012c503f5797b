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
        C(first_ts) and C(last_ts); C(rate) (documents a second) and C(dt) (seconds) with their min, median and
        max; C(latency) of bulk requests (seconds), the median p50 and the worst p99.
      type: dict
    fill:
      description: The same for filling.
      type: dict
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
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import text
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.info import info
from ansible_collections.dyno.couchdb.plugins.module_utils._module import run


def tell(module: AnsibleModule, client: Client) -> dict[str, Any]:
    report = info(client, module.params["history"])
    return dict(report, changed=False, report=text.info(report))


def main() -> None:
    run({"history": {"type": "int", "default": 0}}, tell)


if __name__ == "__main__":
    main()
