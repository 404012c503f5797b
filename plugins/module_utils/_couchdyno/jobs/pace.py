# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pace of a driver: how much it writes per request, how many requests at once, and how fast.

It starts from the size of the documents and adapts to the server: requests that are too large or too slow become
smaller, and a server that throttles gets fewer at once.
"""
from __future__ import annotations

import threading
import time

from ..model.limits import CONNECTIONS, MAX_BATCH_BYTES, MAX_CONNECTIONS, RATES, check_count, check_number

BATCH_DOCUMENTS = 1000
BATCH_BYTES = 4 * 10 ** 6
MOST_DOCUMENTS = 10 ** 4
SLOW = 5.0  # seconds; slower requests are made smaller, and requests faster than a quarter of this may grow
STEPS = 10  # batches per second at a given rate, if it is high enough


class Pace:
    """The pace of one driver on one database; safe to use from several threads.

    Reuse it for all cycles: it remembers what the server can handle, and continues the schedule of a ``rate``
    (documents per second). None: the default. Raises UsageError for settings that make no sense.
    """

    def __init__(self, connections: int | None = None, batch_bytes: int | None = None,
                 rate: float | None = None) -> None:
        self.connections = CONNECTIONS if connections is None else connections
        self.rate = rate
        check_count("connections", self.connections, MAX_CONNECTIONS)
        check_count("batch_bytes", 1 if batch_bytes is None else batch_bytes, MAX_BATCH_BYTES)
        if rate is not None:
            check_number("rate", rate, *RATES)
        self.in_flight = self.connections + 1  # batches; one more than connections, so that no connection waits for us
        self._bytes = batch_bytes
        self._lock = threading.Lock()
        self._refused_above = self._slow_above = MOST_DOCUMENTS
        self._throttled = 0
        self._calm = 0  # answers since the server last throttled
        self._next: float | None = None  # when the next document is due

    def request_bytes(self, most: int) -> int:
        """How many bytes to send in one request, unless a single document has more; ``most`` is the default."""
        return most if self._bytes is None else min(most, self._bytes)

    def batch_documents(self, size: int) -> int:
        """How many documents of a size to write in one request."""
        return max(1, min(self._start(size), self._refused_above, self._slow_above))

    def due(self, documents: int) -> float:
        """When to start writing the next ``documents``, on the monotonic clock; in the past if they are late."""
        now = time.monotonic()
        if not self.rate:
            return now
        due = now if self._next is None else self._next
        self._next = due + documents / self.rate
        return due

    def rest(self) -> None:
        """Restart the schedule after a pause, so that the pause is not made up for."""
        self._next = None

    def too_large(self, documents: int) -> None:
        """Record that the server does not accept this number of documents in one request."""
        with self._lock:
            self._refused_above = min(self._refused_above, documents // 2)

    def too_slow(self, documents: int) -> None:
        """Record that the server needs too long for this number of documents."""
        with self._lock:
            self._slow_above = max(1, min(self._slow_above, documents // 2))

    def answered(self, documents: int, seconds: float) -> None:
        """Record the duration of a request in seconds."""
        if seconds > SLOW:
            self.too_slow(documents)
            return
        with self._lock:
            if seconds < SLOW / 4:
                self._slow_above = min(MOST_DOCUMENTS, self._slow_above + 1 + self._slow_above // 4)

    def throttle(self, times: int) -> None:
        """Record, after each batch, how often the server has throttled so far."""
        with self._lock:
            if times > self._throttled:
                self.in_flight = max(1, self.in_flight // 2)
                self._calm = 0
            else:
                self._calm += 1
            if self._calm > 2 * self.in_flight:
                self.in_flight = min(self.connections + 1, self.in_flight + 1)
                self._calm = 0
            self._throttled = times

    def _start(self, size: int) -> int:
        """How many documents to start with."""
        by_rate = max(1, int(self.rate / STEPS)) if self.rate else MOST_DOCUMENTS
        if self._bytes is None:
            return min(BATCH_DOCUMENTS, BATCH_BYTES // size, by_rate)
        return min(MOST_DOCUMENTS, self._bytes // size, by_rate)
