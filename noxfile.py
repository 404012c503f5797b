# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""All checks: ``nox -l`` lists them, ``nox -s NAME`` runs one, ``nox -t static`` runs the quick ones.

They run in the virtual environment that ``./build.sh`` creates; ``./test.sh static`` installs ``venv/bin/nox``.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import nox

ROOT = Path(__file__).parent
BIN = ROOT / "venv" / "bin"
COLLECTIONS = str(ROOT / "venv" / "collections")
PROGRAM = "plugins/module_utils/_couchdyno"
PYTHON = ["plugins", "playbooks", "tests", "extensions", "docs", "noxfile.py"]
ANSIBLE_TEST = ["sanity", "units", "integration"]
STATIC = {"venv_backend": "none", "tags": ["static"]}

nox.options.tags = ["static"]
nox.options.error_on_external_run = False
nox.options.envdir = ".test/nox"


def run(session: nox.Session, tool: str, *args: str, **environment: str) -> None:
    """Run a tool of the virtual environment, with the arguments after ``--`` of the command line."""
    call(session, tool, *args, *session.posargs, **environment)


def call(session: nox.Session, tool: str, *args: str, **environment: str) -> None:
    """Run a tool of the virtual environment, with the other tools on its path."""
    path = os.pathsep.join([str(BIN), os.environ["PATH"]])
    session.run(str(BIN / tool), *args, env=dict(environment, PATH=path))


def files(session: nox.Session, *patterns: str) -> list[str]:
    """The files of the repository that match patterns."""
    listed = session.run("git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns, silent=True)
    return str(listed).split()


@nox.session(**STATIC)
def ruff(session: nox.Session) -> None:
    """Check style and likely errors of Python."""
    run(session, "ruff", "check", *PYTHON)


@nox.session(**STATIC)
def mypy(session: nox.Session) -> None:
    """Check the types of the program."""
    options = ["--cache-dir", ".test/mypy", "--explicit-package-bases", "--namespace-packages"]
    run(session, "mypy", *options, PROGRAM, MYPYPATH=COLLECTIONS)


@nox.session(**STATIC)
def vermin(session: nox.Session) -> None:
    """Check that code for managed hosts runs on Python 3.7."""
    run(session, "vermin", "--quiet", "--no-tips", "--target=3.7-", "--violations", "plugins/module_utils",
        "plugins/modules")


@nox.session(**STATIC)
def yamllint(session: nox.Session) -> None:
    """Check the style of YAML."""
    run(session, "yamllint", "--strict", ".")


@nox.session(name="ansible-lint", **STATIC)
def ansible_lint(session: nox.Session) -> None:
    """Check playbooks, role and collection with the production profile."""
    run(session, "ansible-lint", "--offline", "--profile", "production", ANSIBLE_COLLECTIONS_PATH=COLLECTIONS,
        ANSIBLE_ROLES_PATH="tests/integration/targets")  # the roles of tests/matrix/modules.yml


@nox.session(**STATIC)
def shellcheck(session: nox.Session) -> None:
    """Check shell scripts."""
    run(session, "shellcheck", ".ci/run", *files(session, "*.sh"))


@nox.session(**STATIC)
def docs(session: nox.Session) -> None:
    """Check the documentation of modules, plugins and role, and the guides."""
    run(session, "antsibull-docs", "lint-collection-docs", "--plugin-docs", "--check-extra-docs-refs",
        "--validate-collection-refs", "dependent", "--disallow-unknown-collection-refs", ".",
        ANSIBLE_COLLECTIONS_PATH=COLLECTIONS)


@nox.session(**STATIC)
def site(session: nox.Session) -> None:
    """Build the documentation site in .test/site/html, without warnings and without the network."""
    pages = ROOT / ".test" / "site" / "rst"
    pages.mkdir(mode=0o755, parents=True, exist_ok=True)
    run(session, "antsibull-docs", "collection", "--use-current", "--squash-hierarchy", "--fail-on-error", "--cleanup",
        "everything", "--dest-dir", str(pages), "dyno.couchdb", ANSIBLE_COLLECTIONS_PATH=COLLECTIONS)
    run(session, "sphinx-build", "-q", "-E", "-a", "-W", "--keep-going", "-c", "docs/docsite", str(pages),
        ".test/site/html")


@nox.session(**STATIC)
def actionlint(session: nox.Session) -> None:
    """Check the workflows of GitHub and their scripts."""
    run(session, "actionlint")


@nox.session(**STATIC)
def zizmor(session: nox.Session) -> None:
    """Check the security of the workflows."""
    run(session, "zizmor", "--offline", "--quiet", ".github")


@nox.session(**STATIC)
def changelog(session: nox.Session) -> None:
    """Check changelog fragments, and that CHANGELOG.md is up to date."""
    generated = ROOT / ".test" / "CHANGELOG.md"
    generated.parent.mkdir(exist_ok=True)
    run(session, "antsibull-changelog", "lint")
    run(session, "antsibull-changelog", "generate", "--output", str(generated), "--output-format", "md")
    if generated.read_text() != (ROOT / "CHANGELOG.md").read_text():
        session.error("CHANGELOG.md differs from changelogs/changelog.yaml: run venv/bin/antsibull-changelog generate")


@nox.session(**STATIC)
def reuse(session: nox.Session) -> None:
    """Check that each file has copyright and licence."""
    run(session, "reuse", "lint", "--quiet")


@nox.session(name="ansible-test", venv_backend="none")
@nox.parametrize("command", ANSIBLE_TEST, ids=ANSIBLE_TEST)
def ansible_test(session: nox.Session, command: str) -> None:
    """Run a command of ansible-test; ``-- -k NAME`` selects a test or target."""
    run(session, "pytest", f"tests/ansible_test/test_{command}.py")


@nox.session(venv_backend="none")
def matrix(session: nox.Session) -> None:
    """Run modules, demo and role with each ansible-core on each Python; select with ``-- -k '2.19 and 3.8'``."""
    run(session, "pytest", "tests/matrix")


@nox.session(name="galaxy-importer", reuse_venv=True)
def galaxy_importer(session: nox.Session) -> None:
    """Run the checks of Galaxy on the tarball."""
    session.install("galaxy-importer==0.4.44")
    built = session.run(str(BIN / "python"), "tests/package/build.py", ".test/dist", silent=True, external=True)
    tarball = str(built).split()[0]
    with session.chdir(".test"):
        said = session.run("python", "-m", "galaxy_importer.main", tarball, silent=True,
                           env={"GALAXY_IMPORTER_CONFIG": str(ROOT / "tests" / "package" / "galaxy-importer.cfg")})
    complaints = re.findall("^(?:WARNING|ERROR).*", str(said), re.MULTILINE)
    if complaints:
        session.error("\n".join(complaints))


@nox.session(venv_backend="none")
def version(session: nox.Session) -> None:
    """Begin a release: set its version, and generate its changelog from the fragments: nox -s version -- 0.2.0"""
    if len(session.posargs) != 1 or not re.fullmatch(r"\d+\.\d+\.\d+", session.posargs[0]):
        session.error("give a version: nox -s version -- 0.2.0")
    for name, before in (f"{PROGRAM}/__init__.py", '__version__ = "'), ("galaxy.yml", "version: "):
        path = ROOT / name
        path.write_text(re.sub(rf"^({before})[\d.]+", rf"\g<1>{session.posargs[0]}", path.read_text(), flags=re.M))
    call(session, "antsibull-changelog", "release", "--reload-plugins")


@nox.session(venv_backend="none")
def release(session: nox.Session) -> None:
    """Build the release from the committed files in dist/, and test it as users install it."""
    if session.run("git", "status", "--porcelain", silent=True):
        session.error("commit all changes first: a release is built from committed files")
    call(session, "python", "tests/package/build.py", "dist")
    call(session, "python", "-m", "pytest", "--quiet", "tests/package", "--release", "dist")
    session.notify("galaxy-importer")
