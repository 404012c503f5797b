# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader: a whole database in, a tally of what it holds out.

Documents are read in ranges of ids that are known in advance, a few of them in flight at once, so memory does not grow
with the database. A document that is not as it should be is read again before it is called so: it may have moved on
while it was read.
"""
from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Callable, Iterator

from .client import Client, Row
from .errors import Interrupted
from .proof import FINE, Bounds, Document, Finding, Tally, judge, sort
from .stream import ID_PREFIX, Stream

PAGE_DOCUMENTS = 1000
PAGE_BYTES = 10 ** 6
PAGE_IDS = 5000
CONNECTIONS = 4
SPARSE = 20  # a document by its id costs the server as much as so many of a range
ROUNDS = 4  # how often a document is read again that goes on changing
PAUSE = 0.1  # seconds before the second of these readings, twice as many before each further one
AFTER_ALL = ID_PREFIX + ":"  # an id that follows those of all documents that a stream can have

Progress = Callable[[int, int], None]
Job = Callable[[], Tally]


class Reader:
    """Reads a whole database and sorts what it holds; ``bounds`` say what that may be.

    ``latest`` tells how far the end of the bounds has moved by now, where it does.
    """

    def __init__(self, client: Client, stream: Stream, bounds: Bounds, latest: Callable[[], int] | None = None,
                 connections: int = CONNECTIONS) -> None:
        self._bounds = bounds
        self._client = client
        self._stream = stream
        self._latest = latest
        self._connections = connections
        self._page = max(1, min(PAGE_DOCUMENTS, PAGE_BYTES // stream.size))

    def read(self, progress: Progress = lambda done, total: None) -> Tally:
        """Read and sort everything; ``progress`` is told how many documents there were by now."""
        whole = Tally(self._stream, self._bounds.origin)
        flying: set[Future[Tally]] = set()
        with ThreadPoolExecutor(self._connections) as pool:
            for job in self._jobs():
                while len(flying) > self._connections:  # one more than connections: no connection waits for us
                    self._collect(flying, whole, progress)
                flying.add(pool.submit(job))
            while flying:
                self._collect(flying, whole, progress)
        return whole

    def _jobs(self) -> Iterator[Job]:
        """The ranges of ids that make up the database, each to be read by itself."""
        total = self._stream.total
        yield partial(self._sort_others, None, self._stream.document_id(0))
        known = min(total, max(self._bounds.since, self._document_count()))
        for first in range(0, known, self._page):
            yield partial(self._sort_range, first, min(first + self._page, known))
        if known < total:
            yield partial(self._sort_range, known, total)
        yield partial(self._sort_others, AFTER_ALL, None)

    def _document_count(self) -> int:
        return int((self._client.database_info() or {}).get("doc_count") or 0)

    def _collect(self, flying: set[Future[Tally]], whole: Tally, progress: Progress) -> None:
        """Take in the ranges that are done, after waiting for one."""
        done, __ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            flying.remove(future)
            whole.merge(future.result())
        progress(whole.checked, self._stream.total)
        if self._client.stopping.is_set():
            raise Interrupted("interrupted; what has been read by now proves nothing")

    def _pages(self, first: str | None, before: str | None, limit: int,
               include_docs: bool) -> Iterator[tuple[list[Row], bool]]:
        """The rows of a range of ids, a page at a time, and whether that is the last page."""
        more = True
        while more:
            rows = self._client.rows_before(first, before, limit + 1, include_docs)
            more = len(rows) > limit
            if more:
                first = rows.pop()["id"]
            yield rows, not more

    def _sort_range(self, first: int, stop: int) -> Tally:
        """Sort documents ``[first, stop)`` and what lies among them, in a thread of the pool."""
        tally = Tally(self._stream, self._bounds.origin)
        name = self._stream.document_id
        before = name(stop) if stop < self._stream.total else AFTER_ALL
        for rows, last in self._pages(name(first), before, self._page, include_docs=True):
            end = stop if last else self._after(rows, first)
            self._settle(sort(self._stream, self._bounds, first, end, rows, tally), tally)
            first = end
        return tally

    def _after(self, rows: list[Row], first: int) -> int:
        """The index after the last document of the stream in a page; ``first`` where there is none."""
        indexes = (self._stream.index_of(row["id"]) for row in reversed(rows))
        return next((index + 1 for index in indexes if index is not None), first)

    def _sort_others(self, first: str | None, before: str | None) -> Tally:
        """Sort documents that are not of the stream, in a thread of the pool; only their ids are read."""
        tally = Tally(self._stream)
        for rows, __ in self._pages(first, before, PAGE_IDS, include_docs=False):
            for row in rows:
                tally.add_other(row["id"])
        return tally

    def _settle(self, suspects: list[Finding], tally: Tally) -> None:
        """Read documents again that are not as they should be, until they are or stay as they are."""
        for attempt in range(ROUNDS):
            if not suspects:
                return
            if attempt:
                self._client.stopping.wait(PAUSE * 2 ** (attempt - 1))
            suspects = self._read_again(suspects, tally)
        for finding in suspects:
            tally.add(finding)

    def _read_again(self, suspects: list[Finding], tally: Tally) -> list[Finding]:
        """Read documents again; returns those that have changed and still are not as they should be."""
        name = self._stream.document_id
        found = self._documents([suspect.number for suspect in suspects])
        bounds = self._bounds
        if self._latest and any(suspect.kind == "ahead" for suspect in suspects):
            self._bounds = bounds = bounds._replace(until=self._latest())
        again = []
        for suspect in suspects:
            finding = judge(self._stream, bounds, suspect.number, found.get(name(suspect.number)))
            if finding.kind in FINE or finding.document == suspect.document:
                tally.add(finding)
            else:
                again.append(finding)
        return again

    def _documents(self, numbers: list[int]) -> dict[str, Document]:
        """Those that are there of some documents, by their ids; read as one range where they lie close together."""
        name = self._stream.document_id
        if numbers[-1] - numbers[0] > SPARSE * len(numbers):
            return self._client.documents(list(map(name, numbers)))
        pages = self._pages(name(numbers[0]), name(numbers[-1]) + "\0", self._page, include_docs=True)
        return {row["id"]: row["doc"] for rows, __ in pages for row in rows if row.get("doc")}
