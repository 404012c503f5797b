#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_setup
short_description: Set up a CouchDB database for continuous updates
version_added: 0.1.0
description:
  - Creates a database and records in it the number and size of its documents, and the number of documents that
    each cycle updates. M(dyno.couchdb.couchdyno_execute) runs the cycles.
  - With O(fill=true), also writes all documents. An interrupted fill resumes when the task is run again. Several
    hosts can fill a database together and share the work.
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
      - A database that was set up with the same parameters is not changed.
      - With O(force=true), each run deletes and recreates the database.
      - With O(adopt=true), each run marks the database as another fork.
options:
  state:
    description:
      - With V(present), the database exists and is set up with these parameters. The module fails if the database
        was set up with other parameters, or was not set up by couchdyno, unless O(force=true).
      - An existing database without documents is used as it is, so an admin can create it for a user who may not.
      - With V(absent), the database is deleted. The module fails if couchdyno did not set it up, unless O(force=true).
    type: str
    choices: [present, absent]
    default: present
  total:
    description: The number of documents, from 1 to 1000000000000. With a workload other than V(classic), the number of
      documents at the start.
    type: int
    default: 1000
  size:
    description: The size of each document in bytes of JSON text, from 1 to 100000000. Even without data,
      a document is about 70 bytes long. With a workload other than V(classic), the size of documents whose type does
      not set one.
    type: int
    default: 1000
  workload:
    description:
      - What documents the database has, and how they change. Either the name of a built-in workload or a dict with the
        keys C(types) and, optionally, C(database).
      - V(classic), the default, has documents of one size that are rewritten round robin; none is ever deleted.
      - V(queue) has messages that come and go, first in, first out. Each lap replaces half of them.
      - V(growing) is a journal. Each lap rewrites all documents and adds a tenth of the initial number.
      - V(crm) has people, orders, reports and counters with realistic bodies. Orders come and go.
      - V(hot) has accounts, and a few counters that have most of the updates. Several drivers may update them at once.
      - V(backup) has all that a backup can lose. Documents that come and go, attachments, losing revisions, views,
        C(_security) and C(revs_limit). V(backup-partitioned) is the same in a partitioned database.
      - C(types) is a dict of document types by their names, in the order in which a fill creates them. The value of
        each is a dict with the following keys, all of which are optional. The names of types are part of the documents.
      - C(documents) is its share of O(total), a number from 1 to 100, by default 1. For example, of types with the
        shares 60 and 40, the first has 60 percent of the documents at the start. Each type has one document at least.
      - C(total) is its number of documents at the start, instead of a share.
      - C(updates) is its share of the updates after the fill, a number from 1 to 100, by default 1.
      - C(create) and C(delete) say how many documents each lap of the type creates and deletes, in percent of the
        documents at the start, rounded up. Both are 0 by default; C(delete) must not exceed C(create). A lap deletes
        the oldest documents, rewrites the others, then creates new ones.
      - C(size) is the size of its documents in bytes, or a list of the least and the most, between which sizes are
        distributed so that as many are between 1 KB and 2 KB as between 2 KB and 4 KB. The default is the value of the
        module option O(size).
      - C(body) is what its documents contain. Either the name of a built-in body, V(hex) (the default), V(person),
        V(order), V(report), V(package), V(chunk), V(log), V(state) or V(hostile), or a template as described in
        U(https://github.com/couchdyno/dyno.couchdb/blob/main/docs/workloads.md#bodies).
      - C(prefix) is what the ids of its documents begin with, by default its name and a colon (and with the body
        V(hostile), characters that are special in URLs); 12 digits follow. No prefix may begin with C(_) or
        C(couchdyno), or be the beginning of another one.
      - C(ids) says which digits these are. With V(ordered), the default, documents are numbered; with V(hashed), the
        digits are scattered, so that new and updated documents are all over the index of the database.
      - C(hot) is a boolean, by default false. Several drivers may update documents of a hot type at once, and a cycle
        may update one several times. It must not have C(create) and C(delete).
      - C(attachments) says which of its documents have attachments, and which. It is a dict whose keys are optional.
        Documents whose index is divisible by C(every) (by default 1) have C(count) attachments (1 to 100, by default 1)
        of the type C(content_type) (by default V(image/png)). C(size) is the size of each in bytes, or a list of the
        least and the most, by default V([1000, 200000]). The creation of a document writes them. After that, one
        in C(renew) updates of the document (by default 1) replaces all of them; the others keep them. Hot types must
        not have attachments.
      - C(conflicts) is a number. One of this many documents of the type has a losing revision, which changes with each
        of its updates, is deleted with it, and is verified. By default no document has one. A hot type must not have
        C(conflicts).
      - C(tombstone) says what its deleted documents contain. With V(bare), the default, they contain nothing; with
        V(fields), their type, the number of the update, and the time of its claim.
      - C(database) is a dict of what the database has beside its documents, all of it false by default. With
        C(design), design documents with three views and a Mango index. With C(validator), a design document that
        validates every write, and lets these through; it makes them several times slower. With C(security), members
        and admins in the C(_security) object, which close the database to users who are not among them. C(revs_limit)
        is a number, at least 30. C(partitioned) means the same as O(partitioned). Whoever sets it up must be an admin.
      - A workload cannot be combined with O(adopt). If the database was already set up, it must have the same workload,
        unless O(force=true).
    type: raw
  updates_per_run:
    description:
      - The number of documents to update in each cycle, from 1 to 1000000000000.
      - If it exceeds O(total), each cycle updates all documents. A cycle never updates a document twice, unless it is
        hot, so with a workload other than V(classic) it may update fewer.
    type: int
    default: 10
  seed:
    description:
      - The number that the contents of all documents are computed from, from 0 to 9007199254740991.
      - If omitted, a new database gets a random seed, and an existing one may have any.
    type: int
  fill:
    description: Whether to write all missing documents, and wait until they are written.
    type: bool
    default: false
  force:
    description:
      - Whether to delete an existing database first, whatever it contains. With O(state=present), its C(_security)
        object is kept.
      - With O(state=present), a database without documents is only deleted if O(q) or O(n) is given, or if it should be
        partitioned and is not.
    type: bool
    default: false
  adopt:
    description:
      - Whether to make the ledger of an existing database agree with its documents, for example after an earlier
        ledger was restored over a newer database. Stop all drivers of the database first.
      - All documents are read. The position moves to just after the newest update in the database, unless the ledger is
        already ahead of it. Updates that documents should hold at this position, but do not, become open, and the next
        cycles write them.
      - The parameters stay as they are, whatever O(total), O(size), O(updates_per_run) and O(seed) say. The database is
        marked as a fork, so M(dyno.couchdb.couchdyno_verify) no longer accepts it as a copy of its source.
      - Each run adds another mark, so run it only once. It cannot be combined with O(force), O(fill), O(workload),
        O(partitioned), O(member_names), O(member_roles), O(admin_names), O(admin_roles) or O(state=absent).
    type: bool
    default: false
  member_names:
    description:
      - Users who may read and write documents. They are added to the members in the C(_security) object of the
        database, even if it already exists; nobody is removed.
      - A database without members is open to everybody. It stays open, and no members are added. Only an admin may
        change the object.
    type: list
    elements: str
    default: []
  member_roles:
    description: The same for users with these roles.
    type: list
    elements: str
    default: []
  admin_names:
    description: Users who may change the design documents and the C(_security) object of the database. They are added
      to its admins.
    type: list
    elements: str
    default: []
  admin_roles:
    description: The same for users with these roles.
    type: list
    elements: str
    default: []
  q:
    description: The number of shards of a new database, from 1 to 1024. If omitted, the server's default applies.
    type: int
  n:
    description: The number of replicas of each shard of a new database, from 1 to 64. If omitted, the server's default
      applies.
    type: int
  partitioned:
    description:
      - Whether to create a partitioned database, which requires CouchDB 3 or later. Each type of documents is a
        partition, so the prefixes of a workload must have the form C(partition:rest).
      - An existing database without documents must then be partitioned, unless O(force=true). If an admin has already
        created a partitioned one, this option is not needed.
    type: bool
    default: false
    version_added: 0.2.0
"""

EXAMPLES = r"""
- name: Set up and fill a database of 100,000 documents of 2 KB; each cycle updates 500 of them
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    total: 100000
    size: 2000
    updates_per_run: 500
    fill: true

- name: Recreate a small database with a fixed seed, so that its contents are always the same
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/small
    username: admin
    password: "{{ couchdb_password }}"
    total: 10
    seed: 42
    force: true

- name: Give a user who is not an admin access to the same database, to run cycles
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/small
    username: admin
    password: "{{ couchdb_password }}"
    total: 10
    member_names: [couchdyno]

- name: Make the ledger agree with the documents after an earlier ledger was restored
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    adopt: true

- name: Recreate a database with orders, which come and go, and customers, which stay
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    total: 1000
    force: true
    workload:
      types:
        order: {documents: 60, updates: 70, create: 2, delete: 2, size: 600}
        customer: {documents: 40, updates: 30}
    fill: true

- name: Delete the small database
  dyno.couchdb.couchdyno_setup:
    url: http://localhost:5984/small
    username: admin
    password: "{{ couchdb_password }}"
    state: absent
"""

RETURN = r"""
dyno_config:
  description: The parameters and the state of the database, as recorded in its ledger.
  type: dict
  returned: when O(state=present)
  contains:
    created:
      description: When the database was set up, in Unix seconds by the server's clock.
      type: int
      sample: 1795461866
    total:
      description: The number of documents. With a workload other than V(classic), the number of documents at the start.
      type: int
      sample: 1000
    size:
      description: The size of each document in bytes. With a workload other than V(classic), the size of documents
        whose type does not set one.
      type: int
      sample: 1000
    updates:
      description: The number of documents that each cycle updates.
      type: int
      sample: 10
    seed:
      description: The number that the contents of all documents are computed from. V(null) in check mode if the
        seed would be random.
      type: int
      sample: 42
    start:
      description: The index of the first document that the next cycle updates. With a workload other than V(classic),
        the remainder of C(position) divided by C(total).
      type: int
      sample: 20
    position:
      description: The number of updates handed out to drivers since the database was set up.
      type: int
      sample: 1020
    runs:
      description: The number of runs (cycles, and windows of fills) begun so far.
      type: int
      sample: 3
    claims:
      description: The windows of updates that drivers have claimed and not settled yet.
      type: list
      elements: dict
      sample: []
    last_ts:
      description: When the latest cycle began, in Unix seconds by the server's clock.
      type: int
      sample: 1795461868
    last_dt:
      description: The duration of the latest cycle in whole seconds.
      type: int
      sample: 0
    last_updates:
      description: The number of documents that the latest cycle wrote.
      type: int
      sample: 10
    last_errors:
      description: The number of documents that the latest cycle could not write.
      type: int
      sample: 0
    version:
      description: The version of these fields. 1 for classic, 2 for other workloads.
      type: int
      sample: 1
    workload:
      description: The workload, with numbers of documents in place of shares and percentages.
      type: dict
      returned: unless it is V(classic)
      contains:
        types:
          description: The types of documents, in the order in which a fill creates them.
          type: list
          elements: dict
          contains:
            name:
              description: The name of the type.
              type: str
              sample: order
            total:
              description: The number of its documents at the start.
              type: int
              sample: 6000
            updates:
              description: Its share of the updates.
              type: int
              sample: 70
            create:
              description: The number of documents that each lap creates.
              type: int
              sample: 120
            delete:
              description: The number of documents that each lap deletes.
              type: int
              sample: 120
            prefix:
              description: What the ids of its documents begin with.
              type: str
              sample: "order:"
            size:
              description: The size of its documents in bytes, or a list of the least and the most.
              type: raw
              sample: [400, 6000]
            body:
              description: The name of the body of its documents, or the template as JSON text.
              type: str
              sample: order
            tombstone:
              description: What its deleted documents contain, either V(bare) or V(fields).
              type: str
              sample: bare
            ids:
              description: The digits in the ids of its documents, either V(ordered) or V(hashed).
              type: str
              sample: ordered
            hot:
              description: Whether a document may be updated by several drivers at once.
              type: bool
              sample: false
            attachments:
              description: The attachments of its documents. The keys are those of the parameter O(workload). Not
                returned for a type without attachments.
              type: dict
              sample: {"every": 5, "count": 2, "size": [1000, 200000], "content_type": "image/png", "renew": 4}
            conflicts:
              description: One of this many documents has a losing revision.
              type: int
              sample: 20
              returned: if some documents have one
        database:
          description: The properties of the database for which the workload asks, by name. C(design), C(validator),
            C(security) and C(partitioned) are V(true) if they are there, C(revs_limit) is a number.
          type: dict
          returned: if there are any
          sample: {"design": true, "revs_limit": 1200}
    partitioned:
      description: That the database was set up as a partitioned database, whose ids begin with a partition and a colon.
      type: bool
      returned: if it was
      sample: true
fill:
  description: What the fill did. In check mode, only the number of documents that it would write. Further counts are
    described at RV(dyno.couchdb.couchdyno_execute#module:cycles[].after).
  type: dict
  returned: when O(fill=true)
  sample: {"updates": 1000, "dt": 0.21, "rate": 4761.9, "errors": 0}
  contains:
    updates:
      description: The number of documents written.
      type: int
    dt:
      description: The duration of the fill in seconds.
      type: float
    rate:
      description: Documents per second.
      type: float
    errors:
      description: The number of documents that could not be written.
      type: int
properties:
  description: The properties for which the workload asks and that the database lacked. It has been given them.
  type: list
  elements: str
  returned: if there are any
  sample: [security, design, index]
security:
  description: Who may use the database, according to its C(_security) object.
  type: dict
  returned: when access was requested, or the object of a deleted database was kept
  contains:
    kept:
      description: Whether the object of the deleted database was kept.
      type: bool
      sample: false
    member_names:
      description: The users who may read and write documents. If there are neither users nor roles, everybody may.
      type: list
      elements: str
      sample: [couchdyno]
    member_roles:
      description: The roles of users who may read and write documents.
      type: list
      elements: str
      sample: [_admin]
    admin_names:
      description: The users who are admins of the database.
      type: list
      elements: str
      sample: []
    admin_roles:
      description: The roles of users who are admins of the database.
      type: list
      elements: str
      sample: [_admin]
adopted:
  description: What was found in the database.
  type: dict
  returned: when O(adopt=true)
  sample: {"position": 5200, "open": 12, "behind": 10, "missing": 2, "revived": 0, "damaged": 0, "conflicted": 0,
           "extra": 0}
  contains:
    position:
      description: The new position.
      type: int
    open:
      description: The number of updates that the next cycles write again.
      type: int
    behind:
      description: The number of documents that are older than they should be at this position.
      type: int
    missing:
      description: The number of missing documents.
      type: int
    revived:
      description: The number of documents that exist, although an update has deleted them.
      type: int
    damaged:
      description: The number of documents whose contents match none of their updates.
      type: int
    conflicted:
      description: The number of documents with conflicting revisions. They are left as they are.
      type: int
    unbranched:
      description: The number of documents without the losing revision that they should have.
      type: int
      returned: if there are any
    extra:
      description: The number of documents that are not in the update stream. They are left as they are.
      type: int
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.security import Access
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError, option
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs import adopt
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.setup import (
    Request,
    Sharding,
    preview,
    remove,
    setup,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import DEFAULTS, Parameters
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.workloads import as_written
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.unwritten import unwritten, why
from ansible_collections.dyno.couchdb.plugins.module_utils._module import PACE, run


def adopted(module: AnsibleModule, client: Client) -> dict[str, Any]:
    report = adopt.preview(client) if module.check_mode else adopt.adopt(client)
    return dict(report, diff={"before": report.pop("before") or {}, "after": report["dyno_config"]})


def present(module: AnsibleModule, client: Client) -> dict[str, Any]:
    params = module.params
    if params["adopt"]:
        others = ("force", "fill", "workload", "partitioned", *Access._fields)
        adopt.check_alone(name for name in others if params[name])
        return adopted(module, client)
    wanted = Parameters(params["total"], params["size"], params["updates_per_run"], params["seed"])
    access = Access(*(tuple(params[name]) for name in Access._fields))
    request = Request(wanted, Sharding(params["q"], params["n"]), params["fill"], params["force"], idempotent=True,
                      access=access, workload=as_written(params["workload"]), partitioned=params["partitioned"])
    pace = Pace(params["connections"], params["batch_bytes"])
    report = preview(client, request) if module.check_mode else setup(client, request, pace)
    for caution in request.cautions():
        module.warn(caution)
    diff = {"before": report.pop("before") or {}, "after": report["dyno_config"]}
    if "security" in report:
        diff["before"] = dict(diff["before"], security=report.pop("security_before"))
        diff["after"] = dict(diff["after"], security=report["security"])
    filled = report.get("fill", {})
    if filled.get("errors"):
        retry = "run the task again to write them"
        report.update(failed=True, msg=unwritten(filled["errors"], why(filled), filled.get("refused", 0), retry))
    return dict(report, diff=diff)


def absent(module: AnsibleModule, client: Client) -> dict[str, Any]:
    if module.params["adopt"]:
        raise UsageError(option("adopt"), " cannot be combined with ", option("state"), ": absent")
    report = remove(client, force=module.params["force"], dry_run=module.check_mode)
    return {"changed": report["changed"], "diff": {"before": report["before"] or {}, "after": {}}}


def main() -> None:
    run({
        **PACE,
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "total": {"type": "int", "default": DEFAULTS.total},
        "size": {"type": "int", "default": DEFAULTS.size},
        "updates_per_run": {"type": "int", "default": DEFAULTS.updates},
        "workload": {"type": "raw"},
        "seed": {"type": "int"},
        "fill": {"type": "bool", "default": False},
        "force": {"type": "bool", "default": False},
        "adopt": {"type": "bool", "default": False},
        **{name: {"type": "list", "elements": "str", "default": []} for name in Access._fields},
        "q": {"type": "int"},
        "n": {"type": "int"},
        "partitioned": {"type": "bool", "default": False},
    }, lambda module, client: (present if module.params["state"] == "present" else absent)(module, client))


if __name__ == "__main__":
    main()
