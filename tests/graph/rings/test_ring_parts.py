"""The first cut inside parts is the cut of the whole; a part too large for one process is taken apart where
its links are light.
"""

import numpy as np
import pytest

from graph.rings.links.communities import communities, components
from graph.rings.links.parts import COARSE, first_cut, parts
from graph.rings.links.projection import LINK_KINDS, ApplicantLinks

WEIGHTS = (0.0005, 0.004, COARSE, np.nextafter(COARSE, 1), 0.006, 0.015, 0.03, 0.3)


def links(a, b, weight):
    few = np.ones(len(a), np.float32)
    shared = np.zeros((len(a), len(LINK_KINDS)), np.float32)
    return ApplicantLinks(a, b, shared, few, few, few, np.ones(len(a), bool), weight)


def random_links(seed, people, pairs):
    rng = np.random.default_rng(seed)
    key = np.unique(rng.integers(0, people * people, 2 * pairs))
    a, b = key // people, key % people
    a, b = a[a < b], b[a < b]
    return links(a, b, rng.choice(WEIGHTS, len(a)))


@pytest.mark.parametrize("pairs", [40, 120, 400, 1500])
@pytest.mark.parametrize("seed", range(10))
def test_the_cut_inside_parts_is_the_cut_of_all_links(seed, pairs):
    found = random_links(seed, 80, pairs)
    whole = communities(np.ones(80), (found.a, found.b), found.weight, COARSE)
    assert first_cut(80, found).tolist() == whole.tolist()


def test_a_crowd_whose_every_link_is_just_light_enough_is_no_group():
    a, b = np.triu_indices(30, 1)
    assert len(set(first_cut(30, links(a, b, np.full(len(a), COARSE))).tolist())) == 30


def test_a_part_too_large_is_taken_apart_where_its_links_are_light():
    # two crews of five, tied by one light link
    one, other = np.triu_indices(5, 1), [ends + 5 for ends in np.triu_indices(5, 1)]
    a, b = np.r_[one[0], other[0], 0], np.r_[one[1], other[1], 5]
    found = links(a, b, np.r_[np.full(20, 0.3), 0.015])
    assert len(set(parts(10, found).tolist())) == 1
    assert parts(10, found, largest=9).tolist() == [0] * 5 + [1] * 5


@pytest.mark.parametrize("seed", range(5))
def test_no_part_is_larger_than_allowed_unless_strong_links_hold_it(seed):
    found = random_links(seed, 80, 400)
    part = parts(80, found, largest=20)
    strong = found.weight > 0.2
    held = components(80, found.a[strong], found.b[strong])
    for number in np.flatnonzero(np.bincount(part) > 20):
        assert len(set(held[part == number].tolist())) == 1
