# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections whose headers must be complete within the timeout, however slowly they trickle."""
from __future__ import annotations

import socket
import time
from typing import Any

try:
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection
    from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
except ImportError:  # client.py reports it
    HTTPAdapter = HTTPConnection = HTTPSConnection = object  # type: ignore[assignment,misc]
    HTTPConnectionPool = HTTPSConnectionPool = object  # type: ignore[assignment,misc]

from .deadline import cut_at

# urllib3 2 sets the timeout of the socket as it reads the answer, earlier versions do it before.
IS_SET_LATE = "getresponse" in vars(HTTPConnection)


class _Bounded:
    """Reads the status and the headers of an answer, and any number of "100 Continue" before it."""

    sock: Any
    timeout: Any

    def getresponse(self, *args: Any, **kwargs: Any) -> Any:
        """The answer; socket.timeout if its headers are not complete within the timeout for reading."""
        seconds = self.timeout if IS_SET_LATE or not self.sock else self.sock.gettimeout()
        if not isinstance(seconds, (int, float)):
            return super().getresponse(*args, **kwargs)  # type: ignore[misc]
        deadline = time.monotonic() + seconds
        try:
            with cut_at(deadline, self.sock):
                answer = super().getresponse(*args, **kwargs)  # type: ignore[misc]
        except Exception:
            if time.monotonic() < deadline:
                raise
        else:
            if time.monotonic() < deadline:
                return answer
        # A cut connection looks like the end of the headers, or like any error.
        raise socket.timeout("the headers were too slow")


class _Http(_Bounded, HTTPConnection):
    pass


class _Https(_Bounded, HTTPSConnection):
    pass


class _HttpPool(HTTPConnectionPool):
    ConnectionCls = _Http


class _HttpsPool(HTTPSConnectionPool):
    ConnectionCls = _Https


POOLS = {"http": _HttpPool, "https": _HttpsPool}


class Adapter(HTTPAdapter):
    """An adapter with such connections, to servers and to proxies."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Create the pools for servers."""
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = POOLS

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """The pools for a proxy."""
        manager = super().proxy_manager_for(*args, **kwargs)
        if type(manager).__name__ == "ProxyManager":  # one for SOCKS has connections of its own
            manager.pool_classes_by_scheme = POOLS
        return manager
