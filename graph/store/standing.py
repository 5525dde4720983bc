"""Names in their order while some are replaced: which of some rows' names stand beside one, without sorting
them anew.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Protocol

import numpy as np

from graph.facts.tables import Column


class Others(Protocol):
    """The names among which a new one has to stand."""

    def beside(self, name: str) -> tuple[str, str | None]:
        """The nearest before that name ("" where there is none) and behind it (None)."""

    def ordered(self) -> list[str]:
        """All of them in order, each once."""

    def __contains__(self, name: object, /) -> bool: ...


class Few:
    """Others of whom there are few."""

    def __init__(self, names: Iterable[str], without: str) -> None:
        self._names = {*names} - {without}

    def beside(self, name: str) -> tuple[str, str | None]:
        """As of `Others`."""
        before = max((one for one in self._names if one < name), default="")
        return before, min((one for one in self._names if one > name), default=None)

    def ordered(self) -> list[str]:
        """As of `Others`."""
        return sorted(self._names)

    def __contains__(self, name: object, /) -> bool:
        return name in self._names


class Standing:
    """The names of all rows as they are by now. A row's rank is the place of its name among the old names; of
    a new one the place between two of these.
    """

    def __init__(self, names: Column) -> None:
        self.now: Column = names.copy()
        listed = names.tolist()
        self._row = {name: row for row, name in enumerate(listed)}
        self._sorted = sorted(self._row)
        place = {name: at for at, name in enumerate(self._sorted)}
        self._rank = np.array([place[name] for name in listed], np.float64)

    def rename(self, row: int, new: str) -> None:
        """From here on the row has that name."""
        self._rank[row] = bisect_left(self._sorted, new) - 0.5
        self._row.pop(self.now[row], None)
        self._row[new], self.now[row] = row, new

    def others(self, row: int, rows: Column) -> Others:
        """The names of these rows but that one, among which its new name has to stand."""
        return _Rows(self, row, rows)


class _Rows:
    def __init__(self, all_names: Standing, row: int, rows: Column) -> None:
        self._all, self._row, self._rows = all_names, row, rows

    def beside(self, name: str) -> tuple[str, str | None]:
        rank, mine = self._all._rank[self._rows], self._all._rank[self._row]
        before, behind = rank[rank < mine], rank[rank > mine]
        low = max(self._named(rank == before.max())) if len(before) else ""
        return low, min(self._named(rank == behind.min())) if len(behind) else None

    def ordered(self) -> list[str]:
        return sorted({*self._named(self._rows >= 0)} - {self._all.now[self._row]})

    def __contains__(self, name: object, /) -> bool:
        row = self._all._row.get(str(name), self._row)
        return row != self._row and bool((self._rows == row).any())

    def _named(self, which: Column) -> Iterator[str]:
        yield from self._all.now[self._rows[which]].tolist()
