"""The network's inputs from what a view read: slow and obvious, they are what the compiled ones are held to."""

from __future__ import annotations

import numpy as np

from gnn.features import Reader, Row
from gnn.schema import EDGE_FEATURES, EDGE_TYPES, GROUPS, NODE_FEATURES, OTHERS_SHOWN, OWN_SHOWN, EdgeType
from gnn.tensors import Array, Tensors, tensors
from graph.evidence import Evidence
from graph.model import Application

Node = tuple[str, int]  # its type, and its row among those of the type


def from_evidence(evidence: Evidence) -> Tensors:
    """The arrays of one assessment; the same evidence gives the same bits."""
    drawing = _Drawing(evidence)
    drawing.people()
    drawing.ties()
    drawing.loans()
    return drawing.tensors()


def name_of(evidence: Evidence, tensors: Tensors, node: int) -> str:
    """The name in the subgraph of an applicant or an identifier, by its row in `tensors`."""
    person = node < tensors.first[1]
    same = [name for name, data in evidence.graph.nodes(data=True) if (data["type"] == "applicant") == person]
    return str(same[tensors.origin[node]])


class _Drawing:
    """Collects rows and links; a node's number is its row within its type."""

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.read = Reader(evidence)
        self.adjacency = dict(evidence.graph.adjacency())
        self.rows: dict[str, list[Row]] = {name: [] for name in NODE_FEATURES}
        self.origins: dict[str, list[int]] = {name: [] for name in NODE_FEATURES}
        self.ends: dict[EdgeType, list[tuple[int, int]]] = {edge: [] for edge in EDGE_TYPES}
        self.attr: dict[EdgeType, list[Row]] = {edge: [] for edge in EDGE_TYPES}
        self.person: dict[str, int] = {}

    def _node(self, kind: str, origin: int, row: Row) -> int:
        self.rows[kind].append(row)
        self.origins[kind].append(origin)
        return len(self.rows[kind]) - 1

    def _link(self, edge: EdgeType, source: int, target: int, row: Row) -> None:
        self.ends[edge].append((source, target))
        self.attr[edge].append(row)

    def people(self) -> None:
        """Applicants, the subject first, and who sent whom something."""
        for node, data in self.evidence.graph.nodes(data=True):
            if data["type"] == "applicant":
                row = self.read.applicant(node.partition(":")[2], data["step"], len(self.adjacency[node]))
                self.person[node] = self._node("applicant", len(self.person), row)
        for node, a in self.person.items():
            for other, said in self.adjacency[node].items():
                if (b := self.person.get(other, -1)) > a:
                    self._link(("applicant", "deals_with", "applicant"), a, b, self.read.link(said))

    def ties(self) -> None:
        """Identifiers and who holds them."""
        me = self.evidence.subject.node
        things = [(node, data) for node, data in self.evidence.graph.nodes(data=True) if data["type"] != "applicant"]
        for origin, (node, data) in enumerate(things):
            held, kind = self.adjacency[node], GROUPS[data["identifier"].kind]
            # What only one other person is seen with ties nobody to anybody: it counts among that person's ties and is no node.
            if len(held) > 1 or me in held:
                thing = self._node(kind, origin, self.read.identifier(data, held))
                for who, said in held.items():
                    self._link(("applicant", "has", kind), self.person[who], thing, self.read.link(said))

    def loans(self) -> None:
        """The application in question, the latest ones of everybody, and the shop and the agent of the one in question."""
        asked, origin = self.evidence.subject.application, 0
        shown: dict[str, int] = {}
        if asked is not None:
            shown[asked.application_id] = self._loan(asked, 0, origin)
            origin += 1
        for node, place in self.person.items():
            made = self.evidence.applications.get(node.partition(":")[2], ())
            for row, application in enumerate(made[: OWN_SHOWN if place == 0 else OTHERS_SHOWN]):
                shown[application.application_id] = self._loan(application, place, origin + row)
            origin += len(made)
        if asked is not None:
            self._shop(shown, self.evidence.at_merchant, asked.merchant_id, None)
            self._shop(shown, self.evidence.at_agent, None, asked.agent_id)

    def _loan(self, application: Application, person: int, origin: int) -> int:
        number = self._node("application", origin, self.read.application(application))
        row = self.read.plain(since=application.applied_at, now=application is self.evidence.subject.application)
        self._link(("applicant", "made", "application"), person, number, row)
        return number

    def _shop(self, shown: dict[str, int], seen: tuple[Application, ...], merchant_id: str | None, agent_id: str | None) -> None:
        if merchant_id is None and agent_id is None:
            return
        shop = self._node("shop", int(merchant_id is None), self.read.shop(seen, merchant_id))
        self._link(("application", "at", "shop"), 0, shop, self.read.plain(now=True))
        for application in seen:
            if application.application_id in shown:
                self._link(("application", "at", "shop"), shown[application.application_id], shop, self.read.plain(since=application.applied_at))

    def tensors(self) -> Tensors:
        """What was collected, as arrays; a type of which there is nothing has zero rows."""
        return tensors(
            x={name: _array(rows, len(NODE_FEATURES[name])) for name, rows in self.rows.items()},
            edge_index={edge: np.array(ends, dtype=np.int32).reshape(-1, 2).T for edge, ends in self.ends.items()},
            edge_attr={edge: _array(rows, len(EDGE_FEATURES)) for edge, rows in self.attr.items()},
            origin=[origin for origins in self.origins.values() for origin in origins],
            asked=self.evidence.subject.application is not None,
        )


def _array(rows: list[Row], width: int) -> Array:
    return np.array(rows, dtype=np.float32).reshape(-1, width)
