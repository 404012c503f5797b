# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Deadlines for slow answers.

The timeout of a socket limits the silence between two packets, not the whole read, so a trickling answer can last
forever. One thread for all connections of the process cuts each connection that is still being read at its deadline.
"""
from __future__ import annotations

import math
import os
import socket
import threading
import time
from contextlib import contextmanager
from typing import Any, Iterator


@contextmanager
def cut_at(deadline: float, stream: Any) -> Iterator[None]:
    """Cut the connection behind a stream if it is still being read at the deadline (monotonic clock)."""
    try:
        connection = socket.socket(fileno=os.dup(stream.fileno()))
    except (AttributeError, OSError, ValueError):  # no body, or no socket behind it
        yield
        return
    _watch.add(connection, deadline)
    try:
        yield
    finally:
        _watch.remove(connection)
        connection.close()


class _Watch:
    """The connections that are being read, and a thread that starts with the first of them.

    The thread sleeps until the earliest known deadline and is woken only for an earlier one. Usually all timeouts are
    the same, so it wakes once per timeout, not once per answer.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._deadlines: dict[socket.socket, float] = {}
        self._wakes = math.inf
        self._thread: threading.Thread | None = None

    def add(self, connection: socket.socket, deadline: float) -> None:
        with self._changed:
            self._deadlines[connection] = deadline
            if self._thread is None or not self._thread.is_alive():  # a forked process does not inherit the thread
                self._thread = threading.Thread(target=self._run, name="couchdyno deadlines", daemon=True)
                self._wakes = deadline
                self._thread.start()
            elif deadline < self._wakes:
                self._wakes = deadline
                self._changed.notify()

    def remove(self, connection: socket.socket) -> None:
        with self._changed:
            self._deadlines.pop(connection, None)

    def _run(self) -> None:
        with self._changed:
            while True:
                now = time.monotonic()
                for connection in [each for each, deadline in self._deadlines.items() if deadline <= now]:
                    del self._deadlines[connection]
                    _cut(connection)
                self._wakes = min(self._deadlines.values(), default=math.inf)
                self._changed.wait(None if self._wakes == math.inf else max(0.0, self._wakes - now))


def _cut(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:  # the answer has just ended
        pass


_watch = _Watch()
