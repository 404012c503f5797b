# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Atomic writing: readers of a file see either its complete old or its complete new content."""
from __future__ import annotations

import os
import stat
import tempfile

from ..errors import UsageError

MODE = 0o644  # of new files: reports hold no secrets, and other users read them
MAX_LINKS = 40  # to follow for one path, as in Linux


def check(path: str) -> str:
    """Raise UsageError if a file cannot be written at this path; returns its real path, behind all links."""
    if not os.path.basename(path) or "\0" in path:
        raise UsageError(f"cannot write {path!r}: not the name of a file")
    _check_links(path, path)
    place = os.path.realpath(path)
    directory = os.path.dirname(place)
    if not os.path.isdir(directory):
        raise UsageError(f"cannot write {path}: no such directory: {directory}")
    if not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"cannot write {path}: no permission to create files in {directory}")
    if os.path.isdir(place):
        raise UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(place) and not os.path.isfile(place):  # root would replace /dev/null
        raise UsageError(f"cannot write {path}: it is not a regular file")
    return place


def content(path: str) -> bytes | None:
    """The content of a file, or None if it cannot be read."""
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return None


def write(path: str, content: bytes) -> None:
    """Create or replace a file, completely or not at all; raises UsageError if that fails.

    A file keeps its permissions. If ``path`` is a link, the file that it points to is replaced.
    """
    place, temporary = check(path), None
    try:
        directory, name = os.path.split(place)
        mode = stat.S_IMODE(os.stat(place).st_mode) & 0o777 if os.path.exists(place) else MODE
        handle, temporary = tempfile.mkstemp(prefix=f".{name}.", dir=directory)
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            os.fchmod(stream.fileno(), mode)
        os.replace(temporary, place)
    except OSError as error:
        if temporary and os.path.exists(temporary):
            os.remove(temporary)
        raise UsageError(f"cannot write {path}: {error.strerror}") from None


def _check_links(path: str, given: str, left: int = MAX_LINKS) -> None:
    """Raise UsageError if another user may have planted a link that leads from the path ``given`` to another place.

    That is the rule of Linux (``fs.protected_symlinks``), which only holds where the system opens a path: links in
    directories to which everyone can write are followed if they belong to this user or to the directory's owner.
    """
    parent, name = os.path.split(path.rstrip("/"))
    if not name:
        return
    _check_links(parent, given, left)
    if not os.path.islink(path):
        return
    if not left:
        raise UsageError(f"cannot write {given}: too many links")
    around = os.stat(parent or ".")
    if around.st_mode & stat.S_IWOTH and os.lstat(path).st_uid not in (os.geteuid(), around.st_uid):
        raise UsageError(f"cannot write {given}: {path} is a link of another user in a directory to which all "
                         "users can write; choose another path")
    _check_links(os.path.join(parent, os.readlink(path)), given, left - 1)
