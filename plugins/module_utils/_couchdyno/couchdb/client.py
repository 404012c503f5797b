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
from ..errors import RETRY_LATER, option
from .address import Address
from .bulk import Row, bulk_body
from .deadline import cut_at
from .options import USUAL, Options
from .proxies import proxy_of, shown
from .revisions import live_leaves
from .session import URL_ERRORS, cause, new_session
from .source import CONFLICTS, Source, document_of
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
PROBE_ID = "_local/couchdyno_probe"
REFUSALS = {401: errors.NotAllowed, 403: errors.NotAllowed, 404: errors.NotFound, 409: errors.Conflict,
            412: errors.NameTaken, 413: errors.TooLarge, 504: errors.TooSlow}
ADVICE = {401: "check the username and the password", 403: "check the permissions of this user",
          404: "check that the database exists", 407: "write the credentials for the proxy into its URL",
          413: "raise the server's limits for requests and documents, or set up smaller documents",
          507: "free space on the server, then retry"}
PASSWORD = "password"  # in the reason of a 401 if the login has failed, not if the user lacks a permission
LOCKED = "temporarily locked"  # in the reason of a 403
LOCKED_ADVICE = ("wait until CouchDB unlocks it (by default, 5 minutes), and find the client on this host, or behind "
                 "the same proxy, that has tried wrong passwords for this user")
NONE: frozenset[int] = frozenset()
NOT_FOUND = "not_found"
BROKEN = frozenset((500,))  # what CouchDB answers if it cannot read a document
UNSERVED = frozenset((500, 503))  # if none of the replicas can read it
TOO_SLOW = frozenset((504,))
NO_HANDSHAKE = "no TLS connection within the timeout, perhaps because this port is one for http"
NO_MAJORITY = "no_majority"  # what CouchDB 3 answers, with status 500, to a member who writes the _security object
LONGEST_REASON = 500  # characters of an answer that is not an error of CouchDB's
CHUNK = 1 << 16

Json = Any
Params = Dict[str, Union[str, int]]
Shape = Callable[[Json], bool]  # whether the JSON of an answer is of the expected kind
Tell = Callable[[str], None]  # passes a line on to the user

WHOLE: Params = {"buffer_response": "true"}  # rows in one piece, not in a thousand pieces that each wake both ends
WITH_DOCS: Params = dict(WHOLE, include_docs="true")
WITH_CONFLICTS: Params = dict(WITH_DOCS, conflicts="true")


def an_object(answer: Json) -> bool:
    """Whether an answer is an object."""
    return isinstance(answer, dict)


def an_object_with(field: str) -> Shape:
    """The shape of an object that has a field."""
    return lambda answer: isinstance(answer, dict) and field in answer


def objects(answer: Json) -> bool:
    """Whether an answer is a list of objects."""
    return isinstance(answer, list) and all(isinstance(each, dict) for each in answer)


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
        self._way = f" by way of the proxy {shown(proxy)}" if proxy else ""
        self._state = _State(tell)
        self._session = new_session(address, options, proxy)
        self._date: tuple[float, float] | None = None  # the server's time, and ours (monotonic) at that moment
        self._replicas = 0  # 0: not known yet
        self._instance = ""
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
        return str(self._request("GET", self.address.server + "/").get("version", ""))

    def database_info(self) -> dict[str, Json] | None:
        """What the server reports about the database (doc_count, sizes, cluster …), None if it does not exist."""
        try:
            info = dict(self._request("GET", self.address.url))
        except errors.NotFound:
            return None
        self._sizes = info.get("sizes"), time.monotonic()
        self._instance = str(info.get("instance_start_time", ""))
        return info

    def document_count(self) -> int | None:
        """How many documents the database has, without deleted ones; None if it does not exist."""
        info = self.database_info()
        return None if info is None else int(info.get("doc_count") or 0)

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
            self._replicas = int(info.get("cluster", {}).get("n", 1))
        return self._replicas

    def shards(self) -> list[dict[str, Source]]:
        """As in Source. Nodes only show their own files to server admins, and only in CouchDB 3."""
        if self.replicas() == 1:
            return super().shards()
        url = f"{self.address.server}/_node/_local/_dbs/{quote(self.name, safe='')}"
        try:
            found = self._request("GET", url, shape=an_object_with("by_range"))
        except errors.NotAllowed:
            raise errors.UsageError(option("replicas"), " requires a user who is a server admin") from None
        except errors.NotFound:
            raise errors.UsageError(option("replicas"), f" requires a cluster of CouchDB 3; {self.address.server} "
                                    "does not show its nodes") from None
        suffix = "".join(map(chr, found.get("shard_suffix", ())))
        return [{node: self._at(node, f"shards/{shard}/{self.name}{suffix}") for node in nodes}
                for shard, nodes in sorted(found["by_range"].items())]

    def _at(self, node: str, file: str) -> Client:
        """A client of one file on one node, by way of this client's connections."""
        client = copy(self)
        client.address = self.address._replace(server=f"{self.address.server}/_node/{quote(node, safe='@')}",
                                               database=file)
        client._replicas = 1
        return client

    def instance(self) -> str:
        """What distinguishes this database from its copies, and from an earlier one with its name; read once.

        Its name and its creation time, ``""`` if the server does not report that; CouchDB before 3.3 reports "0".
        """
        self.replicas()
        return f"{self.name}/{self._instance}" if self._instance else ""

    def create_database(self, q: int | None = None, n: int | None = None) -> None:
        """Create the database with q shards and n replicas of each; NameTaken if it exists."""
        self._replicas = 0  # the number was that of the deleted database
        self._request("PUT", self.address.url, {key: value for key, value in (("q", q), ("n", n)) if value})

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
        body = _encode(security)
        try:
            self._request("PUT", self._url("_security"), body=body, final=BROKEN)
        except errors.Refused as error:
            if error.status in BROKEN and NO_MAJORITY not in str(error):
                self._request("PUT", self._url("_security"), body=body)
            elif error.status in BROKEN or isinstance(error, errors.NotAllowed):
                raise errors.NotAllowed(f"only an admin may change the _security of {self.address.url}; set up the "
                                        "database as an admin", status=error.status) from None
            else:
                raise

    # -- documents

    def get(self, document_id: str) -> dict[str, Json] | None:
        """A document, None if it does not exist."""
        try:
            return dict(self._request("GET", self._url(document_id), shape=an_object_with("_rev")))
        except errors.NotFound:
            return None

    def put(self, document: dict[str, Json]) -> str:
        """Write a document under its ``_rev`` (Conflict if that is not the latest); returns the new revision."""
        body = _encode(document)
        return str(self._request("PUT", self._url(document["_id"]), body=body, shape=an_object_with("rev"))["rev"])

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
        return list(self._request("POST", self._url("_bulk_docs"), params, body, objects, final))

    def reaches(self, replicas: int) -> bool:
        """Whether this number of replicas accepts writes. Writes a local document, which is in no copy or backup."""
        answers = self.bulk_write([f'{{"_id":"{PROBE_ID}"}}'], replicas)
        return len(answers) == 1 and "error" not in answers[0] and "accepted" not in answers[0]

    def push(self, documents: Iterable[dict[str, Json]], replicas: int) -> list[dict[str, Json]]:
        """Store leaves with their ``_revisions`` in all reachable replicas, as replication does.

        Returns CouchDB's answers, none for documents that are stored.
        """
        body = _encode({"docs": list(documents), "new_edits": False})
        return list(self._request("POST", self._url("_bulk_docs"), {"w": replicas}, body, objects))

    def leaves(self, document_id: str, replicas: int, revs: list[str] | None = None,
               final: frozenset[int] = NONE) -> list[dict[str, Json]]:
        """All leaves of a document, in any of its ``replicas``, including deleted ones.

        With ``revs``, only the existing leaves among these, each with its ancestors in ``_revisions``. Answers with a
        ``final`` status are not retried.
        """
        params: Params = {"r": replicas, "open_revs": "all"}
        if revs is not None:
            params.update(open_revs=json.dumps(revs), revs="true")
        try:
            answers = self._request("GET", self._url(document_id), params, shape=objects, final=final)
        except errors.NotFound:
            return []
        return [answer["ok"] for answer in answers if "ok" in answer]

    def leaves_of(self, ids: list[str], replicas: int) -> dict[str, list[dict[str, Json]]]:
        """All leaves of documents, in any of their ``replicas``; by id, without missing documents.

        An unreadable document has one leaf, with a field ``_unreadable``.
        """
        body = _encode({"docs": [{"id": document_id} for document_id in ids]})
        answer = self._request("POST", self._url("_bulk_get"), {"r": replicas}, body, an_object_with("results"))
        found = {each["id"]: [leaf["ok"] for leaf in each["docs"] if "ok" in leaf] for each in answer["results"]}
        failed = [each["id"] for each in answer["results"] if any(map(_has_failed, each["docs"]))]
        for part in _halves(failed) if len(ids) > 1 else ():  # one that is unreadable can fail all others with it
            found.update(self.leaves_of(part, replicas))
        if failed and len(ids) == 1:
            found[ids[0]] = self._leaves_of_one(ids[0], replicas)
        return {document_id: leaves for document_id, leaves in found.items() if leaves}

    def _leaves_of_one(self, document_id: str, replicas: int) -> list[dict[str, Json]]:
        """All leaves of a document that some replica may not be able to read."""
        try:
            return self.leaves(document_id, replicas, final=UNSERVED)
        except errors.Refused as error:
            if error.status not in UNSERVED:
                raise
        return [document_of(row) for row in self.rows_between(document_id, document_id, include_docs=True)]

    def whole_documents(self, ids: list[str]) -> dict[str, Json]:
        """Documents by their ids as all replicas together have them, with ``_conflicts``; without missing ones."""
        if self.replicas() == 1:
            return self.documents(ids)
        return {document_id: document for document_id, leaves in self.leaves_of(ids, self.replicas()).items()
                for document in _winner(leaves)}

    def rows(self, ids: list[str], include_docs: bool = False) -> list[Row]:
        """The rows of _all_docs for some ids, without missing and deleted documents."""
        return self._rows_of(WITH_DOCS if include_docs else WHOLE, ids)

    def rows_between(self, first: str, last: str, include_docs: bool = False) -> list[Row]:
        """The rows of _all_docs from one id to another, both included, in order."""
        return self._rows(_between(WITH_DOCS if include_docs else WHOLE, first, last))

    def rows_before(self, first: str | None, before: str | None, limit: int, include_docs: bool = True) -> list[Row]:
        """At most ``limit`` rows of _all_docs, in order, with ids from ``first`` to below ``before``; None: no bound.

        The documents have a field ``_conflicts`` if they have conflicting revisions.
        """
        params = dict(WITH_CONFLICTS if include_docs else WHOLE, limit=limit)
        if first is not None:
            params["startkey"] = json.dumps(first)
        if before is not None:
            params.update(endkey=json.dumps(before), inclusive_end="false")
        rows = self._rows(params)
        self._check_order([row["id"] for row in rows], first, before)
        return rows

    def documents(self, ids: list[str]) -> dict[str, Json]:
        """Documents by their ids, with ``_conflicts`` as in ``rows_before``; without missing ones."""
        return {row["id"]: document_of(row) for row in self._rows_of(WITH_CONFLICTS, ids)}

    def changes(self, since: str | int, limit: int) -> tuple[list[Row], str | int]:
        """The next documents in the changes feed, each with all its leaves, and the ``since`` of the next page.

        ``since`` is 0 for the first page. A row is ``{"id", "changes": [{"rev"}]}``, with deleted leaves.
        """
        params: Params = {"style": "all_docs", "limit": limit, "since": since}
        answer = self._request("GET", self._url("_changes"), params, shape=an_object_with("results"))
        return list(answer["results"]), answer["last_seq"]

    def _rows_of(self, params: Params, ids: list[str]) -> list[Row]:
        """Rows of _all_docs for some ids, without missing and deleted documents.

        CouchDB fails the whole request if it cannot read one of the documents, but shows this one in a range.
        """
        try:
            return self._rows(params, ids, BROKEN if "include_docs" in params else NONE)
        except errors.Refused as error:
            if error.status not in BROKEN:
                raise
        if len(ids) == 1:
            return self._rows(_between(params, ids[0], ids[0]))
        return [row for half in _halves(ids) for row in self._rows_of(params, half)]

    def _rows(self, params: Params, ids: list[str] | None = None, final: frozenset[int] = NONE) -> list[Row]:
        """Rows of _all_docs, in a range or for some ids, without missing and deleted documents."""
        body = None if ids is None else _encode({"keys": ids})
        method = "GET" if body is None else "POST"
        answer = self._request(method, self._url("_all_docs"), params, body, an_object_with("rows"), final)
        return [row for row in answer["rows"] if "id" in row and not row["value"].get("deleted")]

    def _check_order(self, ids: list[str], first: str | None, before: str | None) -> None:
        """Raise Unreachable unless a page is in order and within its bounds: otherwise reading might never end."""
        is_within = not ids or ((first is None or ids[0] >= first) and (before is None or ids[-1] < before))
        if not is_within or any(one >= other for one, other in zip(ids, ids[1:])):
            raise errors.Unreachable(f"{self.address.url} answered with documents that repeat or are out of order; "
                                     "check the URL, and proxies in front of the server")

    def _url(self, path: str) -> str:
        return f"{self.address.url}/{quote(path, safe='')}"

    # -- requests

    def _request(self, method: str, url: str, params: Params | None = None, body: bytes | None = None,
                 shape: Shape = an_object, final: frozenset[int] = NONE) -> Json:
        """Send a request, with retries; returns the JSON of the answer, which has this ``shape``.

        Raises ServerError: Refused at once if the answer has a ``final`` status, even if others are retried.
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
                return self._send(method, url, body, shape)
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

    def _send(self, method: str, url: str, body: bytes | None, shape: Shape) -> Json:
        """Send a request once; _Passing if it is worth another try."""
        deadline = time.monotonic() + self._timeout
        try:
            with self._session.request(method, url, data=body, timeout=(min(CONNECTING, self._timeout), self._timeout),
                                       stream=True, allow_redirects=False) as response:
                self._state.has_answered = True
                content = _read(response, deadline)
        except requests.exceptions.SSLError as error:
            raise errors.Unreachable(f"{self.address.server}: TLS failed: {cause(error)}; check ", option("ca_path"),
                                     " and ", option("client_cert")) from None
        except URL_ERRORS:  # their messages may quote the URL of a proxy
            raise errors.UsageError(f"cannot use the URL {self.address.server}{self._way}; check the host names, and "
                                    "for a SOCKS proxy that the Python package PySocks is installed") from None
        except requests.exceptions.RequestException as error:
            # Only a handshake ends before the time for an answer is over.
            is_handshake = isinstance(error, requests.exceptions.ReadTimeout) and time.monotonic() < deadline
            what = NO_HANDSHAKE if is_handshake else cause(error)
            raise _Passing(f"cannot reach {self.address.server}{self._way}: {what}; "
                           "check the URL and that the server is up") from None
        except OSError as error:  # an unreadable CA or client certificate
            raise errors.UsageError(f"cannot use a certificate file: {error}") from None
        return self._answer(response.status_code, response.headers, content, shape)

    def _answer(self, status: int, headers: Any, content: bytes, shape: Shape) -> Json:
        """The JSON of an answer; raises the error for its status."""
        try:
            answer = json.loads(content.decode("utf-8"))
        except ValueError:
            answer = None
        if status < 300 and shape(answer):
            self._note_date(headers.get("Date"))
            self._state.is_told = False
            return answer
        error, reason = _explanation(answer)
        if status < 300 or (status == 404 and not error):
            raise _Passing(f"{self.address.server} answered {status}; check the URL: the answer is not from CouchDB")
        message = f"{self.address.url} answered {status}{_because(error, reason)}"
        if status == 403 and LOCKED in reason:
            raise errors.AccountLocked(f"{message}; {LOCKED_ADVICE}", status=status, error=error)
        if 300 <= status < 400:
            message += f"; use the URL of the redirect: {headers.get('Location', '(none given)')}"
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

    def _note_date(self, date: str | None) -> None:
        """Set our clock by the Date header of an answer; until there is one, the host's clock is used."""
        try:
            timestamp = parsedate_to_datetime(date).timestamp() if date else None
        except (TypeError, ValueError):
            timestamp = None
        if timestamp is not None:
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
    """The trouble of one request, told in one line if it lasts, unless the user knows already."""

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


def _read(response: requests.Response, deadline: float) -> bytes:
    """The whole body; one that is not complete at the deadline counts as no answer."""
    broken: requests.exceptions.RequestException | None = None
    content = b""
    with cut_at(deadline, response):
        try:
            content = b"".join(response.iter_content(CHUNK))
        except requests.exceptions.RequestException as error:
            broken = error
    if time.monotonic() >= deadline:  # checked first: a cut connection looks like a normal end or like an error
        raise requests.exceptions.ReadTimeout("the answer was too slow")
    if broken:
        raise broken
    return content


def _between(params: Params, first: str, last: str) -> Params:
    """Parameters that restrict _all_docs to ids from ``first`` to ``last``."""
    return dict(params, startkey=json.dumps(first), endkey=json.dumps(last))


def _halves(ids: list[str]) -> list[list[str]]:
    half = (len(ids) + 1) // 2
    return [part for part in (ids[:half], ids[half:]) if part]


def _has_failed(leaf: dict[str, Json]) -> bool:
    """Whether _bulk_get could not read a document; it says "not_found" of one that does not exist."""
    error = leaf.get("error")
    return isinstance(error, dict) and error.get("error", NOT_FOUND) != NOT_FOUND


def _winner(leaves: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """The document that these leaves show, with the losing ones in ``_conflicts``; none if it is deleted."""
    live = live_leaves(leaves)
    losing = [leaf["_rev"] for leaf in reversed(live[:-1])]
    return [dict(leaf, **{CONFLICTS: losing}) if losing else leaf for leaf in live[-1:]]


def _encode(value: Json) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


def _explanation(answer: Json) -> tuple[str, str]:
    """CouchDB's word for an error and its reason, or what there is in their place; a list may be one of errors."""
    if isinstance(answer, list):
        answer = next((each for each in answer if isinstance(each, dict) and "error" in each), answer)
    if isinstance(answer, dict):
        return str(answer.get("error", "")), str(answer.get("reason", ""))
    return "", json.dumps(answer)[:LONGEST_REASON] if answer else ""


def _because(error: str, reason: str) -> str:
    words = ": ".join(filter(None, (error, reason))).replace("\n", " ")
    return f" ({words})" if words else ""


def _retry_after(headers: Any) -> float | None:
    """The seconds in a Retry-After header, within reason; None without one (dates are ignored)."""
    value = headers.get("Retry-After", "").strip()
    return min(float(value), LONGEST_RETRY_AFTER) if value.isdigit() else None
