# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A ``requests`` session with a CouchDB server: credentials, certificates, proxies, and what its exceptions mean."""
from __future__ import annotations

import os

try:
    import requests
    from requests.auth import HTTPBasicAuth
    from urllib3.exceptions import LocationValueError

    from .connections import Adapter

    class Session(requests.Session):
        """A session that leaves redirects alone: otherwise it reads all of their body, and tries to use their URL."""

        def get_redirect_target(self, resp: requests.Response) -> None:
            """The URL that an answer redirects to: none, whatever it says."""

    # What is raised for a URL that cannot be used, of the server or of a proxy; requests does not translate all of it.
    URL_ERRORS: tuple[type[Exception], ...] = (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema,
                                               LocationValueError, UnicodeError)
except ImportError:  # client.py reports it
    requests = None  # type: ignore[assignment]
    URL_ERRORS = ()

from .. import __version__
from .address import Address
from .options import Options

MAX_THREADS = 65  # that may send requests at once: MAX_CONNECTIONS and one more (model/limits.py)


def new_session(address: Address, options: Options, proxy: str | None) -> requests.Session:
    """A session that keeps a connection open for each thread of the program, through a proxy if there is one."""
    session = Session()
    adapter = Adapter(pool_connections=1, pool_maxsize=MAX_THREADS)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.trust_env = False  # it would be read for each request, and also for ~/.netrc
    session.proxies = {"all": proxy} if proxy else {}
    session.headers.update({"Accept": "application/json", "Accept-Encoding": "identity",
                            "Content-Type": "application/json", "User-Agent": "couchdyno/" + __version__})
    if address.username:
        session.auth = HTTPBasicAuth(address.username.encode("utf-8"), (address.password or "").encode("utf-8"))
    session.verify = options.validate_certs and (options.ca_path or os.environ.get("REQUESTS_CA_BUNDLE") or True)
    if options.client_cert:
        session.cert = (options.client_cert, options.client_key) if options.client_key else options.client_cert
    return session


def cause(error: BaseException) -> str:
    """The innermost reason of an exception from ``requests``, in a few words."""
    if isinstance(error, requests.exceptions.ConnectTimeout):
        return "no connection within the timeout"
    if isinstance(error, requests.exceptions.Timeout):
        return "no complete answer within the timeout"
    text = str(error)
    for words in ("Connection refused", "Name or service not known", "No route to host", "Connection reset by peer",
                  "Temporary failure in name resolution", "Network is unreachable", "certificate verify failed",
                  "Proxy Authentication Required"):
        if words in text:
            return words.lower()
    return text.rsplit("(Caused by ", 1)[-1].replace("\n", " ")[:200]
