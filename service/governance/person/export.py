"""What is held about one person, as JSON: identifiers masked, nothing of anybody else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from graph.model.errors import UnknownApplicantError
from graph.model.types import Application, Event, Mention
from graph.store.port import GraphStore, GraphView
from investigations.assessments import RiskAssessment
from investigations.casebook import Casebook
from investigations.cases import Case
from investigations.users import AuditFilter

ALL = 1_000_000  # facts of one person at most: a bound that nobody reaches
_AT_ONCE = 1_000
NOT_INCLUDED = (
    "other people: who shares an identifier, counterparties, other members of a ring, paths of reasons",
    "notes and files of cases, which may speak of others: `cases` says how many there are",
    "who looked: `looks` says when and for what",
    "values as they were delivered: identifiers are kept as keyed hashes with a masked form",
)

Part = Mapping[str, Any]


def held_about(store: GraphStore, casebook: Casebook, applicant_id: str, now: datetime) -> dict[str, Any]:
    """Everything that store and casebook hold about a person before `now`, as JSON values.

    Raises UnknownApplicantError where neither knows them.
    """
    view = store.view(now)
    facts = _facts(view, applicant_id)
    membership = view.memberships_of([applicant_id]).get(applicant_id)
    ring_ids = [membership.ring.ring_id] if membership else []
    application_ids = [one["application_id"] for one in facts["applications"]]
    records = casebook.people.held(applicant_id, application_ids, ring_ids)
    looks = list(_looks(casebook, [f"applicant:{applicant_id}"]))
    if not (
        any(facts.values())
        or records.assessments
        or records.cases
        or records.batch_scores
        or looks
        or membership
    ):
        raise UnknownApplicantError(
            f"nothing is held about an applicant {applicant_id}; an id that came with a key bound to lenders "
            "is known by them: give its --lender"
        )
    return {
        "applicant_id": applicant_id,
        "as_of": _time(now),
        "revision": view.revision,
        **facts,
        "ring": membership
        and {
            "ring_id": membership.ring.ring_id,
            "snapshot": membership.snapshot,
            "kind": membership.ring.kind.value,
            "role": membership.member.role,
            "joined_at": _time(membership.member.joined_at),
            "size": membership.size,
        },
        "assessments": [
            _assessment(casebook.assessment(one)) | {"in_shadow": _in_shadow(casebook, one)}
            for one in records.assessments
        ],
        "cases": [_case(casebook.case(one), alone=True) for one in records.cases]
        + [_case(casebook.case(one), alone=False) for one in records.ring_cases],
        "verdicts": [{"case_id": v.case_id, "at": _time(v.at), "value": v.value} for v in records.verdicts],
        "alerts": [
            {"alert_id": a.alert_id, "at": _time(a.at), "code": a.code, "platform_id": a.platform_id}
            for a in records.alerts
        ],
        "batch_scores": [_given(one, _OF_SCORES) for one in records.batch_scores],
        "looks": looks,
        "counts": {
            "messages_to_webhooks": records.messages,
            "idempotency_keys": records.keys,
            "saved_views": records.saved_views,
        },
        "not_included": list(NOT_INCLUDED),
    }


def as_json(held: Part) -> bytes:
    """The export as indented JSON."""
    return orjson.dumps(held, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _facts(view: GraphView, applicant_id: str) -> dict[str, list[dict[str, Any]]]:
    me = [applicant_id]
    applications = view.applications_of(me, ALL)[applicant_id]
    outcomes = view.outcomes_of([one.application_id for one in applications], ALL)
    dealings = {one.event_id: one for one in view.dealings_of(me, ALL).get(applicant_id, ())}
    own = {one.event_id: one for one in view.events_of(me, ALL)[applicant_id]}
    lenders = view.platforms()
    return {
        "applications": [
            _application(one)
            | {"lender_type": lenders[one.platform_id].type.value if one.platform_id in lenders else None}
            | {"outcomes": [_given(o, ("status", "at", "amount")) for o in outcomes[one.application_id]]}
            for one in applications
        ],
        "events": [_event(one, applicant_id) for one in (dealings | own).values()],
        "labels": [
            _given(one, ("label", "known_at", "source", "application_id", "detail"))
            for one in view.labels_of(me, ALL)[applicant_id]
        ],
        "identifiers": [
            {
                "kind": tie.identifier.kind.value,
                "masked": tie.identifier.masked,
                "role": tie.role.value,
                "since": _time(tie.since),
                "last": _time(tie.last),
            }
            for tie in view.ties_of(me, ALL)[applicant_id]
        ],
    }


_OF_APPLICATIONS = (
    "application_id", "applied_at", "platform_id", "product", "amount", "term_months", "merchant_id",
    "agent_id", "channel", "face_match", "liveness", "phone_three_element", "birth_year", "city",
    "new_citizen",
)  # fmt: skip


_OF_SCORES = ("as_of", "scored_at", "application_id", "model_version", "score", "probability", "decision")


def _application(one: Application) -> dict[str, Any]:
    return _given(one, _OF_APPLICATIONS) | {
        "attributes": dict(one.attributes),
        "mentions": _mentions(one.mentions),
    }


def _event(one: Event, applicant_id: str) -> dict[str, Any]:
    """An event; of one that somebody else reported, only that it was with the person."""
    shown = _given(one, ("event_id", "kind", "at", "amount")) | {
        "with_somebody_else": one.counterparty_id is not None
    }
    if one.applicant_id != applicant_id:
        return shown | {"by": "somebody else"}
    more = {"merchant_id": one.merchant_id, "attributes": dict(one.attributes)}
    return shown | more | {"mentions": _mentions(one.mentions)}


def _mentions(mentions: Sequence[Mention]) -> list[dict[str, str]]:
    return [
        {"kind": m.identifier.kind.value, "masked": m.identifier.masked, "role": m.role.value}
        for m in mentions
    ]


def _assessment(one: RiskAssessment) -> dict[str, Any]:
    """An assessment with its reasons; their paths, on which others stand, are left out."""
    answer = orjson.loads(one.answer)
    reasons = [
        {name: reason.get(name) for name in ("rank", "code", "text_en", "text_zh", "value", "contribution")}
        for reason in answer.get("reasons", ())
    ]
    columns = ("assessment_id", "as_of", "stage", "application_id", "client", "level", "decision", "score")
    more = ("probability", "policy_version", "model_version", "ring_id")
    return _given(one, columns + more) | {
        "reasons": reasons,
        "multi_lending": answer.get("multi_lending", {}).get("variables"),
        "signals": one.audit.get("signals"),
        "purpose": one.audit.get("purpose"),
    }


def _in_shadow(casebook: Casebook, assessment_id: str) -> list[dict[str, Any]]:
    """What models and policies that are tried said beside the answer."""
    named = ("answered_at", "model_version", "policy_version", "decision", "score", "probability")
    said = (one for one in casebook.shadows.of(assessment_id) if one.failure is None)
    return [_given(one, named) for one in said]


def _case(case: Case, *, alone: bool) -> dict[str, Any]:
    """A case without its texts; of one about a ring only how it stands."""
    shown: dict[str, Any] = {
        "case_id": case.case_id,
        "about": "the person" if alone else "a ring that the person belongs to",
        "opened_at": _time(case.opened_at),
        "state": case.state.value,
        "reason_codes": list(case.about.reason_codes),
        "notes": sum(one.kind == "note" for one in case.events),
        "files": len(case.attachments),
    }
    steps = [{"at": _time(e.at), "kind": e.kind, "state": e.state.value} for e in case.events]
    return shown | ({"steps": steps} if alone else {})


def _looks(casebook: Casebook, subjects: Sequence[str]) -> Iterator[dict[str, Any]]:
    for subject in subjects:
        after, more = 0, True
        while more:
            lines, more = casebook.audit.read(AuditFilter(subject=subject), after, _AT_ONCE)
            for line in lines:
                after = line.position
                yield {"at": _time(line.at), "action": line.action.value, "purpose": line.purpose}


def _given(one: object, names: Sequence[str]) -> dict[str, Any]:
    """Those of its fields, moments as text."""
    values = {name: getattr(one, name) for name in names}
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in values.items()}


def _time(moment: datetime) -> str:
    return moment.isoformat()
