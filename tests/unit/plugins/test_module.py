# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""How modules end when something unforeseen happens."""

from __future__ import annotations

import pytest
from ansible_collections.dyno.couchdb.plugins.module_utils import _module


class Module:
    """Stands for AnsibleModule."""

    def fail_json(self, **result):
        self.result = result
        raise SystemExit(1)


def test_a_bug_is_one_line_without_the_words_of_the_exception():
    module = Module()
    with pytest.raises(SystemExit) as ended:
        _module._end(module, lambda: {}["s3cr3t".strip()])
    assert ended.value.__context__ is None  # Ansible would return what it finds there
    assert module.result["msg"].startswith("unexpected error: KeyError (")
    assert module.result["msg"].endswith("); use -vvv to see where it comes from")
    assert module.result["exception"].splitlines()[-1] == "KeyError"
