"""Neo4jStore: opens the database, migrates its schema, opens views and adds batches."""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, NoReturn

from graph.model.erasure import Erasure
from graph.model.errors import StoreUnavailableError
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Added, Facts
from graph.store.forgetting import StoreState
from graph.store.port import GraphStore, UnknownIds
from graph.store.refusing import Refusal
from graph.stores.neo4j.address import address_of
from graph.stores.neo4j.before_version_5 import complete_journal
from graph.stores.neo4j.cypher import erase as cypher_erase
from graph.stores.neo4j.cypher import read as cypher_read
from graph.stores.neo4j.database import Ask, Database
from graph.stores.neo4j.draft import save
from graph.stores.neo4j.erase import erase
from graph.stores.neo4j.intern import Interned
from graph.stores.neo4j.journal import tail
from graph.stores.neo4j.schema import migrate, outdated
from graph.stores.neo4j.view import Neo4jView
from graph.stores.neo4j.writer import EditionChangedError, Neo4jWriter, only_application

log = logging.getLogger("ringfence.neo4j")
_ANY_TIME = datetime.max.replace(tzinfo=UTC)
QUICK_ENOUGH, QUICK_SECONDS = 20, 0.03  # warmed up until so many writes in a row took no longer than this,
COMPILING_SECONDS = 20.0  # and all together no longer than this
WARM_UP_SECONDS = 60.0  # until a server is held to hang
MIGRATION_SECONDS = 600.0  # the same of one that makes its schema, or waits for another process that does
# seconds that a live service waits for one answer of the store; its callers wait a second by default
LIVE_PATIENCE = 0.8

_DESCRIBED = """CALL () {{ MATCH (n:{label}) RETURN count(n) AS all_{table} }}
    CALL () {{ MATCH (u:Unknown) WHERE u:{label} RETURN count(u) AS unknown_{table} }}"""
_COUNTED = "CALL () {{ MATCH {what} RETURN count(*) AS {table} }}"
IDENTITY = (
    "MATCH (s:Store {name: 'ringfence'}) SET s.identity = coalesce(s.identity, $drawn) RETURN s.identity"
)
# From the counts that the database keeps (NodeCountFromCountStore, RelationshipCountFromCountStore); only the
# few Unknown are looked at, and devices, which are counted by their properties.
COUNTS = "\n".join(
    [
        *(
            _DESCRIBED.format(label=label, table=f"{label.lower()}s")
            for label in ("Application", "Platform", "Merchant", "Applicant")
        ),
        *(
            _COUNTED.format(what=f"(n:{label})", table=f"{label.lower()}s")
            for label in ("Event", "Outcome", "Label", "Identifier")
        ),
        _COUNTED.format(what="()-[c:LISTED]->()", table="contacts"),
        "CALL () { MATCH (i:Identifier) WHERE i.device_mark > 0 RETURN count(*) AS devices }",
        _COUNTED.format(what="()-[t:USES]->()", table="own"),
        _COUNTED.format(what="()-[t:NAMES_AS_CONTACT]->()", table="contact"),
        _COUNTED.format(what="()-[t:NAMES_AS_EMPLOYER]->()", table="employer"),
        """RETURN all_applications - unknown_applications, events, outcomes, labels, contacts,
            all_platforms - unknown_platforms,
            all_merchants - unknown_merchants, devices, all_applicants - unknown_applicants, identifiers,
                own + contact + employer""",
    ]
)
_TABLES = (
    "applications", "events", "outcomes", "labels", "contacts", "platforms", "merchants", "devices",
    "applicants", "identifiers", "ties",
)  # fmt: skip


class _RolledBackError(Exception):
    """Ends a transaction of which nothing is to be kept."""


class Neo4jStore(GraphStore):
    """The graph in the database behind `url`.

    `live` is for a service that answers within a deadline: it starts though the server is down, gives a call
    up after LIVE_PATIENCE seconds, and finds the server again by itself. Otherwise the server must be there
    at the start, and is waited for when it goes away later.
    """

    # the server's time for a fact grows with the transaction: 20,000 at once cost it a third more each than
    # 4,000
    batch = 4_000

    def __init__(self, url: str, *, live: bool = False) -> None:
        self._database = Database(address_of(url), LIVE_PATIENCE if live else None)
        self._interned = Interned()
        self.refusal = Refusal(self._holds)
        self._live, self._ready = live, False
        self._preparing = threading.Lock()
        try:
            self._database.check()
            self._prepare()
        except StoreUnavailableError as error:
            if not live:
                self._database.close()
                raise
            log.warning("%s; answers are degraded until it is back", error)
        except BaseException:
            self._database.close()
            raise

    def add(self, facts: Facts) -> Added:
        self._prepare()
        edition, one = self._known_edition(), only_application(facts)
        if one and not self.refusal.refused(facts):
            added = self._database.write_once(lambda ask: Neo4jWriter(ask).write_one(one, edition))
            if added:
                return added
        return self.add_all([facts])[0]

    def add_all(self, batches: Sequence[Facts]) -> list[Added]:
        """Several batches in one transaction, each with a revision of its own as if they had come one by
        one.
        """
        self._prepare()
        while True:
            edition, sifted = self._known_edition(), [self.refusal.sifted(batch) for batch in batches]
            try:
                added = self._database.write(partial(_write, [one.kept for one in sifted], edition))
            except EditionChangedError:
                self.state()
                continue
            return [one.restored(each) for one, each in zip(sifted, added, strict=True)]

    def _holds(self, node: str) -> bool:
        return self.view(_ANY_TIME).identifier(node) is not None

    def _known_edition(self) -> int:
        """The edition up to which it is known who was erased."""
        return self.refusal.edition or self.state().edition

    def warm_up(self, facts: Facts) -> None:
        """Plan every statement of serving, and write the facts again and again so that the server's code is
        compiled. Nothing is kept.

        A server that has just started takes some seconds; one that is warm, less than one.
        """
        self._database.on_return(lambda: self._database.unhurried(WARM_UP_SECONDS, lambda: self._plan(facts)))
        self._database.unhurried(WARM_UP_SECONDS, lambda: self._compile(facts))

    def _plan(self, facts: Facts) -> None:
        self._prepare()
        self._undo(lambda writer: writer.write([facts]))
        self.view(datetime.now(UTC)).warm_up()

    def _compile(self, facts: Facts) -> None:
        """Plan, then write a live application, as each request does, until that is quick."""
        self._plan(facts)
        quick, until = 0, time.monotonic() + COMPILING_SECONDS
        for application in facts.applications:
            while quick < QUICK_ENOUGH and (started := time.monotonic()) < until:
                self._undo(partial(Neo4jWriter.write_one, application=application))
                quick = quick + 1 if time.monotonic() - started < QUICK_SECONDS else 0

    def _undo(self, write: Callable[[Neo4jWriter], object]) -> None:
        """Write in a transaction that is then taken back."""

        def work(ask: Ask) -> NoReturn:
            write(Neo4jWriter(ask))
            raise _RolledBackError

        try:
            self._database.write(work)
        except _RolledBackError:
            return

    def within(self, seconds: float) -> AbstractContextManager[None]:
        return self._database.within(seconds)

    def view(self, as_of: datetime, revision: int | None = None) -> Neo4jView:
        view = Neo4jView(self._read, self._interned, as_of, self.revision() if revision is None else revision)
        view.zone = self.zone
        return view

    def revision(self) -> int:
        return int(self._read(cypher_read.MARK)[0][0])

    def save_rings(self, snapshot: AnySnapshot, edition: int = 0) -> None:
        self._prepare()
        save(self._database, snapshot, edition or self.edition(), self.part_bytes)

    def unknown_ids(self, application_ids: Collection[str], applicant_ids: Collection[str]) -> UnknownIds:
        [[loans, people]] = self._read(
            cypher_read.STRANGERS, loans=sorted(application_ids), people=sorted(applicant_ids)
        )
        return UnknownIds(frozenset(loans), frozenset(people))

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        return tail(self._read, after, self.revision() if upto is None else upto)

    def identity(self) -> int:
        self._prepare()
        return int(self._database.write(lambda ask: ask(IDENTITY, drawn=secrets.randbits(63)))[0][0])

    def edition(self) -> int:
        return self.state().edition

    def state(self) -> StoreState:
        [[revision, edition]] = self._read(cypher_read.STATE)
        edition = edition or self.identity()
        self._interned.begin_edition(edition)
        self.refusal.learn(edition, self.refused)
        return StoreState(int(revision), int(edition))

    def erase(self, erasure: Erasure) -> bool:
        self._prepare()
        return self._database.write(lambda ask: erase(ask, erasure))

    def refused(self) -> Mapping[str, int]:
        return dict(self._read(cypher_erase.READ_REFUSED))

    def overwrite_free_space(self) -> bool:
        """False: pages, indexes and logs of the server keep old bytes, and only a copy in another server has
        none of them.
        """
        return False

    def counts(self) -> dict[str, int]:
        [result] = self._read(COUNTS)
        return dict(zip(_TABLES, result, strict=True))

    def close(self) -> None:
        self._database.close()

    def _read(self, text: str, /, **given: Any) -> list[list[Any]]:
        self._prepare()
        return self._database.read(text, **given)

    def _prepare(self) -> None:
        """Bring the schema up to date, once; a live store that started without its server does it when the
        server is there.
        """
        if self._ready:
            return
        with self._preparing_alone():
            if not self._ready:
                database = self._database
                if outdated(database.read):
                    database.unhurried(MIGRATION_SECONDS, lambda: migrate(database.alone, database.write))
                complete_journal(database.read, database.alone)
                self._ready = True

    @contextmanager
    def _preparing_alone(self) -> Iterator[None]:
        """One thread at a time; whoever answers within a deadline does not wait for another's migration."""
        if not self._preparing.acquire(timeout=LIVE_PATIENCE if self._live else MIGRATION_SECONDS):
            raise StoreUnavailableError("the store's schema is being made: ask again in a moment")
        try:
            yield
        finally:
            self._preparing.release()


def _write(batches: Sequence[Facts], edition: int, ask: Ask) -> list[Added]:
    return Neo4jWriter(ask).write(batches, edition)
