#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_execute
short_description: Run update cycles on a CouchDB database
version_added: 0.1.0
description:
  - Runs update cycles on a database that M(dyno.couchdb.couchdyno_setup) has set up. Each cycle writes the next
    updates. With the workload V(classic), these rewrite the next documents; after the last one, they continue with the
    first.
  - Any number of hosts can run cycles on a database at the same time. Each update is handed out to one of them.
  - A later cycle, on any host, finishes what a crashed or failed cycle left unfinished.
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
      - Each run executes update cycles, which is the purpose of the module.
options:
  updates_per_run:
    description:
      - The number of documents to update in each cycle, from 1 to 1000000000000. If it exceeds the number of documents
        in the database, each cycle updates all of them. A cycle never updates a document twice, unless it is hot, so
        with other workloads it may update fewer.
      - If omitted, the number that the database was set up with is used.
    type: int
  cycles:
    description: The number of cycles to run, from 1 to 1000000000.
    type: int
    default: 1
  interval:
    description: The pause between two cycles in seconds, from 0 to 31622400 (366 days).
    type: float
    default: 0
  rate:
    description:
      - Limit the rate to this number of documents per second, evenly spread. From 0.0001 to 10000000.
      - With O(interval=0), the rate also holds across cycles.
      - If omitted, there is no limit.
    type: float
  stop_file:
    description:
      - No further cycle begins once this file exists. The first cycle always runs, and a running cycle is completed.
      - Use it in playbooks that run cycles in the background with C(async).
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
    - name: Run five cycles of 100 documents with pauses of half a second
      dyno.couchdb.couchdyno_execute:
        updates_per_run: 100
        cycles: 5
        interval: 0.5
      register: result

    - name: Show the rate
      ansible.builtin.debug:
        msg: "{{ result.updates }} documents in {{ result.dt }} s, {{ '{:,.0f}'.format(result.rate) }}/s"
"""

RETURN = r"""
updates:
  description: The number of documents written in all cycles. In check mode, the number that would be written.
  type: int
  returned: unless the first cycle ended with an error
  sample: 500
errors:
  description: The number of documents that could not be written. If it is not 0, the module fails.
  type: int
  returned: unless the first cycle ended with an error
  sample: 0
dt:
  description: The time spent writing in all cycles, in seconds.
  type: float
  returned: unless the first cycle ended with an error
  sample: 0.071
rate:
  description: Documents per second.
  type: float
  returned: unless the first cycle ended with an error
  sample: 7042.3
cycles:
  description: A report for each cycle.
  type: list
  elements: dict
  returned: unless the first cycle ended with an error
  contains:
    before:
      description: What the cycle found and was about to do.
      type: dict
      sample: {"total": 1000, "size": 1000, "start": 10, "updating": 100}
      contains:
        total:
          description: The number of documents. With a workload other than V(classic), the number of documents at the
            start.
          type: int
        size:
          description: The size of each document in bytes. With a workload other than V(classic), the size of documents
            whose type does not set one.
          type: int
        start:
          description: The index of the first document of the cycle. With a workload other than V(classic), the
            remainder of the first update divided by C(total).
          type: int
        updating:
          description: The number of documents to update.
          type: int
    after:
      description: What the cycle did. C(updates), C(dt), C(rate), C(errors) and C(first) are always present, the others
        if they apply.
      type: dict
      sample: {"updates": 100, "dt": 0.014, "rate": 7142.9, "errors": 0, "first": 10}
      contains:
        updates:
          description: The number of documents written.
          type: int
        dt:
          description: The time spent writing, in seconds.
          type: float
        rate:
          description: Documents per second.
          type: float
        errors:
          description: The number of documents that could not be written.
          type: int
        first:
          description: The first update of the cycle's window.
          type: int
        refused:
          description: How many of the documents in C(errors) the server refused for good, for example because a
            validator forbids them or they are too large. They stay as they are until their next turn.
          type: int
        redone:
          description: The number of updates in unfinished windows of earlier cycles that this cycle took over.
            Documents that already hold their update are not written again.
          type: int
        accepted:
          description: The number of documents that fewer nodes than a quorum have confirmed.
          type: int
        superseded:
          description: The number of updates of hot documents that were not written because the document already held
            a later one, which another driver had written meanwhile. They are not in C(updates), and are no errors.
          type: int
        conflicts:
          description: The number of writes that CouchDB refused because the document had just changed. They are
            retried.
          type: int
        foreign:
          description: The number of overwritten documents that other clients had deleted, or had written during the
            cycle. Documents that were edited before the cycle are overwritten and not counted.
          type: int
        left:
          description: The number of documents that were not tried because of a signal. The next cycle writes them.
          type: int
        throttled:
          description: How often the server throttled the cycle before it was settled, with answers 429 and 503. These
            requests are repeated.
          type: int
        busy:
          description: V(1) if the cycle wrote nothing, because other drivers were still updating some of its documents
            after two minutes.
          type: int
        samples:
          description: The first few documents that could not be written, each with its C(id), its C(update) and the
            C(reason).
          type: list
          elements: dict
        reason:
          description: Why the cycle ended early.
          type: str
        unrecorded:
          description: Why the run record of the cycle was not written, so that it is missing from the history.
          type: str
        undeleted:
          description: Why an earlier state document of the ledger was not deleted. Such documents accumulate.
          type: str
    new_state:
      description: The parameters and the state of the database after the cycle.
      type: dict
error:
  description: The error that ended the cycles early, after at least one cycle.
  type: str
  returned: if an error ended the cycles early
  sample: there is no database http://localhost:5984/backup-me; create it with couchdyno_setup
dyno_config:
  description: The parameters and the state of the database after the last cycle, as described at
    M(dyno.couchdb.couchdyno_setup).
  type: dict
  returned: unless the first cycle ended with an error
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.repeat import Repetition, preview, repeat
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.unwritten import (
    unwritten,
    warnings,
    why,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._module import PACE, run


def execute(module: AnsibleModule, client: Client) -> dict[str, Any]:
    params = module.params
    repetition = Repetition(params["updates_per_run"], params["cycles"], params["interval"], params["stop_file"])
    pace = Pace(params["connections"], params["batch_bytes"], params["rate"])
    report = preview(client, repetition) if module.check_mode else repeat(client, repetition, pace)
    for cycle in report["cycles"]:
        for warning in warnings(cycle["after"]):
            module.warn(warning)
    first, last = report["cycles"][0], report["cycles"][-1]
    diff = {"before": {"start": first["before"]["start"], "position": first["after"]["first"]},
            "after": {"start": last["new_state"]["start"], "position": last["new_state"]["position"]}}
    error = report.pop("error")
    result = dict(report, changed=report["updates"] > 0, diff=diff)
    if error:
        message = f"in cycle {len(report['cycles']) + 1} of {repetition.cycles}: {error}"
        return dict(result, failed=True, error=error, msg=message)
    if report["errors"]:
        return dict(result, failed=True, msg=complaint(report))
    return result


def complaint(report: dict[str, Any]) -> str:
    """The message about documents that could not be written in some of the cycles."""
    failed = [cycle["after"] for cycle in report["cycles"] if cycle["after"]["errors"]]
    return unwritten(report["errors"], why(failed[0]), sum(after.get("refused", 0) for after in failed))


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
