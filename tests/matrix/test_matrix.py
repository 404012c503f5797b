# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection with each maintained or widely used ansible-core.

The modules' targets run on the oldest and the newest Python that it supports on hosts, and on all of them with the
first ansible-core or with COUCHDYNO_EVERY_PYTHON=1. couchdyno_report is left out, as it needs more than requests and
usually runs on the controller. The demo and, in check mode, the role run on the controller. The tests use
the Pythons of this machine; tests/pythons.py says where it looks for them.
"""

from __future__ import annotations

import json
import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pythons

HERE = Path(__file__).resolve().parent
VENVS = HERE.parents[1] / ".test"
# The minor versions of Python 3 that run an ansible-core, and those on which it runs modules.
# test_supported_pythons compares them with each ansible-core.
CORES = {
    "2.17": (range(10, 13), range(7, 13)),
    "2.18": (range(11, 14), range(8, 14)),
    "2.19": (range(11, 14), range(8, 14)),
    "2.20": (range(12, 15), range(9, 15)),
    "2.21": (range(12, 15), range(9, 15)),
}
PRINT = """
import json
from ansible_test._util.target.common.constants import CONTROLLER_PYTHON_VERSIONS as own
from ansible_test._util.target.common.constants import REMOTE_ONLY_PYTHON_VERSIONS as others
print(json.dumps([own, [*others, *own]]))
"""
PYTHONS = pythons.found()


def here(minors):
    return [f"3.{minor}" for minor in minors if f"3.{minor}" in PYTHONS]


CONTROLLERS = {core: here(runs_on)[-1] for core, (runs_on, __) in CORES.items() if here(runs_on)}
ALL = os.environ.get("COUCHDYNO_EVERY_PYTHON") == "1"


def targets_of(core):
    """The Pythons on which modules are run with an ansible-core."""
    found = here(CORES[core][1])
    return found if ALL or core == next(iter(CONTROLLERS)) else sorted({found[0], found[-1]}, key=found.index)


COMBINATIONS = [(core, target) for core in CONTROLLERS for target in targets_of(core)]


def works(python, *modules):
    return python.exists() and not subprocess.run([python, "-c", f"import {', '.join(modules)}"],
                                                  stderr=subprocess.DEVNULL, check=False).returncode


def environment(name, version, packages):
    """The interpreter of a virtual environment with packages, each with its module; creates it if necessary."""
    python = VENVS / name / "bin" / "python"
    if not works(python, *packages.values()):
        subprocess.run([PYTHONS[version], "-m", "venv", VENVS / name], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *packages], check=True)
    return python


@pytest.fixture(scope="module")
def environments(request):
    """The interpreters that the selected tests need, by "core X.Y" and "python X.Y"; created in parallel."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    cores = {each["core"] for each in asked} & CONTROLLERS.keys()
    targets = {each["target"] for each in asked if "target" in each}
    requests = {"requests": "requests"}
    wanted = {f"core {core}": (f"core-{core}", CONTROLLERS[core],
                               {f"ansible-core~={core}.0": "ansible.release", **requests}) for core in cores}
    wanted.update({f"python {target}": (f"python{target}", target, requests) for target in targets})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(wanted, pool.map(lambda each: environment(*each), wanted.values())))


@pytest.fixture(scope="module")
def played(server, environments, request):
    """The output of a playbook with an ansible-core, which the first test of that core starts.

    The other playbooks of the selected tests run at the same time.
    """
    running = {}

    def flags(name, core):
        if name == "modules":
            asked = [item.callspec.params for item in request.session.items if item.originalname == "test_modules"]
            targets = [each["target"] for each in asked if each["core"] == core]
            return modules(core, {target: environments[f"python {target}"] for target in targets})
        return role(core) if name == "role" else DEMO

    with ThreadPoolExecutor() as pool:

        def play(name, core):
            if core not in {each for __, each in running}:
                selected = {item.originalname for item in request.session.items}
                for each in PLAYBOOKS:
                    if f"test_{each}" in selected:
                        running[each, core] = pool.submit(run, environments[f"core {core}"], server, *flags(each, core))
            return running[name, core].result()

        yield play


PLAYBOOKS = ("modules", "demo", "role")
DEMO = ("dyno.couchdb.demo", "-e", "couchdyno_total=20", "-e", "couchdyno_cycles=2")


def modules(core, targets):
    """What runs the targets on these interpreters, each as a host."""
    inventory = VENVS / f"core-{core}" / "inventory"
    hosts = [f"python{target} ansible_python_interpreter={path}" for target, path in targets.items()]
    inventory.write_text("\n".join(hosts) + "\n")
    return "modules.yml", "--inventory", inventory, "--forks", str(os.cpu_count())


def role(core):
    """What runs the role in check mode."""
    password = VENVS / f"core-{core}" / "vault"
    password.write_text("matrix\n")  # of the value in drivers.yml
    return "role.yml", "--inventory", "drivers.yml", "--vault-password-file", password, "--check", "--diff"


def run(python, server, *flags):
    """Run a playbook with an ansible-core; returns its output, and after a failure that it has failed."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COUCHDYNO_"))}
    own["COUCHDYNO_TEST_URL"] = server.database("").url.rstrip("/")
    own["OUTPUT_DIR"] = str(python.parents[1])
    done = subprocess.run(
        [python.parent / "ansible-playbook", *flags], cwd=HERE, env=own, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=3600,
    )
    return done.stdout + ("ansible-playbook has failed" if done.returncode else "ansible-playbook has succeeded")


@pytest.mark.parametrize(("core", "target"), COMBINATIONS)
def test_modules(played, core, target):
    output = played("modules", core)
    if f"python{target} has run all targets" not in output:
        pytest.fail(output, pytrace=False)


@pytest.mark.parametrize("core", CONTROLLERS)
def test_demo(played, core):
    output = played("demo", core)
    if "    runs : 2" not in output or not output.endswith("has succeeded"):
        pytest.fail(output, pytrace=False)


@pytest.mark.skipif(os.geteuid() != 0, reason="the role needs root, in check mode as well")
@pytest.mark.parametrize("core", CONTROLLERS)
def test_role(played, core):
    """In check mode; a job has an inline vault value."""
    output = played("role", core)
    if not output.endswith("has succeeded") or "from the vault" in output:
        pytest.fail(output, pytrace=False)


@pytest.mark.parametrize("core", CORES)
def test_supported_pythons(environments, core):
    if core not in CONTROLLERS:
        pytest.skip(f"no Python here runs ansible-core {core}")
    printed = subprocess.run([environments[f"core {core}"], "-c", PRINT], stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(printed.stdout) == [[f"3.{minor}" for minor in minors] for minors in CORES[core]]
