# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules under each ansible-core that is maintained or widely used, on each Python that it takes for a target.

Of the Pythons, those are tested that this machine has, as ``pythonX.Y`` or by pyenv.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VENVS = ROOT / ".test"
# By https://docs.ansible.com/ansible/latest/reference_appendices/release_and_maintenance.html: the minor versions of
# Python 3 that run it, and those that it runs modules on.
CORES = {
    "2.17": (range(10, 13), range(7, 13)),
    "2.18": (range(11, 14), range(8, 14)),
    "2.19": (range(11, 14), range(8, 14)),
    "2.20": (range(12, 15), range(9, 15)),
    "2.21": (range(12, 15), range(9, 15)),
}


def python(minor):
    """The interpreter of a version, None where there is none."""
    name = f"python3.{minor}"
    places = [shutil.which(name), *sorted(Path.home().glob(f".pyenv/versions/3.{minor}.*/bin/{name}"))]
    return next((str(place) for place in places if place and works(place)), None)


def works(interpreter):
    return subprocess.run([interpreter, "-c", "import venv"], capture_output=True).returncode == 0


PYTHONS = {minor: found for minor in range(7, 15) for found in [python(minor)] if found}
CONTROLLERS = {core: max((minor for minor in runs_on if minor in PYTHONS), default=None)
               for core, (runs_on, _) in CORES.items()}
COMBINATIONS = [(core, minor) for core, (_, targets) in CORES.items() for minor in targets
                if CONTROLLERS[core] and minor in PYTHONS]


def environment(name, minor, *requirements):
    """A virtual environment of a Python with some packages, made where it is missing; returns its directory."""
    directory = VENVS / name
    if not (directory / "complete").exists():
        subprocess.run([PYTHONS[minor], "-m", "venv", "--clear", directory], check=True)
        pip = [directory / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *requirements], check=True)
        (directory / "complete").touch()
    return directory


@pytest.fixture(scope="module")
def played(server, request):
    """What the playbook has printed under each ansible-core, which is run when it is first asked for."""
    outputs = {}

    def play(core):
        if core not in outputs:
            targets = [item.callspec.params["target"] for item in request.session.items
                       if item.callspec.params["core"] == core]
            outputs[core] = run(core, targets, server)
        return outputs[core]

    return play


def run(core, targets, server):
    minor = CONTROLLERS[core]
    controller = environment(f"core-{core}-python3.{minor}", minor, f"ansible-core~={core}.0")
    hosts = [f"python3.{target} ansible_python_interpreter={environment(f'target-3.{target}', target, 'requests')}"
             f"/bin/python" for target in targets]
    inventory = controller / "hosts"
    inventory.write_text("\n".join(hosts) + "\n")
    own = {name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "COUCHDYNO_"))}
    account = f"{server.username}:{server.password}@"
    return subprocess.run(
        [controller / "bin" / "ansible-playbook", "--inventory", inventory, Path(__file__).parent / "modules.yml"],
        env=dict(own, ANSIBLE_CONFIG="/dev/null", ANSIBLE_FORKS=str(os.cpu_count()), ANSIBLE_NOCOLOR="1",
                 ANSIBLE_ROLES_PATH=str(ROOT / "tests" / "integration" / "targets"),
                 ANSIBLE_COLLECTIONS_PATH=str(ROOT / "venv" / "collections"),
                 COUCHDYNO_TEST_URL=server.url.replace("://", f"://{account}")),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=900,
    ).stdout


@pytest.mark.parametrize(("core", "target"), COMBINATIONS)
def test_modules(played, core, target):
    output = played(core)
    if not re.search(rf"^python3\.{target} .* unreachable=0 +failed=0 ", output, re.MULTILINE):
        pytest.fail(output, pytrace=False)


def test_every_core_is_tested():
    missing = [core for core, minor in CONTROLLERS.items() if not minor]
    assert not missing, f"no Python here runs ansible-core {', '.join(missing)}"
