#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_setup
short_description: Set up a CouchDB database that is to be updated continuously
version_added: 0.1.0
description:
  - Creates a database, and records in it how many documents of what size it is to have, and how many of them
    each cycle is to update. M(dyno.couchdb.couchdyno_execute) runs the cycles.
  - With O(fill=true), writes all documents, too. A fill that was interrupted goes on where it stopped, and
    several hosts that fill one database share the work.
author:
  - The couchdyno maintainers (@couchdyno)
extends_documentation_fragment:
  - dyno.couchdb.connection
  - dyno.couchdb.pace
  - dyno.couchdb.attributes
  - dyno.couchdb.attributes.actiongroup
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - A database that was set up with the same parameters is left as it is.
      - With O(force=true), it is made anew each time.
options:
  state:
    description:
      - V(present) makes sure that the database is there and was set up with these parameters. A database that
        was set up with others, or not by couchdyno, is an error unless O(force=true). An empty database is taken;
        so an admin can make one for a user who may not.
      - V(absent) deletes the database. One that was not set up by couchdyno is an error unless O(force=true).
    type: str
    choices: [present, absent]
    default: present
  total:
    description: The number of documents.
    type: int
    default: 1000
  size:
    description: The size of each document in bytes, as JSON text.
    type: int
    default: 1000
  updates_per_run:
    description:
      - How many documents to update in each cycle.
      - More than O(total) means all.
    type: int
    default: 10
  seed:
    description:
      - What the contents of all documents are computed from, from 0 to 9007199254740991.
      - Without it, a new database gets one by chance, and any is right in one that is there.
    type: int
  fill:
    description: Write all documents that are not there yet, and wait for it.
    type: bool
    default: false
  force:
    description: Delete the database first, with everything in it, whatever it is.
    type: bool
    default: false
  q:
    description: The number of shards of a new database; the server's default without it.
    type: int
  n:
    description: The number of copies of each shard of a new database; the server's default without it.
    type: int
"""

EXAMPLES = r"""
- name: Set up a database of 100,000 documents of 2 KB, 500 of which change in each cycle
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    total: 100000
    size: 2000
    updates_per_run: 500
    fill: true

- name: Set up the same small database again and again, with contents that are known in advance
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/small
    username: admin
    password: "{{ couchdb_password }}"
    total: 10
    seed: 42
    force: true

- name: Delete it
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/small
    username: admin
    password: "{{ couchdb_password }}"
    state: absent
"""

RETURN = r"""
dyno_config:
  description: The parameters and the state of the database, as recorded in it.
  type: dict
  returned: when O(state=present)
  contains:
    created:
      description: When the database was set up, in Unix seconds of the server.
      type: int
      sample: 1795461866
    total:
      description: The number of documents.
      type: int
      sample: 1000
    size:
      description: The size of each document in bytes.
      type: int
      sample: 1000
    updates:
      description: How many documents each cycle updates.
      type: int
      sample: 10
    seed:
      description: What the contents of all documents are computed from. V(null) in check mode, where chance
        would decide.
      type: int
      sample: 42
    start:
      description: The index of the document that the next cycle begins with.
      type: int
      sample: 20
    position:
      description: How many updates have been handed out since the database was set up.
      type: int
      sample: 1020
    runs:
      description: How many cycles have begun.
      type: int
      sample: 3
    claims:
      description: The windows of updates that have been handed out and not been settled yet.
      type: list
      elements: dict
      sample: []
    last_ts:
      description: When the latest cycle began, in Unix seconds of the server.
      type: int
      sample: 1795461868
    last_dt:
      description: The whole seconds that the latest cycle took.
      type: int
      sample: 0
    last_updates:
      description: How many documents the latest cycle wrote.
      type: int
      sample: 10
    last_errors:
      description: How many documents the latest cycle could not write.
      type: int
      sample: 0
    version:
      description: The version of these fields.
      type: int
      sample: 1
fill:
  description: What filling did. In check mode, only how many documents it would write. It may have further counts,
    RV(dyno.couchdb.couchdyno_execute#module:cycles[].after) has them all.
  type: dict
  returned: when O(fill=true)
  sample: {"updates": 1000, "dt": 0.21, "rate": 4761.9, "errors": 0}
  contains:
    updates:
      description: How many documents were written.
      type: int
    dt:
      description: The seconds that filling took.
      type: float
    rate:
      description: Documents a second.
      type: float
    errors:
      description: How many documents could not be written.
      type: int
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import (
    Request,
    Sharding,
    preview,
    remove,
    setup,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import DEFAULTS, Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.unwritten import unwritten
from ansible_collections.dyno.couchdb.plugins.module_utils._module import PACE, run


def present(module: AnsibleModule, client: Client) -> dict[str, Any]:
    params = module.params
    wanted = Parameters(params["total"], params["size"], params["updates_per_run"], params["seed"])
    request = Request(wanted, Sharding(params["q"], params["n"]), params["fill"], params["force"], idempotent=True)
    pace = Pace(params["connections"], params["batch_bytes"])
    report = preview(client, request) if module.check_mode else setup(client, request, pace)
    diff = {"before": report.pop("before") or {}, "after": report["dyno_config"]}
    errors = report.get("fill", {}).get("errors")
    if errors:
        report.update(failed=True, msg=unwritten(errors, advice="run it again to repair them"))
    return dict(report, diff=diff)


def absent(module: AnsibleModule, client: Client) -> dict[str, Any]:
    report = remove(client, force=module.params["force"], dry_run=module.check_mode)
    return {"changed": report["changed"], "diff": {"before": report["before"] or {}, "after": {}}}


def main() -> None:
    run({
        **PACE,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "total": {"type": "int", "default": DEFAULTS.total},
        "size": {"type": "int", "default": DEFAULTS.size},
        "updates_per_run": {"type": "int", "default": DEFAULTS.updates},
        "seed": {"type": "int"},
        "fill": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "q": {"type": "int"},
        "n": {"type": "int"},
    }, lambda module, client: (present if module.params["state"] == "present" else absent)(module, client))


if __name__ == "__main__":
    main()
