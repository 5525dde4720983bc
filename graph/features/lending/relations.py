"""Relations of the subject's keys in compiled code: how many identifiers were used with a key, and when the
latest new one came.
"""

from __future__ import annotations

from datetime import timedelta

import numpy as np

from graph.facts.tables import KINDS, Column
from graph.features.lending.counts import key_bit
from graph.features.lending.grammar import RELATIONS, WINDOWS, Variable
from graph.features.lending.keys import OWN
from graph.features.workspace import DAY
from graph.frame.neighbourhood import Neighbourhood
from graph.kernels.compiled import inner


def relation_plan(wanted: list[Variable]) -> Column:
    """The plan (V, 3) int64 of variables of the families `relation` and `change` that count identifiers: bit
    of the key, kind, and the window in microseconds, 0 for `change`.
    """
    rows = []
    for one in wanted:
        relation = RELATIONS[one.key]
        assert relation is not None, one
        key, kind = relation
        span = WINDOWS.get(one.window, timedelta()) // timedelta(microseconds=1)
        rows.append((key_bit(key), KINDS.index(kind), span))
    return np.array(rows, np.int64).reshape(-1, 3)


@inner
def fill_relations(wanted: Column, n: Neighbourhood, under: Column, row: Column) -> None:
    """Write the variables into `row` (V,) float64. NaN: nothing at all is known under the key; of a change
    also where nothing of that kind was ever used with it.
    """
    as_of, key, kind = n.subject[0].as_of, np.int64(-1), np.int64(-1)
    spans, known = np.empty((0, 2), np.int64), False
    for place in range(len(wanted)):
        if wanted[place, 0] != key or wanted[place, 1] != kind:
            key, kind = wanted[place, 0], wanted[place, 1]
            spans, known = _spans(n, under, key, kind)
        if not known:
            row[place] = np.nan
        elif wanted[place, 2]:
            row[place] = np.sum(spans[:, 1] >= as_of - wanted[place, 2])
        else:
            row[place] = (as_of - np.max(spans[:, 0])) // DAY if len(spans) else np.nan


@inner
def _spans(n: Neighbourhood, under: Column, key: int, kind: int) -> tuple[Column, bool]:
    """First and latest use (D, 2) of each identifier of that kind that applications under a key name as the
    applicant's own, and whether there is any such application.
    """
    size, known = 0, False
    for row in range(len(under)):
        size += n.applications[row].mentions if under[row] & key else 0
        known |= under[row] & key != 0
    ids, at, count = np.empty(size, np.int64), np.empty(size, np.int64), 0
    for row in range(len(under)):
        if under[row] & key:
            one = n.applications[row]
            for place in range(one.mention, one.mention + one.mentions):
                mention = n.mentions[place]
                if mention.kind == kind and mention.role == OWN and mention.linking:
                    ids[count], at[count] = mention.id, one.at
                    count += 1
    order = np.argsort(ids[:count], kind="mergesort")
    spans, distinct = np.empty((count, 2), np.int64), 0
    for place in range(count):
        number = order[place]
        if place == 0 or ids[number] != ids[order[place - 1]]:
            spans[distinct, 0] = spans[distinct, 1] = at[number]
            distinct += 1
        spans[distinct - 1, 0] = min(spans[distinct - 1, 0], at[number])
        spans[distinct - 1, 1] = max(spans[distinct - 1, 1], at[number])
    return spans[:distinct], known
