"""Evidence to arrays: the small heterogeneous graph around one subject, as the network reads it in training and in serving alike."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from gnn import features
from gnn.features import Reader, Row
from graph.evidence import Evidence
from graph.model import Application, IdentifierKind

K = IdentifierKind
Array = npt.NDArray[np.float32]
Index = npt.NDArray[np.int64]
EdgeType = tuple[str, str, str]

# Identifiers are three types of node: what belongs to a person, what is carried about, and where people are.
GROUPS = MappingProxyType(
    {
        K.NATIONAL_ID: "personal", K.PHONE: "personal", K.BANK_CARD: "personal", K.EMAIL: "personal", K.DEVICE: "device",
        K.IP: "place", K.WIFI: "place", K.ADDRESS: "place", K.EMPLOYER: "place",
    }
)  # fmt: skip
NODE_FEATURES = MappingProxyType(
    {
        "applicant": features.APPLICANT,
        "application": features.APPLICATION,
        "personal": features.IDENTIFIER,
        "device": features.IDENTIFIER,
        "place": features.IDENTIFIER,
        "shop": features.SHOP,
    }
)
EDGE_FEATURES = features.LINK
# Each link is kept once, in this direction; the network sends messages both ways along it.
EDGE_TYPES: tuple[EdgeType, ...] = (
    ("applicant", "has", "personal"),
    ("applicant", "has", "device"),
    ("applicant", "has", "place"),
    ("applicant", "deals_with", "applicant"),
    ("applicant", "made", "application"),
    ("application", "at", "shop"),
)
OWN_SHOWN, OTHERS_SHOWN = 12, 2  # latest applications that are nodes of their own, of the subject and of each other applicant


class Mine(NamedTuple):
    """A tie of the subject: the name of the node at its other end, and which link of which edge type it is."""

    node: str
    edge: EdgeType
    place: int


@dataclass(frozen=True, slots=True)
class Tensors:
    """One subject's surroundings.

    x: by node type (N, F) float32, columns as in NODE_FEATURES. index: by edge type (2, E) int64, rows of `x` of the source and the target type.
    attr: by edge type (E, len(EDGE_FEATURES)) float32. The subject is row 0 of `applicant`; with an application in question that is row 0 of
    `application` and `asked` is true. `mine`: the subject's own ties among the links.
    """

    x: dict[str, Array]
    index: dict[EdgeType, Index]
    attr: dict[EdgeType, Array]
    asked: bool
    mine: tuple[Mine, ...] = ()

    @property
    def nodes(self) -> int:
        """How many nodes there are, of all types."""
        return sum(len(x) for x in self.x.values())


def from_evidence(evidence: Evidence) -> Tensors:
    """The arrays of one assessment; the same evidence gives the same bits."""
    drawing = _Drawing(evidence)
    drawing.people()
    drawing.ties()
    drawing.loans()
    return drawing.tensors()


class _Drawing:
    """Collects rows and links; a node's number is its row within its type."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.read = Reader(evidence)
        self.adjacency = dict(evidence.graph.adjacency())
        self.rows: dict[str, list[Row]] = {name: [] for name in NODE_FEATURES}
        self.ends: dict[EdgeType, list[tuple[int, int]]] = {edge: [] for edge in EDGE_TYPES}
        self.attr: dict[EdgeType, list[Row]] = {edge: [] for edge in EDGE_TYPES}
        self.number: dict[str, tuple[str, int]] = {}
        self.mine: list[Mine] = []

    def _node(self, name: str, kind: str, row: Row) -> int:
        self.rows[kind].append(row)
        self.number[name] = (kind, len(self.rows[kind]) - 1)
        return len(self.rows[kind]) - 1

    def _link(self, edge: EdgeType, source: int, target: int, row: Row) -> None:
        self.ends[edge].append((source, target))
        self.attr[edge].append(row)

    def people(self) -> None:
        """Applicants, the subject first."""
        for node, data in self.evidence.graph.nodes(data=True):
            if data["type"] == "applicant":
                self._node(node, "applicant", self.read.applicant(node.partition(":")[2], data["step"], len(self.adjacency[node])))

    def ties(self) -> None:
        """Identifiers and who holds them, and who sent whom something."""
        me, seen = self.evidence.subject.node, set()
        for node, data in self.evidence.graph.nodes(data=True):
            # What only one other person is seen with ties nobody to anybody: it counts among that person's ties and is no node.
            if data["type"] != "applicant" and (len(held := self.adjacency[node]) > 1 or me in held):
                self._node(node, GROUPS[data["identifier"].kind], self.read.identifier(data, held))
        for node, others in self.adjacency.items():
            seen.add(node)
            if node in self.number:
                for other, said in others.items():
                    if other not in seen and other in self.number:
                        edge = self._tie(self.number[node], self.number[other], self.read.link(said))
                        if me in (node, other):
                            self.mine.append(Mine(other if node == me else node, edge, len(self.ends[edge]) - 1))

    def _tie(self, a: tuple[str, int], b: tuple[str, int], row: Row) -> EdgeType:
        if a[0] == b[0]:
            edge, source, target = ("applicant", "deals_with", "applicant"), a[1], b[1]
        else:
            person, thing = (a, b) if a[0] == "applicant" else (b, a)
            edge, source, target = ("applicant", "has", thing[0]), person[1], thing[1]
        self._link(edge, source, target, row)
        return edge

    def loans(self) -> None:
        """The application in question, the latest ones of everybody, and the shop and the agent of the one in question."""
        asked = self.evidence.subject.application
        shown: dict[str, int] = {}
        if asked is not None:
            shown[asked.application_id] = self._loan(asked, self.number[self.evidence.subject.node][1])
        for applicant_id, made in self.evidence.applications.items():
            place = self.number[f"applicant:{applicant_id}"][1]
            for application in made[: OWN_SHOWN if place == 0 else OTHERS_SHOWN]:
                shown[application.application_id] = self._loan(application, place)
        if asked is not None:
            self._shop(shown, self.evidence.at_merchant, asked.merchant_id, None)
            self._shop(shown, self.evidence.at_agent, None, asked.agent_id)

    def _loan(self, application: Application, person: int) -> int:
        number = self._node(f"application:{application.application_id}", "application", self.read.application(application))
        row = self.read.plain(since=application.applied_at, now=application is self.evidence.subject.application)
        self._link(("applicant", "made", "application"), person, number, row)
        return number

    def _shop(self, shown: dict[str, int], seen: tuple[Application, ...], merchant_id: str | None, agent_id: str | None) -> None:
        if merchant_id is None and agent_id is None:
            return
        shop = self._node(f"shop:{merchant_id}:{agent_id}", "shop", self.read.shop(seen, merchant_id))
        self._link(("application", "at", "shop"), 0, shop, self.read.plain(now=True))
        for application in seen:
            if application.application_id in shown:
                self._link(("application", "at", "shop"), shown[application.application_id], shop, self.read.plain(since=application.applied_at))

    def tensors(self) -> Tensors:
        """What was collected, as arrays; a type of which there is nothing has zero rows."""
        return Tensors(
            x={name: _array(rows, len(NODE_FEATURES[name])) for name, rows in self.rows.items()},
            index={edge: np.array(ends, dtype=np.int64).reshape(-1, 2).T for edge, ends in self.ends.items()},
            attr={edge: _array(rows, len(EDGE_FEATURES)) for edge, rows in self.attr.items()},
            asked=self.evidence.subject.application is not None,
            mine=tuple(self.mine),
        )


def _array(rows: list[Row], width: int) -> Array:
    return np.array(rows, dtype=np.float32).reshape(-1, width)
