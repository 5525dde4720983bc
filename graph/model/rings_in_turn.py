"""Ring snapshots that nobody holds whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from graph.model.types import Ring, RingChange


@dataclass(frozen=True, slots=True, kw_only=True)
class RingsInTurn:
    """A ring snapshot whose rings are read one after the other, so that nobody holds all of them."""

    name: str
    as_of: datetime
    changes: tuple[RingChange, ...]
    walk: Callable[[], Iterator[Ring]]

    @property
    def rings(self) -> Iterator[Ring]:
        """All rings with their members in order of ring_id, from the first one, read meanwhile."""
        return self.walk()
