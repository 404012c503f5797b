# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection settings of the scripts: from the command line, the environment, or a configuration file.

The command line overrides the environment (``COUCHDYNO_URL``, ``COUCHDYNO_USERNAME``, …), which overrides the file.
Credentials inside the URL override separate ones. The file is an INI file with a section ``[couchdyno]`` and the same
names in lower case; only its owner may have access to it.
"""
from __future__ import annotations

import io
import os
import select
import stat
import time
from typing import Any, Mapping

from ..couchdb.address import Address, parse
from ..couchdb.options import Options
from ..errors import UsageError

NAMES = ("url", "username", "password", "ca_path", "validate_certs", "client_cert", "client_key", "timeout")
OF_DATABASE = ("url", "username", "password")  # a copy and its source share the others
SECTION = "couchdyno"
MAX_SIZE = 1 << 20  # bytes of a configuration file
PATIENCE = 10.0  # seconds to wait for the writer of a pipe
NO_DATABASE = "no database given; give its URL as the argument DB, in COUCHDYNO_URL or in a --config file"
NO_SOURCE = "no source given; give its URL with --source, in COUCHDYNO_SOURCE_URL or in a --source-config file"


def connection(given: Mapping[str, Any], environ: Mapping[str, str], path: str | None,
               complaint: str = NO_DATABASE) -> tuple[Address, Options]:
    """Where the database is and how to talk to it; raises UsageError if settings are missing or invalid.

    ``given`` are the settings of the command line (None: not given), ``path`` is the configuration file, ``complaint``
    the error if there is no URL.
    """
    settings: dict[str, Any] = read_file(path) if path else {}
    settings.update((name, environ["COUCHDYNO_" + name.upper()]) for name in NAMES
                    if environ.get("COUCHDYNO_" + name.upper()))
    settings.update((name, value) for name, value in given.items() if value is not None)
    if not settings.get("url"):
        raise UsageError(complaint)
    address = parse(settings["url"], settings.get("username"), settings.get("password"))
    return address, Options.of(settings)


def source(url: str | None, given: Mapping[str, Any], environ: Mapping[str, str],
           path: str | None) -> tuple[Address, Options] | None:
    """The same for the source of a copy, None if it is not given.

    It has its own URL and credentials (``COUCHDYNO_SOURCE_URL`` …), and shares the other settings with the copy.
    """
    own = dict(environ)
    for name in OF_DATABASE:
        own[f"COUCHDYNO_{name.upper()}"] = environ.get(f"COUCHDYNO_SOURCE_{name.upper()}", "")
    if not (url or path or own["COUCHDYNO_URL"]):
        return None
    shared = {name: given.get(name) for name in NAMES if name not in OF_DATABASE}
    return connection(dict(shared, url=url), own, path, NO_SOURCE)


def read_file(path: str) -> dict[str, str]:
    """The settings in a configuration file; UsageError if anyone but its owner has access to it."""
    import configparser  # here, as it costs start-up time

    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(_text(path))
        settings = dict(parser.items(SECTION))
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror}") from None
    except configparser.NoSectionError:
        raise UsageError(f"{path} has no section [{SECTION}]") from None
    except (configparser.Error, UnicodeDecodeError):  # their messages quote the file, perhaps with a password
        raise UsageError(f"{path} is not an INI file in UTF-8") from None
    unknown = sorted(set(settings) - set(NAMES))
    if unknown:
        raise UsageError(f"{path} has unknown settings: {', '.join(unknown)}; known settings: {', '.join(NAMES)}")
    return settings


def _text(path: str) -> str:
    """The text of a private file or pipe, without a byte order mark."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # a pipe without a writer would never be opened otherwise
    try:
        mode = os.fstat(descriptor).st_mode
        if not (stat.S_ISREG(mode) or stat.S_ISFIFO(mode)):
            raise UsageError(f"cannot read {path}: it is neither a regular file nor a pipe")
        if mode & 0o077:
            raise UsageError(f"{path} may contain a password, but other users have access; run: chmod 600 {path}")
        return io.TextIOWrapper(io.BytesIO(_content(descriptor, path)), encoding="utf-8-sig").read()
    finally:
        os.close(descriptor)


def _content(descriptor: int, path: str) -> bytes:
    """All that is in a file, or written to a pipe in time."""
    content, deadline = b"", time.monotonic() + PATIENCE
    while select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
        chunk = os.read(descriptor, MAX_SIZE)
        content += chunk
        if len(content) > MAX_SIZE:
            raise UsageError(f"cannot read {path}: it is too large for a configuration file")
        if not chunk:
            return content
    raise UsageError(f"cannot read {path}: it is a pipe, and its writer did not finish within {PATIENCE:g} seconds")
