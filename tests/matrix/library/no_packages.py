# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A package manager for check mode that knows no packages, so the tests need none and install none."""

from __future__ import annotations

from ansible.module_utils.basic import AnsibleModule


def main() -> None:
    module = AnsibleModule({"name": {"type": "list"}, "state": {"type": "str"}}, supports_check_mode=True)
    module.exit_json(changed=True)


if __name__ == "__main__":
    main()
