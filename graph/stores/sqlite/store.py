"""SqliteStore: opens the file, opens views and adds batches; one connection for each thread, so that nobody
waits for a reader.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from graph import private
from graph.model.erasure import Erasure
from graph.model.errors import StoreUnavailableError
from graph.model.rings_in_turn import AnySnapshot
from graph.model.types import Added, Facts
from graph.store.forgetting import StoreState
from graph.store.port import GraphStore, UnknownIds
from graph.store.refusing import Refusal
from graph.stores.embedded import Connections, OpenedFile, begin, overwrite_free_space
from graph.stores.embedded_connection import EmbeddedConnection
from graph.stores.sqlite.cache import FactCache
from graph.stores.sqlite.connection import connect
from graph.stores.sqlite.draft import save
from graph.stores.sqlite.erase import EDITION, REFUSED, STATE, erase
from graph.stores.sqlite.journal import tail
from graph.stores.sqlite.schema import FOREVER, prepare
from graph.stores.sqlite.unknown_ids import unknown_ids
from graph.stores.sqlite.view import SqliteView
from graph.stores.sqlite.writer import SqliteWriter

_ANY_TIME = datetime.max.replace(tzinfo=UTC)
_COUNTED = (
    "application",
    "event",
    "outcome",
    "label",
    "contact",
    "platform",
    "merchant",
    "device",
    "applicant",
    "identifier",
)


class SqliteStore(GraphStore):
    """The graph in the SQLite file at `path`, made when it is not there."""

    def __init__(self, path: str | Path) -> None:
        self._path = self.file = Path(path)
        self._connections = Connections(lambda: connect(self._path))
        self._at_once = Connections(
            lambda: connect(self._path, 0.0)
        )  # of writers with a patience of their own
        self._cache = (0, FactCache())  # of which edition
        self.refusal = Refusal(self._holds)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f"the folder of the store {path} cannot be made: {error}") from error
        private.database(self._path)
        prepare(self._connections.mine())
        self._opened = OpenedFile("store", self._path)

    def add(self, facts: Facts) -> Added:
        with self._transaction() as connection:
            return self._write(connection, facts)

    def try_add(self, facts: Facts, seconds: float) -> Added | None:
        self._opened.refuse_another()
        connection = self._at_once.lean()
        if not begin(connection, seconds):
            return None
        with self._at_once.kept(connection):
            return self._write(connection, facts)

    def _write(self, connection: EmbeddedConnection, facts: Facts) -> Added:
        """Add what is not refused, in the caller's transaction: nobody is erased meanwhile."""
        writer = SqliteWriter(connection)
        self.refusal.learn(writer.edition, lambda: dict(connection.execute(REFUSED).fetchall()))
        sifted = self.refusal.sifted(facts)
        return sifted.restored(writer.write(sifted.kept))

    def view(self, as_of: datetime, revision: int | None = None) -> SqliteView:
        view = SqliteView(
            self._connection(), self._rows(), as_of, self.revision() if revision is None else revision
        )
        view.zone = self.zone
        return view

    def revision(self) -> int:
        return int(self._connection().execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()[0])

    def save_rings(self, snapshot: AnySnapshot, edition: int = 0) -> None:
        save(self._transaction, snapshot, edition, self.part_bytes)

    def unknown_ids(self, application_ids: Collection[str], applicant_ids: Collection[str]) -> UnknownIds:
        return unknown_ids(self._connection(), application_ids, applicant_ids)

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        return tail(self._connection(), after, self.revision() if upto is None else upto)

    def identity(self) -> int:
        return int(self._connection().execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])

    def edition(self) -> int:
        return int(self._connection().execute(EDITION).fetchone()[0])

    def state(self) -> StoreState:
        revision, edition = self._connection().execute(STATE).fetchone()
        self._rows_of(edition)
        self.refusal.learn(edition, self.refused)
        return StoreState(int(revision), int(edition))

    def erase(self, erasure: Erasure) -> bool:
        self._connection().execute("PRAGMA secure_delete = ON")
        with self._transaction() as connection:
            return erase(connection, erasure)

    def refused(self) -> Mapping[str, int]:
        return dict(self._connection().execute(REFUSED).fetchall())

    def overwrite_free_space(self) -> bool:
        self._opened.refuse_another()
        connection = connect(self._path, 0.0)
        try:
            return overwrite_free_space(connection)
        finally:
            connection.close()

    def counts(self) -> dict[str, int]:
        run = self._connection().execute
        counts = {f"{table}s": int(run(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _COUNTED}
        return counts | {
            "ties": int(run(f"SELECT count(*) FROM tie WHERE superseded = {FOREVER}").fetchone()[0])
        }

    def close(self) -> None:
        self._at_once.close()
        self._connections.close()

    def _connection(self) -> EmbeddedConnection:
        """This thread's. Raises StoreUnavailableError where the file is not the one that was opened."""
        self._opened.refuse_another()
        return self._connections.mine()

    def _rows(self) -> FactCache:
        """The cache of rows, begun anew after an erasure, which any process may have made."""
        return self._rows_of(self.edition())

    def _rows_of(self, edition: int) -> FactCache:
        cached = self._cache
        if edition != cached[0]:
            cached = self._cache = (edition, FactCache())
        return cached[1]

    def _holds(self, node: str) -> bool:
        return self.view(_ANY_TIME).identifier(node) is not None

    @contextmanager
    def _transaction(self) -> Iterator[EmbeddedConnection]:
        """One writer at a time; whatever goes wrong inside leaves the store as it was."""
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        with self._connections.kept(connection):
            yield connection
