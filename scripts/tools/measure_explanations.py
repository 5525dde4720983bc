"""Holds the network's explanations against people's: xFraud's annotated communities, beside published
weights, centralities and chance.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import networkx as nx
import numpy as np

from scripts.cli.learning_libraries import learning_libraries
from scripts.tools.prepare_xfraud import DATA, name, read

if TYPE_CHECKING:
    from gnn.benchmark.explaining import LinkImportance

TOP = (5, 10, 15, 20, 25)
_DRAWS = 100  # of the order of equals
_PEOPLE = [f"importance_annotator{one}" for one in range(1, 6)]
_GONE = 3
Weights = Mapping[frozenset[str], float]
Explained = dict[str, dict[frozenset[str], float]]


def main(argv: Sequence[str] | None = None) -> int:
    """Exit status 0; the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graph", type=Path, required=True, help="folder that prepare_xfraud.py wrote")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seeds", type=int, default=5)
    options = parser.parse_args(argv)
    with learning_libraries("measuring"):
        from gnn.benchmark.explaining import LinkImportance
        from gnn.benchmark.tables import TEST, read_graph
        from gnn.training_plan import TrainingPlan
    graph = read_graph(options.graph)
    models = [LinkImportance(graph, TrainingPlan(seed=1 + seed)) for seed in range(options.seeds)]
    ids = graph.node_id.tolist()
    tested = graph.subjects[graph.split[graph.subjects] == TEST].tolist()
    targets = {ids[row].partition(".")[0]: row for row in tested}
    named = [importance(model, ids, targets) for model in models]
    figures = {
        **agreement(options.data, named),
        "deletion of three links": deletion(models, ids, targets, named),
    }
    print(json.dumps(figures, indent=1))
    return 0


def importance(model: LinkImportance, ids: Sequence[str], targets: Mapping[str, int]) -> Explained:
    """By community, how far the target's score moves without each link that the network sees."""
    out: Explained = {}
    for community, row in targets.items():
        pairs, moved = model.links(row)
        out[community] = {
            frozenset((ids[a], ids[b])): abs(value) for (a, b), value in zip(pairs.tolist(), moved.tolist())
        }
    return out


def agreement(data: Path, named: Sequence[Explained]) -> dict[str, dict[str, float]]:
    """The hit rates of each network, of their mean, and of what else ranks links."""
    people, links, target = by_people(data), links_of(data), targets_of(data)
    published = {taken: by_file(data, taken) for taken in (np.mean, np.max)}
    mean = {
        community: {link: float(np.mean([one[community].get(link, 0.0) for one in named])) for link in inside}
        for community, inside in links.items()
    }
    ways: dict[str, Callable[[str], Weights]] = {
        **{f"occlusion {seed + 1}": found.__getitem__ for seed, found in enumerate(named)},
        "occlusion, mean of the networks": mean.__getitem__,
        "as served: the target's ties by occlusion, with what hangs on each": lambda one: served(
            links[one], target[one], mean[one]
        ),
        "nearest first, then occlusion": lambda one: refined(nearness(links[one], target[one]), mean[one]),
        "published explainer, mean of both directions": published[np.mean].__getitem__,
        "published explainer, larger of both": published[np.max].__getitem__,
        "nearness to the target": lambda one: nearness(links[one], target[one]),
        "edge betweenness": lambda one: central(links[one], nx.edge_betweenness_centrality),
        "edge load": lambda one: central(links[one], nx.edge_load_centrality),
        "degrees of the ends": lambda one: degrees(links[one]),
        "chance": lambda one: dict.fromkeys(links[one], 0.0),
    }
    return {
        way: {f"top {k}": hit_rate(weights, people, links, k) for k in TOP} for way, weights in ways.items()
    }


def deletion(
    models: Sequence[LinkImportance],
    ids: Sequence[str],
    targets: Mapping[str, int],
    named: Sequence[Explained],
) -> dict[str, float]:
    """How far a score moves without the three links that another network named, and without three drawn by
    lot.
    """
    row_of = {one: row for row, one in enumerate(ids)}
    moved: dict[str, list[float]] = {"named": [], "drawn": []}
    chance = np.random.default_rng(7)
    for seed, found in enumerate(named):
        judge = models[(seed + 1) % len(models)]
        for community, row in targets.items():
            usual, inside = judge.logit(row), list(found[community])
            best = sorted(inside, key=lambda link: -found[community][link])[:_GONE]
            drawn = [inside[place] for place in chance.permutation(len(inside))[:_GONE]]
            for word, gone in (("named", best), ("drawn", drawn)):
                pairs = [(row_of[a], row_of[b]) for a, b in (tuple(link) for link in gone)]
                moved[word].append(abs(usual - judge.without(row, pairs)))
    more = np.array(moved["named"]) > np.array(moved["drawn"])
    return {f"logit moves, {word}": round(float(np.mean(values)), 4) for word, values in moved.items()} | {
        "named ones move it more": round(float(more.mean()), 4)
    }


def by_people(data: Path) -> dict[str, dict[str, float]]:
    """By community and node, the mean importance that annotators gave it, 0 where nobody did."""
    out: dict[str, dict[str, float]] = {}
    for row in read(data / "annotation_publish.csv"):
        given = [float(row[one]) for one in _PEOPLE if row[one]]
        out.setdefault(row["community_id"], {})[name(row["community_id"], row["node_id"])] = (
            float(np.mean(given)) if given else 0.0
        )
    return out


def targets_of(data: Path) -> dict[str, str]:
    """By community, the node that people looked at."""
    rows = read(data / "annotation_publish.csv")
    return {
        row["community_id"]: name(row["community_id"], row["node_id"])
        for row in rows
        if row["is_target"] == "1"
    }


def by_file(data: Path, taken: Callable[[list[float]], Any]) -> dict[str, dict[frozenset[str], float]]:
    """The weights that the authors' explainer gave to links, `taken` from both directions."""
    both: dict[str, dict[frozenset[str], list[float]]] = {}
    for row in read(data / "data-edge-weight.txt"):
        link = frozenset((name(row["id"], row["src"]), name(row["id"], row["dst"])))
        both.setdefault(row["id"], {}).setdefault(link, []).append(float(row["edge_weight"]))
    return {
        community: {link: float(taken(values)) for link, values in links.items()}
        for community, links in both.items()
    }


def links_of(data: Path) -> dict[str, list[frozenset[str]]]:
    """The links of each community."""
    out: dict[str, dict[frozenset[str], None]] = {}
    for row in read(data / "masked_df_e.csv"):
        community = row["community_id"]
        link = frozenset((name(community, row["source"]), name(community, row["target"])))
        out.setdefault(community, {})[link] = None
    return {community: list(links) for community, links in out.items()}


def graph_of(links: Sequence[frozenset[str]]) -> nx.Graph[str]:
    """The community's graph."""
    graph: nx.Graph[str] = nx.Graph()
    graph.add_edges_from((min(link), max(link)) for link in links)
    return graph


def central(
    links: Sequence[frozenset[str]],
    centrality: Callable[[Any], Mapping[tuple[str, str], float]],
) -> Weights:
    """Links by a centrality of the community's graph."""
    graph = graph_of(links)
    return {frozenset(pair): value for pair, value in centrality(graph).items()}


def degrees(links: Sequence[frozenset[str]]) -> Weights:
    """Links by how many links their ends have."""
    graph = graph_of(links)
    return {link: float(sum(graph.degree(one) for one in link)) for link in links}


def nearness(links: Sequence[frozenset[str]], target: str) -> Weights:
    """Links by how few steps their ends are from the target."""
    steps = nx.single_source_shortest_path_length(graph_of(links), target)
    return {link: -float(sum(steps.get(one, len(links)) for one in link)) for link in links}


def served(links: Sequence[frozenset[str]], target: str, moved: Weights) -> Weights:
    """Links as an answer's evidence shows them: the target's ties by how far the score moves without each, a
    tie with what is behind it as one way; what no tie leads to comes last, by nearness.
    """
    ties = {next(iter(link - {target})): moved.get(link, 0.0) for link in links if target in link}
    near = nearness(links, target)
    last = min(near.values(), default=0.0) - 1.0
    out = {}
    for link in links:
        ways = [ties[one] for one in link if one in ties]
        if target in link:
            out[link] = 1.0 + ways[0] if ways else 0.0
        elif ways:
            out[link] = (1.0 + max(ways)) * (1.0 - 1e-6)
        else:
            out[link] = near[link] / -last - 1.0
    return out


def refined(coarse: Weights, fine: Weights) -> Weights:
    """Links by the coarse weights, whose steps are whole numbers, and equals by the fine ones."""
    most = 1.0 + max(fine.values(), default=0.0)
    return {link: value + fine.get(link, 0.0) / most for link, value in coarse.items()}


def hit_rate(
    weights: Callable[[str], Weights],
    people: Mapping[str, Mapping[str, float]],
    links: Mapping[str, Sequence[frozenset[str]]],
    top: int,
) -> float:
    """The share of the top links that are among people's top ones, a link being as important as its ends are
    together; equals in an order by lot, the mean over communities and draws.
    """
    chance, rates = np.random.default_rng(7), []
    for community, inside in links.items():
        given = weights(community)
        theirs = np.array([sum(people[community][one] for one in link) for link in inside])
        ours = np.array([given.get(link, 0.0) for link in inside])
        k = min(top, len(inside))
        for _ in range(_DRAWS):
            lots = chance.random((2, len(inside)))
            best = [
                set(np.lexsort((lots[way], -values))[:k].tolist())
                for way, values in enumerate((theirs, ours))
            ]
            rates.append(len(best[0] & best[1]) / k)
    return round(float(np.mean(rates)), 4)


if __name__ == "__main__":
    sys.exit(main())
