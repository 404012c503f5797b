#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_verify
short_description: Verify every document of a CouchDB database or of a copy
version_added: 0.1.0
description:
  - Checks every document of a database that M(dyno.couchdb.couchdyno_setup) has set up, or of a restored or replicated
    copy of it, and fails if any is missing, stale, damaged, in conflict or unexpected. The expected contents are
    computed, so the original database is not needed.
  - Without positions or times, all documents must match the ledger in the database. With them, each document must hold
    an update that it may have held while the copy was created.
  - Cycles of M(dyno.couchdb.couchdyno_execute) may run at the same time.
author:
  - The couchdyno maintainers (@couchdyno)
extends_documentation_fragment:
  - dyno.couchdb.connection
  - dyno.couchdb.attributes
  - dyno.couchdb.attributes.actiongroup
  - dyno.couchdb.attributes.info
options:
  from_position:
    description:
      - RV(dyno.couchdb.couchdyno_info#module:progress.settled) of the source, read before the copy began. Every update
        below it was written or refused.
      - Requires O(to_position) or O(source_url).
    type: int
  to_position:
    description:
      - The position of the source when the copy was complete, as M(dyno.couchdb.couchdyno_info) returned in
        C(dyno_config.position). Requires O(from_position).
      - If omitted, the position is read from O(source_url).
    type: int
  taken_from:
    description:
      - When the copy was begun, by the clock of the server, like V(2026-11-27T03:25:00Z) or in Unix seconds.
      - The run records of O(source_url), or else of the copy, give the positions at these times, so O(from_position)
        and O(to_position) are not needed. Requires O(taken_to).
    type: str
  taken_to:
    description: When the copy was complete, by the clock of the server. Requires O(taken_from).
    type: str
  source_url:
    description:
      - The URL of the source, to check that the database is a copy of it, to verify the copy even if the copy has lost
        its ledger, and to report the updates that would be lost by reverting to the copy.
      - O(ca_path), O(validate_certs), O(client_cert), O(client_key) and O(timeout) apply to it as well.
      - If omitted, the environment variable E(COUCHDYNO_SOURCE_URL) is used.
    type: str
  source_username:
    description:
      - The user name for O(source_url).
      - If omitted, the environment variable E(COUCHDYNO_SOURCE_USERNAME) is used.
    type: str
  source_password:
    description:
      - The password of O(source_username).
      - If omitted, the environment variable E(COUCHDYNO_SOURCE_PASSWORD) is used.
    type: str
  seed:
    description:
      - The seed of a database whose ledger is lost, if there is no O(source_url). O(seed), O(total) and O(size) must be
        given together.
      - If they are given, the ledger of the database is not read. Unless O(from_position) is given, all documents must
        exist.
    type: int
  total:
    description: The number of documents of a database whose ledger is lost.
    type: int
  size:
    description: The size in bytes of each document of a database whose ledger is lost.
    type: int
  workload:
    description: The workload of a database whose ledger is lost, as it was given to M(dyno.couchdb.couchdyno_setup).
      Requires O(seed), O(total) and O(size). By default, it is V(classic).
    type: raw
    version_added: 0.2.0
  replicas:
    description: Whether to read every document from each replica, and name differing documents. Requires CouchDB 3, a
      server admin, and all nodes up. By default, each document is read from one replica, and the others are asked only
      about documents that look wrong.
    type: bool
    default: false
  allow:
    description:
      - What may have changed without making the verdict wrong. It is reported all the same.
      - With V(numbers), numbers may have been changed as JavaScript does. It rounds integers beyond 2^53, and writes
        C(1.0) as C(1). Backup tools written in JavaScript, such as couchbackup, do this to documents that have such
        numbers.
      - With V(conflicts), losing revisions may be missing, as in copies of winning revisions alone.
      - The others are properties of the database for which its workload asks. Many backup tools do not keep
        V(security) and V(revs_limit), and say so.
    type: list
    elements: str
    choices: [numbers, conflicts, design, index, validator, security, revs_limit, partitioned, views]
    default: []
    version_added: 0.2.0
  views:
    description: Whether to query all views of a workload that asks for C(design), and to compare what they say with the
      documents. The server then builds them, if it has not done so yet.
    type: bool
    default: false
    version_added: 0.2.0
  attachments:
    description:
      - How attachments are checked, if the workload has any.
      - With V(stubs), by name, content type, length and the digest that the server shows. Only attachments that cannot
        be checked like that are read, such as compressed ones whose digest differs from the expected one.
      - With V(read), all attachments are read and compared byte by byte.
    type: str
    choices: [stubs, read]
    default: stubs
    version_added: 0.2.0
  fail_on_wrong:
    description: Whether the module fails if the database is wrong or the verdict is undecided. If V(false), it only
      reports the verdict.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Verify a restored database
  dyno.couchdb.couchdyno_verify:
    url: http://localhost:5984/restored
    username: admin
    password: "{{ couchdb_password }}"

- name: Verify a backup taken while cycles were running
  module_defaults:
    group/dyno.couchdb.couchdyno:
      username: admin
      password: "{{ couchdb_password }}"
  block:
    - name: Record the position before the backup
      dyno.couchdb.couchdyno_info:
        url: http://localhost:5984/backup-me
      register: before

    - name: Back up the database
      ansible.builtin.command: back-up backup-me

    - name: Record the position after the backup
      dyno.couchdb.couchdyno_info:
        url: http://localhost:5984/backup-me
      register: after

    - name: Restore the backup
      ansible.builtin.command: restore backup-me restored

    - name: Verify the copy, and report what would be lost by reverting to it
      dyno.couchdb.couchdyno_verify:
        url: http://localhost:5984/restored
        from_position: "{{ before.progress.settled }}"
        to_position: "{{ after.dyno_config.position }}"
        source_url: http://localhost:5984/backup-me
        source_username: admin
        source_password: "{{ couchdb_password }}"
      register: copy

    - name: Show the report that couchdyno-verify prints
      ansible.builtin.debug:
        msg: "{{ copy.report.splitlines() }}"
"""

RETURN = r"""
format:
  description: The version of the format of these values. It changes when other versions cannot read them.
  type: int
  returned: when the verification was completed
  sample: 1
verdict:
  description: V(right), V(wrong), or V(undecided) if nothing shows whether anything is lost.
  type: str
  returned: when the verification was completed
  sample: right
reasons:
  description: Why the database is wrong, or the verdict is undecided. Empty if it is right.
  type: list
  elements: str
  returned: when the verification was completed
  sample: ["1 document damaged"]
checked:
  description: The number of documents of the update stream found in the database.
  type: int
  returned: when the verification was completed
  sample: 1000
counts:
  description: The number of documents of each kind.
  type: dict
  returned: when the verification was completed
  sample: {"exact": 1000, "behind": 0, "ahead": 0, "damaged": 0, "rounded": 0, "unreadable": 0, "missing": 0,
           "revived": 0, "extra": 0, "conflicted": 0, "unbranched": 0, "earlier": 0, "absent": 0, "deleted": 0}
  contains:
    exact:
      description: Documents that hold an allowed update, byte for byte.
      type: int
    behind:
      description: Documents that hold an older update than allowed.
      type: int
    ahead:
      description: Documents that hold a newer update than allowed.
      type: int
    damaged:
      description: Documents whose contents or attachments match none of their updates.
      type: int
    rounded:
      description: Documents that are as they should be, except that JavaScript has changed their numbers.
      type: int
    unreadable:
      description: Documents that exist, but that the server cannot read.
      type: int
    missing:
      description: Expected documents that are not in the database.
      type: int
    revived:
      description: Documents that exist, although an update has deleted them.
      type: int
    extra:
      description: Documents that are not in the update stream.
      type: int
    conflicted:
      description: Documents with correct contents, but more leaf revisions than they should have.
      type: int
    unbranched:
      description: Documents with correct contents, but without the losing revision that they should have.
      type: int
    earlier:
      description: Documents written by the original couchdyno, which cannot be verified.
      type: int
    absent:
      description: Documents that need not exist, as no update has written them yet, or one may have deleted them.
      type: int
    deleted:
      description: Documents that do not exist, as an update has deleted them.
      type: int
types:
  description: RV(counts) by document type, in the order of the workload. Each has its C(name), the number of documents
    found in the database (C(checked)), and the number of documents of each kind unless it is 0.
  type: list
  elements: dict
  returned: with a workload other than classic
  sample: [{"name": "order", "checked": 59, "exact": 59, "missing": 1, "deleted": 40}]
documents:
  description: How many documents should exist when all updates below RV(high) are written (C(expected)), and how many
    these updates have C(deleted). If known, the number of documents on the server (C(found)), without design documents
    and couchdyno's own, and the number of C(tombstones), without those of couchdyno's own documents.
  type: dict
  returned: with a workload other than classic
  sample: {"expected": 1000, "deleted": 240, "found": 1000, "tombstones": 240}
attachments:
  description: The number of attachments that the documents found in the database should have (C(expected)), how many of
    these they have (C(checked)), and of how many the bytes were C(read). Wrong ones are C(damaged), C(missing),
    C(extra), or C(older), which have the bytes of an earlier update. Documents with wrong attachments are damaged.
    RV(samples) names the first few, with the attachments.
  type: dict
  returned: with a workload that has attachments
  sample: {"expected": 400, "checked": 399, "read": 0, "damaged": 0, "missing": 1, "extra": 0, "older": 0}
samples:
  description: The first few documents of each kind of fault, each with its C(id) and the C(reason).
  type: dict
  returned: when the verification was completed
  sample: {"missing": [{"id": "cdyno_000000000007", "reason": "is missing; it should hold update 1007"}]}
differing:
  description: The number of documents that differ between replicas. RV(samples) names the first few.
  type: int
  returned: if there are any
  sample: 3
catching_up:
  description: The number of documents that are right, but that one replica does not have yet.
  type: int
  returned: if there are any
  sample: 7000
properties:
  description: What became of each property of the database for which its workload asks, and of the views with
    O(views=true). Each has its C(name), its C(state) (V(kept), V(lost) or V(changed)), and C(details), which say what
    was lost or changed, and which further entries C(_security) has.
  type: list
  elements: dict
  returned: if the workload asks for any
  sample: [{"name": "design", "state": "kept", "details": ""},
           {"name": "revs_limit", "state": "changed", "details": "the revs_limit is 1000 instead of 1200"}]
unchecked:
  description: What was not verified.
  type: list
  elements: str
  returned: when the verification was completed
  sample: [design documents, _security, _local documents, the contents of deleted documents, purges]
database:
  description: The name of the database.
  type: str
  returned: when the verification was completed
  sample: restored
ts:
  description: When the database was verified, in Unix seconds by the server's clock.
  type: int
  returned: when the verification was completed
  sample: 1795461868
low:
  description: The position below which every update is present, except refused and superseded ones. V(null) if no
    document shows it.
  type: int
  returned: when the verification was completed
  sample: 2200
high:
  description: The position at and above which no update is present. If it equals RV(low), the database is a
    snapshot of one point in time.
  type: int
  returned: when the verification was completed
  sample: 2200
low_ts:
  description: When the update before RV(low) was claimed, in Unix seconds by the server's clock. V(null) if unknown.
  type: int
  returned: when the verification was completed
  sample: 1795461868
high_ts:
  description: When the update before RV(high) was claimed, in Unix seconds by the server's clock. V(null) if unknown.
  type: int
  returned: when the verification was completed
  sample: 1795461868
ledger:
  description: The ledger in the database. Its C(position), the position below which every update was either written or
    refused (C(settled)), the number of open C(claims), the number of documents whose latest update the server refused
    (C(refused)), and whether it C(agrees) with the documents. V(null) if it was not read. If there are too many refused
    documents to list each one, C(tolerated) is the number of other documents that may also be older.
  type: dict
  returned: when the verification was completed
  sample: {"position": 2200, "settled": 2200, "claims": 0, "refused": 0, "agrees": true}
span:
  description: The positions between which the copy was created, C(from_position) and C(to_position), as given or as
    found for the given times. V(null) if there are none.
  type: dict
  returned: when the verification was completed
  sample: {"from_position": 2100, "to_position": 2300}
source:
  description: The C(position) of the source, and when the update before it was claimed (C(ts)), in Unix seconds by the
    server's clock.
  type: dict
  returned: with O(source_url)
  sample: {"position": 2500, "ts": 1795461999}
lag:
  description: What would be lost by reverting to this copy. The number of C(updates), and the time span of their claims
    in C(seconds). Unknown values are V(null).
  type: dict
  returned: with O(source_url)
  sample: {"updates": 300, "seconds": 131}
stream:
  description: The C(seed), C(total) and C(size) from which the expected contents were computed. With a workload other
    than V(classic), C(size) is the average size of the documents at the start.
  type: dict
  returned: when the verification was completed
  sample: {"seed": 4990448999442304, "total": 1000, "size": 1000}
dt:
  description: The duration of the verification in seconds.
  type: float
  returned: when the verification was completed
  sample: 0.211
rate:
  description: Documents per second.
  type: float
  returned: when the verification was completed
  sample: 4739.3
report:
  description: The report as C(couchdyno-verify) prints it.
  type: str
  returned: when the verification was completed
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.evidence import Span, given_stream
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.taken import period
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import (
    ALLOWABLE,
    READ,
    RIGHT,
    STUBS,
    WRONG,
    verify,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import as_written
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.verify import render
from ansible_collections.dyno.couchdb.plugins.module_utils._module import SOURCE, run


def check(module: AnsibleModule, client: Client, source: Client | None) -> dict[str, Any]:
    params = module.params
    given = given_stream(params["seed"], params["total"], params["size"], as_written(params["workload"]))
    taken = period(params["taken_from"], params["taken_to"])
    report = verify(client, Span(params["from_position"], params["to_position"], taken), given, source,
                    replicas=params["replicas"], allowed=params["allow"], views=params["views"],
                    attachments=params["attachments"])
    result = dict(report, changed=False, report=render(report))
    if report["verdict"] != RIGHT and params["fail_on_wrong"]:
        is_wrong = report["verdict"] == WRONG
        verdict = "the database is wrong" if is_wrong else "it is undecided whether the database is right"
        return dict(result, failed=True, msg=f"{verdict}: {', '.join(report['reasons'])}")
    return result


def main() -> None:
    run({
        **SOURCE,
        "from_position": {"type": "int"},
        "to_position": {"type": "int"},
        "taken_from": {"type": "str"},
        "taken_to": {"type": "str"},
        "seed": {"type": "int"},
        "total": {"type": "int"},
        "size": {"type": "int"},
        "workload": {"type": "raw"},
        "replicas": {"type": "bool", "default": False},
        "allow": {"type": "list", "elements": "str", "choices": list(ALLOWABLE), "default": []},
        "views": {"type": "bool", "default": False},
        "attachments": {"type": "str", "choices": [STUBS, READ], "default": STUBS},
        "fail_on_wrong": {"type": "bool", "default": True},
    }, check)


if __name__ == "__main__":
    main()
