# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test sanity: all its tests, on every installed Python, without ignoring anything.

A test is skipped, with a message, if the collection has no files for it.
"""

from __future__ import annotations

import subprocess
import tempfile
import warnings
from pathlib import Path
from xml.etree import ElementTree

import pytest
from checkout import BIN

NOTHING = ("No tests applicable.", "the collection has no files for this test")


def names():
    """The names of all sanity tests, listed in a collection with one file."""
    with tempfile.TemporaryDirectory() as home:
        collection = Path(home) / "ansible_collections" / "some" / "collection"
        collection.mkdir(parents=True)
        (collection / "README.md").touch()
        command = [BIN / "ansible-test", "sanity", "--allow-disabled", "--list-tests"]
        return subprocess.run(command, cwd=collection, stdout=subprocess.PIPE, text=True, check=True).stdout.split()


@pytest.fixture(scope="module")
def ran(checkout, request):
    """The output and the results of ansible-test, which runs once, with all selected tests."""
    asked = {item.callspec.params["name"] for item in request.session.items if item.function is test_sanity}
    for old in checkout.results.glob("*.xml"):
        old.unlink()
    done = checkout.run("sanity", "--allow-disabled", "--junit", *(f"--test={name}" for name in sorted(asked)))
    reports = [ElementTree.parse(path) for path in checkout.results.glob("*.xml")]
    return done.stdout, [case for report in reports for case in report.iter("testcase")]


@pytest.mark.parametrize("name", names())
def test_sanity(ran, name):
    output, cases = ran
    mine = [case for case in cases if case.get("name", "").partition("-python-")[0] == name]
    assert mine, output
    failures = [found.text for case in mine for found in case.iter("failure")]
    if failures:
        pytest.fail("\n".join(failures), pytrace=False)
    skipped = sorted(f"{case.get('name')}: {found.text.replace(*NOTHING)}"
                     for case in mine for found in case.iter("skipped"))
    if len(skipped) == len(mine):
        pytest.skip("; ".join(skipped))
    for each in skipped:  # on a Python that is not installed
        warnings.warn(each, stacklevel=1)


def test_nothing_is_ignored(checkout):
    assert not list(checkout.directory.glob("tests/sanity/ignore*.txt"))
