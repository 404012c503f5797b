# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writing: readers of a file see either its complete old or its complete new content."""
from __future__ import annotations

import os
import tempfile

from ..errors import UsageError

MODE = 0o644  # reports hold no secrets, and other users read them


def check(path: str) -> None:
    """Raise UsageError if a file cannot be written at this path."""
    if not os.path.basename(path):
        raise UsageError(f"cannot write '{path}': not the name of a file")
    directory = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(directory):
        raise UsageError(f"cannot write {path}: no such directory: {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: no permission to create files in {directory}")
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(path) and not os.path.isfile(path):  # root would replace /dev/null
        raise UsageError(f"cannot write {path}: it is not a regular file")


def content(path: str) -> bytes | None:
    """The content of a file, or None if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def write(path: str, content: bytes) -> None:
    """Create or replace a file, completely or not at all; raises UsageError if that fails.

    If ``path`` is a link, the file that it points to is replaced.
    """
    check(path)
    temporary = None
    place = os.path.realpath(path)
    try:
        directory, name = os.path.split(place)
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), MODE)
        os.replace(temporary, place)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.remove(temporary)
        raise UsageError(f"cannot write {path}: {error.strerror}") from None
