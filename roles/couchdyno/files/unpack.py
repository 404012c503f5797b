# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write files, each of them completely or not at all, and remove stale ones.

unpack.py < {"files": [["path", "mode", "text"], ...], "stale": ["path", ...]}
"""
import json
import os
import shutil
import sys

os.umask(0o022)
wanted = json.load(sys.stdin)
for path, mode, text in wanted["files"]:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8", newline="") as stream:
        os.fchmod(stream.fileno(), int(mode, 8))
        stream.write(text)
    os.replace(path + ".new", path)
for path in wanted["stale"]:
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    elif os.path.lexists(path):
        os.remove(path)
