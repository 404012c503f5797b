#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_report
short_description: Make a page with charts of one or many databases
version_added: 0.1.0
description:
  - Makes one file in HTML of what M(dyno.couchdb.couchdyno_info) has returned on any number of hosts. It opens without
    network.
  - It asks no database, and runs where the page is to be, with the Python packages jinja2 and plotly.
author:
  - The couchdyno maintainers (@couchdyno)
extends_documentation_fragment:
  - dyno.couchdb.attributes
requirements:
  - jinja2 (Python library)
  - plotly (Python library)
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  path:
    description: The file to write.
    type: path
    required: true
  infos:
    description:
      - What M(dyno.couchdb.couchdyno_info) has returned with O(dyno.couchdb.couchdyno_info#module:series), by the names
        of hosts. Results of a task with a loop will do, too. A database that several hosts have looked at is shown
        once.
      - The page names the hosts whose task has failed.
    type: dict
    required: true
  verified:
    description: What M(dyno.couchdb.couchdyno_verify) has returned, likewise by the names of hosts, to show the
      verdicts.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Look at a database
  dyno.couchdb.couchdyno_info:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    daily: true
    series: true
  register: info

- name: Make a page of it
  dyno.couchdb.couchdyno_report:
    path: /tmp/report.html
    infos: "{{ {inventory_hostname: info} }}"
  delegate_to: localhost
"""

RETURN = r"""
path:
  description: The file that was written.
  type: str
  returned: success
  sample: /tmp/report.html
missing:
  description: The hosts that have no info.
  type: list
  elements: str
  returned: success
  sample: []
"""

from typing import Any, Iterator

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports import output_file, saved
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.reports.html import page
from ansible_collections.dyno.couchdb.plugins.module_utils._module import run_without_database


def results(registered: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each result, with the name of its host; a variable that a loop has registered holds several."""
    for host, value in sorted(registered.items()):
        for result in value.get("results", [value]):
            if not result.get("skipped"):
                yield host, result


def make(module: AnsibleModule) -> dict[str, Any]:
    path = module.params["path"]
    page.check(path)
    asked = list(results(module.params["infos"]))
    missing = sorted({host for host, result in asked if "dyno_config" not in result})
    infos, __ = saved.classified((host, dict(result, label=host)) for host, result in asked if "dyno_config" in result)
    verified = [result for __, result in results(module.params["verified"]) if "verdict" in result]
    content = page.encoded(page.render(infos, verified, missing))
    changed = output_file.content(path) != content
    if changed and not module.check_mode:
        output_file.write(path, content)
    return {"changed": changed, "path": path, "missing": missing}


def main() -> None:
    run_without_database({
        "path": {"type": "path", "required": True},
        "infos": {"type": "dict", "required": True},
        "verified": {"type": "dict", "default": {}},
    }, make)


if __name__ == "__main__":
    main()
