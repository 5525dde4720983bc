"""Signals that compiled code works out over a neighbourhood equal those of the Python that says what they mean, to the bit."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numba import njit

from graph import signals
from graph.evidence import Evidence, subject_of
from graph.features import behaviour, company, holders, merchant, phones, ring, sharing
from graph.features.reading import read
from graph.features.registry import Family
from graph.features.room import Reading, room_for
from graph.frame.neighbourhood import Neighbourhood, room
from graph.frame.of_view import of_evidence
from tests.feature_worlds import made_evidence, odd_evidence
from tests.small_worlds import before, day, random_facts, shuffled
from tests.stores import open_store

Fill = Callable[[Neighbourhood, Reading, Any], None]
FAMILIES: dict[str, tuple[Family, Fill]] = {
    "ring": (ring.RING, ring.fill),
    "company": (company.COMPANY, company.fill),
    "sharing": (sharing.SHARING, sharing.fill),
    "phones": (phones.PHONES, phones.fill),
    "holders": (holders.HOLDERS, holders.fill),
    "merchant": (merchant.MERCHANT, merchant.fill),
    "behaviour": (behaviour.BEHAVIOUR, behaviour.fill),
}
ALL = [one for family, _ in FAMILIES.values() for one in family]


def known(row: Any) -> list[float | None]:
    return [None if np.isnan(value) else float(value) for value in row]


def row_of(fill: Fill, family: Family, n: Neighbourhood, r: Reading) -> list[float | None]:
    row = np.full(len(family) + 1, -7.0)
    fill(n, r, row)
    assert row[-1] == -7.0
    return known(row[:-1])


def whole_row(n: Neighbourhood, r: Reading) -> list[float | None]:
    assert read(n, r)
    return [value for family, fill in FAMILIES.values() for value in row_of(fill, family, n, r)]


def agree(evidence: Evidence) -> None:
    n = of_evidence(evidence)
    r = room_for(n)
    expected = {one.name: one.value for one in signals.compute(evidence)}
    assert dict(zip([one.name for one in ALL], whole_row(n, r), strict=True)) == expected


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_every_signal_of_an_odd_world_is_what_it_means(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_every_signal_of_a_made_world_is_what_it_means() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_the_worlds_show_every_signal_as_not_known_as_none_and_as_several() -> None:
    seen: dict[str, set[float | None]] = {}
    for evidence in (*odd_evidence(random.Random(1), 120, people=20, loans=80), *made_evidence()):
        for one in signals.compute(evidence):
            seen.setdefault(one.name, set()).add(one.value)
    poor = [one.name for family, _ in FAMILIES.values() for one in family if len(seen[one.name] - {None}) < 2]
    assert poor == []


def test_the_features_are_the_signals_of_the_catalogue_in_its_order() -> None:
    assert [one.name for one in ALL] == list(signals.SIGNALS)
    assert all(one.said is signals.SIGNALS[one.name] for one in ALL)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_is_written_as_each_of_its_functions_says_alone(name: str) -> None:
    family, fill = FAMILIES[name]
    alone = each_alone(family)
    for evidence in odd_evidence(random.Random(7), 6, people=12, loans=60):
        n = of_evidence(evidence)
        r = room_for(n)
        assert read(n, r)
        together = row_of(fill, family, n, r)
        assert row_of(alone, family, n, r) == together


def each_alone(family: Family) -> Fill:
    """A function that calls those of the registry one by one, in its order."""
    names = {f"feature_{k}": one.measure for k, one in enumerate(family)}
    lines = [f"    into[{k}] = feature_{k}({', '.join(['n', 'r', *map(str, one.given)])})" for k, one in enumerate(family)]
    exec("\n".join(["def alone(n, r, into):", *lines]), names)
    return njit(names["alone"])  # type: ignore[no-any-return]


def test_one_room_serves_one_subject_after_the_other() -> None:
    several = [of_evidence(e) for e in odd_evidence(random.Random(11), 8, people=12, loans=60)]
    shared = room_for(room(several[0].zone))
    for n in several * 2:
        assert whole_row(n, shared) == whole_row(n, room_for(n))


def test_what_happens_later_changes_nothing(tmp_path: Path) -> None:
    facts = random_facts(8)
    asked = [a for a in facts.applications if a.applied_at > day(20)][:12]
    with open_store(tmp_path / "one.db") as one, open_store(tmp_path / "other.db") as other:
        one.add(facts)
        other.add(shuffled(before(facts, day(35)), 1))
        for a in asked:
            at = min(a.applied_at, day(35))
            ways = [of_evidence(store.view(at).evidence_of(subject_of(a))) for store in (one, other)]
            rows = [whole_row(n, room_for(n)) for n in ways]
            assert rows[0] == rows[1]
