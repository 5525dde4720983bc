"""Which cases a request wants: what it searches for looked up in the graph, its filters, and its order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import timedelta

from flask import g

from graph.model.types import IdentifierKind
from graph.store.port import GraphView
from ingestion.identifiers.recognise import UNMISTAKABLE, recognised
from investigations.cases import CaseFilter, CaseSort, Sought
from service.http.calls import app_context
from service.http.schemas.parameters import CaseChoice, SortOrder
from service.raw_values import RawValueError

_CASE = re.compile(r"C-[0-9a-f]{6,20}-[0-9a-f]{0,8}")
_MOST_HOLDERS = 200  # people of one identifier whose cases are looked for


def wanted_cases(requested: CaseChoice) -> CaseFilter:
    """The filter of a request. Raises RawValueError where it searches for a raw value, and what the store
    raises where a search needs it.
    """
    older = requested.older_than_days
    return CaseFilter(
        sought=_sought(requested.q.strip()) if requested.q and requested.q.strip() else None,
        state=requested.state,
        open=requested.open,
        assignee=requested.assignee,
        assigned=requested.assigned,
        ring_id=requested.ring_id,
        applicant_id=requested.applicant_id,
        kind=requested.kind,
        lender=requested.lender.value if requested.lender else None,
        min_exposure=requested.min_exposure or None,
        opened_before=g.arrived - timedelta(days=older) if older else None,
        due_before=g.arrived if requested.overdue else None,
    )


def sort_of(requested: CaseChoice) -> CaseSort:
    """The order that a request asks for."""
    falling = requested.sort.falls if requested.order is None else requested.order is SortOrder.DESC
    return CaseSort(requested.sort, falling)


def _sought(text: str) -> Sought:
    """What a text says that is searched for: an id of any kind, or `kind:` and the id or token."""
    kind, colon, value = text.partition(":")
    if not colon:
        kind, value = "", text
    if recognised(value) in (UNMISTAKABLE if kind not in tuple(IdentifierKind) else tuple(IdentifierKind)):
        raise RawValueError("q: a raw value belongs into the search of the desk, never into an address")
    if kind == "case" or _CASE.fullmatch(value):
        return Sought(begins=value)
    if kind == "ring":
        return Sought(rings=(value,))
    view = app_context().store.view(g.arrived)
    if kind == "applicant":
        return _of_people(view, [value])
    if kind == "application":
        return _of_application(view, value)
    if kind in tuple(IdentifierKind):
        identifier = view.identifier(text)
        ties = view.latest_holders(identifier, _MOST_HOLDERS) if identifier else ()
        return _of_people(view, (tie.applicant_id for tie in ties))
    return _of_any(view, text)


def _of_any(view: GraphView, text: str) -> Sought:
    people, application = _of_people(view, [text]), _of_application(view, text)
    return Sought(
        begins=text,
        rings=people.rings + application.rings,
        applicants=people.applicants + application.applicants,
        application=text,
    )


def _of_people(view: GraphView, applicants: Iterable[str]) -> Sought:
    people = tuple(dict.fromkeys(applicants))
    found = view.memberships_of(people) if people else {}
    rings = tuple(dict.fromkeys(found[one].ring.ring_id for one in people if one in found))
    return Sought(rings=rings, applicants=people)


def _of_application(view: GraphView, application_id: str) -> Sought:
    """Cases about whoever made an application, and those that an answer about it opened."""
    application = view.application(application_id)
    people = _of_people(view, [application.applicant_id] if application else [])
    return Sought(rings=people.rings, applicants=people.applicants, application=application_id)
