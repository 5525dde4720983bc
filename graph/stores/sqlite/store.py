"""SqliteStore: opens the file, opens views and adds batches; one connection for each thread, so that nobody waits for a reader."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from graph import private
from graph.model.errors import StoreUnavailableError
from graph.model.types import Added, Facts, RingSnapshot
from graph.store.port import GraphStore, Strangers
from graph.stores.embedded import Connections, begin
from graph.stores.sqlite import rings
from graph.stores.sqlite.cache import FactCache
from graph.stores.sqlite.connection import AT_ONCE, PATIENT, connect, translated
from graph.stores.sqlite.journal import tail
from graph.stores.sqlite.schema import FOREVER, prepare
from graph.stores.sqlite.strangers import strangers
from graph.stores.sqlite.view import SqliteView
from graph.stores.sqlite.writer import Writer

_COUNTED = ("application", "event", "outcome", "label", "contact", "platform", "merchant", "device", "applicant", "identifier")


class SqliteStore(GraphStore):
    """The graph in the SQLite file at `path`, made when it is not there."""

    def __init__(self, path: str | Path) -> None:
        self._path = self.file = Path(path)
        self._connections = Connections(lambda: connect(self._path))
        self._cache = FactCache()
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(f"the folder of the store {path} cannot be made: {error}") from error
        private.database(self._path)
        prepare(self._connection())

    def add(self, facts: Facts) -> Added:
        with self._transaction() as connection:
            return Writer(connection).write(facts)

    def add_soon(self, facts: Facts, seconds: float) -> Added | None:
        connection = self._connections.lean()
        connection.execute(AT_ONCE)
        try:
            had = begin(connection, seconds)
        except sqlite3.DatabaseError as error:
            raise translated(error) from error
        finally:
            connection.execute(PATIENT)
        if not had:
            return None
        with self._connections.kept(connection):
            return Writer(connection).write(facts)

    def view(self, as_of: datetime, recorded_by: int | None = None) -> SqliteView:
        seen = SqliteView(self._connection(), self._cache, as_of, self.mark() if recorded_by is None else recorded_by)
        seen.zone = self.zone
        return seen

    def mark(self) -> int:
        return int(self._connection().execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()[0])

    def save_rings(self, snapshot: RingSnapshot) -> None:
        with self._transaction() as connection:
            mark = int(connection.execute("SELECT value FROM meta WHERE name = 'mark'").fetchone()[0]) + 1
            rings.save(connection, snapshot, mark)
            connection.execute("UPDATE meta SET value = ? WHERE name = 'mark'", (mark,))

    def strangers(self, application_ids: Collection[str], applicant_ids: Collection[str]) -> Strangers:
        return strangers(self._connection(), application_ids, applicant_ids)

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]:
        return tail(self._connection(), after, self.mark() if upto is None else upto)

    def identity(self) -> int:
        return int(self._connection().execute("SELECT value FROM meta WHERE name = 'identity'").fetchone()[0])

    def counts(self) -> dict[str, int]:
        run = self._connection().execute
        counts = {f"{table}s": int(run(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in _COUNTED}
        return counts | {"ties": int(run(f"SELECT count(*) FROM tie WHERE superseded = {FOREVER}").fetchone()[0])}

    def close(self) -> None:
        self._connections.close()

    def _connection(self) -> sqlite3.Connection:
        return self._connections.mine()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One writer at a time; whatever goes wrong inside leaves the store as it was."""
        connection = self._connections.mine()
        connection.execute("BEGIN IMMEDIATE")
        with self._connections.kept(connection):
            yield connection
