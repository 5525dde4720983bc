"""Groups are cut alike whatever the order and the size of the graph, and small rings are never swallowed."""

import networkx as nx
import numpy as np
import pytest

from graph.rings.links.communities import communities, components


def clique(first, size):
    return [(first + i, first + j) for i in range(size) for j in range(i + 1, size)]


def cut(nodes, links, weight=1.0, resolution=0.2):
    a, b = np.array(links, dtype=np.int64).reshape(-1, 2).T
    return communities(np.ones(nodes), (a, b), np.full(len(links), weight), resolution)


@pytest.mark.parametrize("seed", range(20))
def test_components_agree_with_networkx_on_random_graphs(seed):
    graph = nx.gnm_random_graph(60, 40, seed=seed)
    a, b = np.array(list(graph.edges), dtype=np.int64).T
    group = components(60, a, b)
    assert {frozenset(np.flatnonzero(group == g).tolist()) for g in set(group.tolist())} == {
        frozenset(c) for c in nx.connected_components(graph)
    }


def test_a_small_ring_beside_ten_thousand_others_is_not_swallowed():
    links = [link for ring in range(10_000) for link in clique(5 * ring, 5)] + [
        (5 * ring, 5 * ring + 5) for ring in range(9_999)
    ]
    group = cut(50_000, links)
    assert np.bincount(group).tolist() == [5] * 10_000


def test_two_rings_joined_by_one_link_are_two():
    group = cut(12, [*clique(0, 6), *clique(6, 6), (0, 6)])
    assert len(set(group[:6].tolist())) == len(set(group[6:].tolist())) == 1
    assert group[0] != group[6]


@pytest.mark.parametrize("seed", range(5))
def test_every_group_hangs_together(seed):
    graph = nx.gnm_random_graph(80, 160, seed=seed)
    group = cut(80, list(graph.edges), resolution=0.05)
    assert all(
        nx.is_connected(graph.subgraph(np.flatnonzero(group == g).tolist())) for g in set(group.tolist())
    )


def test_the_order_of_links_changes_nothing():
    graph = nx.gnm_random_graph(200, 500, seed=3)
    links = list(graph.edges)
    turned = [(b, a) for a, b in reversed(links)]
    assert cut(200, links, resolution=0.05).tolist() == cut(200, turned, resolution=0.05).tolist()


def test_nobody_linked_means_everybody_alone():
    assert communities(np.ones(3), (np.zeros(0, int), np.zeros(0, int)), np.zeros(0), 0.1).tolist() == [
        0,
        1,
        2,
    ]
