"""Subgraphs for the desk: a neighbourhood, a ring or one expanded node, read within bounds."""

from __future__ import annotations

from collections import Counter

import networkx as nx

from graph.facts.hubs import hub_reason
from graph.model.errors import InputError, NotFoundError
from graph.model.types import Application, Identifier, Tie
from graph.store.port import GraphView
from graph.store.walk import Bounds, link
from service.desk.drawings import Drawing, LeftOut, bare, beyond, drawing, drawn_at

# more than about 40 people on one canvas is a hairball, not a picture
DRAWN = Bounds(steps=2, applicants=40, holders=24, ties=32)
EXPANDED = Bounds(steps=1, applicants=25, holders=24, ties=32)
DRAWN_HUB = 4  # a hub held by fewer of the drawn people is listed, not drawn
RING_MEMBERS = 60  # members of one ring drawn, the strongest first
WHOLE_RING = 1000  # the same where the ring is expanded


def draw(view: GraphView, node: str) -> Drawing:
    """The subgraph to open with for an `applicant:`, `application:`, `ring:`, `merchant:`, `agent:` or
    identifier node.

    Raises NotFoundError when nothing is known of it before the view's moment, InputError when `node` is no
    node's name.
    """
    kind, value = split(node)
    if kind == "applicant":
        return _person(view, value, None, DRAWN)
    if kind == "application":
        application = view.application(value)
        if application is None:
            raise NotFoundError(f"no application {value!r} before {drawn_at(view)}")
        return _person(view, application.applicant_id, application, DRAWN)
    return _ring(view, value, RING_MEMBERS) if kind == "ring" else expand(view, node)


def expand(view: GraphView, node: str) -> Drawing:
    """What is next to `node`, within EXPANDED, of a ring up to WHOLE_RING members: to be merged into a
    drawing. Raises like `draw`.
    """
    kind, value = split(node)
    if kind == "applicant":
        return _person(view, value, None, EXPANDED)
    if kind == "application":
        return draw(view, node)
    if kind == "ring":
        return _ring(view, value, WHOLE_RING)
    if kind in ("merchant", "agent"):
        return _place(view, kind, value)
    return _identifier(view, node)


def split(node: str) -> tuple[str, str]:
    """`kind:value` in two; InputError when it is not of that form."""
    kind, colon, value = node.partition(":")
    if not (kind and colon and value):
        raise InputError("node: give it as kind:value, for example applicant:A-1")
    return kind, value


def _person(view: GraphView, applicant_id: str, application: Application | None, bounds: Bounds) -> Drawing:
    mentions = application.mentions if application else ()
    graph = view.neighbourhood(applicant_id, mentions, bounds)
    seed = graph.graph["seed"]
    created = view.applications_of([applicant_id])[applicant_id]
    if graph.degree(seed) == 0 and not created:
        raise NotFoundError(f"nothing is known of applicant {applicant_id!r} before {drawn_at(view)}")
    cut = _drop_faint_hubs(graph, seed)
    private = _prune(graph, seed)
    _add_places(view, graph, created)
    if application is not None:
        node = f"application:{application.application_id}"
        graph.add_node(node, type="application")
        link(graph, node, seed, ("applied", application.applied_at, application.applied_at))
        seed = node
    cut += [LeftOut(why="ties", total=private)] if private else []
    if graph.graph["truncated"] and graph.graph.get("applicants", 1) >= bounds.applicants:
        cut.append(LeftOut(why="bound", shown=bounds.applicants))
    return drawing(view, graph, seed, tuple(cut))


def _prune(graph: nx.Graph[str], seed: str) -> int:
    """Take out the identifiers that tie nobody drawn to anybody else, the seed's own excepted; how many there
    were.
    """
    private = [
        n
        for n, d in graph.nodes(data=True)
        if "identifier" in d and graph.degree(n) < 2 and not graph.has_edge(n, seed)
    ]
    graph.remove_nodes_from(private)
    return len(private)


def _drop_faint_hubs(graph: nx.Graph[str], seed: str) -> list[LeftOut]:
    """Take out the hubs that few people here hold, the seed's own excepted: nobody is followed through them,
    and they would hide the rest.
    """
    faint = [
        n
        for n, d in graph.nodes(data=True)
        if d.get("hub") and graph.degree(n) < DRAWN_HUB and not graph.has_edge(n, seed)
    ]
    summary = [beyond(graph, node, "hub") for node in faint if graph.degree(node) > 1]
    graph.remove_nodes_from(faint)
    return summary


def _add_places(view: GraphView, graph: nx.Graph[str], made: tuple[Application, ...]) -> None:
    """The shops and agents of these applications, joined to everybody drawn who applied there as well."""
    people = [bare(n) for n, d in graph.nodes(data=True) if d["type"] == "applicant"]
    wanted = {place for a in made for place in _places(a)}
    for applications in view.applications_of(people).values():
        for application in applications:
            for place in _places(application) & wanted:
                _join_place(graph, place, application)


def _places(application: Application) -> set[str]:
    results = {f"merchant:{application.merchant_id}"} if application.merchant_id else set()
    return results | ({f"agent:{application.agent_id}"} if application.agent_id else set())


def _join_place(graph: nx.Graph[str], place: str, application: Application) -> None:
    if place not in graph:
        graph.add_node(place, type=place.partition(":")[0])
    link(
        graph,
        place,
        f"applicant:{application.applicant_id}",
        ("applied", application.applied_at, application.applied_at),
    )


def _place(view: GraphView, kind: str, value: str) -> Drawing:
    limit = EXPANDED.holders
    result = (
        view.applications_at(value, None, limit + 1)
        if kind == "merchant"
        else view.applications_at(None, value, limit + 1)
    )
    if not result:
        raise NotFoundError(f"no application at {kind} {value!r} before {drawn_at(view)}")
    graph: nx.Graph[str] = nx.Graph(truncated=len(result) > limit, hubs_ignored=0)
    for application in result[:limit]:
        graph.add_node(f"applicant:{application.applicant_id}", type="applicant")
        _join_place(graph, f"{kind}:{value}", application)
    cut = (
        (
            LeftOut(
                why="holders",
                node=f"{kind}:{value}",
                type=kind,
                label=value,
                shown=graph.degree(f"{kind}:{value}"),
            ),
        )
        if len(result) > limit
        else ()
    )
    return drawing(view, graph, f"{kind}:{value}", cut)


def _identifier(view: GraphView, node: str) -> Drawing:
    identifier = view.identifier(node)
    holders = view.holders_of([identifier], EXPANDED.holders)[identifier] if identifier else None
    if identifier is None or holders is None or not holders.count:
        raise NotFoundError(f"nothing is known of {node!r} before {drawn_at(view)}")
    graph: nx.Graph[str] = nx.Graph(truncated=False, hubs_ignored=0)
    hub = hub_reason(identifier, holders.count)
    graph.add_node(node, type=identifier.kind.value, identifier=identifier, holders=holders.count, hub=hub)
    graph.graph["hubs_ignored"] = int(hub is not None)
    for tie in () if hub else holders.ties:
        _add_tie(graph, tie)
    graph.graph["truncated"] = not hub and holders.count > len(holders.ties)
    return drawing(view, graph, node)


def _add_tie(graph: nx.Graph[str], tie: Tie) -> None:
    graph.add_node(f"applicant:{tie.applicant_id}", type="applicant")
    link(graph, f"applicant:{tie.applicant_id}", tie.identifier.node, (tie.role.value, tie.since, tie.last))


def _ring(view: GraphView, ring_id: str, most: int) -> Drawing:
    """The members and what at least two of them share: identifiers, transfers between them, and the shop or
    agent most of them used.
    """
    ring = view.ring(ring_id)
    if ring is None:
        raise NotFoundError(f"no ring {ring_id!r} in the snapshot in force at {drawn_at(view)}")
    strongest = sorted(ring.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))[:most]
    people = [member.applicant_id for member in strongest]
    graph: nx.Graph[str] = nx.Graph(truncated=len(people) < ring.size, hubs_ignored=0)
    graph.add_nodes_from((f"applicant:{person}" for person in people), type="applicant")
    for tie in _shared(view, people):
        if tie.identifier.node not in graph:
            graph.add_node(tie.identifier.node, type=tie.identifier.kind.value, identifier=tie.identifier)
        _add_tie(graph, tie)
    _count_holders(view, graph)
    cut = _drop_faint_hubs(graph, "")
    _add_transfers(view, graph, people)
    _add_common_places(view, graph, people)
    cut += [LeftOut(why="members", shown=len(people), total=ring.size)] if len(people) < ring.size else []
    return drawing(view, graph, f"ring:{ring_id}", tuple(cut))


def _shared(view: GraphView, people: list[str]) -> list[Tie]:
    ties = [tie for held in view.ties_of(people).values() for tie in held]
    holders = Counter(node for node, _ in {(tie.identifier.node, tie.applicant_id) for tie in ties})
    return [tie for tie in ties if holders[tie.identifier.node] >= 2]


def _count_holders(view: GraphView, graph: nx.Graph[str]) -> None:
    identifiers: list[Identifier] = [d["identifier"] for _, d in graph.nodes(data=True) if "identifier" in d]
    for identifier, holders in view.holders_of(identifiers, 1).items():
        reason = hub_reason(identifier, holders.count)
        graph.nodes[identifier.node].update(holders=holders.count, hub=reason)
        graph.graph["hubs_ignored"] += int(reason is not None)


def _add_transfers(view: GraphView, graph: nx.Graph[str], people: list[str]) -> None:
    for events in view.dealings_of(people).values():
        for event in events:
            a, b = f"applicant:{event.applicant_id}", f"applicant:{event.counterparty_id}"
            if a != b and a in graph and b in graph:
                link(graph, a, b, (event.kind, event.at, event.at))


def _add_common_places(view: GraphView, graph: nx.Graph[str], people: list[str]) -> None:
    """A shop or agent is drawn when at least a third of the members went there: else it says nothing about
    this ring.
    """
    created = [a for applications in view.applications_of(people).values() for a in applications]
    visitors = Counter(
        place for place, _ in {(place, a.applicant_id) for a in created for place in _places(a)}
    )
    for application in created:
        for place in _places(application):
            if visitors[place] >= max(2, len(people) / 3):
                _join_place(graph, place, application)
