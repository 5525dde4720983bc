"""Ring snapshots as text: read ring by ring, also those that an older version saved."""

import json
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.journal.snapshots import (
    SnapshotText,
    changes_of,
    has_changes,
    ring_body,
    ring_of,
    snapshot_of,
    snapshot_text,
)
from graph.model.types import RingSnapshot
from tests.support.contracts.store_contract import a_snapshot


def test_changes_without_a_flag_have_none() -> None:
    [change] = changes_of(json.dumps([["R-1", "grown", ["R-1"], 3, 1, 0.6]]))
    assert (change.ring_id, change.joined, change.left, change.flag, change.why) == ("R-1", 3, 1, "", ())


def test_a_ring_without_a_crew_has_none() -> None:
    [ring] = a_snapshot(1, 3).rings
    body = json.loads(ring_body(ring))
    assert body.pop("crew_id") == "R-0"
    old = ring_of("R-1", json.dumps(body), ring.members)
    assert (old.crew_id, old.score, old.members) == ("", ring.score, ring.members)


names = st.text(st.sampled_from('"\\\\[]{}, :a一😀\n'), max_size=5)


@given(names, st.lists(st.tuples(names, st.lists(names, max_size=3)), max_size=4))
def test_rings_and_changes_are_found_in_a_snapshot_whatever_signs_its_names_have(
    name: str, named: list[tuple[str, list[str]]]
) -> None:
    snapshot = a_snapshot(1, 1)
    [ring], [change] = snapshot.rings, snapshot.changes
    rings = [
        replace(
            ring, ring_id=one, members=tuple(replace(ring.members[0], applicant_id=who) for who in people)
        )
        for one, people in named
    ]
    first = {one: tuple(people) for one, people in reversed(named)}
    changes = tuple(replace(change, ring_id=one, from_rings=of, why=of[::-1]) for one, of in first.items())
    given = RingSnapshot(name=name, as_of=snapshot.as_of, rings=tuple(rings), changes=changes)
    body = np.frombuffer(b"".join(snapshot_text(given)), "u1")
    assert snapshot_of(body) == given
    text = SnapshotText.of(body)
    assert text.ids() == [ring.ring_id for ring in text.rings()] == [one for one, _ in named]
    assert (has_changes(body), [*text.without_rings().changes()]) == (bool(changes), [*changes])
    of_all = {change.ring_id: change for change in changes}
    asked = {name, *first, *(who for people in first.values() for who in people)}
    assert {one: text.change(one) for one in asked} == {one: of_all.get(one) for one in asked}


def test_what_ends_too_early_is_no_snapshot() -> None:
    with pytest.raises(ValueError, match="no ring snapshot"):
        snapshot_of(np.frombuffer(b"".join(snapshot_text(a_snapshot(1, 1)))[:200], "u1"))
