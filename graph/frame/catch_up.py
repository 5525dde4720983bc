"""What catching up with a store's journal asks of the store and of the caller."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from math import inf
from typing import NamedTuple, Protocol

from graph.store.forgetting import StoreState

ENTRIES, ENTRY_BYTES = 256, 4_000_000  # that are read before the store's edition is looked at


class Journal(Protocol):
    """What the frame asks of a store; `graph.store.port.GraphStore` says what is answered."""

    def tail(self, after: int, upto: int | None = None) -> Iterator[tuple[int, bytes]]: ...

    def edition(self) -> int: ...

    def state(self) -> StoreState: ...


class CatchUpBudget(NamedTuple):
    """How much of the journal one call of `catch_up` may apply; the next call continues where it stopped.

    Up to so many revisions behind, so many bytes of entries, so many seconds; `anew`: whether he fills the
    folder anew and makes its files larger.
    """

    marks: float = inf
    bytes: float = inf
    seconds: float = inf
    anew: bool = True


class AtHand(NamedTuple):
    """What a caller of `catch_up` has of the store already: its edition, 0 where it does not know, and the
    journal's entry of the revision asked for (`Added`).
    """

    edition: int = 0
    entry: bytes = b""


ALL = CatchUpBudget()
NOTHING = AtHand()
# for callers with a deadline: some milliseconds
LITTLE = CatchUpBudget(marks=16, bytes=16_384, seconds=0.01, anew=False)


def is_past_of(store: Journal, edition: int, revision: int, check: int) -> bool:
    """Whether what came in up to that revision, whose first entry has that check sum, is of the past that the
    store has now.
    """
    state = store.state()
    if edition == 0 or edition != state.edition or revision > state.revision:
        return False
    first = next(iter(store.tail(revision - 1, revision)), None) if revision else None
    return first is None or zlib.crc32(first[1]) == check


def some_at_once(entries: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Entries, some together."""
    some, size = list[tuple[int, bytes]](), 0
    for entry in entries:
        some.append(entry)
        size += len(entry[1])
        if len(some) >= ENTRIES or size >= ENTRY_BYTES:
            yield some
            some, size = [], 0
    if some:
        yield some
