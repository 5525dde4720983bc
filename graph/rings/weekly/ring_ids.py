"""Ids of rings as a column of bytes: a text of Python takes five times as much."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import numpy as np

from graph.facts.tables import Column

NEW = 12  # bytes of an id that is given


def column_of(ids: Iterable[str]) -> Column:
    """These ids as UTF-8 (N,), whose order is that of the texts."""
    return np.array([one.encode() for one in ids], np.bytes_)


@dataclass(frozen=True)
class RingIds(Sequence[str]):
    """The ids of a `column` (N,) of UTF-8 as texts."""

    column: Column

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, place: int) -> str: ...
    @overload
    def __getitem__(self, place: slice) -> RingIds: ...
    def __getitem__(self, place: int | slice) -> str | RingIds:
        if isinstance(place, slice):
            return RingIds(self.column[place])
        return bytes(self.column[place]).decode()

    def __iter__(self) -> Iterator[str]:
        return (bytes(one).decode() for one in self.column)

    def place(self, ring_id: str) -> int:
        """Where an id stands among ours in ascending order; -1 for one that is not there."""
        at = int(np.searchsorted(self.column, np.bytes_(ring_id.encode())))
        return at if at < len(self) and self[at] == ring_id else -1
