"""Who can meet whom in one answer: people within so many sharing steps, in the columns of a whole store."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from graph.facts.tables import Column, Tables

STEPS = 4  # two people of one neighbourhood are at most so far from each other: two steps from its subject
FIRST = 64  # of an identifier's holders: with more of them before a moment it was a hub, and led nowhere
OWN = 1_000  # holders of an identifier of one's own, whose applications an answer may count one by one
MOST = 1_000  # people at most, the nearest first


class Reach:
    """Who shares what with whom in a store, whatever the time."""

    def __init__(self, tables: Tables) -> None:
        person, thing = tables.ties["applicant"].astype(np.int64), tables.ties["identifier"].astype(np.int64)
        self._of_person = _Lists(person, thing, len(tables.applicant_ids))
        self._of_thing = _Lists(thing, person, len(tables.identifiers["kind"]))
        a, b = tables.events["applicant"].astype(np.int64), tables.events["counterparty"].astype(np.int64)
        dealt = b >= 0
        pairs = np.concatenate([a[dealt], b[dealt]]), np.concatenate([b[dealt], a[dealt]])
        self._dealt = _Lists(*pairs, len(tables.applicant_ids))

    def things(self, person: int) -> Column:
        """The rows of the identifiers that somebody is tied to, each once."""
        return np.unique(self._of_person[person])

    def holders(self, thing: int) -> Column:
        """The rows of the people tied to an identifier, each once."""
        return np.unique(self._of_thing[thing])

    def around(self, person: int) -> set[int]:
        """The rows of whom that person can meet, without them."""
        met, frontier = {person}, [person]
        for step in range(STEPS):
            reached: list[int] = []
            for one in frontier:
                for other in self._next(one, OWN if step == 0 else FIRST):
                    if len(met) > MOST:
                        return met - {person}
                    if other not in met:
                        met.add(other)
                        reached.append(other)
            frontier = reached
        return met - {person}

    def _next(self, person: int, first: int) -> Iterator[int]:
        for thing in self.things(person):
            yield from self._of_thing[int(thing)][:first].tolist()
        yield from self._dealt[person].tolist()


class _Lists:
    """The values of each key, in the order in which they are given (ties: the oldest first)."""

    def __init__(self, keys: Column, values: Column, size: int) -> None:
        order = np.argsort(keys, kind="stable")
        self._values = values[order]
        self._ends = np.searchsorted(keys[order], np.arange(size + 1))

    def __getitem__(self, key: int) -> Column:
        return self._values[self._ends[key] : self._ends[key + 1]]
