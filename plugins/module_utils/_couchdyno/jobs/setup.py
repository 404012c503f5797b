# Copyright (c) 2026 the couchdyno maintainers
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Set up: create a database with a ledger, fill it, remove it. A plan is made first, then applied."""
from __future__ import annotations

import time
from typing import Any, Callable, Dict, NamedTuple

from ..couchdb.client import Client
from ..couchdb.security import CLOSED, NO_ACCESS, USUAL, Access, Security
from ..couchdb.stop import NEVER, Stop
from ..errors import (
    RETRY_LATER,
    Conflict,
    DatabaseExists,
    LedgerDamaged,
    NameTaken,
    NoDatabase,
    NoLedger,
    NotAllowed,
    NotFound,
    StateMissing,
    TwoLedgers,
    UsageError,
    switch,
)
from ..model.design_documents import IDS
from ..model.ledger import Ledger
from ..model.limits import MAX_REPLICAS, MAX_SHARDS, check_count
from ..model.names import Names
from ..model.parameters import Parameters, draw_identity, draw_seed
from ..model.partitions import check_partitions
from ..model.properties import PLAIN, Properties, security_entries
from ..model.workload import resolve
from ..model.workload_stream import WorkloadStream
from ..storage.ledger_document import LedgerDocument
from ..storage.ledger_reading import read_ledger
from .fill import fill, missing
from .pace import Pace
from .partitioning import check_created, check_known
from .properties import give, lacking, properties_of

PATIENCE = 10.0  # seconds to wait for other setups of the same database, or for a cluster to forget a deleted one
SETTLING = 1.0  # seconds after which the nodes of a cluster agree on which databases exist
KEEP, CREATE, REPLACE, USE_EMPTY = "keep", "create", "replace", "use empty"  # what a plan does with the database
FOREIGN = "was not set up by couchdyno"
UNPARTITIONED = ", but is not partitioned"

Data = Dict[str, Any]
Progress = Callable[[int, int], None]  # called with the number of documents so far and in total


class Sharding(NamedTuple):
    """How a cluster spreads a new database: ``q`` shards, ``n`` replicas of each; None leaves it to the server."""

    q: int | None = None
    n: int | None = None


class Request(NamedTuple):
    """What to set up, with which ``workload`` (as users write it; None: classic), and to whom to grant ``access``.

    ``partitioned``: a new database is partitioned; a workload can ask for that, too. An existing database is an error,
    except

    - one without documents, which is used as it is, partitioned or not, unless ``force`` comes with a ``sharding``, or
      it should be ``partitioned`` and is not;
    - one with the same parameters that is not full yet: ``fill`` continues to fill it;
    - one with the same parameters, if the request is ``idempotent``;
    - any database with ``force``, which deletes and recreates it, and keeps its ``_security`` object.
    """

    parameters: Parameters
    sharding: Sharding = Sharding()
    fill: bool = False
    force: bool = False
    idempotent: bool = False
    access: Access = NO_ACCESS
    workload: Any = None
    partitioned: bool = False

    def check(self) -> Request:
        """The request with its parameters checked; raises UsageError if it makes no sense."""
        parameters = self.parameters.check()
        workload = None if self.workload is None else resolve(self.workload, parameters.total, parameters.size)
        if workload and any(each.hot for each in workload.types):  # a cycle may update these several times
            parameters = parameters._replace(updates=self.parameters.updates)
        partitioned = self.partitioned or bool(workload and workload.database.partitioned)
        if partitioned:
            check_partitions(workload)
        checked = self._replace(parameters=parameters._replace(workload=workload), access=self.access.check(),
                                partitioned=partitioned)
        check_count("q", 1 if self.sharding.q is None else self.sharding.q, MAX_SHARDS)
        check_count("n", 1 if self.sharding.n is None else self.sharding.n, MAX_REPLICAS)
        return checked

    def cautions(self) -> list[str]:
        """What deserves a warning: a type that makes cycles smaller than requested, and sizes that are too small."""
        wanted = self.check().parameters
        if not wanted.workload:
            return []
        types, stream = wanted.workload.types, WorkloadStream(0, wanted.workload)
        found = []
        if stream.span < wanted.updates:
            name = types[stream.spans.index(stream.span)].name
            noun = "document" if stream.span == 1 else "documents"
            found.append(f"cycles update at most {stream.span} {noun}, not {wanted.updates}: with more, a document of "
                         f"type {name} would be updated twice")
        found += [f"documents of type {each.name} cannot be as small as their size says: with this body, some have "
                  f"about {each.least_size} bytes" for each in types if each.least_size > each.mean_size]
        return found


class Found(NamedTuple):
    """What exists before a setup; ``vacant``: a database without any document."""

    exists: bool = False
    vacant: bool = False
    ledger: Ledger | None = None


class Plan(NamedTuple):
    """What a setup does: one of KEEP, CREATE, REPLACE and USE_EMPTY (write a ledger into an empty database).

    ``ledger`` is the one after the setup, as far as it is known; its seed is None until it is drawn.
    """

    action: str
    found: Found
    ledger: Ledger

    @property
    def is_change(self) -> bool:
        """Whether the database or its ledger is created."""
        return self.action != KEEP

    def report(self, security: Change, filled: Data | None, given: list[str]) -> Data:
        """The part of a report about what was found and whether it changes.

        ``filled`` are the counts of a fill, ``given`` the names of properties that the database lacked.
        """
        found = self.found.ledger
        report: Data = {"changed": self.is_change or security.is_change or bool(given),
                        "before": found and found.shown()}
        report.update(security.report())
        if given:
            report["properties"] = given
        if filled is not None:
            report.update(changed=report["changed"] or filled["updates"] > 0, fill=filled)
        return report


class Change(NamedTuple):
    """The ``_security`` object before and after a setup (None: nothing is said about it).

    ``is_kept``: it is that of the database that was deleted.
    """

    before: Security | None = None
    after: Security | None = None
    is_kept: bool = False

    @property
    def is_change(self) -> bool:
        """Whether it changes, apart from being kept."""
        return self.before != self.after

    def report(self) -> Data:
        """The part of a report about it."""
        if self.after is None:
            return {}
        return {"security": dict(_lists(self.after), kept=self.is_kept), "security_before": _lists(self.before or {})}


def _wanted(source: Ledger | Parameters) -> tuple[Properties, int]:
    """The properties that a database is to have, by its ledger or parameters, and the seed of their contents."""
    return source.workload.database if source.workload else PLAIN, source.seed or 0


def _lacking(client: Client, plan: Plan) -> list[str]:
    """The names of the properties that a plan would give to the database."""
    wanted, seed = _wanted(plan.ledger)
    found = properties_of(wanted, seed) if plan.is_change else lacking(client, wanted, seed)
    return [each.name for each in found]


def _lists(security: Security) -> Data:
    return {name: list(texts) for name, texts in Access.of(security)._asdict().items()}


def setup(client: Client, request: Request, pace: Pace | None = None,
          progress: Progress = lambda done, total: None, stop: Stop = NEVER) -> Data:
    """Set up a database, and fill it with documents at a ``pace`` if requested.

    Returns ``{"changed", "before", "dyno_config"}``; ``before`` is the previous configuration or None. With ``fill``
    also ``"fill"``: the counts that ``execute`` has under ``"after"``, summed up. If access was requested, or the
    object of a deleted database was kept, also ``"security"`` and ``"security_before"``: the names and roles of Access,
    and whether they were ``kept``. If the database lacked properties that its workload asks for, and has been given
    them, also ``"properties"``: their names. Raises UsageError, DatabaseExists or ServerError.
    """
    request = request.check()
    document = LedgerDocument(client)
    plan, is_kept = _plan(client, document, request), False
    if plan.is_change:
        creation = _Creation(client, document, request, plan, stop)
        plan, is_kept, given = creation.run(), creation.has_kept_security, creation.given
    else:
        given = give(client, *_wanted(document.ledger))
    security = _access(client, request.access, is_kept)
    if security.after is not None and security.is_change:
        client.set_security(security.after)
    filled = fill(client, document, pace or Pace(), progress, stop) if request.fill else None
    return dict(plan.report(security, filled, given), dyno_config=document.ledger.shown())


def preview(client: Client, request: Request) -> Data:
    """What ``setup`` would return if all went well; changes nothing."""
    request = request.check()
    plan = _plan(client, LedgerDocument(client), request)
    config = plan.ledger.shown()
    if plan.is_change:
        config.setdefault("seed", None)  # not drawn yet
    if plan.action == CREATE:
        security = Change({}, request.access.added_to(CLOSED)) if request.access != NO_ACCESS else Change()
    else:
        is_kept = plan.action == REPLACE and Access.of(client.security()) not in USUAL
        security = _access(client, request.access, is_kept)
    filled = {"updates": missing(plan.ledger)} if request.fill else None
    return dict(plan.report(security, filled, _lacking(client, plan)), dyno_config=config)


def remove(client: Client, force: bool = False, dry_run: bool = False) -> Data:
    """Delete a database that couchdyno has set up, or any one with ``force``; returns ``{"changed", "before"}``.

    Raises NoLedger, LedgerDamaged or TwoLedgers without ``force``, or ServerError.
    """
    try:
        before: Data | None = read_ledger(client).shown()
    except NoDatabase:
        return {"changed": False, "before": None}
    except (NoLedger, LedgerDamaged, TwoLedgers):
        if not force:
            raise
        before = None
    if not dry_run:
        client.delete_database()
    return {"changed": True, "before": before}


# -- planning


def _plan(client: Client, document: LedgerDocument, request: Request) -> Plan:
    """What to do with the database as it is; DatabaseExists if the request does not allow changing it."""
    found = _find(client, document, request.force)
    action = _action(client, found, request)
    if found.ledger is not None and action == KEEP:
        _check_same(client, found.ledger, request)
        return Plan(KEEP, found, found.ledger)
    if request.partitioned and action != USE_EMPTY:
        check_known(client)
    names = Names.of_database(client.is_partitioned() if action == USE_EMPTY else request.partitioned)
    return Plan(action, found, Ledger.new(request.parameters, client.now(), names=names))


def _find(client: Client, document: LedgerDocument, force: bool) -> Found:
    count = client.document_count()
    if count is None:
        return Found()
    try:
        return Found(True, ledger=document.read())
    except (LedgerDamaged, StateMissing, TwoLedgers):
        if not force:
            raise
        return Found(True)
    except NoDatabase:  # deleted since then
        return Found()
    except NoLedger:
        return Found(True, vacant=not count or not _others(client))


def _others(client: Client) -> bool:
    """Whether a database has documents other than the design documents of a setup that was interrupted."""
    return any(row["id"] not in IDS for row in client.rows_before(None, None, len(IDS) + 1, include_docs=False))


def _action(client: Client, found: Found, request: Request) -> str:
    if not found.exists:
        return CREATE
    if found.vacant and not (request.force and (any(request.sharding) or not _is_as_asked(client, request))):
        _check_usable(client, request)
        return USE_EMPTY
    if request.force:
        return REPLACE
    if found.ledger is None:
        raise _exists(client, f", but {FOREIGN}")
    return KEEP


def _is_as_asked(client: Client, request: Request) -> bool:
    """Whether a database that exists is partitioned if it should be."""
    return not request.partitioned or client.is_partitioned()


def _check_usable(client: Client, request: Request) -> None:
    """Raise DatabaseExists or UsageError unless an empty database can be used for a request."""
    if not _is_as_asked(client, request):
        raise _exists(client, UNPARTITIONED)
    if client.is_partitioned():
        check_partitions(request.parameters.workload)


def _check_same(client: Client, ledger: Ledger, request: Request) -> None:
    """Raise DatabaseExists unless the database is as requested and the request may continue with it."""
    wanted = request.parameters.in_database(ledger.names.is_partitioned)
    if not _is_as_asked(client, request):
        raise _exists(client, UNPARTITIONED)
    is_same = ((ledger.total, ledger.size, ledger.updates) == (wanted.total, wanted.size, wanted.updates)
               and ledger.workload == wanted.workload and wanted.seed in (None, ledger.seed))
    may_go_on = request.idempotent or (request.fill and missing(ledger) > 0)
    if not (is_same and may_go_on):
        found = ", ".join(f"{name} {getattr(ledger, name)}" for name in ("total", "size", "updates", "seed"))
        if not _is_same_workload(ledger, request):
            found += ", and another workload"
        raise _exists(client, f" and was set up with {found}")


def _is_same_workload(ledger: Ledger, request: Request) -> bool:
    """Whether a database has the workload of a request, apart from the numbers of documents and their sizes."""
    if ledger.workload is None or request.workload is None:
        return ledger.workload is request.workload
    try:
        wanted = resolve(request.workload, ledger.total, ledger.size)
        return ledger.workload == wanted.in_database(ledger.names.is_partitioned)
    except UsageError:  # it cannot have so few documents
        return False


def _exists(client: Client, how: str) -> DatabaseExists:
    return DatabaseExists(f"the database {client.place} already exists{how}; use ", switch("force"),
                          " to delete and recreate it")


def _access(client: Client, access: Access, is_kept: bool) -> Change:
    """The access before and after the grant; the object is only read if there is something to report."""
    if access == NO_ACCESS and not is_kept:
        return Change()
    before = client.security()
    return Change(before, access.added_to(before), is_kept)


# -- applying


class _Remains(DatabaseExists):
    """A database that was deleted still exists."""


class _Creation:
    """Carries out a plan that creates a database or its ledger.

    Answers may be lost, other setups of the database may run at the same time, and a cluster needs a while to forget a
    deleted database, or to agree on a new one. So every step can be repeated, and what is found is compared with what
    was sent: a ledger with this identity is our own, whatever the answers were; a ledger of the deleted database will
    vanish; a database without documents can be used, whoever has created it. Of several setups, the ledger decides.
    """

    def __init__(self, client: Client, document: LedgerDocument, request: Request, plan: Plan, stop: Stop) -> None:
        self._client = client
        self._document = document
        self._request = request
        self._plan = plan
        self._stop = stop
        self._identity = draw_identity()
        seed = draw_seed() if request.parameters.seed is None else request.parameters.seed
        self._parameters = request.parameters._replace(seed=seed)
        self._has_deleted = plan.action == REPLACE
        self._is_there = plan.action == USE_EMPTY
        self._security: Security | None = None  # of the deleted database
        self.has_kept_security = False
        self.given: list[str] = []  # the names of properties

    def run(self) -> Plan:
        """Returns the plan as it was carried out, as another setup may have come first."""
        if self._has_deleted:
            self._delete()
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self._attempt()
            except (NotFound, NoDatabase, NoLedger, _Remains):  # perhaps another setup has just deleted it
                if time.monotonic() >= deadline or self._stop.wait(0.2):
                    raise
                self._is_there = False

    def _delete(self) -> None:
        """Delete the database, unless another setup has just done so, and has perhaps created an empty one."""
        if not (self._plan.found.vacant or self._client.document_count()):
            return
        try:
            self._security = self._client.security()
        except NotFound:
            return
        before = self._plan.found.ledger
        if before:  # its entries are those of another seed
            wanted, seed = _wanted(before)
            entries = Access.of(security_entries(seed)) if wanted.security else NO_ACCESS
            self._security = entries.removed_from(self._security)
        self._client.delete_database()

    def _attempt(self) -> Plan:
        try:
            if not self._is_there:
                self._create()
            self._keep_security()
            self._give_properties()
            self._document.create(self._parameters, self._identity)
            self._check_settled()
        except Conflict:
            return self._take(self._document.read())
        return self._plan

    def _create(self) -> None:
        """Create the database; one that already exists is used if it is empty. Conflict if it has another ledger."""
        try:
            self._client.create_database(*self._request.sharding, partitioned=self._request.partitioned)
            if self._request.partitioned:
                check_created(self._client)
        except (NameTaken, Conflict):
            found = _find(self._client, self._document, self._has_deleted)
            if found.ledger and found.ledger.identity != self._identity:
                raise Conflict("another setup came first") from None
            is_usable = found.vacant and _is_as_asked(self._client, self._request)
            if found.exists and not is_usable and not found.ledger:
                raise self._remains() if self._has_deleted else _exists(
                    self._client, UNPARTITIONED if found.vacant else f", but {FOREIGN}") from None
        except NotAllowed as refused:
            raise NotAllowed(*refused.parts, ", or let an admin create an empty database with this name",
                             status=refused.status, error=refused.error) from None

    def _keep_security(self) -> None:
        """Give the new database the security object of the deleted one, before anybody finds a ledger in it."""
        if self._security is not None and self._security != self._client.security():
            self._client.set_security(self._security)
            self.has_kept_security = True

    def _give_properties(self) -> None:
        """Give the database its properties, before anybody finds a ledger in it."""
        self.given += give(self._client, *_wanted(self._parameters))

    def _check_settled(self) -> None:
        """Check that the ledger is in the database; Conflict if it has another one, NoLedger if it has none.

        If a database is created on several nodes of a cluster at once, the cluster drops all but one of them a moment
        later, with everything in them.
        """
        if self._client.replicas() > 1:
            self._stop.wait(SETTLING)
        if self._document.read().identity != self._identity:
            raise Conflict("another setup came first")

    def _take(self, ledger: Ledger) -> Plan:
        """Continue with a ledger that was found; DatabaseExists if it is not as requested."""
        before = self._plan.found.ledger
        if self._has_deleted and before and (ledger.identity, ledger.seed) == (before.identity, before.seed):
            raise self._remains()
        if not self._request.idempotent:
            raise _exists(self._client, ": another setup has just created it") from None
        _check_same(self._client, ledger, self._request)
        return self._plan if self._has_deleted else self._plan._replace(action=KEEP)

    def _remains(self) -> _Remains:
        return _Remains(f"the database {self._client.place} was deleted, but still exists; {RETRY_LATER}")
