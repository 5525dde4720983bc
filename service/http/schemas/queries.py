"""The parameters of every address that is read: those that it takes, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import TypeVar

from flask import Request, g
from msgspec import Struct

from ingestion.cells import holds_control
from ingestion.identifiers.recognise import scrubbed
from service.http.schemas.parameters import (
    MOST_NAMED,
    AlertQuery,
    AuditQuery,
    CaseChoice,
    CaseQuery,
    QueryError,
    ReadinessQuery,
    RingQuery,
    VerdictQuery,
    read,
)

READING = ("GET", "HEAD")


class NoQuery(Struct, forbid_unknown_fields=True):
    """No parameter at all."""


class MomentQuery(Struct, forbid_unknown_fields=True):
    """As of when the desk looks."""

    as_of: str = ""


class NodeQuery(MomentQuery, forbid_unknown_fields=True):
    """At what the desk looks, and as of when."""

    node: str = ""


class NodeOnlyQuery(Struct, forbid_unknown_fields=True):
    """At what the desk looks."""

    node: str = ""


class DaysQuery(Struct, forbid_unknown_fields=True):
    """How far back the desk looks."""

    days: str = ""


QUERIES: Mapping[str, type[Struct]] = MappingProxyType(
    {
        "status.readyz": ReadinessQuery,
        "rings.rings": RingQuery,
        "alerts.alerts": AlertQuery,
        "audit.read": AuditQuery,
        "verdicts.counted": VerdictQuery,
        "cases.listed": CaseQuery,
        "case_hands.versions": CaseChoice,
        "desk.overview": MomentQuery,
        "desk.subgraph": NodeQuery,
        "desk.expand": NodeQuery,
        "desk.node": NodeQuery,
        "desk.history": NodeQuery,
        "desk.alerts": NodeQuery,
        "desk.assessment": NodeQuery,
        "desk_views.views": NodeOnlyQuery,
        "desk_model.shown": DaysQuery,
    }
)
"""By endpoint (under `/v1` the same); every other one takes none."""
PAGES = frozenset(
    {"desk.page", "desk.built", "status.docs_built", "login.page", "login.to_provider", "login.callback"}
)
"""What a browser or a provider of logins opens, with parameters that are no matter of ours."""

Kind = TypeVar("Kind", bound=Struct)


def check(sent: Request) -> None:
    """Read the parameters of a request that has a route. Raises QueryError for one that its address does not
    take, for one that is given twice (which of the two was meant?), and for what holds a control character.
    """
    if sent.endpoint is None:
        return
    _refuse_controls(sent)
    if sent.method not in READING:
        return
    endpoint = sent.endpoint.removeprefix("v1_")
    if endpoint in PAGES:
        return
    kind = QUERIES.get(endpoint, NoQuery)
    if not sent.query_string and kind is NoQuery:
        return
    twice = [name for name, values in sent.args.lists() if len(values) > 1 and name in kind.__struct_fields__]
    if twice:
        raise QueryError("; ".join(f"{name}: is given twice" for name in twice))
    g.query = read(kind, sent.args, QueryError)


def _refuse_controls(sent: Request) -> None:
    """Nobody's id holds one, and PostgreSQL does not take a text that does."""
    given = [*(sent.view_args or {}).items(), *(sent.args.items() if sent.query_string else ())]
    if wrong := [name for name, value in given if holds_control(str(value))]:
        said = (f"{scrubbed(name)[:64]}: holds a control character" for name in wrong[:MOST_NAMED])
        raise QueryError("; ".join(said))


def query(kind: type[Kind]) -> Kind:
    """The parameters of this request, of the kind that its endpoint has in QUERIES."""
    found = g.query
    assert isinstance(found, kind), f"QUERIES gives this endpoint a {kind.__name__}"
    return found
