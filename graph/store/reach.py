"""Who can meet whom in one answer: people within so many sharing steps, in the columns of a whole store."""

from __future__ import annotations

import numpy as np

from graph.facts.lists import Lists
from graph.facts.tables import Column, Tables
from graph.kernels.compiled import compiled

STEPS = 4  # two people of one neighbourhood are at most so far from each other: two steps from its subject
FIRST = 64  # of an identifier's holders: with more of them before a moment it was a hub, and led nowhere
OWN = 1_000  # holders of an identifier of one's own, whose applications an answer may count one by one
MOST = 1_000  # people at most, the nearest first


class Reach:
    """Who shares what with whom in a store, whatever the time."""

    def __init__(self, tables: Tables) -> None:
        people, things = len(tables.applicant_ids), len(tables.identifiers["token"])
        person, thing = tables.ties["applicant"].astype(np.int64), tables.ties["identifier"].astype(np.int64)
        once = np.unique(person * max(things, 1) + thing)
        self._of_person = Lists(once // max(things, 1), once % max(things, 1), people)
        self._of_thing = Lists(thing, person, things)
        a, b = tables.events["applicant"].astype(np.int64), tables.events["counterparty"].astype(np.int64)
        dealt = b >= 0
        pairs = np.concatenate([a[dealt], b[dealt]]), np.concatenate([b[dealt], a[dealt]])
        self._dealt = Lists(*pairs, people)
        self._looks, self._seen = 0, np.zeros(people, np.int64)
        self._found = np.empty(MOST + 1, np.int64)

    def things(self, people: Column) -> Column:
        """The rows of the identifiers that these people are tied to, one person after the other."""
        return self._of_person.of(people)

    def holders(self, thing: int) -> Column:
        """The rows of the people tied to an identifier, each once."""
        return np.unique(self._of_thing[thing])

    def around(self, person: int) -> Column:
        """The rows of whom that person can meet, without them, the nearest first."""
        self._looks += 1
        lists = (self._of_person, self._of_thing, self._dealt)
        columns = tuple(column for one in lists for column in (one.values, one.ends))
        count = _around(person, columns, (self._seen, self._looks), self._found)
        return self._found[1:count].copy()


@compiled
def _around(person: int, columns: tuple[Column, ...], seen_by: tuple[Column, int], found: Column) -> int:
    """How many rows of `found` are filled, the person's own first; `seen_by`: who was met in which look."""
    things, things_end, holders, holders_end, dealt, dealt_end = columns
    seen, look = seen_by
    seen[person], found[0] = look, person
    begin, end = 0, 1
    for step in range(STEPS):
        first, last = OWN if step == 0 else FIRST, end
        for at in range(begin, last):
            one = found[at]
            for t in range(things_end[one], things_end[one + 1]):
                low = holders_end[things[t]]
                for k in range(low, min(holders_end[things[t] + 1], low + first)):
                    if end > MOST:
                        return end
                    if seen[holders[k]] != look:
                        seen[holders[k]], found[end] = look, holders[k]
                        end += 1
            for k in range(dealt_end[one], dealt_end[one + 1]):
                if end > MOST:
                    return end
                if seen[dealt[k]] != look:
                    seen[dealt[k]], found[end] = look, dealt[k]
                    end += 1
        begin = last
    return end
