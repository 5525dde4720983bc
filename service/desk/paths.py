"""How two people are tied, or one person to the nearest known frauds: the shortest paths within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice, pairwise

import networkx as nx

from graph.facts.fraud_labels import fraud_status
from graph.model.errors import InputError, NotFoundError
from graph.store.port import GraphView
from graph.store.walk import Bounds
from service.desk.drawings import Drawing, DrawnEdge, bare, drawing, drawn_at
from service.desk.subgraphs import split

# Two walks that meet: people up to four sharing steps apart. To known frauds there is one walk alone.
BETWEEN = Bounds(steps=2, applicants=200, holders=24, ties=32)
TO_FRAUD = Bounds(steps=3, applicants=300, holders=24, ties=32)
MOST_PATHS = 5  # of the same length, between two people
MOST_FRAUDS = 3  # the nearest ones


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """Paths, the shortest first, each as nodes from one person to the other, with `ties` in the same order:
    one less than its nodes. `drawing` holds all of them.

    `truncated`: more is in the graph than was looked at, so that a path may have been missed. `people` were
    looked at.
    """

    a: str
    b: str | None
    paths: tuple[tuple[str, ...], ...]
    ties: tuple[tuple[DrawnEdge, ...], ...]
    people: int
    truncated: bool
    drawing: Drawing


def between(view: GraphView, a: str, b: str) -> Paths:
    """The shortest paths between two applicants, never through a hub. Raises NotFoundError for one of whom
    nothing is known, and InputError for what is no applicant.
    """
    if a == b:
        raise InputError("to: somebody else than node")
    first, second = (_around(view, node, BETWEEN) for node in (a, b))
    graph = nx.compose(first, second)
    graph.graph["truncated"] = first.graph["truncated"] or second.graph["truncated"]
    return _paths(view, graph, a, b, tuple(_shortest(graph, a, b)))


def to_fraud(view: GraphView, a: str) -> Paths:
    """A shortest path to each of the nearest known frauds, never through a hub. Raises like `between`."""
    graph = _around(view, a, TO_FRAUD)
    people = [node for node, data in graph.nodes(data=True) if data["type"] == "applicant" and node != a]
    labels = view.labels_of([bare(node) for node in people])
    bad = [node for node in people if fraud_status(labels.get(bare(node), ())).fraud]
    reached = nx.single_source_shortest_path(graph, a)
    nearest = sorted((node for node in bad if node in reached), key=lambda node: (len(reached[node]), node))
    return _paths(view, graph, a, None, tuple(tuple(reached[node]) for node in nearest[:MOST_FRAUDS]))


def _around(view: GraphView, node: str, bounds: Bounds) -> nx.Graph[str]:
    """What lies around an applicant, without hubs."""
    kind, value = split(node)
    if kind != "applicant":
        raise InputError("node and to: applicants, as applicant:ID")
    graph = view.neighbourhood(value, (), bounds)
    if graph.degree(node) == 0 and not view.applications_of([value])[value]:
        raise NotFoundError(f"nothing is known of applicant {value!r} before {drawn_at(view)}")
    graph.remove_nodes_from([name for name, data in graph.nodes(data=True) if data.get("hub")])
    return graph


def _shortest(graph: nx.Graph[str], a: str, b: str) -> Iterator[tuple[str, ...]]:
    try:
        every: Iterable[list[str]] = nx.all_shortest_paths(graph, a, b)
        yield from sorted(tuple(path) for path in islice(every, MOST_PATHS))
    except nx.NetworkXNoPath:
        return


def _paths(
    view: GraphView, graph: nx.Graph[str], a: str, b: str | None, paths: tuple[tuple[str, ...], ...]
) -> Paths:
    people = sum(data["type"] == "applicant" for _, data in graph.nodes(data=True))
    ends = {a} | ({b} if b else set())
    drawn: nx.Graph[str] = graph.subgraph(ends.union(*paths)).copy()
    drawn.graph |= {"truncated": False, "hubs_ignored": 0}
    shown = drawing(view, drawn, a)
    ties = {frozenset((tie.a, tie.b)): tie for tie in shown.edges}
    return Paths(
        a=a,
        b=b,
        paths=paths,
        ties=tuple(tuple(ties[frozenset(pair)] for pair in pairwise(path)) for path in paths),
        people=people,
        truncated=bool(graph.graph["truncated"]),
        drawing=shown,
    )
