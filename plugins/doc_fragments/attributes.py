# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragments: what all modules of the collection can do."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and tell what would be changed, without changing it.
    support: full
  diff_mode:
    description: Returns details on what has changed (or would be in C(check_mode)) when in diff mode.
  idempotent:
    description: When run twice in a row, with nothing else happening in between, the second run changes nothing.
"""

    ACTIONGROUP = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/dyno.couchdb.couchdyno) in C(module_defaults) to set the connection options once.
    support: full
    membership:
      - dyno.couchdb.couchdyno
"""

    INFO = r"""
options: {}
attributes:
  diff_mode:
    support: N/A
    details:
      - It never changes anything.
  idempotent:
    support: full
"""
