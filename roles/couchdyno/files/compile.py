# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""Compile a program for the Python that runs this script, and print what was done: compile.py DIRECTORY [--check]

Without compiled files, which scripts of other users cannot write, each start would compile the program again. Compiled
files of removed sources and of other Pythons are deleted. --check only prints what would be done.
"""
import importlib.util
import os
import py_compile
import struct
import sys


def is_current(compiled, source):
    """Whether a compiled file is up to date: its header has the time and size of the source, as Python checks."""
    found = os.stat(source)
    stamp = struct.pack("<3L", 0, int(found.st_mtime) & 0xFFFFFFFF, found.st_size & 0xFFFFFFFF)
    wanted = importlib.util.MAGIC_NUMBER + stamp
    try:
        with open(compiled, "rb") as stream:
            return stream.read(len(wanted)) == wanted
    except OSError:
        return False


def main(directory, is_check):
    os.umask(0o022)
    for folder, __, names in os.walk(directory):
        if os.path.basename(folder) == "__pycache__":
            continue
        sources = [os.path.join(folder, name) for name in sorted(names) if name.endswith(".py")]
        compiled = {importlib.util.cache_from_source(source): source for source in sources}
        for path, source in compiled.items():
            if not is_current(path, source):
                print("compiled", source)
                if not is_check:
                    py_compile.compile(source, path, doraise=True)
        cache = os.path.join(folder, "__pycache__")
        for name in sorted(os.listdir(cache)) if os.path.isdir(cache) else []:
            path = os.path.join(cache, name)
            if path not in compiled:
                print("removed", path)
                if not is_check:
                    os.remove(path)


main(sys.argv[1], sys.argv[2:] == ["--check"])
