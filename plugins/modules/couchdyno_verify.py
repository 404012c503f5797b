#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_verify
short_description: Prove a CouchDB database, or a copy of it, document by document
version_added: 0.1.0
description:
  - Reads every document of a database that M(dyno.couchdb.couchdyno_setup) has set up, or of a copy that a backup
    system or a replication has made of it, and computes what it must hold. Nothing is compared with, so nothing
    else has to be there.
  - Without positions, the database is right when it holds one point in time, the one that its ledger tells of. With
    them, it is right when every document holds an update that it can have held while the copy was made.
  - It may run while cycles of M(dyno.couchdb.couchdyno_execute) do.
  - Fails when the database is wrong.
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
      - The position of the source up to which everything was written when the copy was begun. This is what
        M(dyno.couchdb.couchdyno_info) returns as RV(dyno.couchdb.couchdyno_info#module:progress.settled).
      - Requires O(to_position) or O(source_url).
    type: int
  to_position:
    description:
      - The position of the source when the copy was done. This is what M(dyno.couchdb.couchdyno_info) returns as
        C(dyno_config.position).
      - Without it, the position is read from O(source_url).
    type: int
  source_url:
    description:
      - The URL of the database that this one is a copy of, to tell what would be lost by going back to the copy.
      - It is reached with the same O(ca_path), O(validate_certs), O(client_cert), O(client_key) and O(timeout).
      - Falls back to the environment variable E(COUCHDYNO_SOURCE_URL).
    type: str
  source_username:
    description:
      - The user to act as on O(source_url).
      - Falls back to the environment variable E(COUCHDYNO_SOURCE_USERNAME).
    type: str
  source_password:
    description:
      - The password of O(source_username).
      - Falls back to the environment variable E(COUCHDYNO_SOURCE_PASSWORD).
    type: str
  seed:
    description:
      - The seed of a database whose ledger is lost. Requires O(total) and O(size).
      - The ledger is not read then, even if there is one.
    type: int
  total:
    description: The number of documents of a database whose ledger is lost.
    type: int
  size:
    description: The size of the documents of a database whose ledger is lost.
    type: int
  fail_on_wrong:
    description: Whether to fail when the database is wrong, or only to report it.
    type: bool
    default: true
"""

EXAMPLES = r"""
- name: Prove that a restored database is what its ledger says
  dyno.couchdb.couchdyno_verify:
    url: http://localhost:5984/restored
    username: admin
    password: "{{ couchdb_password }}"

- name: Prove a backup that was made while the database was updated
  module_defaults:
    group/dyno.couchdb.couchdyno:
      username: admin
      password: "{{ couchdb_password }}"
  block:
    - name: Note where the database is
      dyno.couchdb.couchdyno_info:
        url: http://localhost:5984/backup-me
      register: before

    - name: Back it up
      ansible.builtin.command: back-up backup-me

    - name: Note where it is now
      dyno.couchdb.couchdyno_info:
        url: http://localhost:5984/backup-me
      register: after

    - name: Restore the backup
      ansible.builtin.command: restore backup-me restored

    - name: Prove it, and tell what would be lost by going back to it
      dyno.couchdb.couchdyno_verify:
        url: http://localhost:5984/restored
        from_position: "{{ before.progress.settled }}"
        to_position: "{{ after.dyno_config.position }}"
        source_url: http://localhost:5984/backup-me
        source_username: admin
        source_password: "{{ couchdb_password }}"
      register: copy

    - name: Show what couchdyno-verify would print
      ansible.builtin.debug:
        msg: "{{ copy.report.splitlines() }}"
"""

RETURN = r"""
format:
  description: The number of the format of these values. It changes when values of one version are no use to another.
  type: int
  returned: always
  sample: 1
verdict:
  description: V(right) or V(wrong).
  type: str
  returned: always
  sample: right
reasons:
  description: Why it is wrong, in words.
  type: list
  elements: str
  returned: always
  sample: ["1 document damaged"]
checked:
  description: How many documents of the update stream were found in the database.
  type: int
  returned: always
  sample: 1000
counts:
  description: How many documents there are of each kind.
  type: dict
  returned: always
  sample: {"exact": 1000, "behind": 0, "ahead": 0, "damaged": 0, "missing": 0, "extra": 0, "conflicted": 0,
           "earlier": 0, "absent": 0}
  contains:
    exact:
      description: They hold, byte by byte, an update that they may hold.
      type: int
    behind:
      description: They hold an older update than they may.
      type: int
    ahead:
      description: They hold a newer update than they may.
      type: int
    damaged:
      description: They hold bytes that no update of theirs has written.
      type: int
    missing:
      description: They are not there, and should be.
      type: int
    extra:
      description: They are not of the update stream.
      type: int
    conflicted:
      description: They are as they should be, but have more than one leaf revision.
      type: int
    earlier:
      description: They were left by the earlier tool, and cannot be proved.
      type: int
    absent:
      description: They are not there, and need not be. No update has written them yet.
      type: int
samples:
  description: The first few documents of each kind that is not as it should be, each with its C(id) and the C(reason).
  type: dict
  returned: always
  sample: {"missing": [{"id": "cdyno_000000000007", "reason": "is not there; it should hold update 1007"}]}
database:
  description: The name of the database.
  type: str
  returned: always
  sample: restored
ts:
  description: When the database was verified, in Unix seconds of the server.
  type: int
  returned: always
  sample: 1795461868
low:
  description: The position below which every update is present. V(null) when no document says.
  type: int
  returned: always
  sample: 2200
high:
  description: The position from which on no update is present. Where it equals RV(low), the database holds one point in
    time.
  type: int
  returned: always
  sample: 2200
low_ts:
  description: When the update before RV(low) was claimed, in Unix seconds of the server; V(null) when nobody can tell.
  type: int
  returned: always
  sample: 1795461868
high_ts:
  description: When the update before RV(high) was claimed, in Unix seconds of the server; V(null) when nobody can tell.
  type: int
  returned: always
  sample: 1795461868
ledger:
  description: What the ledger in the database says. Its C(position), up to where it was C(settled), the number of its
    open C(claims), and whether it C(agrees) with the documents. V(null) when it was not read.
  type: dict
  returned: always
  sample: {"position": 2200, "settled": 2200, "claims": 0, "agrees": true}
span:
  description: The positions that were given, C(from_position) and C(to_position). V(null) without them.
  type: dict
  returned: always
  sample: {"from_position": 2100, "to_position": 2300}
source:
  description: The C(position) of the source, and when the update before it was claimed (C(ts)).
  type: dict
  returned: with O(source_url)
  sample: {"position": 2500, "ts": 1795461999}
lag:
  description: What would be lost by going back to this copy. The number of C(updates), and the C(seconds) in which they
    were claimed. What nobody can tell is V(null).
  type: dict
  returned: with O(source_url)
  sample: {"updates": 300, "seconds": 131}
stream:
  description: The C(seed), C(total) and C(size) that the documents were held against.
  type: dict
  returned: always
  sample: {"seed": 4990448999442304, "total": 1000, "size": 1000}
dt:
  description: The seconds that verifying took.
  type: float
  returned: always
  sample: 0.211
rate:
  description: Documents a second.
  type: float
  returned: always
  sample: 4739.3
report:
  description: The same as C(couchdyno-verify) prints it.
  type: str
  returned: always
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.verify import (
    RIGHT,
    Span,
    given_stream,
    verify,
)
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.text.verify import render
from ansible_collections.dyno.couchdb.plugins.module_utils._module import SOURCE, run


def check(module: AnsibleModule, client: Client, source: Client | None) -> dict[str, Any]:
    params = module.params
    given = given_stream(params["seed"], params["total"], params["size"])
    report = verify(client, Span(params["from_position"], params["to_position"]), given, source)
    result = dict(report, changed=False, report=render(report))
    if report["verdict"] != RIGHT and params["fail_on_wrong"]:
        return dict(result, failed=True, msg=f"the database is wrong: {'; '.join(report['reasons'])}")
    return result


def main() -> None:
    run({
        **SOURCE,
        "from_position": {"type": "int"},
        "to_position": {"type": "int"},
        "seed": {"type": "int"},
        "total": {"type": "int"},
        "size": {"type": "int"},
        "fail_on_wrong": {"type": "bool", "default": True},
    }, check)


if __name__ == "__main__":
    main()
