# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The reader: reads a whole source of documents and returns a tally.

Documents are read in ranges of ids, a few of them in flight at once, so memory does not grow with the database. A
document that looks wrong is read again before it counts as wrong, as it may have been updated during the reading. On a
cluster it is read again from all replicas, as a range only shows one of them, which may have missed updates.
"""
from __future__ import annotations

from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial
from typing import Callable, Generic, Iterable, Iterator

from ..couchdb.all_replicas import AllReplicas
from ..couchdb.bulk import Row
from ..couchdb.source import AFTER, Document, Source, document_of
from ..couchdb.stop import NEVER, Stop
from ..couchdb.with_losing import WithLosing
from ..errors import Interrupted
from ..model.branch_verdicts import wanted
from ..model.expectation import Expectation
from ..model.found import Found
from ..model.limits import CONNECTIONS
from ..model.replicas import FIELD, difference_of_other
from ..model.stream import Section, Stream
from ..model.tally import AnyTally, Tally
from ..model.verdicts import ABSENT, DELETED, REVIVED, UNKNOWN, Finding, classify, classify_one, judge, judge_other
from .attached_bytes import with_bytes

PAGE_DOCUMENTS = 1000
PAGE_BYTES = 10 ** 6
PAGE_IDS = 5000
SPARSE = 20  # reading one document by its id costs the server as much as this number in a range
SPOTS = 20  # how many documents of a long gap are looked for in all replicas
SOME = 100  # documents of unknown size that are read at once
MOST_TOMBSTONES = 10 ** 6  # if more documents may have been deleted, it is not looked up whether they were
LATE = frozenset(("behind", "missing", REVIVED))  # how a document looks in a replica that has missed updates
ROUNDS = 4  # how often a document that keeps changing is read again
PAUSE = 0.1  # seconds before the second of these readings; doubled before each further one

FULL = 1.1  # how many ranges of scattered ids there are for each page: they are not all of one size
MOST_ABSENT = 10 ** 5  # documents with scattered ids that are looked through in one piece

Progress = Callable[[int, int], None]
Jobs = Iterator[Callable[[], AnyTally]]


class Reader(Generic[AnyTally]):
    """Reads a whole source and judges its documents by an ``expectation``.

    ``new_tally`` returns an empty tally; ``latest`` the current end of the expectation, if that moves. With
    ``every_replica``, every document is read from all replicas, and differences between them are in the tally; raises
    UsageError if the replicas cannot be read one by one.
    """

    def __init__(self, source: Source, stream: Stream, expectation: Expectation, new_tally: Callable[[], AnyTally],
                 latest: Callable[[], int] | None = None, stop: Stop = NEVER, *, every_replica: bool = False) -> None:
        self._expectation = expectation
        if stream.branches:
            source = WithLosing(source, partial(wanted, stream))
        self._source = AllReplicas(source) if every_replica else source
        self._stream = stream
        self._latest = latest
        self._stop = stop
        self._new_tally = new_tally
        self._total = stream.existing(expectation.since if expectation.until is None else expectation.until)
        self._page = max(1, min(PAGE_DOCUMENTS, PAGE_BYTES // stream.parsed_size))

    def read(self, progress: Progress = lambda done, total: None) -> AnyTally:
        """Read and judge everything; ``progress`` is called with the number of documents so far and in total."""
        whole = self._new_tally()
        flying: set[Future[AnyTally]] = set()
        sections = self._stream.sections(self._expectation.since, self._expectation.until)
        scattered = [(section, Found(section.first)) for section in sections if not section.is_ordered]
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for jobs in (self._jobs(sections, dict(scattered)), self._jobs_for_absent(scattered)):
                for job in jobs:
                    while len(flying) > CONNECTIONS:  # one more than connections, so that none waits for us
                        self._collect(flying, whole, progress)
                    flying.add(pool.submit(job))
                while flying:
                    self._collect(flying, whole, progress)
        return whole

    def _jobs(self, sections: Iterable[Section], scattered: dict[Section, Found]) -> Jobs[AnyTally]:
        """Jobs for all ranges of ids of the source, each of about a page of existing documents."""
        count = self._source.document_count() or 0
        after: str | None = None
        for section in sections:
            yield partial(self._judge_others, after, section.begin)
            if section in scattered:
                yield from self._jobs_of_scattered(section, count, scattered[section])
            else:
                yield from self._jobs_in_order(section, count)
            after = section.before
        yield partial(self._judge_others, after, None)

    def _jobs_in_order(self, section: Section, count: int) -> Jobs[AnyTally]:
        stream = self._stream
        if section.first < section.live:
            yield partial(self._judge_range, section.first, section.live, stream.id_of(section.live))
        known = min(section.stop, section.live + max(self._expectation.since, count))
        width = self._page * max(1, (known - section.live) // max(1, count))
        last = known if known < section.stop else max(section.live, known - width)
        for first in range(section.live, last, width):
            stop = min(first + width, last)
            yield partial(self._judge_range, first, stop, stream.id_of(stop))
        yield partial(self._judge_end, last, section.stop, section.before)

    def _jobs_of_scattered(self, section: Section, count: int, found: Found) -> Jobs[AnyTally]:
        parts = 1 + int(FULL * min(count, section.stop - section.live) / self._page)
        begin = section.begin
        for part in range(1, parts + 1):
            before = section.before if part == parts else section.id_at(part, parts)
            yield partial(self._judge_scattered, begin, before, section.stop, found)
            begin = before

    def _jobs_for_absent(self, scattered: Iterable[tuple[Section, Found]]) -> Jobs[AnyTally]:
        """Jobs for the documents with scattered ids that have not been found."""
        for section, found in scattered:
            for first, stop in ((section.first, section.live), (section.live, section.stop)):
                for start in range(first, stop, MOST_ABSENT):
                    yield partial(self._judge_absent, start, min(start + MOST_ABSENT, stop), found)
            yield partial(self._find_next, section.stop, found)

    def _collect(self, flying: set[Future[AnyTally]], whole: AnyTally, progress: Progress) -> None:
        """Wait for a range, and add the tallies of all finished ones."""
        done, __ = wait(flying, return_when=FIRST_COMPLETED)
        for future in done:
            flying.remove(future)
            whole.merge(future.result())
        progress(whole.checked, self._total)
        self._check_stop()

    def _check_stop(self) -> None:
        if self._stop.is_requested():
            raise Interrupted("interrupted before all documents were checked, so there is no verdict")

    def _pages(self, first: str | None, before: str | None, limit: int,
               include_docs: bool) -> Iterator[tuple[list[Row], bool]]:
        """The rows of a range of ids, a page at a time, and whether that is the last page."""
        self._check_stop()
        for page in self._source.pages(first, before, limit, include_docs):
            yield page
            self._check_stop()

    def _judge_range(self, first: int, stop: int, before: str) -> AnyTally:
        """Judge documents ``[first, stop)``, and others among them and below ``before``, in a thread of the pool."""
        tally = self._new_tally()
        for __ in self._judged(first, stop, before, tally):
            pass
        return tally

    def _judge_end(self, first: int, stop: int, before: str) -> AnyTally:
        """Judge the youngest documents ``[first, stop)`` of a type, and find the first one that is not created yet."""
        tally = self._new_tally()
        for newer in self._judged(first, stop, before, tally):
            stop += newer == stop
        tally.lower(self._stream.creation(stop))
        return tally

    def _judge_scattered(self, begin: str, before: str, stop: int, found: Found) -> AnyTally:
        """Judge documents whose ids are scattered, and others among them, in a thread of the pool."""
        tally = self._new_tally()
        for rows, __ in self._pages(begin, before, self._page, include_docs=True):
            suspects: list[Finding] = []
            others, numbers = [], []
            for row in map(_shown, rows):
                for finding in classify_one(self._stream, self._expectation, stop, row):
                    if finding.is_other:
                        others.append(row)
                    else:
                        numbers.append(finding.number)
                        suspects += self._sorted_out(finding, tally)
            found.add(numbers)
            self._settle(suspects, tally)
            self._judge_other_rows(others, tally)
        return tally

    def _judge_absent(self, first: int, stop: int, found: Found) -> AnyTally:
        """Judge those of the documents ``[first, stop)`` that were not found, in a thread of the pool."""
        tally = self._new_tally()
        suspects: list[Finding] = []
        for begin, end in found.absent(first, stop):
            self._check_stop()
            for finding in classify(self._stream, self._expectation, begin, end, ()):
                suspects += self._sorted_out(finding, tally)
        self._settle(suspects, tally)
        return tally

    def _find_next(self, stop: int, found: Found) -> AnyTally:
        """Find the first document from ``stop`` on that is not created yet."""
        tally = self._new_tally()
        tally.lower(self._stream.creation(found.next_absent(stop)))
        return tally

    def _judged(self, first: int, stop: int, before: str, tally: Tally) -> Iterator[int]:
        """Judge documents as in ``_judge_range``; returns the ones from ``stop`` on that hold updates, in order."""
        for rows, last in self._pages(self._stream.id_of(first), before, self._page, include_docs=True):
            end = stop if last else min(stop, self._after(rows, first))
            suspects, others = [], []
            for finding in classify(self._stream, self._expectation, first, end, map(_shown, rows)):
                if finding.is_other:
                    others.append(finding)
                    continue
                if finding.number >= stop:
                    yield finding.number
                for part in self._sorted_out(finding, tally):
                    suspects.append(part)
            self._settle(suspects, tally)
            self._judge_other_rows([{"id": other.document_id, "doc": other.document} for other in others], tally)
            first = end

    def _sorted_out(self, finding: Finding, tally: Tally) -> Iterator[Finding]:
        """Add a finding that is certain; returns what has to be read again."""
        finding = self._with_bytes(finding)
        if finding.is_fine:
            self._add(finding, tally)
        elif not self._is_lost(finding):
            yield finding
        elif self._latest and self._stream.deletes:  # drivers may have deleted any number of documents meanwhile
            self._refresh()
            for part in classify(self._stream, self._expectation, finding.number, finding.number + finding.count, ()):
                self._add(part, tally)
        else:
            tally.add(finding)

    def _add(self, finding: Finding, tally: Tally) -> None:
        """Add a finding; of absent documents that may have been deleted, the ones with tombstones were."""
        stream, expectation = self._stream, self._expectation
        if (finding.kind != ABSENT or finding.count > MOST_TOMBSTONES
                or expectation.deleted_meanwhile(stream, finding.number) is None):
            tally.add(finding)
            return
        numbers = range(finding.number, finding.number + finding.count)
        for start in range(0, finding.count, PAGE_IDS):
            self._check_stop()
            some = numbers[start:start + PAGE_IDS]
            deleted = self._source.deleted(list(map(stream.id_of, some)))
            for number in some:
                is_deleted = stream.id_of(number) in deleted
                tally.add(Finding(number, DELETED, held=expectation.deletion(stream, number)) if is_deleted else
                          judge(stream, expectation, number, None))

    def _with_bytes(self, finding: Finding) -> Finding:
        """A finding that also regards the bytes of attachments, where only these can show whether they are right."""
        return with_bytes(self._source, self._stream.content.files, finding)

    def _refresh(self) -> None:
        """Read where the documents may stand now."""
        if self._latest:
            self._expectation = self._expectation._replace(until=self._latest())

    def _after(self, rows: list[Row], first: int) -> int:
        """The index after the last document of the stream in a page; ``first`` if there is none."""
        numbers = (self._stream.number_of(row["id"]) for row in reversed(rows))
        return next((number + 1 for number in numbers if number is not None), first)

    def _judge_others(self, first: str | None, before: str | None) -> AnyTally:
        """Judge documents that do not belong to the stream, in a thread of the pool; reads only their ids."""
        tally = self._new_tally()
        for rows, __ in self._pages(first, before, PAGE_IDS, include_docs=False):
            self._judge_other_rows(rows, tally)
        return tally

    def _judge_other_rows(self, rows: list[Row], tally: Tally) -> None:
        """Judge documents that do not belong to the stream; rows may lack a document if its replicas are the same."""
        differing = {row["id"]: row["doc"] for row in rows if FIELD in (row.get("doc") or {})}
        self._add_others([row["id"] for row in rows if row["id"] not in differing], tally)
        self._settle_others(differing, tally)

    def _add_others(self, names: list[str], tally: Tally) -> None:
        """Add documents that do not belong to the stream; on a cluster, unless other replicas have deleted them."""
        is_cluster = self._source.replicas() > 1
        others = [finding for name in names for finding in judge_other(self._stream, name)]
        strange = {other.document_id for other in others}
        tally.add_own([name for name in names if name not in strange])
        for start in range(0, len(others), SOME):
            batch = others[start:start + SOME]
            found = self._source.whole_documents([other.document_id for other in batch]) if is_cluster else {}
            for other in batch:
                if other.document_id in found or not is_cluster:
                    tally.add(other)

    def _settle_others(self, differing: dict[str, Document], tally: Tally) -> None:
        """Read documents with differing replicas again; the ones that still differ, and do not change, count.

        The ones that some replicas do not have may be about to be deleted, so they do not also count as extra.
        """
        earlier = differing
        for attempt in range(ROUNDS):
            if not differing:
                return
            self._stop.wait(PAUSE * 2 ** attempt)
            earlier, found = differing, self._source.documents(list(differing))
            self._add_others([name for name, document in found.items() if FIELD not in document], tally)
            differing = {name: document for name, document in found.items() if FIELD in document}
        for name, document in differing.items():
            if _revisions(document) == _revisions(earlier[name]):
                tally.add_differing(name, difference_of_other(document[FIELD]))
            if None not in document[FIELD].values():
                self._add_others([name], tally)

    def _is_lost(self, gap: Finding) -> bool:
        """Whether a suspect is a long gap that certainly exists: it is not read again, as it may have no end.

        On one node, documents that were written do not vanish for a moment. On a cluster, a replica can lack any number
        of them, so a few are looked for in all replicas: if none of these exists, something is lost.
        """
        if self._source.replicas() == 1:
            return gap.count > self._page
        if gap.count <= SPOTS:
            return False
        spots = range(gap.number, gap.number + gap.count, gap.count // SPOTS)
        return not self._source.whole_documents(list(map(self._stream.id_of, spots)))

    def _settle(self, suspects: list[Finding], tally: Tally) -> None:
        """Read suspects again, about a page of them at once."""
        batch: list[Finding] = []
        size = 0
        for part in (part for suspect in suspects for part in self._parts(suspect)):
            batch.append(part)
            size += part.count
            if size >= self._page:
                self._settle_batch(batch, tally)
                batch, size = [], 0
        self._settle_batch(batch, tally)

    def _parts(self, suspect: Finding) -> Iterator[Finding]:
        """A suspect, or the parts of a gap that is longer than a page."""
        stop = suspect.number + suspect.count
        if suspect.count <= self._page:
            yield suspect
            return
        for first in range(suspect.number, stop, self._page):
            yield from classify(self._stream, self._expectation, first, min(first + self._page, stop), ())

    def _settle_batch(self, suspects: list[Finding], tally: Tally) -> None:
        """Read suspects again until they are fine or stop changing."""
        earlier: dict[int, Document | None] = {}
        for attempt in range(ROUNDS):
            if not suspects:
                return
            self._check_stop()
            if attempt:
                self._stop.wait(PAUSE * 2 ** (attempt - 1))
            earlier = {suspect.number: suspect.document for suspect in suspects}
            suspects = self._read_again(suspects, tally)
        for finding in suspects:
            is_stable = earlier.get(finding.number) == finding.document
            tally.add(finding if is_stable else finding._replace(differs=""))  # replicas do not change at the same time

    def _read_again(self, suspects: list[Finding], tally: Tally) -> list[Finding]:
        """Read suspects again; returns the ones that have changed and still are not fine."""
        found = self._documents(suspects)
        moving = ("ahead", "missing") if self._stream.deletes else ("ahead",)
        if any(suspect.kind in moving for suspect in suspects):
            self._refresh()
        again = []
        for suspect in suspects:
            for finding in map(self._with_bytes, classify(self._stream, self._expectation, suspect.number,
                                                          suspect.number + suspect.count,
                                                          self._rows_of(suspect, found))):
                if finding.is_fine:
                    self._add_fine(finding, suspect, tally)
                elif finding.document == suspect.document and not finding.differs:
                    tally.add(finding)
                else:
                    again.append(finding)
        return again

    def _add_fine(self, finding: Finding, suspect: Finding, tally: Tally) -> None:
        """Add a document that is fine after all, and why it did not look so in the replica that was read first."""
        if self._source.replicas() > 1 and suspect.kind in LATE:
            tally.catching_up += 1
        if self._source.replicas() > 1 and suspect.kind in UNKNOWN and _is_same_revision(finding, suspect):
            finding = finding._replace(differs=f"{suspect.reason} in one replica, but not in another")
        self._add(finding, tally)

    def _documents(self, suspects: list[Finding]) -> dict[str, Document]:
        """The existing documents among suspects, by their ids; read as one range if they are close together.

        On a cluster, they are read from all replicas.
        """
        count = sum(suspect.count for suspect in suspects)
        first, stop = suspects[0].number, suspects[-1].number + suspects[-1].count
        is_range = self._stream.is_ordered(first) and stop - first - count <= SPARSE * count
        if self._source.replicas() > 1 or not is_range:
            return self._source.whole_documents([name for suspect in suspects for name in self._ids(suspect)])
        ids = self._stream.id_of(first), self._stream.id_of(stop - 1) + AFTER
        pages = self._pages(*ids, self._page, include_docs=True)
        return {row["id"]: document_of(row) for rows, __ in pages for row in rows}

    def _ids(self, suspect: Finding) -> Iterator[str]:
        return map(self._stream.id_of, range(suspect.number, suspect.number + suspect.count))

    def _rows_of(self, suspect: Finding, found: dict[str, Document]) -> list[Row]:
        """The rows of the existing documents of a suspect."""
        return [{"id": name, "doc": found[name]} for name in self._ids(suspect) if name in found] if found else []


def _shown(row: Row) -> Row:
    """A row with a document, even if the server cannot read that."""
    return {"id": row["id"], "doc": document_of(row)}


def _is_same_revision(finding: Finding, suspect: Finding) -> bool:
    one, other = finding.document or {}, suspect.document or {}
    return one.get("_rev") == other.get("_rev")


def _revisions(document: Document) -> dict[str, str | None]:
    """The revision of each replica of a document."""
    return {node: replica["_rev"] if replica else None for node, replica in document[FIELD].items()}
