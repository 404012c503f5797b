# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules' targets with each maintained or widely used ansible-core, on each Python that it supports on hosts.

Without couchdyno_report, which needs more than requests and usually runs on the controller. The tests use the Pythons
of this machine; tests/pythons.py says where it looks for them.
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
COMBINATIONS = [(core, target) for core in CONTROLLERS for target in here(CORES[core][1])]


def works(python, module):
    return python.exists() and not subprocess.run([python, "-c", f"import {module}"], stderr=subprocess.DEVNULL,
                                                  check=False).returncode


def environment(name, version, package, module):
    """The interpreter of a virtual environment with a package and its module; creates it if necessary."""
    python = VENVS / name / "bin" / "python"
    if not works(python, module):
        subprocess.run([PYTHONS[version], "-m", "venv", VENVS / name], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, package], check=True)
    return python


@pytest.fixture(scope="module")
def environments(request):
    """The interpreters that the selected tests need, by "core X.Y" and "python X.Y"; created in parallel."""
    asked = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    cores = {each["core"] for each in asked} & CONTROLLERS.keys()
    targets = {each["target"] for each in asked if "target" in each}
    wanted = {f"core {core}": (f"core-{core}", CONTROLLERS[core], f"ansible-core~={core}.0", "ansible.release")
              for core in cores}
    wanted.update({f"python {target}": (f"python{target}", target, "requests", "requests") for target in targets})
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return dict(zip(wanted, pool.map(lambda each: environment(*each), wanted.values())))


@pytest.fixture(scope="module")
def played(server, environments, request):
    """The output of the playbook with an ansible-core; runs it when it is first needed."""
    outputs = {}

    def play(core):
        if core not in outputs:
            asked = [item.callspec.params for item in request.session.items if item.originalname == "test_modules"]
            targets = [each["target"] for each in asked if each["core"] == core]
            outputs[core] = run(core, {target: environments[f"python {target}"] for target in targets}, server,
                                environments[f"core {core}"])
        return outputs[core]

    return play


def run(core, targets, server, python):
    hosts = [f"python{target} ansible_python_interpreter={path}" for target, path in targets.items()]
    inventory = VENVS / f"core-{core}" / "inventory"
    inventory.write_text("\n".join(hosts) + "\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COUCHDYNO_"))}
    own["COUCHDYNO_TEST_URL"] = server.database("").url.rstrip("/")
    own["OUTPUT_DIR"] = str(inventory.parent)
    return subprocess.run(
        [python.parent / "ansible-playbook", "--inventory", inventory, "--forks", str(os.cpu_count()), "modules.yml"],
        cwd=HERE, env=own, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, check=False, timeout=3600,
    ).stdout


@pytest.mark.parametrize(("core", "target"), COMBINATIONS)
def test_modules(played, core, target):
    output = played(core)
    if f"python{target} has run all targets" not in output:
        pytest.fail(output, pytrace=False)


@pytest.mark.parametrize("core", CORES)
def test_supported_pythons(environments, core):
    if core not in CONTROLLERS:
        pytest.skip(f"no Python here runs ansible-core {core}")
    printed = subprocess.run([environments[f"core {core}"], "-c", PRINT], stdout=subprocess.PIPE, text=True, check=True)
    assert json.loads(printed.stdout) == [[f"3.{minor}" for minor in minors] for minors in CORES[core]]
