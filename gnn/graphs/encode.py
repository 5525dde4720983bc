"""Encodes a neighbourhood as the graph that the network reads; training and serving use the same compiled
code.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gnn.graphs.node_features import (
    APPLICANT_ROW,
    APPLICATION_ROW,
    IDENTIFIER_ROW,
    LINK_ROW,
    SHOP_ROW,
    UNDATED,
    applicant,
    application,
    identifier,
    known_for_fraud,
    plain,
    role,
    shop,
    tie,
)
from gnn.graphs.schema import EDGE_TYPES, GROUPS, LINK, NODE_TYPES, OTHERS_SHOWN, OWN_SHOWN, WIDEST
from gnn.graphs.tensors import Index, Tensors
from graph.facts.tables import KINDS
from graph.frame.neighbourhood import NOBODY, Neighbourhood
from graph.kernels.compiled import compiled, inner

_APPLICANT, _APPLICATION, _SHOP = map(NODE_TYPES.index, ("applicant", "application", "shop"))
_GROUP = np.array([NODE_TYPES.index(GROUPS[kind]) for kind in KINDS])
_HAS = np.array(
    [
        EDGE_TYPES.index(("applicant", "has", name)) if ("applicant", "has", name) in EDGE_TYPES else -1
        for name in NODE_TYPES
    ]
)
_DEALS, _APPLIED, _AT = (EDGE_TYPES.index(edge) for edge in EDGE_TYPES if edge[1] != "has")
_TRANSFER = LINK.index("transfer")


class _Plan(NamedTuple):
    """Where everything comes: `first` and `sorts` as in Tensors; the node of each identifier (I,), and of
    each application at the shop and the agent (at merchant, then at agent), -1 where it is none.
    """

    first: Index
    sorts: Index
    identifiers: Index
    place_nodes: Index


@compiled
def encode(n: Neighbourhood) -> Tensors:
    """The tensors of one subject; the same neighbourhood gives the same bits.

    To hide what has been said of the subject itself, as models are asked, set the `labels` of its row in
    `people` to 0 before.
    """
    plan = _planned(n)
    nodes, links = plan.first[-1], plan.sorts[-1]
    graph = Tensors(
        np.zeros((nodes, WIDEST), np.float32),
        plan.first,
        np.empty((links, 2), np.int32),
        np.zeros((links, len(LINK)), np.float32),
        plan.sorts,
        np.empty(nodes, np.int32),
        n.subject[0].asked != 0,
    )
    _people(n, graph)
    _identifiers(n, plan, graph)
    _applications(n, plan, graph)
    _shops(n, plan, graph)
    return graph


@inner
def _planned(n: Neighbourhood) -> _Plan:
    whole = n.subject[0]
    nodes, links = np.zeros(len(NODE_TYPES) + 1, np.int32), np.zeros(len(EDGE_TYPES) + 1, np.int32)
    nodes[1 + _APPLICANT], links[1 + _DEALS] = whole.people, whole.dealings
    applications = np.empty(whole.people, np.int32)
    shown = whole.people + whole.asked
    for p in range(whole.people):
        applications[p] = shown
        shown += _shown(n, p)
    nodes[1 + _APPLICATION] = links[1 + _APPLIED] = shown - whole.people
    identifiers = np.full(whole.identifiers, -1, np.int32)
    for place in range(whole.identifiers):
        one = n.identifiers[place]
        # What only one other person is seen with ties nobody to anybody: it counts among that person's ties
        # and is no node.
        if one.ties > 1 or n.ties[one.tie].person == 0:
            group = _GROUP[one.kind]
            identifiers[place] = nodes[1 + group]
            nodes[1 + group] += 1
            links[1 + _HAS[group]] += one.ties
    there = _place_nodes(n, applications)
    if whole.asked:
        nodes[1 + _SHOP] = (n.applications[0].merchant != NOBODY) + (n.applications[0].agent != NOBODY)
    links[1 + _AT] = nodes[1 + _SHOP] + (there >= 0).sum()
    for kind in range(len(NODE_TYPES)):
        nodes[kind + 1] += nodes[kind]
    for sort in range(len(EDGE_TYPES)):
        links[sort + 1] += links[sort]
    for place in range(whole.identifiers):
        if identifiers[place] >= 0:
            identifiers[place] += nodes[_GROUP[n.identifiers[place].kind]]
    return _Plan(nodes, links, identifiers, there)


@inner
def _shown(n: Neighbourhood, person: int) -> int:
    """How many of a person's latest applications are nodes."""
    return int(min(n.people[person].applications, OWN_SHOWN if person == 0 else OTHERS_SHOWN))


@inner
def _place_nodes(n: Neighbourhood, applications: Index) -> Index:
    """The nodes of the applications at the shop and the agent, -1 where they are none."""
    whole = n.subject[0]
    out = np.full(whole.at_merchant_n + whole.at_agent_n, -1, np.int32)
    for place in range(len(out)):
        row = (
            whole.at_merchant + place
            if place < whole.at_merchant_n
            else whole.at_agent + place - whole.at_merchant_n
        )
        one = n.applications[row]
        if 0 <= one.person < whole.people:
            first = n.people[one.person].application
            for k in range(_shown(n, one.person)):
                if n.applications[first + k].id == one.id:
                    out[place] = applications[one.person] + k
    return out


@inner
def _people(n: Neighbourhood, graph: Tensors) -> None:
    """Applicants, the subject first, and who sent whom something."""
    rows, links = graph.rows.view(APPLICANT_ROW)[:, 0], graph.marks.view(LINK_ROW)[:, 0]
    deals, link = np.zeros(n.subject[0].people, np.int32), graph.sorts[_DEALS]
    for place in range(n.subject[0].dealings):
        one = n.dealings[place]
        deals[one.a] += 1
        deals[one.b] += 1
        graph.ends[link, 0], graph.ends[link, 1] = one.a, one.b
        graph.marks[link, _TRANSFER] = 1.0
        tie(n, one.since, one.last, links[link])
        link += 1
    for p in range(n.subject[0].people):
        graph.origin[p] = p
        applicant(n, p, deals[p], rows[p])


@inner
def _identifiers(n: Neighbourhood, plan: _Plan, graph: Tensors) -> None:
    """Identifiers and who holds them."""
    rows, links = graph.rows.view(IDENTIFIER_ROW)[:, 0], graph.marks.view(LINK_ROW)[:, 0]
    frauds, next_link = known_for_fraud(n), plan.sorts.copy()
    for place in range(len(plan.identifiers)):
        node, one = plan.identifiers[place], n.identifiers[place]
        if node < 0:
            continue
        graph.origin[node] = place
        identifier(n, place, frauds, graph.rows[node], rows[node])
        sort = _HAS[_GROUP[one.kind]]
        for i in range(one.tie, one.tie + one.ties):
            link = next_link[sort]
            next_link[sort] += 1
            graph.ends[link, 0], graph.ends[link, 1] = n.ties[i].person, node
            role(n.ties[i].role, graph.marks[link])
            tie(n, n.ties[i].since, n.ties[i].last, links[link])


@inner
def _applications(n: Neighbourhood, plan: _Plan, graph: Tensors) -> None:
    """The application in question and the latest ones of everybody."""
    rows, links = graph.rows.view(APPLICATION_ROW)[:, 0], graph.marks.view(LINK_ROW)[:, 0]
    node, link = plan.first[_APPLICATION], plan.sorts[_APPLIED]
    for p in range(-1 if n.subject[0].asked else 0, n.subject[0].people):
        person, first, shown = (
            max(p, 0),
            0 if p < 0 else n.people[p].application,
            1 if p < 0 else _shown(n, p),
        )
        for place in range(first, first + shown):
            graph.origin[node] = place
            application(n, place, person, graph.rows[node], rows[node])
            graph.ends[link, 0], graph.ends[link, 1] = person, node
            plain(n, n.applications[place].at, p < 0, links[link])
            node += 1
            link += 1


@inner
def _shops(n: Neighbourhood, plan: _Plan, graph: Tensors) -> None:
    """The shop and the agent of the application in question, and who else is shown there."""
    whole = n.subject[0]
    node, link = plan.first[_SHOP], plan.sorts[_AT]
    if not whole.asked:
        return
    for is_merchant in (True, False):
        if (n.applications[0].merchant if is_merchant else n.applications[0].agent) == NOBODY:
            continue
        first, count = (
            (whole.at_merchant, whole.at_merchant_n) if is_merchant else (whole.at_agent, whole.at_agent_n)
        )
        graph.origin[node] = 0 if is_merchant else 1
        shop(n, first, count, is_merchant, graph.rows.view(SHOP_ROW)[:, 0][node])
        links = graph.marks.view(LINK_ROW)[:, 0]
        graph.ends[link, 0], graph.ends[link, 1] = plan.first[_APPLICATION], node
        plain(n, UNDATED, True, links[link])
        link += 1
        for place in range(count):
            source = plan.place_nodes[place if is_merchant else whole.at_merchant_n + place]
            if source >= 0:
                graph.ends[link, 0], graph.ends[link, 1] = source, node
                plain(n, n.applications[first + place].at, False, links[link])
                link += 1
        node += 1
