"""A neighbourhood says in arrays what a view's evidence says in objects: nothing is lost, and nothing depends
on the order of delivery.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from graph.facts.fraud_labels import by_person
from graph.facts.hubs import REASONS
from graph.facts.tables import KINDS, ROLES, STATUSES
from graph.frame.from_view import neighbourhood_of
from graph.frame.neighbourhood import (
    EVENT_KINDS,
    LENDER_BANK,
    LENDER_KNOWN,
    LENDER_OWN,
    NOBODY,
    OTHER,
    UNDATED,
    Neighbourhood,
)
from graph.model.moments import moment
from graph.model.types import (
    Application,
    Facts,
    LabelValue,
    Platform,
    PlatformType,
    Ring,
    RingKind,
    RingMember,
    RingSnapshot,
)
from graph.store.evidence import Evidence, Subject, subject_of
from graph.store.port import GraphStore
from tests.support.oracles.neighbourhoods import assert_alike
from tests.support.small_worlds import applies, before, day, does, fraud, random_facts, shuffled, uses
from tests.support.stores import open_store


def a_ring(*members: str) -> RingSnapshot:
    """A snapshot of one flagged ring, its first member the core."""
    placed = tuple(
        RingMember(
            applicant_id=who,
            role="member" if n else "core",
            joined_at=day(1),
            distance_to_core=bool(n),
            strength=1.0,
        )
        for n, who in enumerate(members)
    )
    ring = Ring(
        ring_id="R1", kind=RingKind.RING, score=0.7, state="open", first_seen=day(1), last_seen=day(9),
        confirmed_bad=1, suspected=2, bad_rate=0.25, exposure=1.0, shared_by_kind={}, hubs_ignored=0,
        density=1.0, burst_days=1.0, platforms=1, reason_codes=(), members=placed,
    )  # fmt: skip
    return RingSnapshot(name="W1", as_of=day(20), rings=(ring,))


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GraphStore]:
    with open_store(tmp_path_factory.mktemp("store") / "small.db") as opened:
        opened.add(random_facts(3))
        opened.save_rings(a_ring("p003", "p007", "p011"))
        yield opened


@pytest.fixture(scope="module")
def evidences(store: GraphStore) -> list[Evidence]:
    request = sorted(store.view(day(90)).applications(day(0)), key=lambda a: a.application_id)[::3]
    of_loans = [
        store.view(a.applied_at + timedelta(days=days)).evidence_of(subject_of(a))
        for a in request
        for days in (0, 30)
    ]
    return of_loans + [
        store.view(day(60)).evidence_of(Subject(applicant_id=f"p{n:03d}")) for n in range(0, 30, 3)
    ]


def when(value: int) -> datetime | None:
    return None if value == UNDATED else moment(int(value))


def number(value: float) -> float | None:
    return None if value != value else float(value)


def flag(value: int) -> bool | None:
    return None if value < 0 else bool(value)


class Names(dict[int, Any]):
    """Which thing a number stands for: it must be the same one each time, and another number another one."""

    def is_of(self, value: int, thing: Any) -> bool:
        if thing is None:
            return value == NOBODY
        return self.setdefault(int(value), thing) == thing and list(self.values()).count(thing) == 1


def test_a_walk_is_read_back(evidences: list[Evidence]) -> None:
    for e in evidences:
        n = neighbourhood_of(e)
        nodes = [f"applicant:{who}" for who in everybody(e)]
        things = [node for node, data in e.graph.nodes(data=True) if data["type"] != "applicant"]
        inside = int(n.subject["people"][0])
        assert [(node, e.graph.nodes[node]["step"]) for node in nodes[:inside]] == [
            (node, data["step"]) for node, data in e.graph.nodes(data=True) if data["type"] == "applicant"
        ]
        assert n.people["step"].tolist() == [e.graph.nodes[node]["step"] for node in nodes[:inside]] + [
            -1
        ] * (len(nodes) - inside)
        assert [who for _, who in sorted(zip(n.people["name_rank"].tolist(), nodes))] == sorted(nodes)
        reported = [
            (KINDS[row["kind"]], row["holders"], REASONS[row["hub"]] or None, bool(row["linking"]))
            for row in n.identifiers
        ]  # fmt: skip
        assert reported == [
            (d["identifier"].kind, d["holders"], d["hub"], d["identifier"].linking)
            for d in (e.graph.nodes[node] for node in things)
        ]
        devices = [e.devices.get(e.graph.nodes[node]["identifier"]) for node in things]
        flags = [(d.is_emulator, d.is_rooted) if d else (None, None) for d in devices]
        assert [(flag(row["emulator"]), flag(row["rooted"])) for row in n.identifiers] == flags
        ties = [
            (nodes[t["person"]], things[t["identifier"]], ROLES[t["role"]], when(t["since"]), when(t["last"]))
            for t in n.ties
        ]
        assert ties == [
            (a, b, tie["role"], tie["since"], tie["last"])
            for b in things
            for a, tie in e.graph.adj[b].items()
        ]
        for row, person in enumerate(n.people):
            mine = n.ties_of[person["tie"] : person["tie"] + person["ties"]].tolist()
            assert mine == [place for place, tie in enumerate(n.ties) if tie["person"] == row]
        for row, thing in enumerate(n.identifiers):
            assert all(
                n.ties[place]["identifier"] == row
                for place in range(thing["tie"], thing["tie"] + thing["ties"])
            )
        dealings = {(nodes[d["a"]], nodes[d["b"]], when(d["since"]), when(d["last"])) for d in n.dealings}
        people = set(nodes[:inside])
        edges = [(a, b, stated) for a, b, stated in e.graph.edges(data=True) if a in people and b in people]
        assert dealings == {
            (*sorted((a, b), key=nodes.index), stated["since"], stated["last"]) for a, b, stated in edges
        }
        assert bool(n.subject["truncated"][0]) == e.graph.graph["truncated"]
        assert n.subject["hubs_ignored"][0] == e.graph.graph["hubs_ignored"]


def everybody(e: Evidence) -> list[str]:
    inside = [
        node.partition(":")[2] for node, data in e.graph.nodes(data=True) if data["type"] == "applicant"
    ]
    return list(dict.fromkeys([*inside, *(a.applicant_id for a in (*e.at_merchant, *e.at_agent))]))


def test_applications_and_what_became_of_them_are_read_back(evidences: list[Evidence]) -> None:
    for e in evidences:
        n, people = neighbourhood_of(e), everybody(e)
        request = [e.subject.application] if e.subject.application else []
        inside = people[: int(n.subject["people"][0])]
        there = {name: getattr(e, name) for name in ("at_merchant", "at_agent", "elsewhere")}
        created = [
            *request,
            *(a for who in inside for a in e.applications.get(who, ())),
            *(a for each in there.values() for a in each),
        ]
        assert len(created) == len(n.applications) == n.subject["applications"][0]
        for row, who in zip(n.people, inside):
            assert row["applications"] == len(e.applications.get(who, ()))
        for name, each in there.items():
            start, size = int(n.subject[name][0]), int(n.subject[f"{name}_n"][0])
            assert created[start : start + size] == list(each)
        names = [Names() for _ in range(4)]
        for row, a in zip(n.applications, created, strict=True):
            read_back(n, e, (row, a), names)


def read_back(n: Neighbourhood, e: Evidence, reported: tuple[Any, Application], names: list[Names]) -> None:
    row, a = reported
    people, words, loans, identifiers = names
    assert when(row["at"]) == a.applied_at
    numbers = [number(row[name]) for name in ("amount", "term_months", "face_match", "liveness")]
    assert numbers == [a.amount, a.term_months, a.face_match, a.liveness]
    assert loans.is_of(row["id"], a.application_id)
    assert people.is_of(row["applicant"], a.applicant_id)
    assert row["person"] == (everybody(e).index(a.applicant_id) if a.applicant_id in everybody(e) else NOBODY)
    for name in ("platform", "merchant", "agent", "product", "city"):
        assert words.is_of(
            row[name], getattr(a, f"{name}_id" if name in ("platform", "merchant", "agent") else name)
        )
    assert (flag(row["three_element"]), flag(row["new_citizen"])) == (a.phone_three_element, a.new_citizen)
    assert (None if row["birth_year"] == NOBODY else row["birth_year"]) == a.birth_year
    lender = e.platforms.get(a.platform_id)
    bits = [bool(row["lender"] & bit) for bit in (LENDER_KNOWN, LENDER_BANK, LENDER_OWN)]
    assert bits == [lender is not None, bool(lender and lender.type.is_bank), bool(lender and lender.is_own)]
    things = [data["identifier"] for _, data in e.graph.nodes(data=True) if data["type"] != "applicant"]
    mentions = n.mentions[row["mention"] : row["mention"] + row["mentions"]]
    for mention, (identifier, role) in zip(mentions, a.mentions, strict=True):
        assert identifiers.is_of(mention["id"], identifier.node)
        assert mention["identifier"] == (things.index(identifier) if identifier in things else NOBODY)
        assert (KINDS[mention["kind"]], ROLES[mention["role"]], bool(mention["linking"])) == (
            identifier.kind,
            role,
            identifier.linking,
        )
    steps = n.outcomes[row["outcome"] : row["outcome"] + row["outcomes"]]
    became = [] if a is e.subject.application else e.outcomes.get(a.application_id, ())
    assert [(STATUSES[o["status"]], when(o["at"]), number(o["amount"])) for o in steps] == [
        (o.status, o.at, o.amount) for o in became
    ]


def test_labels_rings_and_events_are_read_back(evidences: list[Evidence]) -> None:
    for e in evidences:
        n, people, loans = neighbourhood_of(e), everybody(e), Names()
        ids = dict(zip(n.applications["id"].tolist(), range(len(n.applications))))
        for row, who in zip(n.people, people, strict=True):
            labels = n.labels[row["label"] : row["label"] + row["labels"]]
            about = e.labels.get(who, ())
            assert all(
                loans.is_of(label["loan"], given.application_id) for label, given in zip(labels, about)
            )
            assert [(when(x["known_at"]), bool(x["fraud"]), bool(x["by_person"])) for x in labels] == [
                (x.known_at, x.label is LabelValue.FRAUD, by_person(x.source)) for x in about
            ]
            result = e.memberships.get(who)
            ring = n.rings[row["ring"]] if row["ring"] >= 0 else None
            assert bool(row["core"]) == (result is not None and result.member.role == "core")
            assert (ring is not None) == (result is not None)
            if ring is not None and result is not None:
                stated = result.ring.score, result.ring.bad_rate, result.size, result.ring.kind.flagged
                assert (ring["score"], ring["bad_rate"], ring["size"], bool(ring["flagged"])) == stated
        assert {loan for loan in n.labels["loan"].tolist() if loan in ids} <= set(loans)
        received = int(n.subject["received"][0])
        reported = [
            (EVENT_KINDS[x["kind"]] if x["kind"] != OTHER else None, when(x["at"]), number(x["amount"]))
            for x in n.events
        ]
        kinds = [
            (x.kind if x.kind in EVENT_KINDS else None, x.at, x.amount) for x in (*e.events, *e.received)
        ]
        assert (reported, received) == (kinds, len(e.events))
        others = Names()
        assert all(others.is_of(row["other"], x.counterparty_id) for row, x in zip(n.events, e.events))
        assert all(
            others.is_of(row["other"], x.applicant_id) for row, x in zip(n.events[received:], e.received)
        )


def test_something_of_everything_was_read_back(evidences: list[Evidence]) -> None:
    sizes = {
        name: sum(len(getattr(neighbourhood_of(e), name)) for e in evidences)
        for name in Neighbourhood._fields
    }
    assert min(sizes.values()) > 0, sizes
    assert any(neighbourhood_of(e).subject["outsiders"][0] for e in evidences)
    assert any((neighbourhood_of(e).labels["loan"] >= 0).any() for e in evidences)


def test_applications_by_people_beyond_the_bound_are_told_apart(tmp_path: Path) -> None:
    crowd = [
        applies(f"p{n:02d}", n / 10, uses("device", "tablet"), application_id=f"a{n:02d}") for n in range(40)
    ]
    with open_store(tmp_path / "crowd.db") as store:
        store.add(
            Facts(applications=tuple(crowd), platforms=(Platform(platform_id="L1", type=PlatformType.P2P),))
        )
        request = applies("ann", 10, uses("device", "tablet"))
        evidence = store.view(day(10)).evidence_of(subject_of(request))
        n = neighbourhood_of(evidence)
    beyond = n.applications[int(n.subject["elsewhere"][0]) :]
    assert len(beyond) == n.subject["elsewhere_n"][0] == len(evidence.elsewhere) > 0
    assert set(beyond["person"].tolist()) == {NOBODY}
    assert not set(beyond["applicant"].tolist()) & set(n.people["id"].tolist())


def test_the_order_of_delivery_and_the_future_change_nothing(tmp_path: Path) -> None:
    facts = random_facts(8)
    request = [a for a in facts.applications if a.applied_at > day(25)][:12]
    with open_store(tmp_path / "one.db") as one, open_store(tmp_path / "other.db") as other:
        one.add(facts)
        other.add(shuffled(before(facts, day(45)), 1))
        for a in request:
            at = min(a.applied_at, day(45))
            ways = [neighbourhood_of(store.view(at).evidence_of(subject_of(a))) for store in (one, other)]
            assert_alike(*ways)


def test_two_neighbourhoods_that_differ_are_told_apart(store: GraphStore) -> None:
    facts = Facts(
        applications=(applies("x1", 1, uses("device", "xd")), applies("x2", 2, uses("device", "xd"))),
        events=(does("x1", "transfer", 3, counterparty_id="x2", amount=5.0),),
    )
    store.add(facts)
    request = applies("x1", 9, uses("device", "xd"))
    early = neighbourhood_of(store.view(day(9)).evidence_of(subject_of(request)))
    store.add(Facts(labels=(fraud("x2@2", 5),)))
    late = neighbourhood_of(store.view(day(9)).evidence_of(subject_of(request)))
    assert_alike(early, early)
    with pytest.raises(AssertionError, match="labels"):
        assert_alike(early, late)
