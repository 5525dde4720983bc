"""Keys of the multi-lending variables: the subject's identifiers, and applications under them by people whom
the bounded walk left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

import networkx as nx

from graph.facts.hubs import GUARD
from graph.model.types import Application, Holders, Identifier, IdentifierKind, Role
from graph.store.evidence import Subject

KEY_KINDS = frozenset(
    {IdentifierKind.NATIONAL_ID, IdentifierKind.PHONE, IdentifierKind.DEVICE, IdentifierKind.BANK_CARD}
)
"""Kinds under which a multi-lending check asks."""
Keys = Mapping[str, Mapping[str, Any]]
"""By node: what the graph says of an identifier."""


class HolderSource(Protocol):
    """The part of a view that is needed here: holders of a key and their applications (see
    `graph.store.port.GraphView`).
    """

    def holders_of(
        self, identifiers: Sequence[Identifier], limit: int = ...
    ) -> Mapping[Identifier, Holders]: ...

    def applications_of(
        self, applicant_ids: Sequence[str], limit: int = ...
    ) -> Mapping[str, tuple[Application, ...]]: ...


def keys(graph: nx.Graph[str], subject: Subject) -> Keys:
    """The nodes of the subject's keys, with their data: what the application in question names as the
    applicant's own; without one, what the applicant ever named so. Hubs, and what never links, are among
    them.
    """
    nodes = graph.nodes
    if subject.application is not None:
        mentioned = [m.identifier for m in subject.application.mentions if m.role is Role.OWN]
        named: Iterable[str] = (i.node for i in mentioned if i.kind in KEY_KINDS)
    else:
        named = (node for node, tie in graph[subject.node].items() if tie["role"] == Role.OWN)
    return {node: nodes[node] for node in named if node in nodes and nodes[node]["type"] in KEY_KINDS}


def name(applications: Iterable[Application], nodes: Iterable[str]) -> list[Application]:
    """The applications that name one of these identifiers as the applicant's own."""
    wanted = frozenset(nodes)
    return [
        a for a in applications if any(m.role is Role.OWN and m.identifier.node in wanted for m in a.mentions)
    ]


def applications_beyond_bounds(
    view: HolderSource, graph: nx.Graph[str], subject: Subject
) -> tuple[Application, ...]:
    """The applications by people who are not in the graph that name a key of the subject, by id; of a hub
    none.

    A walk ends with its bound of people, and a device in many hands is what it would cut. At most as many
    people are asked as the guards let hold a key, for their latest applications each.
    """
    named = keys(graph, subject)
    cut = [
        data["identifier"]
        for node, data in named.items()
        if not data["hub"] and data["holders"] > _dated(graph, node)
    ]
    if not cut:
        return ()
    held = view.holders_of(cut, max(GUARD.values())).values()
    people = {tie.applicant_id for holders in held for tie in holders.ties if tie.role is Role.OWN}
    absent = sorted(who for who in people if f"applicant:{who}" not in graph)
    applications = [a for each in (view.applications_of(absent) if absent else {}).values() for a in each]
    return tuple(sorted(name(applications, (i.node for i in cut)), key=_by_id))


def _dated(graph: nx.Graph[str], node: str) -> int:
    return sum(tie["since"] is not None for tie in graph[node].values())


def _by_id(application: Application) -> str:
    return application.application_id
