"""A drawing: a bounded subgraph as JSON-ready values, with masked forms only and a list of what was left
out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import networkx as nx

from graph.facts.fraud_labels import fraud_status
from graph.facts.hubs import COUNT_CAP
from graph.facts.local_time import local
from graph.model.types import Identifier, Label, Membership
from graph.store.port import GraphView
from investigations.last_scores import RecordedScore


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnNode:
    """One node: `type` is applicant, application, merchant, agent or an identifier kind; `hub` says why
    nobody is followed through it.

    `holders` is counted up to `hubs.COUNT_CAP` (None where it is not a matter of holding). `bad`: known fraud
    by then. `score` is the latest recorded one of an applicant, where there is one.
    """

    id: str
    type: str
    label: str
    holders: int | None = None
    hub: str | None = None
    bad: bool = False
    ring_id: str | None = None
    ring_kind: str | None = None
    ring_flagged: bool = False
    ring_role: str | None = None
    score: RecordedScore | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnEdge:
    """One tie (role own, contact, employer), event (its kind) or application between two nodes, with its
    first and latest moment.
    """

    a: str
    b: str
    role: str
    since: datetime | None
    last: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Something that is in the graph and not in the drawing.

    `why`: `hub` (not followed), `holders` (more hold it than are drawn), `ties` (identifiers of one person
    alone), `members` (of a ring), `bound` (the drawing is full). `node` may or may not be drawn itself.
    `total` may be counted up to a cap only (`capped`); None where nobody counted.
    """

    why: str
    node: str | None = None
    type: str | None = None
    label: str | None = None
    shown: int = 0
    total: int | None = None
    capped: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """A bounded subgraph as of a moment, ready for JSON. `truncated` is True when anything but hubs and
    private ties was cut.
    """

    seed: str
    as_of: datetime
    nodes: tuple[DrawnNode, ...]
    edges: tuple[DrawnEdge, ...]
    left_out: tuple[LeftOut, ...]
    truncated: bool
    hubs: int


def drawing(view: GraphView, graph: nx.Graph[str], seed: str, cut: tuple[LeftOut, ...] = ()) -> Drawing:
    """`graph` as a drawing: labels, rings and hubs as of the view; `cut` is what the caller left out
    itself.
    """
    people = [bare(n) for n, d in graph.nodes(data=True) if d["type"] == "applicant"]
    labels, memberships = view.labels_of(people), view.memberships_of(people)
    nodes = []
    for name, data in graph.nodes(data=True):
        if data["type"] == "applicant":
            nodes.append(_drawn_person(name, labels.get(bare(name), ()), memberships.get(bare(name))))
        else:
            label = label_of(name, data.get("identifier"))
            nodes.append(
                DrawnNode(
                    id=name, type=data["type"], label=label, holders=data.get("holders"), hub=data.get("hub")
                )
            )
    edges = tuple(
        DrawnEdge(a=a, b=b, role=d["role"], since=d["since"], last=d["last"])
        for a, b, d in graph.edges(data=True)
    )
    truncated = bool(graph.graph["truncated"])
    return Drawing(
        seed=seed,
        as_of=view.as_of,
        nodes=tuple(nodes),
        edges=edges,
        left_out=(*_left_out(graph, truncated), *cut),
        truncated=truncated,
        hubs=graph.graph["hubs_ignored"],
    )


def drawn_at(view: GraphView) -> str:
    """The view's moment in words, on the borrowers' clocks."""
    return local(view.as_of, view.zone).isoformat()


def _drawn_person(name: str, labels: Iterable[Label], membership: Membership | None) -> DrawnNode:
    if membership is None:
        return DrawnNode(id=name, type="applicant", label=bare(name), bad=fraud_status(labels).fraud)
    ring = membership.ring
    return DrawnNode(
        id=name,
        type="applicant",
        label=bare(name),
        bad=fraud_status(labels).fraud,
        ring_id=ring.ring_id,
        ring_kind=ring.kind.value,
        ring_flagged=ring.kind.flagged,
        ring_role=membership.member.role,
    )


def _left_out(graph: nx.Graph[str], truncated: bool) -> Iterator[LeftOut]:
    for name, data in graph.nodes(data=True):
        if data.get("hub"):
            yield beyond(graph, name, "hub")
        elif truncated and (data.get("holders") or 0) > graph.degree(name):
            yield beyond(graph, name, "holders")


def beyond(graph: nx.Graph[str], node: str, why: str) -> LeftOut:
    """What lies beyond an identifier in `graph`: its other holders."""
    data, count = graph.nodes[node], graph.nodes[node].get("holders") or 0
    return LeftOut(
        why=why,
        node=node,
        type=data["type"],
        label=label_of(node, data.get("identifier")),
        shown=graph.degree(node),
        total=count,
        capped=count >= COUNT_CAP,
        reason=data.get("hub"),
    )


def label_of(node: str, identifier: Identifier | None) -> str:
    """How a node is called: an identifier by its masked form, or where that says nothing by its token's end;
    anything else by its own id.
    """
    if identifier is None:
        return bare(node)
    return identifier.masked if identifier.masked.strip("*") else f"***{identifier.token[-4:]}"


def bare(node: str) -> str:
    """What follows the kind in a node's name."""
    return node.partition(":")[2]
