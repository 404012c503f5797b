# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes files, each of them whole or not at all: unpack.py < [["path", "mode", "text"], ...]"""
import json
import os
import sys

for path, mode, text in json.load(sys.stdin):
    with open(path + ".new", "w", encoding="utf-8", newline="") as stream:
        os.fchmod(stream.fileno(), int(mode, 8))
        stream.write(text)
    os.replace(path + ".new", path)
