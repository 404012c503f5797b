# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The examples put no password on a command line, where other users see it, and Ansible shows it on failure."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists())
PAGES = sorted(path for pattern in ("*.md", "docs/*.md", "roles/*/*.md", "tests/*/*.md") for path in ROOT.glob(pattern))
COMMAND = re.compile(r"\./|@daily|[*\d]+ [*\d]+ [*\d]+|couchdyno-|ansible|curl|python|pip|git")
BEFORE = re.compile(r"(\$ )?(export )?(\w+=\S+ *)*")  # a prompt, and variables of the environment
SECRET = re.compile(r"://[^\s/@\[{]+:[^\s/@{]+@|(password|PASSWORD)[=: ]+(?!\{\{)\S|--password|(-u|--user) \w+:\w")


def commands(text):
    """The commands in the examples of a page."""
    for block in re.findall(r"^```\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        for line in block.replace("\\\n", " ").splitlines():
            command = BEFORE.sub("", line.strip(), count=1)
            if COMMAND.match(command):
                yield command


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_password_on_a_command_line(page):
    assert [line for line in commands(page.read_text()) if SECRET.search(line)] == []


def test_what_the_test_sees():
    text = "```\n{}\n```\n"
    seen = [
        "./venv/bin/ansible h -m couchdyno_execute \\\n -a url=http://adm:pass@h/db",
        "$ couchdyno-info http://adm:pass@h/db",
        "$ curl -u adm:pass http://h",
        "@daily couchdyno-execute http://adm:pass@h/db",
    ]
    for line in seen:
        assert any(map(SECRET.search, commands(text.format(line)))), line
    for line in ("export COUCHDYNO_PASSWORD=pass", "URL=http://a:b@h python x", "ansible -a 'password={{ secret }}'"):
        assert not any(map(SECRET.search, commands(text.format(line)))), line
