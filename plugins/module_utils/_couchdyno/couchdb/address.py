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
ENCODED = "in a user name or password, write %2F for /, %3F for ? and %23 for #"
WHAT = "database URL"
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
HOST_NAME = re.compile(r"[a-z0-9._-]+")


class Address(NamedTuple):
    """Where a database is, and the credentials for it.

    ``server`` is the URL of the server with its prefix and without a trailing slash, ``database`` the plain name.
    """

    server: str
    database: str
    username: str | None = None
    password: str | None = None

    @property
    def url(self) -> str:
        """The URL of the database, without credentials."""
        return f"{self.server}/{quote(self.database, safe='$()-_')}"  # CouchDB would read + as a space

    def __repr__(self) -> str:
        return f"Address({self.url!r})"


def parse(url: str, username: str | None = None, password: str | None = None) -> Address:
    """Parse a database URL; credentials in the URL override ``username`` and ``password``.

    Raises UsageError if the URL is malformed, contains no database name, or one that CouchDB would refuse.
    """
    check_url(WHAT, url)
    _check_encodable("user name", username or "")
    _check_encodable("password", password or "")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UsageError(f"the database URL must have the form {FORM}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UsageError(f"the database URL must have the form {FORM}")
    if parts.query or parts.fragment:
        raise UsageError(f"the database URL must not have a query or fragment; {ENCODED}")
    check_host(WHAT, parts.hostname)
    prefix, __, name = parts.path.rstrip("/").rpartition("/")
    database = check_database(_decoded(name))
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    authority = host if port is None else f"{host}:{port}"
    if parts.username:
        username, password = _decoded(parts.username), _decoded(parts.password or "")
    if username and password is None:
        raise UsageError("username without password; give both or neither")
    if password and not username:
        raise UsageError("password without username; give both or neither")
    return Address(f"{parts.scheme}://{authority}{prefix}", database, username or None, password or None)


def check_database(name: str) -> str:
    """Return ``name`` if CouchDB accepts it as the name of a database; raises UsageError otherwise."""
    if not name:
        raise UsageError(f"the database URL contains no database name; it must have the form {FORM}")
    if not DATABASE_NAME.fullmatch(name) or len(name) > MAX_NAME:
        raise UsageError(
            f"{name!r} is not a valid database name: it must start with a-z, followed by a-z, 0-9 or any of _$()+-/ "
            f"(at most {MAX_NAME} characters)")
    return name


def redact(url: str) -> str:
    """``url`` without its user and password, however malformed the rest of it is."""
    scheme, separator, rest = url.partition("://")
    if not separator:
        scheme, rest = "", url
    return scheme + separator + rest.rpartition("@")[2]


def check_url(what: str, url: str) -> None:
    """Raise UsageError for a URL that cannot be sent, or in which the end of the credentials cannot be found.

    Nothing of it is quoted, as any part may belong to the password.
    """
    _check_encodable(what, url)
    if CONTROL.search(url):
        raise UsageError(f"the {what} must not contain control characters, such as line breaks")
    after_authority = re.search(r"[/?#].*", url.partition("://")[2])
    if after_authority and "@" in after_authority[0]:  # what follows a raw / would be taken for the path
        raise UsageError(f"the {what} has an @ after a /, ? or #; {ENCODED}, and %40 for an @ in a path")


def check_host(what: str, host: str) -> None:
    """Raise UsageError for a host in a URL that could not even be looked up."""
    try:
        if ":" in host:
            from ipaddress import ip_address  # here, as it costs start-up time

            ip_address(host.partition("%")[0])
        elif not HOST_NAME.fullmatch(host.encode("idna").decode("ascii")):
            raise ValueError
    except ValueError:  # of labels that are empty or too long, too
        raise UsageError(f"the host in the {what} is not a valid host name or IP address") from None


def _check_encodable(what: str, text: str) -> None:
    """Raise UsageError for text with lone surrogates: they stand for bytes of the environment that are not UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise UsageError(f"the {what} is not valid UTF-8; check the locale and the encoding of its source") from None


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise UsageError("the percent-encoded parts of the database URL are not valid UTF-8") from None
