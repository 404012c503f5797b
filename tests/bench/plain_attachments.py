# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reads all documents page by page, and their attachments, a few at a time: plain_attachments.py ATTACHMENTS"""
from __future__ import annotations

import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator
from urllib.parse import quote

import requests

PAGE = 250
CONNECTIONS = 4


def main(database: str, total: int) -> int:
    session = requests.Session()
    session.headers["Accept-Encoding"] = "identity"

    def pages() -> Iterator[list[Any]]:
        first: dict[str, str] = {}
        while True:
            params = {"include_docs": "true", "limit": str(PAGE), **first}
            rows = session.get(database + "/_all_docs", params=params).json()["rows"]
            if not rows:
                return
            yield rows
            first = {"startkey": json.dumps(rows[-1]["id"] + "\0")}

    def read(rows: list[Any]) -> int:
        count = 0
        for row in rows:
            for name, shown in row["doc"].get("_attachments", {}).items():
                answer = session.get(f"{database}/{quote(row['id'], safe='')}/{quote(name, safe='')}")
                answer.raise_for_status()
                count += len(answer.content) == shown["length"]
        return count

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        if sum(pool.map(read, pages())) != total:
            print("plain_attachments.py: not all attachments were read", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ["COUCHDYNO_URL"], int(sys.argv[1])))
