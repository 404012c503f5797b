# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragments: attributes that the modules of the collection share."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and report what would change, without changing it.
    support: full
  diff_mode:
    description: In diff mode, returns details on what has changed, or would change in C(check_mode).
  idempotent:
    description: When run twice in a row, without other changes in between, the second run changes nothing.
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
      - The module never changes anything.
  idempotent:
    support: full
"""
