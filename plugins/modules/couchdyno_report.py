#!/usr/bin/python
# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: couchdyno_report
short_description: Create a page with charts of one or many databases
version_added: 0.1.0
description:
  - Creates an HTML file from the results of M(dyno.couchdb.couchdyno_info) on any number of hosts. The file can
    be viewed offline.
  - The module connects to no database. Run it on the host that should store the page, usually the controller.
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
      - The results of M(dyno.couchdb.couchdyno_info) with O(dyno.couchdb.couchdyno_info#module:series=true), by host
        name. Results of a task with a loop are accepted as well.
      - A database that appears in several results is shown once.
      - The page names the hosts whose task failed.
      - It may be empty in check mode only, which then checks that the libraries are installed and that the file can be
        written.
    type: dict
    required: true
  verified:
    description: The results of M(dyno.couchdb.couchdyno_verify), by host name, to show the verdicts.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Read statistics of a database
  dyno.couchdb.couchdyno_info:
    url: http://localhost:5984/backup-me
    username: admin
    password: "{{ couchdb_password }}"
    daily: true
    series: true
  register: info

- name: Create a page on the controller
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
  description: The hosts without a result of M(dyno.couchdb.couchdyno_info).
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
    """Each result with the name of its host; a variable registered by a loop holds several."""
    for host, value in sorted(registered.items()):
        for result in value.get("results", [value]):
            if not result.get("skipped"):
                yield host, result


def create(module: AnsibleModule) -> dict[str, Any]:
    path = module.params["path"]
    page.check(path)
    if module.check_mode and not module.params["infos"]:
        return {"changed": True, "path": path, "missing": []}
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
    }, create)


if __name__ == "__main__":
    main()
