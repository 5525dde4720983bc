"""Who may use which route: the scope of each endpoint, and the roles of people as sets of scopes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from flask import Flask

from investigations.users import DeskRole

SCOPES = (
    "risk",
    "types",
    "facts",
    "rings",
    "desk",
    "cases:read",
    "cases:work",
    "cases:decide",
    "cases:confirm",
    "alerts:read",
    "audit:read",
    "metrics",
)
LENDERS_SCOPES = frozenset({"risk", "types", "facts", "alerts:read"})
"""What a key that is bound to lenders may open; the rest shows what is across lenders, and is the operator's.
"""

_LOOKING = frozenset({"desk", "rings", "cases:read", "alerts:read"})
_DECIDING = _LOOKING | {"cases:work", "cases:decide"}
ROLES: Mapping[DeskRole, frozenset[str]] = MappingProxyType(
    {
        DeskRole.READER: _LOOKING,
        DeskRole.AUDITOR: _LOOKING | {"audit:read"},
        DeskRole.INVESTIGATOR: _DECIDING,
        DeskRole.SENIOR: _DECIDING | {"cases:confirm"},
        DeskRole.ADMIN: _DECIDING | {"cases:confirm", "audit:read", "metrics"},
    }
)
"""What each role opens. None opens what programs do: `risk`, `types` and `facts` are for keys."""

OPEN_TO_ALL, ANY_USER = "everybody", "any user"
ACCESS: Mapping[str, str] = MappingProxyType(
    {
        "status.start": OPEN_TO_ALL,
        "status.healthz": OPEN_TO_ALL,
        "status.readyz": OPEN_TO_ALL,
        "status.versions": OPEN_TO_ALL,
        "status.described": OPEN_TO_ALL,
        "status.docs": OPEN_TO_ALL,
        "status.docs_built": OPEN_TO_ALL,
        "status.problems_page": OPEN_TO_ALL,
        "status.exposition": "metrics",
        "risk.risk": "risk",
        "risk.batch": "risk",
        "risk.read": "risk",
        "risk.replayed": "risk",
        "facts.feedback": "facts",
        "facts.events": "facts",
        "facts.outcomes": "facts",
        "rings.rings": "rings",
        "rings.ring": "rings",
        "alerts.alerts": "alerts:read",
        "audit.read": "audit:read",
        "verdicts.counted": "cases:read",
        "assignees.listed": "cases:read",
        "cases.listed": "cases:read",
        "cases.shown": "cases:read",
        "cases.opened": "cases:work",
        "cases.assigned": "cases:work",
        "cases.ranked": "cases:work",
        "case_hands.versions": "cases:read",
        "case_hands.assigned": "cases:work",
        "case_hands.ranked": "cases:work",
        "cases.noted": "cases:work",
        "cases.concluded": "cases:decide",
        "cases.closed": "cases:decide",
        "case_papers.due": "cases:work",
        "case_papers.linked": "cases:work",
        "case_papers.attached": "cases:work",
        "case_papers.attachment": "cases:read",
        "case_file.made": "cases:read",
        "desk.page": OPEN_TO_ALL,
        "desk.built": OPEN_TO_ALL,
        "desk.overview": "desk",
        "desk.search": "desk",
        "desk.subgraph": "desk",
        "desk.expand": "desk",
        "desk.node": "desk",
        "desk.history": "desk",
        "desk.alerts": "desk",
        "desk.paths": "desk",
        "desk.assessment": "desk",
        "desk.me": "desk",
        "login.page": OPEN_TO_ALL,
        "login.enter": OPEN_TO_ALL,
        "login.to_provider": OPEN_TO_ALL,
        "login.callback": OPEN_TO_ALL,
        "login.password": OPEN_TO_ALL,
        "login.change_password": ANY_USER,
        "login.leave": ANY_USER,
        "desk_assess.assessed": "cases:work",
        "desk_model.shown": "desk",
        "desk_views.saved": "desk",
        "desk_views.views": "desk",
        "desk_views.view": "desk",
        "desk_views.removed": "desk",
    }
)
"""By endpoint (under `/v1` the same): the scope that opens it, OPEN_TO_ALL, or ANY_USER for whoever has
logged in.
"""


def scope_of(endpoint: str) -> str:
    """What opens an endpoint. Raises KeyError for one that nobody declared."""
    return ACCESS[endpoint.removeprefix("v1_")]


def require_declared(app: Flask) -> None:
    """Raise LookupError where the application has a route of which nobody said who may use it."""
    endpoints = {rule.endpoint.removeprefix("v1_") for rule in app.url_map.iter_rules()}
    if undeclared := sorted(endpoints - set(ACCESS)):
        raise LookupError(f"say in service/http/callers/access.py who may use {', '.join(undeclared)}")
