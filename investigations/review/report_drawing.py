"""A ring drawn as inline SVG: members placed by their links, the core in the middle tone, newcomers
marked.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo

import networkx as nx
from markupsafe import Markup

from graph.model.types import Ring, RingMember
from investigations.review.result import GroupEdge

WIDTH, HEIGHT, MARGIN = 480, 300, 22
MEMBERS_DRAWN = 60  # the closest to the core
NEW_FOR = timedelta(days=7)  # who joined within the last week is marked
ROLE_COLOURS = {"core": "#1d2430", "member": "#7f8da1", "fringe": "#c3cad4"}
ROLE_SIZES = {"core": 8.0, "member": 6.0, "fringe": 4.5}
NEWCOMER = "#e07b1f"
KIND_COLOURS = {
    "device": "#3f6fb0",
    "phone": "#3d8b7a",
    "bank_card": "#7d5fb2",
    "national_id": "#a8517a",
    "email": "#758043",
    "ip": "#5f7285",
    "wifi": "#4a93b8",
    "address": "#a87a3a",
    "employer": "#8a6a58",
    "merchant": "#5c8040",
    "agent": "#8f5a2c",
    "payment": "#3f8a5f",
    "known_contact": "#1f6f7a",
    "common_contact": "#6fb0a3",
    "employer_phone": "#b08a6a",
    "transfer": "#24508f",
    "referral": "#b0529a",
}
OTHER_KIND = "#9aa3ae"
_MIDDLE = "\0"  # no applicant is called so


def draw(ring: Ring, edges: Sequence[GroupEdge], as_of: datetime, zone: tzinfo = UTC) -> Markup:
    """The ring as of a moment, days in `zone`; members beyond MEMBERS_DRAWN are left out and said. The same
    ring looks the same every time.
    """
    members = sorted(ring.members, key=lambda m: (m.distance_to_core, -m.strength, m.applicant_id))[
        :MEMBERS_DRAWN
    ]
    places = _places(members, edges)
    lines = [_line(edge, places) for edge in edges if edge.a in places and edge.b in places]
    dots = [_dot(member, places[member.applicant_id], as_of, zone) for member in reversed(members)]
    left = ring.size - len(members)
    note = (
        Markup('<text x="8" y="{}" fill="#8a94a3" font-size="11">+ {}</text>').format(HEIGHT - 8, left)
        if left
        else Markup("")
    )
    frame = '<svg viewBox="0 0 {} {}" role="img" aria-label="{}" class="ring">{}{}{}</svg>'
    return Markup(frame).format(
        WIDTH, HEIGHT, ring.ring_id, Markup("").join(lines), Markup("").join(dots), note
    )


def kinds_drawn(edges: Sequence[GroupEdge]) -> list[str]:
    """What the drawn links share, the commonest first: the legend of the colours."""
    counts: dict[str, int] = {}
    for edge in edges:
        for kind in edge.kinds[:1]:
            counts[kind] = counts.get(kind, 0) + 1
    return sorted(counts, key=lambda kind: (-counts[kind], kind))


def colour_of(kind: str) -> str:
    """The colour of links of a kind: the desk's."""
    return KIND_COLOURS.get(kind, OTHER_KIND)


def _places(members: Sequence[RingMember], edges: Sequence[GroupEdge]) -> dict[str, tuple[float, float]]:
    """Where each member is drawn: springs pull along the links, from a circle, so that the outcome is
    repeatable.
    """
    graph: nx.Graph[str] = nx.Graph()
    graph.add_nodes_from(member.applicant_id for member in members)
    graph.add_weighted_edges_from((e.a, e.b, 0.3 + e.weight) for e in edges if e.a in graph and e.b in graph)
    _hold_together(graph)
    spread = 2.2 / max(len(members), 1) ** 0.5
    result = nx.spring_layout(graph, pos=nx.circular_layout(graph), k=spread, iterations=150, seed=7)
    result.pop(_MIDDLE, None)
    xs, ys = [p[0] for p in result.values()], [p[1] for p in result.values()]
    wide, tall = max(max(xs) - min(xs), 1e-9), max(max(ys) - min(ys), 1e-9)
    return {
        name: (
            MARGIN + (x - min(xs)) / wide * (WIDTH - 2 * MARGIN),
            MARGIN + (y - min(ys)) / tall * (HEIGHT - 2 * MARGIN),
        )
        for name, (x, y) in result.items()
    }


def _hold_together(graph: nx.Graph[str]) -> None:
    """Tie parts of a group that its strongest links do not join to an invisible centre: otherwise the layout
    drives them apart.
    """
    parts = [sorted(part) for part in nx.connected_components(graph)]
    if len(parts) > 1:
        graph.add_weighted_edges_from(
            (_MIDDLE, max(part, key=lambda name: (graph.degree(name), name)), 0.5) for part in parts
        )


def _line(edge: GroupEdge, places: dict[str, tuple[float, float]]) -> Markup:
    (x1, y1), (x2, y2) = places[edge.a], places[edge.b]
    colour = colour_of(edge.kinds[0]) if edge.kinds else OTHER_KIND
    frame = (
        '<path d="M{:.1f} {:.1f}L{:.1f} {:.1f}" stroke="{}" stroke-width="{:.1f}" '
        'stroke-opacity=".55"><title>{}</title></path>'
    )
    return Markup(frame).format(x1, y1, x2, y2, colour, 0.8 + 1.6 * edge.weight, ", ".join(edge.kinds))


def _dot(member: RingMember, place: tuple[float, float], as_of: datetime, zone: tzinfo) -> Markup:
    fresh = member.joined_at >= as_of - NEW_FOR
    edge = (
        Markup(' stroke="{}" stroke-width="3"').format(NEWCOMER)
        if fresh
        else Markup(' stroke="#fff" stroke-width="1.5"')
    )
    frame = '<circle cx="{:.1f}" cy="{:.1f}" r="{}" fill="{}"{}><title>{} · {} · {:%Y-%m-%d}</title></circle>'
    size, colour = ROLE_SIZES.get(member.role, 5.0), ROLE_COLOURS.get(member.role, OTHER_KIND)
    return Markup(frame).format(
        place[0],
        place[1],
        size,
        colour,
        edge,
        member.applicant_id,
        member.role,
        member.joined_at.astimezone(zone),
    )
