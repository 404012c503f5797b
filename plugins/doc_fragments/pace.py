# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragment: the options of modules that write documents."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  connections:
    description:
      - The maximum number of requests in flight at once, from 1 to 64.
      - If omitted, it is 4.
    type: int
  batch_bytes:
    description:
      - The maximum size in bytes of the documents in a request, from 1 to 1000000000.
      - If omitted, it depends on the size of the documents.
    type: int
"""
