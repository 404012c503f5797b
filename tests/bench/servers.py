# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server and the machine of a measurement."""
from __future__ import annotations

import contextlib
import json
import os
import platform
import urllib.error
import urllib.request
from base64 import b64encode
from pathlib import Path
from typing import Any, Iterator, NamedTuple
from urllib.parse import quote, unquote, urlsplit


class Server(NamedTuple):
    """A server with an admin's credentials; ``url`` has none."""

    url: str
    username: str
    password: str

    @property
    def full_url(self) -> str:
        """The URL with credentials."""
        scheme, rest = self.url.split("://", 1)
        credentials = f"{quote(self.username, safe='')}:{quote(self.password, safe='')}@" if self.username else ""
        return f"{scheme}://{credentials}{rest}"

    def ask(self, path: str, method: str = "GET") -> Any:
        """The JSON of an answer, or None for 404."""
        request = urllib.request.Request(f"{self.url}/{path}", method=method)
        if self.username:
            credentials = b64encode(f"{self.username}:{self.password}".encode()).decode()
            request.add_header("Authorization", f"Basic {credentials}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    @property
    def is_couchdb(self) -> bool:
        """Whether this is CouchDB and not the embedded server."""
        return "couchdb" in (self.ask("") or {})

    def describe(self) -> dict[str, str]:
        """The kind of server, for readers of the results."""
        version = (self.ask("") or {}).get("version", "unknown")
        if not self.is_couchdb:
            return {"server": f"the embedded PouchDB Server, in memory, {version}"}
        nodes = (self.ask("_membership") or {}).get("cluster_nodes", [])
        where = ", on the same machine" if urlsplit(self.url).hostname in ("127.0.0.1", "localhost") else ""
        return {"server": f"CouchDB {version}, {_count(len(nodes), 'node')}{where}"}


@contextlib.contextmanager
def server_at(url: str) -> Iterator[Server]:
    """The server at a URL or, without a URL, the embedded server during the context."""
    if url:
        parts = urlsplit(url)
        plain = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"
        yield Server(plain, unquote(parts.username or ""), unquote(parts.password or ""))
        return
    import embedded

    with embedded.running() as found:
        yield Server(found.url, found.username, found.password)


def machine() -> dict[str, str]:
    """The machine that the clients run on."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2 ** 30
    return {"machine": f"{_processor()}, {_count(os.cpu_count() or 1, 'core')}, {memory:.0f} GB",
            "system": f"{platform.system()} {platform.release()}", "python": platform.python_version()}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
