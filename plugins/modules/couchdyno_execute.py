#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_execute
short_description: Update the next documents of a CouchDB database, round robin
version_added: 0.1.0
description:
  - Runs update cycles on a database that M(dyno.couchdb.couchdyno_setup) has set up. Each cycle updates the
    next documents, and goes on with the first after the last.
  - Any number of hosts may run cycles on one database at the same time. Each update is handed to one of them.
  - What a cycle could not write stays on record, and the next cycle of any host repairs it.
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
    support: none
    details:
      - Each run executes its cycles. This is what the module is for.
options:
  updates_per_run:
    description:
      - How many documents to update in each cycle; at most all of them.
      - Without it, as many as the database was set up for.
    type: int
  cycles:
    description: How many cycles to run.
    type: int
    default: 1
  interval:
    description: Seconds of sleep between two cycles.
    type: float
    default: 0
  rate:
    description:
      - Write so many documents a second, evenly. With an O(interval) of 0 the schedule goes on from cycle to cycle.
      - Without it, as many as the server takes.
    type: float
  stop_file:
    description:
      - Begin no further cycle once this file is there. The cycle at hand is finished.
      - For playbooks that run cycles in the background, with C(async), for as long as something else takes.
    type: path
"""

EXAMPLES = r"""
- name: Run one cycle
  dyno.couchdb.couchdyno_execute:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"

- name: Set the connection once for all modules
  module_defaults:
    group/dyno.couchdb.couchdyno:
      url: http://localhost:5984/backup-me
      username: admin
      password: "{{ couchdb_password }}"
  block:
    - name: Run five cycles of 100 documents, half a second apart
      dyno.couchdb.couchdyno_execute:
        updates_per_run: 100
        cycles: 5
        interval: 0.5
      register: result

    - name: Show how fast it went
      ansible.builtin.debug:
        msg: "{{ result.updates }} documents in {{ result.dt }} s, {{ result.rate }} a second"
"""

RETURN = r"""
updates:
  description: How many documents were written in all cycles. In check mode, how many would be.
  type: int
  returned: always
  sample: 500
errors:
  description: How many documents could not be written. The module fails when there are any.
  type: int
  returned: always
  sample: 0
dt:
  description: The seconds that writing took in all cycles.
  type: float
  returned: always
  sample: 0.071
rate:
  description: Documents a second.
  type: float
  returned: always
  sample: 7042.3
cycles:
  description: The report of each cycle.
  type: list
  elements: dict
  returned: always
  contains:
    before:
      description: What the cycle found, and set out to do.
      type: dict
      sample: {"total": 1000, "size": 1000, "start": 10, "updating": 100}
      contains:
        total:
          description: The number of documents.
          type: int
        size:
          description: The size of each document in bytes.
          type: int
        start:
          description: The index of the document that the cycle began with.
          type: int
        updating:
          description: How many documents it set out to update.
          type: int
    after:
      description: What the cycle did. The first five are always there, the others where they tell something.
      type: dict
      sample: {"updates": 100, "dt": 0.014, "rate": 7142.9, "errors": 0, "first": 10}
      contains:
        updates:
          description: How many documents were written.
          type: int
        dt:
          description: The seconds that writing took.
          type: float
        rate:
          description: Documents a second.
          type: float
        errors:
          description: How many documents could not be written.
          type: int
        first:
          description: The first update of the cycle's window.
          type: int
        redone:
          description: How many documents were of windows that other cycles had left undone.
          type: int
        accepted:
          description: How many documents were written by fewer nodes than a quorum.
          type: int
        conflicts:
          description: How many writes were refused at first, because the document had just changed.
          type: int
        foreign:
          description: How many documents were overwritten that somebody else had deleted, or was seen to have written
            during the cycle. What was edited before the cycle is overwritten without being looked at.
          type: int
        left:
          description: How many documents were left to the next cycle because of a signal.
          type: int
        busy:
          description: V(1) when all documents were in the hands of other hosts.
          type: int
        samples:
          description: The first few documents that could not be written, each with its C(id), the number of the
            C(update) and the C(reason).
          type: list
          elements: dict
        reason:
          description: What ended the writing before its time.
          type: str
    new_state:
      description: The parameters and the state of the database after the cycle.
      type: dict
dyno_config:
  description: The parameters and the state of the database after the last cycle, as in the module
    M(dyno.couchdb.couchdyno_setup).
  type: dict
  returned: always
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.repeat import Repetition, preview, repeat
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.unwritten import unwritten
from ansible_collections.dyno.couchdb.plugins.module_utils._module import PACE, run


def execute(module: AnsibleModule, client: Client) -> dict[str, Any]:
    params = module.params
    repetition = Repetition(params["updates_per_run"], params["cycles"], params["interval"], params["stop_file"])
    pace = Pace(params["connections"], params["batch_bytes"], params["rate"])
    report = preview(client, repetition) if module.check_mode else repeat(client, repetition, pace)
    error = report.pop("error")
    first, last = report["cycles"][0], report["cycles"][-1]
    diff = {"before": {"start": first["before"]["start"], "position": first["after"]["first"]},
            "after": {"start": last["new_state"]["start"], "position": last["new_state"]["position"]}}
    result = dict(report, changed=report["updates"] > 0, diff=diff)
    if error or report["errors"]:
        return dict(result, failed=True, msg=error or unwritten(report["errors"]))
    return result


def main() -> None:
    run({
        "updates_per_run": {"type": "int"},
        "cycles": {"type": "int", "default": 1},
        "interval": {"type": "float", "default": 0.0},
        **PACE,
        "rate": {"type": "float"},
        "stop_file": {"type": "path"},
    }, execute)


if __name__ == "__main__":
    main()
