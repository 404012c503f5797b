# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proxy on the way to a server, from the environment: http_proxy, https_proxy, all_proxy, and no_proxy without one.

A proxy for plain http receives the credentials for the database. So none is used for a loopback address.
"""
from __future__ import annotations

import re
from urllib.parse import urlsplit

try:
    from requests.utils import get_environ_proxies, select_proxy
except ImportError:  # client.py reports it
    pass

from ..errors import UsageError
from .address import check_host, check_url, redact

WHAT = "URL of the proxy in the environment"
FORM = "http://[user:password@]host[:port]"
SCHEMES = ("http", "https", "socks4", "socks4a", "socks5", "socks5h")
LOOPBACK = re.compile(r"localhost\.?|.*\.localhost\.?|127(\.[0-9]+){1,3}|::1|::ffff:127\..*")


def proxy_of(server: str) -> str | None:
    """The URL of the proxy for a server, None if there is none; raises UsageError if it cannot be used."""
    if LOOPBACK.fullmatch(urlsplit(server).hostname or ""):
        return None
    found = select_proxy(server, get_environ_proxies(server))
    return _checked(found if "://" in found else f"http://{found}") if found else None


def shown(proxy: str) -> str:
    """A proxy without its credentials."""
    return redact(proxy).rstrip("/")


def _checked(proxy: str) -> str:
    check_url(WHAT, proxy)
    try:
        parts = urlsplit(proxy)
        fits = parts.scheme in SCHEMES and parts.hostname and parts.port != 0
    except ValueError:
        fits = False
    if not fits:
        raise UsageError(f"the {WHAT} must have the form {FORM}")
    check_host(WHAT, parts.hostname or "")
    return proxy
