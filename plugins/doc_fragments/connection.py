# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation fragment: the options for connecting to a database."""
from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - The URL of the database, as V(http[s]://[user:password@]host[:port][/prefix]/db).
      - Credentials in it take precedence over O(username) and O(password). They are removed before the URL is logged or
        returned.
      - If omitted, the environment variable E(COUCHDYNO_URL) on the managed host is used.
    type: str
    required: true
  username:
    description:
      - The user name.
      - If omitted, the environment variable E(COUCHDYNO_USERNAME) is used.
    type: str
  password:
    description:
      - The password of O(username).
      - If omitted, the environment variable E(COUCHDYNO_PASSWORD) is used.
    type: str
  ca_path:
    description:
      - A file with the certificates to trust instead of the default ones.
      - If omitted, the environment variable E(COUCHDYNO_CA_PATH) is used.
    type: path
  validate_certs:
    description:
      - Whether to reject servers whose certificate cannot be verified.
      - If omitted, the environment variable E(COUCHDYNO_VALIDATE_CERTS) is used.
    type: bool
    default: true
  client_cert:
    description:
      - A file with the client certificate.
      - If omitted, the environment variable E(COUCHDYNO_CLIENT_CERT) is used.
    type: path
  client_key:
    description:
      - A file with the private key of O(client_cert), if it is not in the same file.
      - If omitted, the environment variable E(COUCHDYNO_CLIENT_KEY) is used.
    type: path
  timeout:
    description:
      - The number of seconds within which each answer must be complete, above 0 and at most 86400. A connection must
        be made within 5 seconds.
      - If omitted, the environment variable E(COUCHDYNO_TIMEOUT) is used.
    type: float
    default: 60
requirements:
  - requests (Python library)
notes:
  - Proxies are read from the environment of the managed host (E(http_proxy), E(https_proxy) or E(all_proxy), and
    E(no_proxy)). Servers at a loopback address (V(localhost), V(127.0.0.1),
        V(::1)) are never reached through a proxy.
  - Tested on CouchDB 3.5.0. Other versions of CouchDB 2 and 3, and Cloudant, should work as well.
seealso:
  - name: The update stream and the ledger
    description: How documents are computed, and how drivers share the work.
    link: https://github.com/couchdyno/dyno.couchdb/blob/main/docs/architecture.md
"""
