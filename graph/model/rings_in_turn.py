"""Ring snapshots that nobody holds whole."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from graph.model.types import Ring, RingChange

T = TypeVar("T")


class AnySnapshot(Protocol):
    """A `RingSnapshot`, or one whose rings and changes come one after the other: each walk begins anew."""

    @property
    def name(self) -> str: ...

    @property
    def as_of(self) -> datetime: ...

    @property
    def rings(self) -> Iterable[Ring]: ...

    @property
    def changes(self) -> Iterable[RingChange]: ...


@dataclass(frozen=True, slots=True)
class InTurn(Generic[T]):
    """What `walk` reads one after the other, from the first one at each walk."""

    walk: Callable[[], Iterator[T]]

    def __iter__(self) -> Iterator[T]:
        return self.walk()


@dataclass(frozen=True, slots=True, kw_only=True)
class RingsInTurn:
    """A ring snapshot whose rings, with their members, and changes are read while one walks over them, so
    that nobody holds all of them.
    """

    name: str
    as_of: datetime
    rings: Iterable[Ring]
    changes: Iterable[RingChange]
