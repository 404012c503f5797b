# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The defaults, options and limits of the role couchdyno, which appear in several places, agree."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.cli import connection, execute
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.options import Options
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.errors import UsageError
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.jobs.pace import Pace
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.limits import MAX_INTERVAL, check_seconds
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.model.parameters import Parameters

ROLE = next(path for path in Path(__file__).resolve().parents if (path / "galaxy.yml").exists()) / "roles" / "couchdyno"
README = (ROLE / "README.md").read_text()


def load(path):
    return yaml.safe_load((ROLE / path).read_text())


def specified():
    return load("meta/argument_specs.yml")["argument_specs"]["main"]["options"]


def documented(section):
    """The second column of a table in the README, by the names in its first column."""
    rows = re.findall(r"^\| (`.+?`) \| (.*?) \|", README.split(f"\n## {section}\n")[1].split("\n## ")[0], re.MULTILINE)
    return {name: second.strip("`") for names, second in rows for name in re.findall("`(.+?)`", names)}


def test_the_defaults_agree_with_the_argument_specs():
    assert load("defaults/main.yml") == {name: option["default"] for name, option in specified().items()}


def test_the_readme_has_the_defaults():
    defaults = load("defaults/main.yml")
    assert defaults.pop("couchdyno_jobs") == []
    assert {name: yaml.safe_load(text) for name, text in documented("Variables").items()} == defaults


def test_the_readme_has_all_options_of_jobs():
    assert set(documented("Jobs")) == set(specified()["couchdyno_jobs"]["options"])


def test_a_job_may_have_each_setting_of_a_configuration_file():
    assert load("vars/main.yml")["couchdyno_settings"] == list(connection.NAMES)
    assert set(connection.NAMES) < set(specified()["couchdyno_jobs"]["options"])


def test_the_numbers_of_a_job_are_checked():
    numbers = {
        name for name, option in specified()["couchdyno_jobs"]["options"].items() if option["type"] in ("int", "float")
    }
    assert numbers == set(load("vars/main.yml")["couchdyno_limits"])


CHECKS = {
    "updates_per_run": lambda value: Parameters(updates=int(value)).check(),
    "rate": lambda value: Pace(rate=value),
    "connections": lambda value: Pace(connections=int(value)),
    "batch_bytes": lambda value: Pace(batch_bytes=int(value)),
    "jitter": lambda value: check_seconds("jitter", value, MAX_INTERVAL),
    "timeout": lambda value: Options.of({"timeout": value}),
}


@pytest.mark.parametrize("name", CHECKS)
def test_jobs_accept_the_same_numbers_as_the_program(name):
    least, most = load("vars/main.yml")["couchdyno_limits"][name]
    CHECKS[name](least)
    CHECKS[name](most)
    for value in (least - 1, most + 1):
        with pytest.raises(UsageError):
            CHECKS[name](value)


def test_the_options_of_a_job_are_options_of_the_script(capsys):
    with pytest.raises(SystemExit):
        execute.main(["--help"])
    help_text = capsys.readouterr().out
    for name in load("vars/main.yml")["couchdyno_options"]:
        assert f"--{name.replace('_', '-')} " in help_text


def test_each_platform_has_its_packages():
    families = {"Debian": "Debian", "Ubuntu": "Debian", "EL": "RedHat", "Alpine": "Alpine"}
    platforms = [platform["name"] for platform in load("meta/main.yml")["galaxy_info"]["platforms"]]
    packages = load("vars/main.yml")["couchdyno_distributions"]
    assert {families[name] for name in platforms} == set(packages)
    methods = specified()["couchdyno_install_method"]["choices"]
    assert all(set(names) == {*methods, "metrics", "cron", "cron_service"} for names in packages.values())
