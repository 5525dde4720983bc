"""A bounded cache of immutable facts (identifiers, applications, the last snapshot); emptied when full."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from graph.model.types import Application, Identifier, RingSnapshot
from graph.stores.neo4j.codec import application_of, identifier_of
from graph.stores.neo4j.rings import Read, snapshot_of


class Interned:
    """Shared by all threads of one store: an entry is a copy of what is never rewritten, so it cannot go
    stale.
    """

    IDENTIFIERS = 500_000
    APPLICATIONS = 50_000

    def __init__(self) -> None:
        self._identifiers: dict[str, Identifier] = {}
        self._applications: dict[str, Application] = {}
        self._snapshot: tuple[tuple[str, int | None], RingSnapshot] | None = None
        self._edition = 0

    def begin_edition(self, edition: int) -> None:
        """Drop what is of another edition of the store: nothing holds names that it has forgotten."""
        if edition != self._edition:
            self._identifiers, self._applications, self._snapshot = {}, {}, None
            self._edition = edition

    def identifier(self, row: Sequence[Any]) -> Identifier:
        """The columns of cypher.IDENTIFIER as an Identifier."""
        cached = self._identifiers.get(row[0])
        if cached is None:
            if len(self._identifiers) >= self.IDENTIFIERS:
                self._identifiers = {}
            cached = self._identifiers[row[0]] = identifier_of(row)
        return cached

    def application(self, row: Sequence[Any]) -> Application:
        """The columns of cypher.APPLICATION as an Application."""
        cached = self._applications.get(row[0])
        if cached is None:
            if len(self._applications) >= self.APPLICATIONS:
                self._applications = {}
            cached = self._applications[row[0]] = application_of(row)
        return cached

    def snapshot(self, row: Sequence[Any], read: Read) -> RingSnapshot:
        """The snapshot of a row of SNAPSHOT; its rings are read when it is another one
        than the last time, or some of its members were erased.
        """
        if self._snapshot is None or self._snapshot[0] != (row[0], row[4]):
            self._snapshot = kept = ((row[0], row[4]), snapshot_of(row, read))
            return kept[1]
        return self._snapshot[1]
