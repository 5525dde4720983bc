"""Flagged pieces become whole rings: a chain that came apart is one ring, and who hangs on it twice belongs
to it.
"""

from __future__ import annotations

import numpy as np
import pytest

from graph.facts.tables import Column
from graph.model.moments import DAY
from graph.rings.applicants.everybody import held_everybody
from graph.rings.groups.joined_crews import hanging, joined
from graph.rings.links.communities import communities
from graph.rings.links.projection import LINK_KINDS, ApplicantLinks
from graph.rings.links.pull import DRAWN, FINE, by_closeness, relative_pull, suspect_links
from graph.rings.links.rows import HeldLinks

DEVICE, WIFI = LINK_KINDS.index("device"), LINK_KINDS.index("wifi")


def links(*pairs: tuple[int, int, int, float]) -> ApplicantLinks:
    """Links (a, b, kind, weight) over values that few hold."""
    a, b, kind, weight = (np.array(column) for column in zip(*pairs))
    shared = np.zeros((len(pairs), len(LINK_KINDS)), np.float32)
    shared[np.arange(len(pairs)), kind] = 1.0
    few = np.full(len(pairs), 2.0)
    return ApplicantLinks(a, b, shared, few, few, few, np.ones(len(pairs), bool), weight)


def group_of(*members: int) -> Column:
    return np.array(members)


CHAIN = [
    (0, 1, DEVICE, 0.5),
    (1, 2, DEVICE, 0.5),
    (2, 3, DEVICE, 0.3),
    (3, 4, DEVICE, 0.5),
    (4, 5, DEVICE, 0.5),
]
EVERYBODY, SUSPICION = np.ones(6, bool), np.full(6, 0.9)


def test_two_pieces_of_a_chain_that_are_both_flagged_are_one_ring() -> None:
    group = joined(links(*CHAIN), SUSPICION, group_of(0, 0, 0, 1, 1, 1), EVERYBODY)
    assert len(set(group.tolist())) == 1


def test_a_piece_that_is_not_flagged_joins_nobody() -> None:
    group = joined(links(*CHAIN), SUSPICION, group_of(0, 0, 0, 1, 1, 1), np.array([True] * 3 + [False] * 3))
    assert len(set(group.tolist())) == 2


def test_flagged_pieces_that_nothing_ties_stay_apart() -> None:
    group = joined(links(*CHAIN[:2], *CHAIN[3:]), SUSPICION, group_of(0, 0, 0, 1, 1, 1), EVERYBODY)
    assert group.tolist() == [group[0]] * 3 + [group[3]] * 3
    assert group[0] != group[3]


def test_who_shares_rare_things_with_two_of_a_ring_joins_the_one_that_pulls_most() -> None:
    ties = links((0, 6, DEVICE, 0.2), (1, 6, DEVICE, 0.2), (3, 6, DEVICE, 0.3))
    who, to = hanging(ties, np.full(7, 0.5), group_of(0, 0, 0, 1, 1, 1, 2), np.array([True] * 6 + [False]))
    assert (who.tolist(), to.tolist()) == ([6], [0])


def test_one_tie_a_home_or_no_suspicion_makes_nobody_a_hanger_on() -> None:
    flagged, group = np.array([True] * 6 + [False]), group_of(0, 0, 0, 1, 1, 1, 2)
    for ties, suspicion in (
        (links((0, 6, DEVICE, 0.5)), 0.9),
        (links((0, 6, WIFI, 0.2), (1, 6, WIFI, 0.2)), 0.9),
        (links((0, 6, DEVICE, 0.5), (1, 6, DEVICE, 0.5)), 0.1),
    ):
        assert hanging(ties, np.full(7, suspicion), group, flagged)[0].tolist() == []


def test_a_link_between_people_who_came_at_the_same_time_counts_more() -> None:
    since = np.array([0, 1, 200, 200, 201, 400]) * DAY
    weight = by_closeness(links(*CHAIN), since).weight / links(*CHAIN).weight
    assert (weight[[0, 2, 3]] > 0.98).all()
    assert ((weight[[1, 4]] > 0.2) & (weight[[1, 4]] < 0.35)).all()


@pytest.mark.parametrize("seed", range(10))
def test_who_is_hardly_suspicious_is_left_out_and_no_group_of_suspects_changes(seed: int) -> None:
    rng = np.random.default_rng(seed)
    weight = rng.choice([0.0, 0.02, 0.3, 1.0], 40 * 39 // 2)
    a, b = (end[weight > 0] for end in np.triu_indices(40, 1))
    ties = links(*zip(a.tolist(), b.tolist(), [DEVICE] * len(a), weight[weight > 0].tolist()))
    suspicion = rng.choice([0.001, 0.03, DRAWN, 0.04, 0.2, 1.0], 40)
    whole = communities(np.ones(40), (a, b), relative_pull(ties, suspicion), FINE)
    everybody = held_everybody(np.zeros(40, np.int32), {"suspicion": suspicion})
    found, theirs = suspect_links(HeldLinks(ties, 40), everybody, ())
    assert theirs.tolist() == suspicion[found.people].tolist()
    assert 1 < len(found.people) < 40
    ends = found.links.a, found.links.b
    few = communities(np.ones(len(found.people)), ends, found.pull, FINE)
    assert np.unique(whole[found.people], return_inverse=True)[1].tolist() == few.tolist()
    assert (np.bincount(whole)[np.delete(whole, found.people)] == 1).all()
