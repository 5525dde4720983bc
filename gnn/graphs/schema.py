"""Schemas of the network's graphs, the product's and in general: names of the features of each node and edge
type; values lie between about -1 and 10.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from graph.facts.tables import KINDS, STATUSES
from graph.model.types import IdentifierKind

K = IdentifierKind
EdgeType = tuple[str, str, str]

WINDOWS = (1.0, 7.0, 30.0, 90.0)  # days
NEVER = 4_000.0  # days: stands for *has not happened*, beyond any history
# latest applications that are nodes of their own, of the subject and of each other applicant
OWN_SHOWN, OTHERS_SHOWN = 12, 2

APPLICANT = (
    "is_seed", "one_step_away", "two_steps_away", "applications", "applications_1d", "applications_7d",
    "applications_30d", "applications_90d", "lenders_7d", "lenders", "bank_share", "rejected", "disbursed",
    "closed", "trouble", "known_fraud", "known_good", "since_fraud", "since_first", "since_last",
    "mean_amount", "face_match", "liveness", "verification_missing", "three_element_failed", "new_citizen",
    "age", "shops", "ties", "from_seed_start",
)  # fmt: skip
IDENTIFIER = (
    *(f"is_{kind.value}" for kind in KINDS), "holders", "is_hub", "is_linking", "shown", "as_contact",
    "fresh_7d", "fresh_30d", "fresh_90d", "known_fraud_holders", "known_fraud_share", "since_first",
    "since_last", "named_now", "is_emulator", "is_rooted", "span",
)  # fmt: skip
APPLICATION = (
    "in_question", "days_ago", "amount", "term", "at_bank", "at_own", "face_match", "face_missing",
    "liveness", "three_element_yes", "three_element_no", *(f"was_{status.value}" for status in STATUSES),
    "labelled_fraud", "has_merchant", "has_agent", "at_night", "weekend", "mentions",
)  # fmt: skip
SHOP = (
    "is_merchant", "is_agent", "applications", "applications_1d", "applications_7d", "applications_30d",
    "people_share", "lenders", "opened", "mean_amount", "amount_spread", "span", "night_share",
)  # fmt: skip
LINK = ("own", "contact", "employer", "transfer", "since", "last", "now", "gap")

# Identifiers are three types of node: what belongs to a person, what is carried about, and where people are.
GROUPS = MappingProxyType(
    {
        K.NATIONAL_ID: "personal", K.PHONE: "personal", K.BANK_CARD: "personal", K.EMAIL: "personal",
        K.DEVICE: "device", K.IP: "place", K.WIFI: "place", K.ADDRESS: "place", K.EMPLOYER: "place",
    }
)  # fmt: skip
NODE_FEATURES = MappingProxyType(
    {
        "applicant": APPLICANT,
        "application": APPLICATION,
        "personal": IDENTIFIER,
        "device": IDENTIFIER,
        "place": IDENTIFIER,
        "shop": SHOP,
    }
)
NODE_TYPES = tuple(NODE_FEATURES)
EDGE_FEATURES = LINK
WIDEST = max(map(len, NODE_FEATURES.values()))
# Each link is kept once, in this direction; the network sends messages both ways along it. The first four are
# the ties between people.
EDGE_TYPES: tuple[EdgeType, ...] = (
    ("applicant", "has", "personal"),
    ("applicant", "has", "device"),
    ("applicant", "has", "place"),
    ("applicant", "deals_with", "applicant"),
    ("applicant", "made", "application"),
    ("application", "at", "shop"),
)
TIES = 4


@dataclass(frozen=True)
class GraphSchema:
    """What a network reads: `node_features` by node type, the subjects' type first; links of `edge_types`
    with `edge_features`. Column 0 of the first type marks the subject.

    `in_question`: the second type holds, marked in its column 0, what is asked about the subject.
    """

    node_features: Mapping[str, tuple[str, ...]]
    edge_types: tuple[EdgeType, ...]
    edge_features: tuple[str, ...]
    in_question: bool = False

    def __deepcopy__(self, memo: object) -> GraphSchema:
        """Itself: it never changes, and networks that are copied share it."""
        return self

    @property
    def node_types(self) -> tuple[str, ...]:
        """In the order in which nodes lie."""
        return tuple(self.node_features)

    @property
    def subject(self) -> str:
        """The type of the subjects."""
        return self.node_types[0]

    @property
    def widest(self) -> int:
        """The most features that a node has."""
        return max(map(len, self.node_features.values()))


LENDING = GraphSchema(NODE_FEATURES, EDGE_TYPES, EDGE_FEATURES, in_question=True)
