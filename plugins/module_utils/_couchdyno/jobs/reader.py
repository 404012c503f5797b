# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader: reads a whole source of documents and returns a tally.

Documents are read in fixed ranges of ids, a few of them in flight at once, so memory does not grow with the database.
A document that looks wrong is read again before it counts as wrong, as it may have been updated during the reading.
"""
from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Callable, Iterator

from ..couchdb.bulk import Row
from ..couchdb.source import Document, Source
from ..couchdb.stop import NEVER, Stop
from ..errors import Interrupted
from ..model.document_ids import AFTER_ALL, id_of
from ..model.expectation import Expectation
from ..model.limits import CONNECTIONS
from ..model.stream import Stream
from ..model.tally import Tally
from ..model.verdicts import Finding, classify, judge, judge_other

PAGE_DOCUMENTS = 1000
PAGE_BYTES = 10 ** 6
PAGE_IDS = 5000
SPARSE = 20  # reading one document by its id costs the server as much as this number in a range
ROUNDS = 4  # how often a document that keeps changing is read again
PAUSE = 0.1  # seconds before the second of these readings; doubled before each further one

Progress = Callable[[int, int], None]
Job = Callable[[], Tally]


class Reader:
    """Reads a whole source and judges its documents by an ``expectation``.

    ``latest`` returns the current end of the expectation, if that moves; ``new_tally`` an empty tally.
    """

    def __init__(self, source: Source, stream: Stream, expectation: Expectation,
                 latest: Callable[[], int] | None = None, stop: Stop = NEVER, connections: int = CONNECTIONS,
                 new_tally: Callable[[], Tally] | None = None) -> None:
        self._expectation = expectation
        self._source = source
        self._stream = stream
        self._latest = latest
        self._stop = stop
        self._connections = connections
        self._tally = new_tally or (lambda: Tally(stream))
        self._page = max(1, min(PAGE_DOCUMENTS, PAGE_BYTES // stream.size))

    def read(self, progress: Progress = lambda done, total: None) -> Tally:
        """Read and judge everything; ``progress`` is called with the number of documents so far and in total."""
        whole = self._tally()
        flying: set[Future[Tally]] = set()
        with ThreadPoolExecutor(self._connections) as pool:
            for job in self._jobs():
                while len(flying) > self._connections:  # one more than connections, so that none waits for us
                    self._collect(flying, whole, progress)
                flying.add(pool.submit(job))
            while flying:
                self._collect(flying, whole, progress)
        return whole

    def _jobs(self) -> Iterator[Job]:
        """Jobs for all ranges of ids of the source."""
        total = self._stream.total
        yield partial(self._judge_others, None, id_of(0))
        known = min(total, max(self._expectation.since, self._source.document_count() or 0))
        for first in range(0, known, self._page):
            yield partial(self._judge_range, first, min(first + self._page, known))
        if known < total:
            yield partial(self._judge_range, known, total)
        yield partial(self._judge_others, AFTER_ALL, None)

    def _collect(self, flying: set[Future[Tally]], whole: Tally, progress: Progress) -> None:
        """Wait for a range, and add the tallies of all finished ones."""
        done, __ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            flying.remove(future)
            whole.merge(future.result())
        progress(whole.checked, self._stream.total)
        if self._stop.is_requested():
            raise Interrupted("interrupted before all documents were checked, so there is no verdict")

    def _pages(self, first: str | None, before: str | None, limit: int,
               include_docs: bool) -> Iterator[tuple[list[Row], bool]]:
        """The rows of a range of ids, a page at a time, and whether that is the last page."""
        more = True
        while more:
            rows = self._source.rows_before(first, before, limit + 1, include_docs)
            more = len(rows) > limit
            if more:
                first = rows.pop()["id"]
            yield rows, not more

    def _judge_range(self, first: int, stop: int) -> Tally:
        """Judge documents ``[first, stop)`` and others among them, in a thread of the pool."""
        tally = self._tally()
        before = id_of(stop) if stop < self._stream.total else AFTER_ALL
        for rows, last in self._pages(id_of(first), before, self._page, include_docs=True):
            end = stop if last else self._after(rows, first)
            suspects = []
            for finding in classify(self._stream, self._expectation, first, end, rows):
                if finding.is_fine or finding.is_other:
                    tally.add(finding)
                else:
                    suspects.append(finding)
            self._settle(suspects, tally)
            first = end
        return tally

    def _after(self, rows: list[Row], first: int) -> int:
        """The index after the last document of the stream in a page; ``first`` if there is none."""
        indexes = (self._stream.index_of(row["id"]) for row in reversed(rows))
        return next((index + 1 for index in indexes if index is not None), first)

    def _judge_others(self, first: str | None, before: str | None) -> Tally:
        """Judge documents that do not belong to the stream, in a thread of the pool; reads only their ids."""
        tally = self._tally()
        for rows, __ in self._pages(first, before, PAGE_IDS, include_docs=False):
            for row in rows:
                for finding in judge_other(row["id"]):
                    tally.add(finding)
        return tally

    def _settle(self, suspects: list[Finding], tally: Tally) -> None:
        """Read suspects again until they are fine or stop changing."""
        for attempt in range(ROUNDS):
            if not suspects:
                return
            if attempt:
                self._stop.wait(PAUSE * 2 ** (attempt - 1))
            suspects = self._read_again(suspects, tally)
        for finding in suspects:
            tally.add(finding)

    def _read_again(self, suspects: list[Finding], tally: Tally) -> list[Finding]:
        """Read suspects again; returns the ones that have changed and still are not fine."""
        found = self._documents([suspect.number for suspect in suspects])
        expectation = self._expectation
        if self._latest and any(suspect.kind == "ahead" for suspect in suspects):
            self._expectation = expectation = expectation._replace(until=self._latest())
        again = []
        for suspect in suspects:
            finding = judge(self._stream, expectation, suspect.number, found.get(id_of(suspect.number)))
            if finding.is_fine or finding.document == suspect.document:
                tally.add(finding)
            else:
                again.append(finding)
        return again

    def _documents(self, numbers: list[int]) -> dict[str, Document]:
        """The existing documents among these, by their ids; read as one range if they are close together."""
        if numbers[-1] - numbers[0] > SPARSE * len(numbers):
            return self._source.documents(list(map(id_of, numbers)))
        pages = self._pages(id_of(numbers[0]), id_of(numbers[-1]) + "\0", self._page, include_docs=True)
        return {row["id"]: row["doc"] for rows, __ in pages for row in rows if row.get("doc")}
