# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads all documents page by page, a few pages at a time, and decodes their JSON: plain.py DOCUMENTS"""
from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import requests

PAGE = 1000
CONNECTIONS = 4


def main(database: str, total: int) -> int:
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"

    def page(first: int) -> int:
        bounds = {"startkey": f'"cdyno_{first:012d}"', "endkey": f'"cdyno_{first + PAGE - 1:012d}"'}
        answer = session.get(database + "/_all_docs", params={"include_docs": "true", **bounds})
        answer.raise_for_status()
        return len(answer.json()["rows"])

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        if sum(pool.map(page, range(0, total, PAGE))) != total:
            print("plain.py: not all documents were read", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ["COUCHDYNO_URL"], int(sys.argv[1])))
