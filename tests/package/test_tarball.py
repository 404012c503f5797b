# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection from its tarball, without anything else of the project."""

from __future__ import annotations

import json
import re
import tarfile

import yaml
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno import __version__
from build import BIN, ROOT, run

# What users need: content, description and licence.
CONTENT = {"meta", "playbooks", "plugins", "roles"}
DESCRIPTION = {"CHANGELOG.md", "README.md", "SECURITY.md", "changelogs", "docs"}
LICENCE = {"COPYING", "LICENSES", "REUSE.toml"}
MANIFEST = {"FILES.json", "MANIFEST.json"}


def names(tarball):
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive.getmembers() if member.isfile()}


def test_it_is_named_after_the_version(release):
    assert release[0].name == f"dyno-couchdb-{__version__}.tar.gz"


def test_it_holds_what_users_need(release):
    assert {name.split("/")[0] for name in names(release[0])} == CONTENT | DESCRIPTION | LICENCE | MANIFEST


def test_it_holds_the_whole_program(release):
    kept = run("git", "ls-files", "meta", "playbooks", "plugins", "roles").split()
    assert set(kept) <= names(release[0])


def test_links_in_its_pages_work(release):
    held, links = names(release[0]), []
    with tarfile.open(release[0]) as archive:
        pages = {name: archive.extractfile(name).read().decode() for name in held if name.endswith(".md")}
    for name, text in pages.items():
        targets = re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", text)
        links += [(name, ((ROOT / name).parent / target).resolve().relative_to(ROOT).as_posix())
                  for target in targets if "://" not in target]
    assert len(links) > 5
    assert [link for link in links if link[1] not in held] == []


def test_its_readme_begins_with_its_installation(release):
    with tarfile.open(release[0]) as archive:
        text = archive.extractfile("README.md").read().decode()
    first = text.split("```")[1]
    assert "ansible-galaxy collection install dyno.couchdb" in first and "build.sh" not in text


def test_the_licence_of_each_file_is_in_it(collection):
    run(BIN / "reuse", "--root", collection, "lint", "--quiet")


def test_its_installation_is_complete(controller):
    output = controller.run("ansible-galaxy", "collection", "verify", "--offline", "dyno.couchdb")
    assert "Successfully verified" in output


def test_the_demo(controller):
    output = controller.run("ansible-playbook", "dyno.couchdb.demo")
    assert "failed=0" in output and "runs : 12" in output


def test_a_module_ad_hoc(controller, database):
    def ad_hoc(module, arguments):
        return controller.run("ansible", "localhost", "-m", module, "-a", arguments, COUCHDYNO_URL=database.url)

    ad_hoc("dyno.couchdb.couchdyno_setup", "total=10")
    output = ad_hoc("dyno.couchdb.couchdyno_execute", "cycles=2")
    assert '"updates": 20' in output
    assert database.assert_exact().position == 20


def test_its_documentation_is_found(controller):
    for kind, expected in ("module", 5), ("filter", 1), ("role", 1):
        listed = json.loads(controller.run("ansible-doc", "--json", "--list", "--type", kind, "dyno.couchdb"))
        assert len(listed) == expected, listed


def test_requirements_of_execution_environments(collection):
    """ansible-builder finds the Python packages, and no system packages."""
    found = yaml.safe_load(run(BIN / "ansible-builder", "introspect", collection.parents[2]))
    stated = (ROOT / "meta" / "ee-requirements.txt").read_text().splitlines()
    needed = [line for line in stated if line and not line.startswith("#")]
    assert "requests>=2.20" in needed
    assert found == {"python": [f"{line}  # from collection dyno.couchdb" for line in needed], "system": []}
