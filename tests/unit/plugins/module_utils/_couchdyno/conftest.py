# SPDX-FileCopyrightText: 2026 the couchdyno maintainers
# SPDX-License-Identifier: GPL-3.0-or-later
"""A CouchDB in memory that replaces the HTTP transport, and nothing else of the program."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import operator
import re
from collections import deque
from email.utils import formatdate
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
import requests
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.address import parse
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.client import Client
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.options import Options
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.security import CLOSED
from ansible_collections.dyno.couchdb.plugins.module_utils._couchdyno.couchdb.stop import Stop
from hypothesis import settings

settings.register_profile("patient", deadline=None)  # how fast a machine is says nothing about the program
settings.load_profile("patient")

START = 1_700_000_000
UNREADABLE = {"error": "error", "reason": "read_failure"}
NOT_FOUND = {"error": "not_found", "reason": "missing"}


class FakeCouch(requests.adapters.BaseAdapter):
    """One database. ``clock`` is the server's time in Unix seconds; ``requests`` are the requests so far.

    ``faults`` are used up, one per request: None for no fault, ``"lost"`` and ``"lost after"`` for a connection that
    breaks before and after the request was done, or ``(status, headers, body)`` for a foreign answer.
    ``bulk_writes`` has the ids of each bulk write. ``replicas`` is how many the cluster keeps. For documents in
    ``astray``, one replica accepts the next write and the others refuse it, which leaves it among the ``strays``.
    ``rivals`` are documents by id of another process that creates the database just before this one. Documents whose
    ids are in ``unreadable`` exist, but their bodies cannot be read. ``shown`` are documents by id as the replica has
    them that answers ranges, None for missing ones. ``security`` is the object that says who may use the database.
    ``features`` are those that the server reports; it only creates partitioned databases if ``partitions``.
    ``sent`` are the attachments, by document and name, that came with bytes.
    """

    def __init__(self) -> None:
        super().__init__()
        self.clock = START
        self.documents: dict = {}
        self.revisions: dict = {}  # by id, all that were ever written
        self.tombstones: dict = {}  # by id, the deleted documents
        self.conflicts: dict = {}  # by id, the revisions of losing leaves
        self.exists = True
        self.faults: deque = deque()
        self.requests: list = []
        self.bulk_writes: list = []
        self.refuse: dict = {}  # by id, the error that a bulk write answers with
        self.largest: int = 10**9  # bytes of a request
        self.replicas = 1
        self.sizes: dict | None = None  # of the database; None: not reported
        self.astray: set = set()
        self.strays: dict = {}
        self.rivals: dict | None = None
        self.instance = "1"
        self.unreadable: set = set()
        self.shown: dict = {}
        self.security: dict = dict(CLOSED)
        self.features: list = ["partitioned"]
        self.partitions = True
        self.partitioned = False
        self.sent: list = []

    @property
    def ledger(self):
        """The document that holds the state of the ledger."""
        return self.documents[max(name for name in self.documents if re.match("couchdyno[_:]ledger_", name))]

    def send(self, request, **_kwargs):
        path = unquote(urlsplit(request.url).path)
        self.requests.append((request.method, path))
        fault = self.faults.popleft() if self.faults else None
        if fault == "lost":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        if isinstance(fault, tuple):
            return self._response(request, *fault)
        status, answer = self._answer(request, path)
        if fault == "lost after":
            raise requests.exceptions.ConnectionError("Connection reset by peer")
        return self._response(request, status, {}, json.dumps(answer).encode())

    def close(self) -> None:
        pass

    def _response(self, request, status, headers, body):
        response = requests.Response()
        response.status_code = status
        response.request, response.url = request, request.url
        response.headers.update({"Date": formatdate(self.clock, usegmt=True), **headers})
        response.raw = io.BytesIO(body)
        return response

    def _answer(self, request, path):
        query = {key: values[0] for key, values in parse_qs(urlsplit(request.url).query).items()}
        body = json.loads(request.body) if request.body else None
        if request.body and len(request.body) > self.largest:
            return 413, {"error": "too_large", "reason": "the request entity is too large"}
        if path == "/":
            return 200, {"couchdb": "Welcome", "features": self.features}
        name = path.split("/", 2)[2] if path.count("/") > 1 else ""
        if request.method == "PUT" and not name:
            return self._create(self.partitions and "partitioned" in query)
        if not self.exists:
            return 404, {"error": "not_found", "reason": "Database does not exist."}
        if request.method == "DELETE" and not name:
            return self._delete()
        if name == "_security":
            self.security = self.security if body is None else body
            return 200, self.security if body is None else {"ok": True}
        if not name:
            answer = {"doc_count": len(self.documents), "doc_del_count": len(self.tombstones)}
            answer["cluster"] = {"n": self.replicas}
            answer["instance_start_time"] = self.instance
            answer["props"] = {"partitioned": True} if self.partitioned else {}
            return 200, dict(answer, sizes=self.sizes) if self.sizes else answer
        if self.partitioned and not all(map(_has_partition, _ids(name, body))):
            return 400, {"error": "illegal_docid", "reason": "Doc id must be of form partition:id"}
        if name == "_bulk_docs" and not all(map(self._takes_attachments, body["docs"])):
            return 412, {"error": "missing_stub", "reason": "Invalid attachment stub"}
        if name == "_bulk_docs" and body.get("new_edits") is False:
            return 201, [answer for answer in map(self._push, body["docs"]) if answer]
        if name == "_bulk_docs":
            self.bulk_writes.append([document["_id"] for document in body["docs"]])
            return 201, [self._write(document) for document in body["docs"]]
        if name == "_revs_diff":
            return 200, {each: self._missing(each, revs) for each, revs in body.items()}
        if name == "_bulk_get":
            return 200, {"results": self._all_leaves([each["id"] for each in body["docs"]])}
        if name == "_all_docs" and body:
            if self.unreadable & set(body["keys"]) and "include_docs" in query:
                return 500, UNREADABLE
            return 200, {"rows": [self._row(self.documents, each, query) for each in body["keys"]]}
        if name == "_all_docs":
            replica = {**self.documents, **self.shown}
            return 200, {"rows": [self._row(replica, each, query) for each in self._ids_between(replica, query)]}
        if "open_revs" in query:
            return (503, UNREADABLE) if name in self.unreadable else (200, self._some_leaves(name, query))
        if request.method == "GET" and name in self.unreadable:
            return 500, UNREADABLE
        if request.method == "GET":
            document = self.documents.get(name)
            return (200, document) if document else (404, {"error": "not_found", "reason": "missing"})
        answer = self._write(body)
        return (409 if "error" in answer else 201), answer

    def _takes_attachments(self, document):
        """Keep the attachments of a document that is about to be written; False if one is missing."""
        held = self.documents.get(document["_id"], {}).get("_attachments", {})
        for name, each in document.get("_attachments", {}).items():
            if "data" not in each and name not in held:
                return False
            if "data" in each:
                content = base64.b64decode(each.pop("data"))
                digest = base64.b64encode(hashlib.md5(content).digest()).decode()
                each.update(length=len(content), digest=f"md5-{digest}", stub=True)
                self.sent.append((document["_id"], name))
            else:
                each.update(held[name])
        return True

    def _create(self, partitioned):
        created, self.exists = not self.exists and self.rivals is None, True
        self.partitioned = partitioned if created else self.partitioned
        self.documents.update(self.rivals or {})
        return (201, {"ok": True}) if created else (412, {"error": "file_exists", "reason": "The database exists."})

    def _delete(self):
        self.exists, self.security, self.partitioned = False, dict(CLOSED), False
        for each in (self.documents, self.revisions, self.tombstones, self.conflicts):
            each.clear()
        return 200, {"ok": True}

    def _ids_between(self, replica, query):
        first = json.loads(query.get("startkey", '""'))
        last = json.loads(query.get("endkey", '"\\uffff"'))
        below = operator.lt if query.get("inclusive_end") == "false" else operator.le
        found = [each for each in sorted(replica) if replica[each] and first <= each and below(each, last)]
        return found[: int(query.get("limit", len(found)))]

    def _row(self, replica, document_id, query):
        document = replica.get(document_id)
        if document is None and document_id in self.tombstones:
            value = {"rev": self.tombstones[document_id]["_rev"], "deleted": True}
            return {"id": document_id, "key": document_id, "value": value, "doc": None}
        if document is None:
            return {"key": document_id, "error": "not_found"}
        row = {"id": document_id, "key": document_id, "value": {"rev": document["_rev"]}}
        if "include_docs" not in query:
            return row
        if document_id in self.unreadable:
            return dict(row, doc=None)
        conflicts = self.conflicts.get(document_id) if "conflicts" in query else None
        return dict(row, doc=dict(document, _conflicts=conflicts) if conflicts else document)

    def _missing(self, document_id, revs):
        """That it has none of these revisions, and those of its leaves."""
        leaves = [leaf["ok"]["_rev"] for leaf in self._leaves(document_id)["docs"] if "ok" in leaf]
        leaves += self.conflicts.get(document_id, [])
        return dict({"missing": revs}, **({"possible_ancestors": leaves} if leaves else {}))

    def _all_leaves(self, ids):
        """All leaves of documents; one that is unreadable fails all the others, as in CouchDB."""
        if self.unreadable & set(ids):
            error = {"error": "internal_fabric_error", "reason": "file corruption"}
            return [{"id": each, "docs": [{"error": dict(error, id=each)}]} for each in ids]
        return [self._leaves(each) for each in ids]

    def _leaves(self, document_id):
        leaves = [each[document_id] for each in (self.documents, self.strays) if document_id in each]
        if not leaves and document_id in self.tombstones:
            leaves = [self.tombstones[document_id]]
        elif not leaves and document_id in self.revisions:
            leaves = [{"_id": document_id, "_rev": "9-deleted", "_deleted": True}]
        return {"id": document_id, "docs": [{"ok": leaf} for leaf in leaves] or [{"error": NOT_FOUND}]}

    def _some_leaves(self, document_id, query):
        """All leaves of a document, or those that are asked for, with ancestors that the model does not know."""
        docs = self._leaves(document_id)["docs"]
        if query["open_revs"] == "all":
            return docs
        leaves = [dict(each["ok"]) for each in docs if each.get("ok", {}).get("_rev") in json.loads(query["open_revs"])]
        for leaf in leaves:
            generation, digest = leaf["_rev"].split("-")
            leaf["_revisions"] = {"start": int(generation), "ids": [digest]}
        return [{"ok": leaf} for leaf in leaves]

    def _push(self, document):
        """Store a revision as it is; a known one is ignored, also after its deletion, and success has no answer."""
        document_id, rev = document["_id"], document["_rev"]
        if document_id in self.refuse:
            return {"id": document_id, "error": self.refuse[document_id], "reason": "because"}
        if rev not in self.revisions.setdefault(document_id, set()):
            self.revisions[document_id].add(rev)
            self.documents[document_id] = {name: document[name] for name in document if name != "_revisions"}
            self.tombstones.pop(document_id, None)
        return None

    def _write(self, document):
        document_id = document["_id"]
        if document.get("_rev") == self.strays.get(document_id, {}).get("_rev", ""):
            return {"ok": document.get("_deleted"), "id": document_id, "rev": self.strays.pop(document_id)["_rev"]}
        if document_id in self.astray:
            self.astray.remove(document_id)
            self.strays[document_id] = dict(document, _rev="1-astray")
            return {"ok": True, "id": document_id, "rev": "1-astray", "accepted": True}
        if document_id in self.refuse:
            return {"id": document_id, "error": self.refuse[document_id], "reason": "because"}
        held = self.documents.get(document_id, {}).get("_rev")
        buried = self.tombstones.get(document_id, {}).get("_rev")
        if document.get("_rev") != held and not document_id.startswith("_local/"):
            return {"id": document_id, "error": "conflict", "reason": "Document update conflict."}
        generation = int((held or buried).split("-")[0]) + 1 if held or buried else 1
        digest = hashlib.md5(json.dumps(document, sort_keys=True).encode()).hexdigest()
        rev = f"{generation}-{digest}"
        self.revisions.setdefault(document_id, set()).add(rev)
        self.unreadable.discard(document_id)
        self.documents[document_id] = dict(document, _rev=rev)
        self.tombstones.pop(document_id, None)
        if document.get("_deleted"):
            self.tombstones[document_id] = self.documents.pop(document_id)
        return {"ok": True, "id": document_id, "rev": rev}


def _ids(name, body):
    """The ids of all documents that a request is about, without ranges."""
    if name == "_bulk_docs":
        return [document["_id"] for document in body["docs"]]
    if name == "_bulk_get":
        return [document["id"] for document in body["docs"]]
    if name == "_all_docs":
        return body["keys"] if body else []
    return list(body) if name == "_revs_diff" else [name]


def _has_partition(document_id):
    return document_id.startswith(("_local/", "_design/")) or bool(re.match("[^_:][^:]*:[^_]", document_id))


@pytest.fixture
def couch():
    return FakeCouch()


@pytest.fixture
def client(couch, monkeypatch):
    """A client of the fake that never waits; the waits are recorded in ``client.waits``."""
    return connect(couch, monkeypatch)


@pytest.fixture
def stop(client):
    """A request to stop, for the client and for jobs."""
    return client._stop


@pytest.fixture
def another(monkeypatch):
    """Another fake, and a client of it."""
    couch = FakeCouch()
    return couch, connect(couch, monkeypatch)


def connect(couch, monkeypatch):
    address = parse("http://user:sesame@couch:5984/db")
    client = Client(address, Options(), stop=Stop())
    client._session.mount("http://", couch)
    client.waits = []
    monkeypatch.setattr(Stop, "wait", lambda stop, seconds: client.waits.append(seconds) or stop.is_requested())
    return client


@pytest.fixture
def original_ledger():
    """A ledger of the original tool."""
    return {
        "_id": "couchdyno_meta",
        "_rev": "9-a",
        "version": 1,
        "created": 5,
        "total": 5,
        "size": 150,
        "updates": 3,
        "start": 4,
        "last_ts": 9,
        "last_dt": 0,
        "last_errors": 0,
        "last_updates": 3,
        "history": [],
    }
