"""Rings that belong together are one crew, and companions of known frauds belong to their ring or, where the
budget for honest people ends, to its crew.
"""

from collections import namedtuple
from types import SimpleNamespace

import numpy as np
import pytest

from graph.model.moments import DAY
from graph.model.types import Facts, Role
from graph.rings.applicants.everybody import held_everybody
from graph.rings.applicants.labelled import LabelledApplicants
from graph.rings.error_shares import HONEST_BUDGET
from graph.rings.links.rows import HeldLinks
from graph.rings.projected import in_this_process
from graph.rings.search import PreviousFlags, search
from graph.rings.sharing.incidence import Incidence, incidence_of
from graph.rings.sharing.rows import HeldSharing
from graph.rings.suspicion.companions import NOBODY, companion_suspicion, companions
from graph.rings.weekly.crews import crew_ties, named
from graph.rings.weekly.snapshot import snapshot_of
from investigations.review.flag_words import why
from tests.support.small_worlds import PLATFORMS, applies, day, fraud, uses
from tests.support.worlds.rings import AS_OF, both, half_known_crews, honest, town

Dated = namedtuple("Dated", "ring_id first_seen flagged")
NONE = np.zeros(0, np.int64)
NOTHING_SHARED = Incidence(NONE, NONE, NONE, np.zeros(1, np.int64), NONE, NONE, NONE, NONE, NONE)


def a_ring(ring_id, first=1, flagged=True):
    return Dated(ring_id, day(first), flagged)


def test_pieces_of_a_crew_are_called_alike_and_a_crew_keeps_its_name():
    rings = [a_ring("R-a", 5), a_ring("R-b", 2), a_ring("R-c")]
    first = named(rings, [0, 0, 2], {})
    assert first == {"R-a": "R-b", "R-b": "R-b", "R-c": "R-c"}
    # R-b is gone: its crew is still called so
    assert named([a_ring("R-a", 5), a_ring("R-c")], [0, 1], first) == {"R-a": "R-b", "R-c": "R-c"}
    # and when it is another's name, it is not
    assert named(rings, [0, 1, 2], first) == {"R-a": "R-a", "R-b": "R-b", "R-c": "R-c"}


def test_a_crew_is_called_like_a_flagged_ring_and_who_leaves_it_like_themselves():
    left = a_ring("R-left", 1, flagged=False)
    first = named([left, a_ring("R-ring", 9)], [0, 0], {})
    assert first == {"R-left": "R-ring", "R-ring": "R-ring"}
    assert named([left], [0], first) == {"R-left": "R-left"}


def test_an_intermediarys_clients_in_two_rings_are_one_crew(tmp_path):
    def clients(name, on):
        shared = (uses("device", f"rig-{name}"), uses("bank_card", f"purse-{name}"))
        return [
            applies(f"{name}{n}", on + n / 4, *shared, agent_id="A1", face_match=0.55, liveness=0.5)
            for n in range(6)
        ]

    created = (*clients("east", 100), *clients("west", 150))
    labels = tuple(fraud(a.application_id, 190) for a in created)
    week = review(tmp_path, both(honest(families=40), Facts(applications=created, labels=labels)))
    flagged = [ring for ring in week.rings if ring.kind.flagged]
    assert {m.applicant_id for ring in flagged for m in ring.members} == {a.applicant_id for a in created}
    assert len({ring.crew_id for ring in flagged}) == 1


def review(path, facts, budget=HONEST_BUDGET):
    with town(path / "t.db", facts) as store:
        found = search(in_this_process(store.view(AS_OF).tables()), PreviousFlags(honest_budget=budget))
    return snapshot_of(found, "now", AS_OF)


def two_pieces(links, apart):
    """A search with two flagged groups that so many links were cut between, the second `apart` days later."""
    cut = SimpleNamespace(a=np.arange(links), b=np.arange(links) + 5, weight=np.full(links, 0.06))
    none = dict.fromkeys(("agent", "applicant"), np.zeros(0, np.int64))
    nobody, group = np.zeros(10, bool), np.repeat([0, 5], 5)
    columns = {"suspicion": np.ones(10), "group": group, "size": np.full(10, 5)}
    known = LabelledApplicants(*[nobody] * 6, since=np.repeat([0, apart * DAY], 5))
    return SimpleNamespace(
        links=HeldLinks(cut, 10),
        sharing=SimpleNamespace(of=lambda _: NOTHING_SHARED),
        everybody=held_everybody(group, columns),
        people=np.arange(10),
        group=group,
        in_flagged=~nobody,
        flagged_people=np.arange(10),
        flagged=np.array([0, 5]),
        applicants=SimpleNamespace(facts_of=lambda _: SimpleNamespace(applications=none)),
        known=known,
    )


@pytest.mark.parametrize(("links", "apart", "together"), [(4, 9, True), (2, 9, False), (4, 90, False)])
def test_two_flagged_pieces_cut_apart_are_a_crew_if_their_people_came_together(links, apart, together):
    crew = crew_ties(two_pieces(links, apart)).crews(np.array([0, 5]))
    assert bool(crew[0] == crew[1]) == together


def test_each_piece_of_a_crew_says_with_which_it_belongs_and_why():
    reasons = crew_ties(two_pieces(4, 9)).reasons({0: "R-a", 5: "R-b"})
    assert reasons == {"R-a": ("tied_to=R-b",), "R-b": ("tied_to=R-a",)}
    assert why(reasons["R-a"])[0].startswith("belongs with R-b: several of its people are tied")


RIG, SPARE = uses("device", "rig"), uses("device", "spare")
AUNT = uses("phone", "aunt", Role.CONTACT)
HOME = (uses("address", "attic"), uses("wifi", "attic"), uses("employer", "plant"))


def companions_of(path, *created):
    """The companions of eve and fay, known frauds of one ring."""
    frauds = (applies("eve", 10, RIG, AUNT, *HOME), applies("fay", 11, RIG, SPARE, AUNT, *HOME))
    with town(path / "t.db", Facts(applications=(*frauds, *created), platforms=PLATFORMS)) as store:
        tables = store.view(AS_OF).tables()
    ids = np.asarray(tables.applicant_ids).astype(str)
    known = np.isin(ids, ["eve", "fay"])
    since = np.array(
        [
            min(at for at in tables.applications["at"][tables.applications["applicant"] == n])
            for n in range(len(ids))
        ]
    )
    who, ring = companions(incidence_of(tables), np.where(known, 7, NOBODY), ~known, since)
    assert set(ring.tolist()) <= {7}
    return ids[who].tolist()


def test_who_shares_rare_things_with_two_known_frauds_within_days_is_a_companion(tmp_path):
    assert companions_of(tmp_path, applies("gus", 14, RIG, AUNT), applies("hal", 15, RIG, SPARE)) == [
        "gus",
        "hal",
    ]


@pytest.mark.parametrize(
    "created",
    [
        [applies("flatmate", 14, *HOME)],
        [applies("buyer", 14, RIG)],
        [applies("niece", 14, AUNT, *HOME)],
        [applies("friend", 14, SPARE, uses("phone", "friend"))],
        [applies("later", 60, RIG, AUNT)],
        [applies(f"clerk{n}", 14, RIG, AUNT) for n in range(12)],
    ],
)
def test_flatmates_buyers_relatives_friends_and_clerks_are_no_companions(tmp_path, created):
    assert companions_of(tmp_path, *created) == []


def judged(path, cleared):
    """How gus is suspected as a companion of eve and fay, where so many companions of two known frauds of
    another group were cleared; and how those and the known frauds are.
    """
    here = [applies(who, 10 + n, RIG, AUNT) for n, who in enumerate(("eve", "fay", "gus"))]
    other = (uses("device", "far"), uses("phone", "uncle", Role.CONTACT))
    there = [applies(f"far{n}", 10 + n, *other) for n in range(2 + cleared)]
    with town(path / f"{cleared}.db", Facts(applications=(*here, *there), platforms=PLATFORMS)) as store:
        tables = store.view(AS_OF).tables()
    ids = np.asarray(tables.applicant_ids).astype(str)
    known = np.isin(ids, ["eve", "fay", "far0", "far1"])
    good = np.array([who.startswith("far") for who in ids]) & ~known
    no = np.zeros(len(ids), bool)
    labelled = LabelledApplicants(known, good, no, no, no, no, np.arange(len(ids)))
    coarse = np.array([int(who.startswith("far")) for who in ids])
    sharing = HeldSharing(tables, incidence_of(tables))
    some, chances = companion_suspicion(sharing, np.arange(len(ids)), coarse, labelled)
    chance = dict.fromkeys(ids, 0.0) | dict(zip(np.array(ids)[some], chances))
    return chance.pop("gus"), set(chance.values())


def test_a_companion_is_suspected_less_where_companions_elsewhere_were_cleared(tmp_path):
    believed, after_some = (judged(tmp_path, cleared) for cleared in (0, 6))
    assert 0.7 < after_some[0] < believed[0] == pytest.approx(0.95)
    assert believed[1] == after_some[1] == {0.0}  # who was judged is not suspected for it


def test_a_crew_of_which_half_is_known_is_one_ring_with_the_other_half(tmp_path):
    week = review(tmp_path, half_known_crews())
    flagged = {frozenset(m.applicant_id for m in ring.members) for ring in week.rings if ring.kind.flagged}
    assert flagged == {frozenset(f"crew{number}.{n}" for n in range(9)) for number in range(8)}


def test_whom_the_budget_leaves_beside_known_frauds_carries_their_crew_and_why(tmp_path):
    week = review(tmp_path, half_known_crews(), budget=-1.0)  # not for one honest person
    of = {m.applicant_id: ring for ring in week.rings for m in ring.members}
    whys = {change.ring_id: change.why for change in week.changes}
    left = 0
    for number in range(8):
        known, others = ([of[f"crew{number}.{n}"] for n in some] for some in (range(5), range(5, 9)))
        [ring] = {ring.ring_id: ring for ring in known}.values()
        assert ring.kind.flagged
        assert {other.crew_id for other in others} == {ring.crew_id} == {ring.ring_id}
        for other in others:
            assert other is ring or f"tied_to={ring.ring_id}" in whys[other.ring_id]
        left += sum(not other.kind.flagged for other in others)
    assert left == 32
    assert sum(ring.crew_id != ring.ring_id for ring in week.rings) == left / 4
