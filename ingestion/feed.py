"""What a mapping comes to: which rows of which source feed which table of the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graph.model.errors import RecordError
from ingestion.cells import any_text, is_empty
from ingestion.contract import Table
from ingestion.digits import whole

TESTS: Mapping[str, Callable[[str, frozenset[str]], bool]] = {
    "is": lambda cell, given: cell in given,
    "is_not": lambda cell, given: cell not in given,
    "in": lambda cell, given: cell in given,
    "not_in": lambda cell, given: cell not in given,
}


@dataclass(frozen=True, slots=True)
class Condition:
    """A row is taken when its `column`, as text, passes the test; an empty cell is the empty text, and `1.0` is the whole number that it was."""

    column: str
    test: str
    given: frozenset[str]

    @classmethod
    def of(cls, column: str, test: str, given: Sequence[str]) -> Condition:
        """The condition on the texts that a mapping gives."""
        return cls(column, test, frozenset(map(whole, given)))

    def holds(self, cells: Mapping[str, Any]) -> bool:
        """Whether the row passes; what is no text passes as it is written, so that it is reported where it matters."""
        raw = cells.get(self.column)
        try:
            text = "" if is_empty(raw) else any_text(raw, self.column)
        except RecordError:
            text = str(raw)
        return TESTS[self.test](whole(text), self.given)


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One table's rows from one source: a file or folder of the delivery, or rows that the mapping gives itself."""

    table: Table
    source: str
    where: tuple[Condition, ...] = ()
    rows: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """A mapping, read and checked: its feeds in the order of loading, and the time zone of times without an offset (empty: the setting's)."""

    name: str
    timezone: str = ""
    feeds: tuple[Feed, ...] = field(default=())


def sources(feeds: Sequence[Feed]) -> frozenset[str]:
    """The files and folders that the feeds read."""
    return frozenset(feed.source for feed in feeds if feed.source)
