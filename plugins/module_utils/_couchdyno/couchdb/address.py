# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The database URL: ``http[s]://[user:password@]host[:port][/prefix]/db``."""
from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import quote, unquote, urlsplit

from ..errors import UsageError

DATABASE_NAME = re.compile(r"[a-z][a-z0-9_$()+/-]*")
MAX_NAME = 238
FORM = "http[s]://[user:password@]host[:port][/prefix]/db"


class Address(NamedTuple):
    """Where a database is and who asks for it.

    ``server`` is the URL of the server with its prefix and no trailing slash, ``database`` the plain name.
    """

    server: str
    database: str
    username: str | None = None
    password: str | None = None

    @property
    def url(self) -> str:
        """The URL of the database, without credentials."""
        return f"{self.server}/{quote(self.database, safe='$()-_')}"  # CouchDB would take + for a space

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def parse(url: str, username: str | None = None, password: str | None = None) -> Address:
    """Take a database URL apart; credentials in the URL win over the ones given beside it.

    Raises UsageError when the URL is not one, names no database, or names one that CouchDB would refuse.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"the database URL cannot be read; it has the form {FORM}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"the database URL must have the form {FORM}")
    if parts.query or parts.fragment:
        raise UsageError("the database URL must not have a query or a fragment (? or #; write %3F, %23 in a password)")
    prefix, __, name = parts.path.rstrip("/").rpartition("/")
    database = check_database(unquote(name))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port is None else f"{host}:{port}"
    if parts.username:
        username, password = unquote(parts.username), unquote(parts.password or "")
    if username and password is None:
        raise UsageError("there is a username but no password; give both, or none")
    if password and not username:
        raise UsageError("there is a password but no username; give both, or none")
    return Address(f"{parts.scheme}://{authority}{prefix}", database, username or None, password or None)


def check_database(name: str) -> str:
    """Return ``name`` when CouchDB takes it for a database of a user, raise UsageError otherwise."""
    if not name:
        raise UsageError(f"the database URL names no database; it has the form {FORM}")
    if not DATABASE_NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise UsageError(
            f"{name!r} is no database name: it must begin with a-z and go on with a-z, 0-9 or any of _$()+-/ "
            f"(at most {MAX_NAME} characters)")
    return name


def redact(url: str) -> str:
    """``url`` without its user and password, however broken the rest of it is."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    return scheme + separator + rest.rpartition("@")[2]
