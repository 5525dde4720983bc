"""Rings and changes that wait in a file are what they were, and crews keep their names beside any others."""

from dataclasses import replace
from datetime import timedelta
from typing import cast

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from graph.model.types import RingChange
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.weekly.crews import crew_names, named
from graph.rings.weekly.found_rings import FoundRings
from graph.rings.weekly.rings_before import RingsBefore
from tests.support.contracts.store_contract import a_snapshot

[RING] = a_snapshot(7, 1).rings
KINDS = ("ring", "household")


class Nobody:
    """No applicants."""

    def __len__(self) -> int:
        return 0

    def places(self, names):
        return np.full(len(names), -1)


def born(ring_id):
    return RingChange(ring_id=ring_id, change="born", from_rings=(), joined=3, left=0, jaccard=0.1)


def found_rings(ids):
    found = FoundRings(len(ids), 3)
    for number in reversed(range(len(ids))):
        first_seen = RING.first_seen + timedelta(days=number % 2)
        ring = replace(RING, ring_id=ids[number], first_seen=first_seen, score=number % 3 / 4)
        found.add(number, ring, born(ids[number]))
    return found


def test_rings_come_by_score_and_changes_by_id_in_whatever_order_they_were_kept():
    found = found_rings(["R-3", "R-一", "R-20", "R-1"])
    found.add_gone([replace(born("R-2"), change="dissolved", from_rings=("R-1", "R-3"))])
    assert [ring.ring_id for ring in found.worst_first({})] == ["R-20", "R-一", "R-1", "R-3"]
    assert [ring.crew_id for ring in found.worst_first({"R-1": "R-3"})] == ["R-20", "R-一", "R-3", "R-3"]
    changes = list(found.changes())
    assert [change.ring_id for change in changes] == ["R-1", "R-2", "R-20", "R-3", "R-一"]
    assert changes == list(found.changes())
    assert changes[1].from_rings == ("R-1", "R-3")


@example([0, 1, 2], {1: 2})  # the crew of one is called like a ring that lives elsewhere now
@given(
    st.lists(st.integers(0, 5), min_size=1, max_size=8),
    st.dictionaries(st.integers(0, 12), st.integers(0, 12), max_size=8),
)
def test_a_crew_is_called_as_if_all_rings_were_looked_at(crew, was):
    ids = [f"R-{n}" for n in range(len(crew))]
    rings = [replace(RING, ring_id=f"R-{n}", crew_id=f"R-{of}", members=()) for n, of in was.items()]
    found, before = found_rings(ids), RingsBefore.of(rings, cast(ApplicantRows, Nobody()))
    heads = [found.head(number) for number in range(len(ids))]
    of_all = named(heads, crew, {ring.ring_id: ring.crew_id for ring in rings})
    some = crew_names(found, np.array(crew), before)
    assert {name: some.get(name, name) for name in ids} == of_all
