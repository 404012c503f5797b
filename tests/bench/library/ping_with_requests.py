# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Like ansible.builtin.ping, but imports requests, the only library that couchdyno needs."""
from __future__ import annotations

import requests
from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule(argument_spec={}, supports_check_mode=True)
    module.exit_json(ping="pong", requests=requests.__version__)


if __name__ == "__main__":
    main()
