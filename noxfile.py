# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks, each by its name: ``nox -l`` lists them, ``nox -s ruff`` runs one, ``nox -t static`` the quick ones.

They run in the virtual environment that ``./build.sh`` makes; ``venv/bin/nox`` is there after ``./test.sh static``.
"""

from __future__ import annotations

import os
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BIN = ROOT / "venv" / "bin"
COLLECTIONS = str(ROOT / "venv" / "collections")
PROGRAM = "plugins/module_utils/_couchdyno"
PYTHON = ["plugins", "playbooks", "tests", "extensions", "noxfile.py"]
TESTS = ["unit", "integration", "ansible-test", "matrix", "browser", "faults", "bench", "molecule"]
ANSIBLE_TEST = ["sanity", "units", "integration"]
STATIC = {"venv_backend": "none", "tags": ["static"]}

nox.options.tags = ["static"]
nox.options.error_on_external_run = False


def run(session: nox.Session, tool: str, *args: str, **environment: str) -> None:
    """Run a tool of the virtual environment, with the others on its path."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    session.run(str(BIN / tool), *args, *session.posargs, env=dict(environment, PATH=path))


def files(session: nox.Session, *patterns: str) -> list[str]:
    """The files of the repository with these names."""
    listed = session.run("git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns, silent=True)
    return str(listed).split()


@nox.session(**STATIC)
def ruff(session: nox.Session) -> None:
    """Style and likely errors of Python."""
    run(session, "ruff", "check", *PYTHON)


@nox.session(**STATIC)
def mypy(session: nox.Session) -> None:
    """Types of the program, strictly."""
    options = ["--cache-dir", ".test/mypy", "--explicit-package-bases", "--namespace-packages"]
    run(session, "mypy", *options, PROGRAM, MYPYPATH=COLLECTIONS)


@nox.session(**STATIC)
def vermin(session: nox.Session) -> None:
    """What runs on hosts runs on Python 3.7."""
    run(session, "vermin", "--quiet", "--no-tips", "--target=3.7-", "--violations", "plugins/module_utils",
        "plugins/modules")


@nox.session(**STATIC)
def yamllint(session: nox.Session) -> None:
    """Style of YAML."""
    run(session, "yamllint", "--strict", ".")


@nox.session(name="ansible-lint", **STATIC)
def ansible_lint(session: nox.Session) -> None:
    """Playbooks, role and collection, by the profile for production."""
    run(session, "ansible-lint", "--offline", "--profile", "production", ANSIBLE_COLLECTIONS_PATH=COLLECTIONS)


@nox.session(**STATIC)
def shellcheck(session: nox.Session) -> None:
    """Scripts of the shell."""
    run(session, "shellcheck", ".ci/run", *files(session, "*.sh"))


@nox.session(**STATIC)
def docs(session: nox.Session) -> None:
    """The documentation of modules, plugins and the role."""
    run(session, "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--skip-rstcheck", ".",
        ANSIBLE_COLLECTIONS_PATH=COLLECTIONS)


@nox.session(**STATIC)
def changelog(session: nox.Session) -> None:
    """Fragments of the changelog."""
    run(session, "antsibull-changelog", "lint")


@nox.session(**STATIC)
def reuse(session: nox.Session) -> None:
    """Copyright and licence of each file."""
    run(session, "reuse", "lint", "--quiet")


@nox.session(venv_backend="none", tags=["tests"])
@nox.parametrize("part", TESTS, ids=TESTS)
def tests(session: nox.Session, part: str) -> None:
    """A part of the tests, as ./test.sh runs it."""
    session.run("./test.sh", part)


@nox.session(name="ansible-test", venv_backend="none")
@nox.parametrize("command", ANSIBLE_TEST, ids=ANSIBLE_TEST)
def ansible_test(session: nox.Session, command: str) -> None:
    """A command of ansible-test; with ``-- -k NAME`` one of its tests or targets."""
    run(session, "pytest", f"tests/ansible_test/test_{command}.py")


@nox.session(venv_backend="none")
def matrix(session: nox.Session) -> None:
    """The modules under each ansible-core, on each Python; with ``-- -k '2.19 and 3.8'`` on some of them."""
    run(session, "pytest", "tests/matrix")
