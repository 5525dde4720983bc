"""The schema of the network's graph: names of the features of each node and edge type; values lie between
about -1 and 10.
"""

from __future__ import annotations

from types import MappingProxyType

from graph.model.types import IdentifierKind
from graph.store.tables import KINDS, STATUSES

K = IdentifierKind
EdgeType = tuple[str, str, str]

WINDOWS = (1.0, 7.0, 30.0, 90.0)  # days
NEVER = 4_000.0  # days: stands for *has not happened*, beyond any history
# latest applications that are nodes of their own, of the subject and of each other applicant
OWN_SHOWN, OTHERS_SHOWN = 12, 2

APPLICANT = (
    "is_seed", "one_step_away", "two_steps_away", "applications", "applications_1d", "applications_7d", "applications_30d", "applications_90d",
    "lenders_7d", "lenders", "bank_share", "rejected", "disbursed", "closed", "trouble", "known_fraud", "known_good", "since_fraud", "since_first",
    "since_last", "mean_amount", "face_match", "liveness", "verification_missing", "three_element_failed", "new_citizen", "age", "shops", "ties",
    "from_seed_start",
)  # fmt: skip
IDENTIFIER = (
    *(f"is_{kind.value}" for kind in KINDS), "holders", "is_hub", "is_linking", "shown", "as_contact", "fresh_7d", "fresh_30d", "fresh_90d",
    "known_fraud_holders", "known_fraud_share", "since_first", "since_last", "named_now", "is_emulator", "is_rooted", "span",
)  # fmt: skip
APPLICATION = (
    "in_question", "days_ago", "amount", "term", "at_bank", "at_own", "face_match", "face_missing", "liveness", "three_element_yes",
    "three_element_no", *(f"was_{status.value}" for status in STATUSES), "labelled_fraud", "has_merchant", "has_agent", "at_night", "weekend",
    "mentions",
)  # fmt: skip
SHOP = (
    "is_merchant", "is_agent", "applications", "applications_1d", "applications_7d", "applications_30d", "people_share", "lenders", "opened",
    "mean_amount", "amount_spread", "span", "night_share",
)  # fmt: skip
LINK = ("own", "contact", "employer", "transfer", "since", "last", "now", "gap")

# Identifiers are three types of node: what belongs to a person, what is carried about, and where people are.
GROUPS = MappingProxyType(
    {
        K.NATIONAL_ID: "personal", K.PHONE: "personal", K.BANK_CARD: "personal", K.EMAIL: "personal", K.DEVICE: "device",
        K.IP: "place", K.WIFI: "place", K.ADDRESS: "place", K.EMPLOYER: "place",
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
