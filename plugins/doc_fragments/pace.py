# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragment: how documents are written, for the modules that do."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  connections:
    description:
      - How many requests to have in flight at most.
      - Without it, 4.
    type: int
  batch_bytes:
    description:
      - How many bytes of documents to write in one request at most.
      - Without it, what suits the size of the documents and the server.
    type: int
"""
