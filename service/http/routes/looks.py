"""Looks: whoever is shown a person, a ring or a case stands in the audit trail before the answer leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import wraps
from types import MappingProxyType
from typing import Any

from flask import Flask, g, request

from investigations.users import AuditAction, AuditEntry, AuditWay
from service.http.calls import app_context, purpose
from service.http.routes.erased_nodes import without_erased

View = Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Look:
    """What a route shows: which part, and of whom. `by` is `node` (the address's parameter), `case` or `ring`
    (in its path), `noted` (by the route itself) or empty, for lists.

    `polled`: programs ask for it all the time, and of a key that was shown nothing nothing is kept.
    """

    part: str
    by: str = ""
    action: AuditAction = AuditAction.LOOKED
    polled: bool = False


LOOKS: Mapping[str, Look] = MappingProxyType(
    {
        "desk.overview": Look("overview"),
        "desk.search": Look("search", "noted", AuditAction.SEARCHED),
        "desk.subgraph": Look("drawing", "node"),
        "desk.expand": Look("expansion", "node"),
        "desk.node": Look("panel", "node"),
        "desk.history": Look("history", "node"),
        "desk.alerts": Look("alerts", "node"),
        "desk.paths": Look("ties", "noted"),
        "desk.assessment": Look("assessment", "node"),
        "desk_assess.assessed": Look("assessment now", "noted"),
        "desk_views.views": Look("views", "node"),
        "desk_views.view": Look("view", "noted"),
        "rings.rings": Look("rings"),
        "rings.ring": Look("ring", "ring"),
        "cases.listed": Look("queue"),
        "case_hands.versions": Look("queue"),
        "cases.shown": Look("case", "case"),
        "case_papers.attachment": Look("attachment", "case"),
        "case_file.made": Look("case file", "noted"),
        "risk.read": Look("recorded assessment", "noted"),
        "risk.replayed": Look("replay", "noted"),
        "alerts.alerts": Look("alerts", polled=True),
        "audit.read": Look("audit"),
    }
)
"""By endpoint."""
STEPS = frozenset(
    {
        *("cases.opened", "cases.assigned", "cases.ranked", "cases.noted", "cases.concluded"),
        *("cases.closed", "case_hands.assigned", "case_hands.ranked"),
        *("case_papers.due", "case_papers.linked", "case_papers.attached"),
    }
)
"""What is done to cases, whose answers show them: the step itself stands in the case's own history."""


def install(app: Flask) -> None:
    """Let every one of these routes keep its looks, and none of them answer without a purpose where one must
    be given.
    """
    for endpoint, view in app.view_functions.items():
        name = endpoint.removeprefix("v1_")
        if (look := LOOKS.get(name)) is not None:
            app.view_functions[endpoint] = _kept(view, look)
        elif name in STEPS:
            app.view_functions[endpoint] = _for_a_purpose(view)


def note(subjects: Iterable[str], as_of: datetime | None = None) -> None:
    """Say whom this request shows, where its address does not."""
    g.looked_at = tuple(dict.fromkeys(subjects))
    if as_of is not None:
        at(as_of)


def at(as_of: datetime) -> None:
    """Say as of which moment this request shows it."""
    g.looked_as_of = as_of


def showed(count: int) -> None:
    """Say how many this request shows, where it may be none."""
    g.showed = count


def _for_a_purpose(view: View) -> View:
    @wraps(view)
    def asked(**given: Any) -> Any:
        purpose()
        return view(**given)

    return asked


def _kept(view: View, look: Look) -> View:
    @wraps(view)
    def seen(**given: Any) -> Any:
        purpose()  # nothing is looked up for whoever must say one and does not
        answer = view(**given)
        if look.polled and not g.caller.session and not g.showed:
            return answer
        subjects = _subjects(look, given) or (None,)
        app_context().casebook.audit.add([_entry(look, subject) for subject in subjects])
        return answer

    return seen


def _subjects(look: Look, given: Mapping[str, Any]) -> tuple[str, ...]:
    if look.by == "node":
        return (without_erased(request.args.get("node", "")),)
    if look.by in ("case", "ring"):
        return (f"{look.by}:{given[f'{look.by}_id']}",)
    return tuple(g.looked_at) if look.by == "noted" else ()


def _entry(look: Look, subject: str | None) -> AuditEntry:
    caller = g.caller
    return AuditEntry(
        at=g.arrived,
        by=caller.name,
        way=AuditWay.SESSION if caller.session else AuditWay.KEY,
        action=look.action,
        subject=subject,
        as_of=g.get("looked_as_of"),
        purpose=purpose(),
        detail=look.part,
        request_id=g.request_id,
    )
