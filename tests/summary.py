# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sum up the results of several runs of pytest: summary.py DIRECTORY PARTS_THAT_FAILED."""

from __future__ import annotations

import sys
from pathlib import Path
from xml.etree import ElementTree


def main(directory: str, parts_failed: int) -> int:
    counts = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    for path in sorted(Path(directory).glob("*.xml")):
        suites = ElementTree.parse(path).getroot().iter("testsuite")
        for suite in suites:
            for name in counts:
                counts[name] += int(suite.get(name, 0))
    failed = max(counts["failures"] + counts["errors"], parts_failed)
    passed = counts["tests"] - counts["failures"] - counts["errors"] - counts["skipped"]
    print(f"{passed} passed, {failed} failed" + (f", {counts['skipped']} skipped" if counts["skipped"] else ""))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
