# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of the original couchdyno: one connection, a random choice per character. naive.py DOCUMENTS SIZE"""
from __future__ import annotations

import os
import random
import string
import sys
import time

import requests

BATCH = 2000
OVERHEAD = 100  # bytes of a document without its data


def main(database: str, updates: int, size: int) -> int:
    session = requests.Session()
    answer = session.get(database + "/_all_docs", params={"startkey": '"cdyno_"', "endkey": '"cdyno_~"',
                                                          "limit": str(updates)})
    answer.raise_for_status()
    rows = answer.json()["rows"]
    for first in range(0, len(rows), BATCH):
        documents = []
        for row in rows[first:first + BATCH]:
            data = "".join(random.choice(string.ascii_letters) for __ in range(size - OVERHEAD))
            documents.append({"_id": row["id"], "_rev": row["value"]["rev"], "ts": int(time.time()), "data": data})
        answer = session.post(database + "/_bulk_docs", json={"docs": documents})
        answer.raise_for_status()
        if not all("rev" in row for row in answer.json()):
            print("naive.py: not all documents were written", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ["COUCHDYNO_URL"], int(sys.argv[1]), int(sys.argv[2])))
