"""GET /verdicts: how often flags were right, by kind, reason code and group of people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta

import orjson
from flask import Blueprint, Response

from graph.facts.groups import groups_of
from graph.model.errors import StoreChangedError
from graph.model.types import Application, PlatformType
from investigations.assessments import RiskAssessment
from investigations.case_outcomes import JudgedPerson, Tally
from service.assessment import audit_record
from service.http.calls import app_context
from service.http.schemas.parameters import REVERSED, QueryError, VerdictQuery
from service.http.schemas.queries import query
from service.http.schemas.verdict_answers import VerdictRow, VerdictTable

bp = Blueprint("verdicts", __name__)

MOST_PEOPLE = 2_000  # whose group is looked up: the latest


@bp.get("/verdicts")
def counted() -> Response:
    """Verdicts of a time, `since` until `until`, by kind, reason code and group."""
    requested = query(VerdictQuery)
    context = app_context()
    until = requested.until or context.clock()
    since = requested.since or until - timedelta(days=requested.days)
    if since >= until:  # which may be now
        raise QueryError(REVERSED)
    outcomes = context.casebook.outcomes
    counts = outcomes.counts(since, until)
    groups: dict[str, Tally] = {}
    for person in outcomes.people(since, until, MOST_PEOPLE):
        for name in _groups(person):
            groups[name] = groups.get(name, Tally()).with_one(person.value)
    return Response(
        orjson.dumps(
            VerdictTable(
                since=context.responses.time(since),
                until=context.responses.time(until),
                kinds=_rows(counts.kinds),
                reason_codes=_rows(counts.codes),
                groups=_rows(groups),
            )
        ),
        mimetype="application/json",
    )


def _groups(person: JudgedPerson) -> Iterator[str]:
    """The groups of a person: what the latest application before the verdict said, and how they lived by the
    latest assessment before it, where there is one; none without an application.
    """
    context = app_context()
    view = context.store.view(person.at)
    recorded = context.casebook.latest(applicant_id=person.applicant_id, until=person.at)
    application, signals = _assessed(recorded) if recorded else (None, {})
    application = application or next(
        iter(view.applications_of([person.applicant_id], 1)[person.applicant_id]), None
    )
    if application is None:
        return
    lender = view.platforms().get(application.platform_id)
    kind = lender.type if lender else PlatformType.OTHER
    yield from groups_of(application, signals, None, kind, recorded.as_of if recorded else person.at)


def _assessed(recorded: RiskAssessment) -> tuple[Application | None, Mapping[str, float | None]]:
    """The application that an assessment was about, and its signals; neither where the record cannot be
    read.
    """
    try:
        _, subject = audit_record.read(recorded)
    except StoreChangedError:
        return None, {}
    return subject.application, recorded.audit["signals"]


def _rows(tallies: Mapping[str, Tally]) -> list[VerdictRow]:
    """Those with most false positives first."""
    ordered = sorted(tallies.items(), key=lambda one: (-one[1].false_positive, -one[1].concluded, one[0]))
    return [
        VerdictRow(
            name=name,
            confirmed_fraud=tally.confirmed_fraud,
            false_positive=tally.false_positive,
            inconclusive=tally.inconclusive,
            share_wrong=tally.share_wrong,
        )
        for name, tally in ordered
    ]
