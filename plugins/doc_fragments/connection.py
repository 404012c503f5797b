# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragment: the options that say which database, and how to reach it."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The URL of the database, as V(http[s]://[user:password@]host[:port][/prefix]/db).
      - Credentials in it win over O(username) and O(password), and are removed before the URL is logged or returned.
      - Falls back to the environment variable E(COUCHDYNO_URL) of the host that the module runs on.
    type: str
    required: true
  username:
    description:
      - The user to act as.
      - Falls back to the environment variable E(COUCHDYNO_USERNAME).
    type: str
  password:
    description:
      - The password of O(username).
      - Falls back to the environment variable E(COUCHDYNO_PASSWORD).
    type: str
  ca_path:
    description:
      - A file of certificates to trust, instead of the usual ones.
      - Falls back to the environment variable E(COUCHDYNO_CA_PATH).
    type: path
  validate_certs:
    description:
      - Whether to refuse a server whose certificate cannot be verified.
      - Falls back to the environment variable E(COUCHDYNO_VALIDATE_CERTS).
    type: bool
    default: true
  client_cert:
    description:
      - A client certificate to show to the server.
      - Falls back to the environment variable E(COUCHDYNO_CLIENT_CERT).
    type: path
  client_key:
    description:
      - The key of O(client_cert), where it is not in the same file.
      - Falls back to the environment variable E(COUCHDYNO_CLIENT_KEY).
    type: path
  timeout:
    description:
      - Seconds in which an answer of the server must have arrived whole.
      - Falls back to the environment variable E(COUCHDYNO_TIMEOUT).
    type: float
    default: 60
requirements:
  - requests (Python library)
notes:
  - Works with CouchDB 2 and 3, and with Cloudant.
seealso:
  - name: The update stream and the ledger
    description: What the documents hold, and how drivers share the work.
    link: https://github.com/couchdyno/dyno.couchdb/blob/main/docs/architecture.md
"""
