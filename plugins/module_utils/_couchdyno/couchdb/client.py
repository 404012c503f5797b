# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""CouchDB over HTTP: one session, bounded retries, statuses turned into errors.

Every method may raise ServerError. Repeating a request is harmless in this program (writes carry the revision that
they replace, and writing an update twice gives the same document), so passing failures are retried.
"""
from __future__ import annotations

import json
import random
import time
from copy import copy
from email.utils import parsedate_to_datetime
from typing import Any, Callable, Dict, Iterable, Union
from urllib.parse import quote, urlencode

try:
    import requests
except ImportError:  # reported when a client is created, not when the package is imported
    requests = None  # type: ignore[assignment]

from .. import errors
from ..errors import RETRY_LATER, cleaned, option
from . import answers
from .address import Address, redact
from .answers import Json, Shape
from .body import TooMuch, body_of
from .bulk import Row, bulk_body
from .options import USUAL, Options
from .proxies import proxy_of, shown
from .revisions import live_leaves
from .session import URL_ERRORS, cause, new_session
from .source import CONFLICTS, FLAWED, Source, document_of
from .stop import NEVER, Stop

CONNECTING = 5.0  # seconds: for a connection and its TLS handshake
TRIES = 8
WAITS = (0.1, 10.0)  # seconds: the first and the longest wait between two tries
LONGEST_RETRY_AFTER = 60.0
TOLD_AFTER = 5.0  # seconds: a request that is tried for longer is no longer retried in silence
SIZES_EVERY = 60.0  # seconds: sizes are read at most this often
JUST_NOW = 5.0  # seconds: sizes that were read longer ago no longer count as current
FIRST_CONTACT_TRIES = 3  # if a server has never answered, its URL is more likely misspelt than the server busy
PASSING = frozenset((408, 429, 500, 502, 503, 504, 507))
THROTTLING = frozenset((429, 503))
DESIGN = "_design/"
PROBE_ID = "_local/couchdyno_probe"
REFUSALS = {401: errors.NotAllowed, 403: errors.NotAllowed, 404: errors.NotFound, 409: errors.Conflict,
            412: errors.NameTaken, 413: errors.TooLarge, 504: errors.TooSlow}
ADVICE = {401: "check the username and the password", 403: "check the permissions of this user",
          404: "check that the database exists", 407: "write the credentials for the proxy into its URL",
          413: "raise the server's limits for requests and documents, or set up smaller documents",
          507: "free space on the server, then retry"}
PASSWORD = "password"  # in the reason of a 401 if the login has failed, not if the user lacks a permission
LOCKED = "temporarily locked"  # in the reason of a 403
LOCKED_ADVICE = ("wait until CouchDB unlocks it (after 5 minutes by default), and find the client on this host or "
                 "behind the same proxy that tried wrong passwords for this user")
NONE: frozenset[int] = frozenset()
BROKEN = frozenset((500,))  # what CouchDB answers if it cannot read a document
UNSERVED = frozenset((500, 503))  # if none of the replicas can read it
TOO_SLOW = frozenset((504,))
NO_HANDSHAKE = "no TLS connection within the timeout, perhaps because this port expects plain http"
# What CouchDB 3 answers, with status 500, to a member who writes the _security object or the revs_limit.
NOT_ADMIN = ("no_majority", "not a db or server admin")
MB = 10 ** 6
SMALL = MB  # bytes of an answer without documents and lists, or of an error
LIST = 8 * MB  # of many documents or rows; if there are more bytes, fewer are asked for
DOCUMENT = 128 * MB  # of one document
TOO_LARGE = f"is larger than {DOCUMENT // MB} MB"
LATEST = 253370764800  # the beginning of the year 9999 in Unix seconds; later times would not fit into the ledger
LATER_THAN_ANY = "9999999-00"  # a revision that no document has, and that any leaf could be an ancestor of
Params = Dict[str, Union[str, int]]
Tell = Callable[[str], None]  # passes a line on to the user

WHOLE: Params = {"buffer_response": "true"}  # rows in one piece, not in a thousand pieces that each wake both ends
WITH_DOCS: Params = dict(WHOLE, include_docs="true")
WITH_CONFLICTS: Params = dict(WITH_DOCS, conflicts="true")


class Client(Source):
    """A database on a CouchDB server; safe to use from several threads.

    Once a stop is requested, waits end early and the current request is not retried. ``tell`` is called once per
    outage, if it lasts. Wrong credentials are tried only once, as CouchDB locks accounts: after that, no request is
    sent.
    """

    def __init__(self, address: Address, options: Options = USUAL, stop: Stop = NEVER,
                 tell: Tell = lambda line: None) -> None:
        if requests is None:
            raise errors.MissingLibrary("requests")
        self.address = address
        self._stop = stop
        self._timeout = options.timeout
        proxy = proxy_of(address.server)
        self._way = f" through the proxy {shown(proxy)}" if proxy else ""
        self._state = _State(tell)
        self._session = new_session(address, options, proxy)
        self._date: tuple[float, float] | None = None  # the server's time, and ours (monotonic) at that moment
        self._replicas = 0  # 0: not known yet
        self._is_file = False  # of one node, which does not know _bulk_get
        self._instance = ""
        self._partitioned: bool | None = None  # None: not known yet
        self._sizes: tuple[dict[str, int] | None, float] | None = None  # and when they were read (monotonic)
        self.throttled = 0  # how often the server has asked for fewer requests

    def close(self) -> None:
        """Close all connections."""
        self._session.close()

    def pause(self, seconds: float) -> None:
        """Wait before another try; a requested stop ends the wait."""
        self._stop.wait(seconds)

    # -- the server and the database

    @property
    def name(self) -> str:
        """The plain name of the database."""
        return self.address.database

    @property
    def place(self) -> str:
        """The URL of the database, without credentials."""
        return self.address.url

    def now(self) -> int:
        """The server's time in Unix seconds, from the Date header of its latest successful answer."""
        if self._date is None:
            return int(time.time())
        date, then = self._date
        return int(date + time.monotonic() - then)

    def server_version(self) -> str:
        """The version of the server, ``""`` if it does not report one."""
        return str(self._request("GET", self.address.server + "/", shape=answers.version))

    def server_features(self) -> frozenset[str]:
        """What the server says it can do, besides what every CouchDB can."""
        return frozenset(self._request("GET", self.address.server + "/", shape=answers.features))

    def database_info(self) -> dict[str, Json] | None:
        """What the server reports about the database (doc_count, sizes, cluster …), None if it does not exist."""
        try:
            info = dict(self._request("GET", self.address.url, shape=answers.database_info))
        except errors.NotFound:
            return None
        self._sizes = info.get("sizes"), time.monotonic()
        self._instance = info["instance_start_time"]
        self._partitioned = info.get("partitioned", False)
        return info

    def document_count(self) -> int | None:
        """How many documents the database has, without deleted ones; None if it does not exist."""
        info = self.database_info()
        return None if info is None else info.get("doc_count", 0)

    def take_sizes(self) -> dict[str, int] | None:
        """The sizes of the database (bytes) if they were read just now, and not taken since then; otherwise None.

        Reads the database if that was not done in the last SIZES_EVERY seconds.
        """
        if self._sizes is None or time.monotonic() - self._sizes[1] > SIZES_EVERY:
            self.database_info()
        if self._sizes is None:
            return None
        sizes, then = self._sizes
        self._sizes = None, then
        return sizes if time.monotonic() - then <= JUST_NOW else None

    def replicas(self) -> int:
        """How many replicas of each document the cluster keeps, 1 without a cluster; read once."""
        if not self._replicas:
            info = self.database_info()
            if info is None:  # it may be created later
                return 1
            self._replicas = info.get("cluster", {}).get("n", 1)
        return self._replicas

    def shards(self) -> list[dict[str, Source]]:
        """As in Source. Nodes only show their own files to server admins, and only in CouchDB 3."""
        if self.replicas() == 1:
            return super().shards()
        url = f"{self.address.server}/_node/_local/_dbs/{quote(self.name, safe='')}"
        try:
            by_range, suffix = self._request("GET", url, shape=answers.shards)
        except errors.NotAllowed:
            raise errors.UsageError(option("replicas"), " requires a user who is a server admin") from None
        except errors.NotFound:
            raise errors.UsageError(option("replicas"), f" requires a cluster of CouchDB 3; {self.address.server} "
                                    "does not show its nodes") from None
        return [{node: self._at(node, f"shards/{shard}/{self.name}{suffix}") for node in nodes}
                for shard, nodes in sorted(by_range.items())]

    def _at(self, node: str, file: str) -> Client:
        """A client of one file on one node, by way of this client's connections."""
        client = copy(self)
        client.address = self.address._replace(server=f"{self.address.server}/_node/{quote(node, safe='@')}",
                                               database=file)
        client._replicas = 1
        client._is_file = True
        return client

    def is_partitioned(self) -> bool:
        """As in Source; read once, like the number of replicas."""
        if self._partitioned is None:
            self.replicas()
        return bool(self._partitioned)

    def instance(self) -> str:
        """What distinguishes this database from its copies, and from an earlier one with its name; read once.

        Its name and its creation time, ``""`` if the server does not report that; CouchDB before 3.3 reports "0".
        """
        self.replicas()
        return f"{self.name}/{self._instance}" if self._instance else ""

    def create_database(self, q: int | None = None, n: int | None = None, partitioned: bool = False) -> None:
        """Create the database with q shards and n replicas of each; NameTaken if it exists.

        Servers without partitioned databases ignore ``partitioned``.
        """
        self._replicas, self._partitioned = 0, None  # those of the deleted database
        wanted = {"q": q, "n": n, "partitioned": "true" if partitioned else None}
        self._request("PUT", self.address.url, {key: value for key, value in wanted.items() if value})

    def delete_database(self) -> None:
        """Delete the database and everything in it; does nothing if it does not exist."""
        try:
            self._request("DELETE", self.address.url)
        except errors.NotFound:
            pass

    def security(self) -> dict[str, Json]:
        """The object that says who may use the database; NotFound if there is no database."""
        return dict(self._request("GET", self._url("_security")))

    def set_security(self, security: dict[str, Json]) -> None:
        """Replace that object; NotAllowed if the user is not an admin of the database."""
        self._put_as_admin("_security", security, "change the _security object")

    def revs_limit(self) -> int:
        """How many revisions of each document the database remembers; NotFound if there is no database."""
        return int(self._request("GET", self._url("_revs_limit"), shape=answers.a_count))

    def set_revs_limit(self, limit: int) -> None:
        """Set that number; NotAllowed if the user is not an admin of the database."""
        self._put_as_admin("_revs_limit", limit, "set the revs_limit")

    def put_design(self, document: dict[str, Json]) -> None:
        """Write a design document under its ``_rev``; NotAllowed if the user is not an admin of the database."""
        try:
            self.put(document)
        except errors.NotAllowed as error:
            raise self._for_admins(f"write {document['_id']}", error.status) from None

    def view(self, design_id: str, name: str, params: Params, bounds: dict[str, Json] | None = None) -> list[Row]:
        """The rows of a view, ``{"id", "key", "value"}``, between ``bounds``; NotFound if there is no such view."""
        sent = dict(params, **{key: json.dumps(value) for key, value in (bounds or {}).items()})
        if "start_key_doc_id" in sent:
            sent["start_key_doc_id"] = (bounds or {})["start_key_doc_id"]  # the only one that is not JSON
        url = f"{self._url(design_id)}/_view/{quote(name, safe='')}"
        return list(self._request("GET", url, sent, shape=answers.view_rows, most=LIST))

    def find(self, query: dict[str, Json]) -> tuple[list[dict[str, Json]], str]:
        """The documents that a Mango query finds, and the bookmark of the next page."""
        documents, bookmark = self._request("POST", self._url("_find"), {}, _encode(query), answers.found_documents,
                                            most=LIST)
        return documents, bookmark

    def _put_as_admin(self, path: str, value: Json, what: str) -> None:
        """Write what only an admin may write; CouchDB answers 500 to others."""
        body = _encode(value)
        try:
            self._request("PUT", self._url(path), body=body, final=BROKEN)
        except errors.Refused as error:
            if error.status in BROKEN and not any(word in str(error) for word in NOT_ADMIN):
                self._request("PUT", self._url(path), body=body)
            elif error.status in BROKEN or isinstance(error, errors.NotAllowed):
                raise self._for_admins(what, error.status) from None
            else:
                raise

    def _for_admins(self, what: str, status: int) -> errors.NotAllowed:
        return errors.NotAllowed(f"only an admin may {what} of {self.address.url}; set up the database as an admin",
                                 status=status)

    # -- documents

    def get(self, document_id: str) -> dict[str, Json] | None:
        """A document, None if it does not exist."""
        try:
            return dict(self._request("GET", self._url(document_id), shape=answers.document, most=DOCUMENT))
        except errors.NotFound:
            return None

    def attachment(self, document_id: str, name: str, rev: str) -> bytes | None:
        """As in Source."""
        url = f"{self._url(document_id)}/{quote(name, safe='')}"
        try:
            return bytes(self._request("GET", url, {"rev": rev}, shape=answers.content, final=BROKEN, most=DOCUMENT))
        except (errors.NotFound, errors.TooLarge):
            return None
        except errors.Refused as error:
            if error.status not in BROKEN:
                raise
            return None

    def put(self, document: dict[str, Json]) -> str:
        """Write a document under its ``_rev`` (Conflict if that is not the latest); returns the new revision."""
        return str(self._request("PUT", self._url(document["_id"]), body=_encode(document), shape=answers.written))

    def bulk_write(self, documents: Iterable[str], replicas: int | None = None) -> list[dict[str, Json]]:
        """Write documents, given as JSON texts; returns CouchDB's answers, one per document, in the same order.

        If fewer than this number of ``replicas`` (None: a majority) have accepted a document, its answer has a field
        ``accepted``.
        """
        return self.bulk_post(bulk_body(documents), replicas)

    def bulk_post(self, body: bytes, replicas: int | None = None,
                  final: frozenset[int] = NONE) -> list[dict[str, Json]]:
        """The same with a body from ``bulk_body``. Answers with a ``final`` status are not retried."""
        params: Params = {} if replicas is None else {"w": replicas}
        return list(self._request("POST", self._url("_bulk_docs"), params, body, answers.bulk_written, final, LIST))

    def reaches(self, replicas: int) -> bool:
        """Whether this number of replicas accepts writes. Writes a local document, which is in no copy or backup."""
        answers = self.bulk_write([f'{{"_id":"{PROBE_ID}"}}'], replicas)
        return len(answers) == 1 and "error" not in answers[0] and "accepted" not in answers[0]

    def push(self, documents: Iterable[dict[str, Json]], replicas: int) -> list[dict[str, Json]]:
        """Store leaves with their ``_revisions`` in all reachable replicas, as replication does.

        Returns CouchDB's answers, none for documents that are stored.
        """
        body = _encode({"docs": list(documents), "new_edits": False})
        return self.bulk_post(body, replicas)

    def leaves(self, document_id: str, replicas: int, revs: list[str] | None = None,
               final: frozenset[int] = NONE) -> list[dict[str, Json]]:
        """All leaves of a document, in any of its ``replicas``, including deleted ones.

        With ``revs``, only the existing leaves among these, each with its ancestors in ``_revisions``. Answers with a
        ``final`` status are not retried.
        """
        params: Params = {"r": replicas, "open_revs": "all"}
        shape = answers.leaves
        if revs is not None:
            params.update(open_revs=json.dumps(revs), revs="true")
            shape = answers.leaves_with_ancestors
        try:
            return list(self._request("GET", self._url(document_id), params, None, shape, final, DOCUMENT))
        except errors.NotFound:
            return []

    def leaves_of(self, ids: list[str], replicas: int) -> dict[str, list[dict[str, Json]]]:
        """All leaves of documents, in any of their ``replicas``; by id, without missing documents.

        An unreadable document has one leaf, with a field ``_unreadable``.
        """
        body = _encode({"docs": [{"id": document_id} for document_id in ids]})
        try:
            shape = answers.leaves_of_each
            each = self._request("POST", self._url("_bulk_get"), {"r": replicas}, body, shape, most=LIST)
        except errors.TooLarge:
            each = [answers.Leaves(document_id, [], True) for document_id in ids]
        found = {document_id: leaves for document_id, leaves, __ in each}
        failed = [document_id for document_id, __, has_failed in each if has_failed]
        for part in _halves(failed) if len(ids) > 1 else ():  # one that is unreadable can fail all others with it
            found.update(self.leaves_of(part, replicas))
        if failed and len(ids) == 1:
            found[ids[0]] = self._leaves_of_one(ids[0], replicas)
        return {document_id: leaves for document_id, leaves in found.items() if leaves}

    def leaf_documents(self, leaves: list[tuple[str, str]]) -> dict[tuple[str, str], dict[str, Json]]:
        """As in Source; on a cluster, a leaf may be in any replica."""
        if self._is_file:
            return {(name, leaf["_rev"]): leaf for name, rev in leaves for leaf in self.leaves(name, 1, [rev])}
        body = _encode({"docs": [{"id": document_id, "rev": rev} for document_id, rev in leaves]})
        try:
            each = self._request("POST", self._url("_bulk_get"), {"r": self.replicas()}, body, answers.leaves_of_each,
                                 most=DOCUMENT if len(leaves) == 1 else LIST)
        except errors.TooLarge:
            if len(leaves) == 1:
                return {}
            return {key: leaf for part in _halves(leaves) for key, leaf in self.leaf_documents(part).items()}
        return {(found.id, leaf["_rev"]): leaf for found in each for leaf in found.leaves}

    def _leaves_of_one(self, document_id: str, replicas: int) -> list[dict[str, Json]]:
        """All leaves of a document that some replica may not be able to read, or that is large."""
        try:
            return self.leaves(document_id, replicas, final=UNSERVED)
        except errors.TooLarge:
            pass
        except errors.Refused as error:
            if error.status not in UNSERVED:
                raise
        return [document_of(row) for row in self._rows_of_one(_between(WITH_DOCS, document_id, document_id))]

    def whole_documents(self, ids: list[str]) -> dict[str, Json]:
        """Documents by their ids as all replicas together have them, with ``_conflicts``; without missing ones."""
        if self.replicas() == 1:
            return self.documents(ids)
        return {document_id: document for document_id, leaves in self.leaves_of(ids, self.replicas()).items()
                for document in _winner(leaves)}

    def rows(self, ids: list[str], include_docs: bool = False) -> list[Row]:
        """The rows of _all_docs for some ids, without missing and deleted documents."""
        return self._rows_of(WITH_DOCS if include_docs else WHOLE, ids)

    def leaf_revisions(self, ids: list[str]) -> dict[str, list[str]]:
        """The revisions of the leaves of documents, deleted ones too; this is faster than ``rows`` for scattered ids.

        A document is missing or has an empty list if it does not exist, or if the server does not report its leaves.
        """
        body = _encode({document_id: [LATER_THAN_ANY] for document_id in ids})
        return dict(self._request("POST", self._url("_revs_diff"), {}, body, answers.possible_ancestors, most=LIST))

    def deleted(self, ids: list[str]) -> set[str]:
        """As in Source: the documents with a tombstone."""
        return set(self._request("POST", self._url("_all_docs"), WHOLE, _encode({"keys": ids}), answers.deleted_ids,
                                 most=LIST))

    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """At most ``limit`` rows of _all_docs, in order, with ids from ``first`` to below ``before``; None: no bound.

        The documents have a field ``_conflicts`` if they have conflicting revisions. Raises TooLarge if the documents
        are, unless only one is asked for.
        """
        params = dict(WITH_CONFLICTS if include_docs else WHOLE, limit=limit)
        if first is not None:
            params["startkey"] = json.dumps(first)
        if before is not None:
            params.update(endkey=json.dumps(before), inclusive_end="false")
        most = DOCUMENT if limit == 2 else LIST
        rows = self._rows_of_one(params) if limit == 1 else self._rows(params, most=most)
        self._check_order([row["id"] for row in rows], first, before, limit)
        return rows

    def is_stopped(self) -> bool:
        """As in Source."""
        return self._stop.is_requested()

    def documents(self, ids: list[str]) -> dict[str, Json]:
        """Documents by their ids, with ``_conflicts`` as in ``rows_before``; without missing ones."""
        return {row["id"]: document_of(row) for row in self._rows_of(WITH_CONFLICTS, ids)}

    def changes(self, since: str | int, limit: int) -> tuple[list[Row], str | int]:
        """The next documents in the changes feed, each with all its leaves, and the ``since`` of the next page.

        At most ``limit``; none only at the end.

        ``since`` is 0 for the first page. A row is ``{"id", "changes": [{"rev"}]}``, with deleted leaves.
        """
        params: Params = {"style": "all_docs", "limit": limit, "since": since}
        try:
            rows, last = self._request("GET", self._url("_changes"), params, shape=answers.changes, most=LIST)
        except errors.TooLarge:
            if limit == 1:
                raise
            return self.changes(since, limit // 2)
        if len(rows) > limit or (rows and last == since):
            raise self._disorder()
        return rows, last

    def _rows_of(self, params: Params, ids: list[str]) -> list[Row]:
        """Rows of _all_docs for some ids, without missing and deleted documents.

        CouchDB fails the whole request if it cannot read one of the documents, but shows this one in a range. Large
        documents are read one by one.
        """
        final, most = BROKEN if "include_docs" in params else NONE, DOCUMENT if len(ids) == 1 else LIST
        try:
            return self._rows(params, ids, final, most)
        except errors.TooLarge:
            pass
        except errors.Refused as error:
            if error.status not in BROKEN:
                raise
        if len(ids) == 1:
            return self._rows_of_one(_between(params, ids[0], ids[0]))
        return [row for half in _halves(ids) for row in self._rows_of(params, half)]

    def _rows_of_one(self, params: Params) -> list[Row]:
        """The rows of _all_docs in a range of one document, which is FLAWED if it is too large to be read."""
        try:
            return self._rows(params, most=DOCUMENT)
        except errors.TooLarge:
            if "include_docs" not in params:
                raise
        without = {name: value for name, value in params.items() if name not in ("include_docs", "conflicts")}
        return [dict(row, doc={"_id": row["id"], "_rev": row["value"]["rev"], FLAWED: TOO_LARGE})
                for row in self._rows(without)]

    def _rows(self, params: Params, ids: list[str] | None = None, final: frozenset[int] = NONE,
              most: int = LIST) -> list[Row]:
        """Rows of _all_docs, in a range or for some ids, without missing and deleted documents."""
        body = None if ids is None else _encode({"keys": ids})
        method = "GET" if body is None else "POST"
        return list(self._request(method, self._url("_all_docs"), params, body, answers.rows, final, most))

    def _check_order(self, ids: list[str], first: str | None, before: str | None, limit: int) -> None:
        """Raise Unreachable unless a page is in order and within its bounds: otherwise reading might never end."""
        is_within = not ids or ((first is None or ids[0] >= first) and (before is None or ids[-1] < before))
        if not is_within or len(ids) > limit or any(one >= other for one, other in zip(ids, ids[1:])):
            raise self._disorder()

    def _disorder(self) -> errors.Unreachable:
        return errors.Unreachable(f"{self.address.url} answered with documents that repeat or are out of order; "
                                  "check the URL, and proxies in front of the server")

    def _url(self, path: str) -> str:
        group = DESIGN if path.startswith(DESIGN) else ""  # CouchDB redirects if its slash is escaped
        return f"{self.address.url}/{group}{quote(path[len(group):], safe='', errors='surrogatepass')}"

    # -- requests

    def _request(self, method: str, url: str, params: Params | None = None, body: bytes | None = None,
                 shape: Shape = answers.an_object, final: frozenset[int] = NONE, most: int = SMALL) -> Any:
        """Send a request, with retries; returns what ``shape`` (answers.py) makes of the answer.

        Raises ServerError: Refused at once if the answer has a ``final`` status, even if others are retried; TooLarge
        if it has more than ``most`` bytes.
        """
        if params:
            url = f"{url}?{urlencode(params)}"
        self._state.check_login()
        wait = WAITS[0]
        attempt = 0
        trouble = self._state.new_trouble()
        while True:
            attempt += 1
            try:
                return self._send(method, url, body, shape, most)
            except _Passing as passing:
                message = str(passing)
                if passing.status in final:
                    raise REFUSALS.get(passing.status, errors.Refused)(message, status=passing.status) from None
                tries = TRIES if self._state.has_answered else FIRST_CONTACT_TRIES
                if attempt >= tries or self._stop.is_requested():
                    raise errors.Unreachable(message) from None
                pause = wait * random.uniform(0.5, 1.5) if passing.retry_after is None else passing.retry_after
            trouble.tell(message, pause)
            self.pause(pause)
            wait = min(2 * wait, WAITS[1])

    def _send(self, method: str, url: str, body: bytes | None, shape: Shape, most: int) -> Any:
        """Send a request once; _Passing if it is worth another try."""
        deadline = time.monotonic() + self._timeout
        try:
            with self._session.request(method, url, data=body, timeout=(min(CONNECTING, self._timeout), self._timeout),
                                       stream=True, allow_redirects=False) as response:
                self._state.has_answered = True
                content = self._body(response, deadline, most)
        except requests.exceptions.SSLError as error:
            raise errors.Unreachable(f"{self.address.server}: TLS failed: {cause(error)}; check ", option("ca_path"),
                                     " and ", option("client_cert")) from None
        except URL_ERRORS:  # their messages may quote the URL of a proxy
            raise errors.UsageError(f"cannot use the URL {self.address.server}{self._way}; check the host names and, "
                                    "for a SOCKS proxy, that the Python package PySocks is installed") from None
        except requests.exceptions.RequestException as error:
            # Only a handshake ends before the time for an answer is over.
            is_handshake = isinstance(error, requests.exceptions.ReadTimeout) and time.monotonic() < deadline
            what = NO_HANDSHAKE if is_handshake else cause(error)
            raise _Passing(f"cannot reach {self.address.server}{self._way}: {what}; "
                           "check the URL and that the server is up") from None
        except OSError as error:  # an unreadable CA or client certificate
            raise errors.UsageError(f"cannot use a certificate file: {error}") from None
        return self._answer(response.status_code, response.headers, content, shape)

    def _body(self, response: requests.Response, deadline: float, most: int) -> bytes:
        """The body of an answer; TooLarge if it has more than ``most`` bytes."""
        is_error = response.status_code >= 300
        try:
            return body_of(response, deadline, SMALL if is_error else most)
        except TooMuch:
            if is_error:
                return b""
        raise errors.TooLarge(f"{self.address.url} answered with more than {most // MB} MB; check the URL, and proxies "
                              "in front of the server", status=response.status_code)

    def _answer(self, status: int, headers: Any, content: bytes, shape: Shape) -> Any:
        """What ``shape`` makes of an answer; raises the error for its status."""
        answer = content if shape is answers.content and status < 300 else answers.parsed(content)
        if status < 300:
            try:
                found = shape(answer)
            except answers.Misshapen:
                raise self._is_foreign(status) from None
            self._note_date(headers.get("Date"))
            self._state.is_told = False
            return found
        error, reason = answers.error_of(answer)
        if status == 404 and not error:
            raise self._is_foreign(status)
        message = f"{self.address.url} answered {status}{_because(error, reason)}"
        if status == 403 and LOCKED in reason:
            raise errors.AccountLocked(f"{message}; {LOCKED_ADVICE}", status=status, error=error)
        if 300 <= status < 400:
            message += f"; use the URL of the redirect: {cleaned(redact(headers.get('Location', '(none given)')))}"
        elif status in ADVICE or status in PASSING:
            message += f"; {ADVICE.get(status, RETRY_LATER)}"
        if status in THROTTLING:
            self.throttled += 1
        if status in PASSING:
            raise _Passing(message, _retry_after(headers), status)
        self._state.is_told = False
        if status == 401 and self.address.username and (PASSWORD in reason or not error):
            self._state.wrong_login = message
        raise REFUSALS.get(status, errors.Refused)(message, status=status, error=error)

    def _is_foreign(self, status: int) -> _Passing:
        return _Passing(f"{self.address.server} answered {status}; check the URL: the answer is not from CouchDB")

    def _note_date(self, date: str | None) -> None:
        """Set our clock by the Date header of an answer; until there is one that makes sense, the host's is used."""
        try:
            timestamp = parsedate_to_datetime(date).timestamp() if date else None
        except (TypeError, ValueError, OverflowError):
            timestamp = None
        if timestamp is not None and 0 <= timestamp < LATEST:
            self._date = (timestamp, time.monotonic())


class _State:
    """What a client and its copies know of the server and of the credentials.

    ``has_answered``: whether the server has ever answered; ``is_told``: whether the user knows of the current outage;
    ``wrong_login``: the message of the answer that has refused the credentials.
    """

    def __init__(self, tell: Tell) -> None:
        self.tell = tell
        self.has_answered = False
        self.is_told = False
        self.wrong_login = ""

    def check_login(self) -> None:
        """Raise NotAllowed if the server has refused the credentials before."""
        if self.wrong_login:
            raise errors.NotAllowed(self.wrong_login, status=401)

    def new_trouble(self) -> _Trouble:
        """The trouble that a request which begins now may have."""
        return _Trouble(self)


class _Trouble:
    """The trouble of one request, reported in one line if it lasts, unless the user knows already."""

    def __init__(self, state: _State) -> None:
        self._state = state
        self._is_told = False
        self._since = time.monotonic()

    def tell(self, message: str, pause: float) -> None:
        """Tell the user about a failed try, before a pause."""
        if self._is_told or time.monotonic() + pause - self._since <= TOLD_AFTER:
            return
        self._is_told = True
        if not self._state.is_told:
            self._state.is_told = True
            self._state.tell(f"still trying: {message}")


class _Passing(Exception):
    """A failure that may pass; ``retry_after`` is the wait in seconds that the server has asked for.

    ``status`` is that of the answer, 0 if there was none.
    """

    def __init__(self, message: str, retry_after: float | None = None, status: int = 0) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.status = status


def _between(params: Params, first: str, last: str) -> Params:
    """Parameters that restrict _all_docs to ids from ``first`` to ``last``."""
    return dict(params, startkey=json.dumps(first), endkey=json.dumps(last))


def _halves(ids: list[Any]) -> list[list[Any]]:
    half = (len(ids) + 1) // 2
    return [part for part in (ids[:half], ids[half:]) if part]


def _winner(leaves: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The document that these leaves show, with the losing ones in ``_conflicts``; none if it is deleted."""
    live = live_leaves(leaves)
    losing = [leaf["_rev"] for leaf in reversed(live[:-1])]
    return [dict(leaf, **{CONFLICTS: losing}) if losing else leaf for leaf in live[-1:]]


def _encode(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _because(error: str, reason: str) -> str:
    words = ": ".join(filter(None, (error, reason)))
    return f" ({words})" if words else ""


def _retry_after(headers: Any) -> float | None:
    """The seconds in a Retry-After header, within reason; None without one (dates are ignored)."""
    value = headers.get("Retry-After", "").strip()
    return min(float(value), LONGEST_RETRY_AFTER) if value.isascii() and value.isdigit() else None
