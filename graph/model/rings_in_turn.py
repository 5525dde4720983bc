"""Ring snapshots that nobody holds whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from graph.model.types import Ring, RingChange


class AnySnapshot(Protocol):
    """A `RingSnapshot`, or one whose rings and changes come one after the other: each walk begins anew."""

    @property
    def name(self) -> str: ...

    @property
    def as_of(self) -> datetime: ...

    @property
    def changes(self) -> Iterable[RingChange]: ...

    @property
    def rings(self) -> Iterable[Ring]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RingsInTurn:
    """A ring snapshot whose rings are read one after the other, so that nobody holds all of them."""

    name: str
    as_of: datetime
    changes: Iterable[RingChange]
    walk: Callable[[], Iterator[Ring]]

    @property
    def rings(self) -> Iterator[Ring]:
        """All rings with their members, from the first one, read meanwhile."""
        return self.walk()
