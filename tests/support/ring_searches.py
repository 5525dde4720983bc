"""What tests ask of a ring search: columns of everybody, and whether two searches found the same."""

from __future__ import annotations

import numpy as np

from graph.facts.tables import Column, Tables
from graph.rings.projected import in_this_process
from graph.rings.search import RingSearch
from graph.rings.suspicion.store_habits import UnusualGroups, unusual_groups


def of_everybody(found: RingSearch, *names: str) -> list[Column]:
    """Columns of all applicants (A,)."""
    columns = found.everybody.of(np.arange(len(found.applicants)), *names)
    return [columns[name] for name in names]


def same_groups(one: RingSearch, other: RingSearch) -> bool:
    """Whether both found the same groups, suspicion and flags, to the last bit."""
    pairs = [*zip(*(of_everybody(found, "group", "size", "suspicion") for found in (one, other)))]
    pairs += [(getattr(one, name), getattr(other, name)) for name in ("people", "group", "flagged", "spared")]
    return all(a.tobytes() == b.tobytes() for a, b in pairs)


def standing_out_at(tables: Tables, level: float) -> UnusualGroups:
    """The groups that stand out by the store's habits alone."""
    found = in_this_process(tables)
    return unusual_groups(found.everybody, found.sharing, tables.as_of, level)
