"""What features look at is worked out in compiled code as in Python: the person, what they hold and with whom, the bonds, everybody's past."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from graph.evidence import Evidence, subject_of
from graph.facts.hubs import REASONS
from graph.features.reading import read
from graph.features.room import SHOP_DEVICE, STRONG_WAYS, WAYS, Reading, room_for
from graph.frame.neighbourhood import UNDATED, Neighbourhood
from graph.frame.of_view import of_evidence
from graph.model import Facts
from graph.moments import micros
from graph.signals import reading as by_python
from graph.tables import KINDS, ROLES
from tests.feature_worlds import made_evidence, odd_evidence
from tests.small_worlds import applies, day, uses
from tests.stores import open_store


def compiled(evidence: Evidence) -> tuple[Neighbourhood, Reading]:
    n = of_evidence(evidence)
    r = room_for(n)
    assert read(n, r)
    return n, r


def names(evidence: Evidence) -> tuple[list[str], list[str]]:
    """The nodes of people and of identifiers, by row."""
    nodes = evidence.graph.nodes(data=True)
    return [node for node, data in nodes if data["type"] == "applicant"], [node for node, data in nodes if data["type"] != "applicant"]


def when(moment: Any) -> int:
    return int(UNDATED) if moment is None else micros(moment)


def agree(evidence: Evidence) -> None:
    (n, r), expected, (people, things) = compiled(evidence), by_python.read(evidence), names(evidence)
    whole = r.whole[0]
    assert {people[p] for p in range(len(people)) if r.people[p]["me"]} == expected.selves
    assert whole["selves"] == len(expected.selves)
    assert {things[row] for row in range(len(things)) if r.shop[row]} == expected.shop_devices
    holds(r, expected, (people, things))
    bonds = [(people[b["person"]], b["weight"], {w for k, w in enumerate(WAYS) if b["ways"] >> k & 1}, b["since"], bool(b["fresh"])) for b in r.bonds]
    assert bonds[: whole["bonds"]] == [(b.person, b.weight, b.groups, micros(b.since), b.fresh) for b in expected.bonds]
    assert whole["strong"] == len(expected.strong)
    assert [bool(b["strong"]) for b in r.bonds[: whole["bonds"]]] == [bool(b["ways"] & STRONG_WAYS) for b in r.bonds[: whole["bonds"]]]
    own = [n.applications[row]["at"] for row in r.own[: whole["own"]]]
    assert own == [micros(a.applied_at) for a in expected.own]
    assert [n.applications[row]["amount"] for row in r.own[: whole["own"]] if n.applications[row]["amount"] >= 0] == [
        a.amount for a in expected.own if a.amount is not None
    ]
    pasts(r, expected, people)


def holds(r: Reading, expected: by_python.Reading, nodes: tuple[list[str], list[str]]) -> None:
    people, things = nodes
    held = {}
    for h in r.held[: r.whole[0]["held"]]:
        others = {
            (people[o["person"]], WAYS[o["way"]], o["since"], o["last"], o["apart"]) for o in r.others[h["other"] : h["other"] + h["others"]]
        }  # fmt: skip
        assert len(others) == h["others"]
        hub = "shop_device" if h["hub"] == SHOP_DEVICE else REASONS[h["hub"]] or None
        said = KINDS[h["kind"]], ROLES[h["role"]], h["since"], h["last"], bool(h["now"]), h["holders"], hub
        held[things[h["identifier"]]] = (*said, others)
    assert held == {
        one.node: (
            one.kind, one.role, when(one.since), when(one.last), one.now, one.holders, one.hub,
            {(o.person, o.group, micros(o.since), micros(o.last), o.apart // by_python.DAY.resolution) for o in one.others},
        )
        for one in expected.held
    }  # fmt: skip


def pasts(r: Reading, expected: by_python.Reading, people: list[str]) -> None:
    for p, node in enumerate(people):
        past = r.people[p]
        tied = {people[q] for q in range(len(people)) if r.tied[p, q]}
        assert tied == (expected.projection.get(node, frozenset()) if node == expected.me or node not in expected.selves else set())
        assert bool(past["grouped"]) == (node in expected.group)
        if node in expected.selves:
            continue
        one = expected.people[node]
        assert [past[name] for name in ("bad", "good", "rejected", "decided", "late", "defaulted")] == [
            one.bad, one.good, one.rejected, one.decided, one.late, one.defaulted,
        ]  # fmt: skip
        assert past["first"] == when(one.first)
        bond = next((place for place, b in enumerate(expected.bonds) if b.person == node), -1)
        assert (past["bond"], bool(past["coherent"])) == (bond, node in expected.coherent)
        assert bool(past["strong"]) == (bond >= 0 and bool(expected.bonds[bond].groups & by_python.STRONG))
    assert r.whole[0]["group"] == len(expected.group)


@given(st.integers(0, 2**32), st.integers(1, 14), st.integers(1, 60))
@settings(max_examples=30, deadline=None)
def test_an_odd_world_is_read_as_in_python(seed: int, people: int, loans: int) -> None:
    for evidence in odd_evidence(random.Random(seed), people=people, loans=loans):
        agree(evidence)


def test_a_made_world_is_read_as_in_python() -> None:
    for evidence in made_evidence():
        agree(evidence)


def test_the_worlds_show_persons_of_several_ids_shop_devices_and_groups() -> None:
    readings = [by_python.read(e) for e in (*odd_evidence(random.Random(1), 40, people=20, loans=60), *made_evidence())]
    assert sum(len(r.selves) > 1 for r in readings) > 5
    assert sum(len(r.group) > 1 for r in readings) > 5
    assert any(len(r.own) > 1 and len(r.selves) > 1 for r in readings)


def test_a_shops_own_device_is_told_from_a_device_of_a_crew(tmp_path: Path) -> None:
    """Of six users of each device, five, four, three came to one shop; the one who asks counts with where they ask now."""
    with open_store(tmp_path / "shops.db") as store:
        for device, there in (("d5", 5), ("d4", 4), ("d3", 3)):
            came = [applies(f"{device}{n}", n, uses("device", device), merchant_id="M1" if n < there else f"N{n}") for n in range(5)]
            store.add(Facts(applications=tuple(came)))
            for shop in ("M1", "M2", None):
                asked = applies(f"{device}x", 9, uses("device", device), merchant_id=shop)
                agree(evidence := store.view(day(9)).evidence_of(subject_of(asked)))
                assert bool(compiled(evidence)[1].shop[0]) == (there + (shop == "M1") >= 5)


def test_room_that_is_too_small_is_said() -> None:
    small, large = (of_evidence(odd_evidence(random.Random(3), 1, people=size, loans=3 * size)[0]) for size in (1, 20))
    assert read(large, room_for(large))
    assert not read(large, room_for(small))
