"""Last week's rings as columns say of every applicant what the rings say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest

from graph.facts.tables import Column
from graph.model.moments import micros
from graph.model.types import Ring, RingKind
from graph.rings.applicants.rows import ApplicantRows
from graph.rings.weekly.rings_before import RingsBefore
from tests.support.contracts.store_contract import a_snapshot


class People:
    """Some applicants, who are known by their ids alone."""

    def __init__(self, *ids: str) -> None:
        self.ids = sorted(ids)

    def __len__(self) -> int:
        return len(self.ids)

    def places(self, names: Sequence[str]) -> Column:
        return np.array([self.ids.index(who) if who in self.ids else -1 for who in names], np.int64)


def ring_of(ring_id: str, kind: RingKind, *people: str) -> Ring:
    [ring] = a_snapshot(7, 1).rings
    [member] = ring.members
    return replace(
        ring, ring_id=ring_id, kind=kind, members=tuple(replace(member, applicant_id=who) for who in people)
    )


@pytest.mark.parametrize("at_once", [1, 2, 100])
def test_rings_in_any_order_are_numbered_by_their_ids(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graph.rings.weekly.rings_before._AT_ONCE", at_once)
    rings = [
        ring_of("R-2", RingKind.RING, "ann", "gone"),
        ring_of("R-1", RingKind.HOUSEHOLD, "cid"),
        ring_of("R-3", RingKind.KIOSK, "dan", "bob"),
    ]
    before = RingsBefore.of(iter(rings), cast(ApplicantRows, People("ann", "bob", "cid", "dan", "eve")))
    assert [*before.ids] == ["R-1", "R-2", "R-3"]
    assert before.ring_of(np.arange(5)).tolist() == [1, 2, 0, 2, -1]
    assert before.people.tolist() == [0, 1, 2, 3], "who was in none is not held"
    joined: Any = micros(rings[0].members[0].joined_at)
    assert before.joined_of(np.arange(5)).tolist() == [joined, joined, joined, joined, 0]
    assert before.size.tolist() == [1, 2, 2]
    assert before.flagged == {"R-2": rings[0]}
    assert before.with_flag.tolist() == [False, True, False]
    assert before.kind_of("R-3") is RingKind.KIOSK
    assert before.kind_of("R-4") is None
