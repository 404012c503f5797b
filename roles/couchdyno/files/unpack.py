# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files into a directory, each of them whole or not at all: unpack.py DIRECTORY < {"name": "text", ...}"""
import json
import os
import sys

for name, text in json.load(sys.stdin).items():
    path = os.path.join(sys.argv[1], name)
    with open(path + ".new", "w", encoding="utf-8", newline="") as stream:
        os.fchmod(stream.fileno(), 0o644)
        stream.write(text)
    os.replace(path + ".new", path)
