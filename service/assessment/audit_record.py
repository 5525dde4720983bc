"""The audit record beside the answer: the subject with its pseudonyms, signals and model parts, as JSON
values and back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

import orjson

from graph.model.errors import SettingError, StoreChangedError
from graph.model.types import Application, Identifier, IdentifierKind, Mention, Role
from graph.store.evidence import Subject
from investigations.assessments import RiskAssessment
from investigations.policies.file import EVERYBODY, PolicyScope
from investigations.policy import Policy
from service.assessment.evaluation import Evaluation
from service.assessment.policies.in_force import PolicyInForce

_MEASURED = ("signals", "contributions", "parts")
_ABSENT = object()
_COLUMNS = tuple(
    f.name for f in fields(Application) if f.name not in ("applied_at", "mentions", "attributes")
)


def audit_record(
    subject: Subject, evaluation: Evaluation, stored: bool, purpose: str | None = None
) -> dict[str, Any]:
    """The audit part of an assessment; multi-lending variables are in the answer already."""
    said = {"purpose": purpose} if purpose else {}
    return said | {
        "applicant_id": subject.applicant_id,
        "application": _application(subject.application) if subject.application else None,
        "application_stored": stored,
        "signals": dict(evaluation.findings.signals),
        "contributions": dict(evaluation.findings.contributions),
        "parts": dict(evaluation.parts),
    }


def read(recorded: RiskAssessment) -> tuple[dict[str, Any], Subject]:
    """The answer that was given, and the subject as it was when it was assessed. Raises StoreChangedError
    where they cannot be read.
    """
    try:
        answer, result = orjson.loads(recorded.answer), recorded.audit["application"]
        subject = Subject(
            applicant_id=recorded.audit["applicant_id"],
            application=_read_application(result) if result else None,
        )
        if not all(isinstance(recorded.audit[part], dict) for part in _MEASURED):
            raise TypeError(_MEASURED)
        _written(recorded, answer, subject)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise StoreChangedError(
            f"assessment {recorded.assessment_id} is not as it was written: {type(error).__name__} in its "
            "answer"
        ) from error
    return answer, subject


def policy_of(recorded: RiskAssessment, policies: PolicyInForce, *, files: bool = True) -> Policy:
    """The policy with the thresholds of that day and the files that it was given by, unless without `files`.
    Raises StoreChangedError where they cannot be read.
    """
    digests = policy_files(recorded) if files else ()
    try:
        return policies.again(recorded.audit.get("thresholds"), digests)
    except (SettingError, TypeError) as error:
        raise StoreChangedError(
            f"assessment {recorded.assessment_id} is not as it was written: {error} in its thresholds"
        ) from error


def policy_files(recorded: RiskAssessment) -> tuple[str, ...]:
    """The digests of the policy files that it was given by, in the order in which they are applied."""
    return tuple(recorded.audit.get("policy_files", ()))


def scope_of(subject: Subject) -> PolicyScope:
    """Of which lender and product an application is; a person without one is everybody's."""
    application = subject.application
    if application is None:
        return EVERYBODY
    return PolicyScope(lender=application.platform_id, product=application.product)


def contradictions(recorded: RiskAssessment) -> list[dict[str, Any]]:
    """Where the columns of a row, by which it is found, shown and counted, say other than the answer and the
    audit part written with them.

    `field`: `row.` and the column; `recorded`: what the column says; `replayed`: what it must say. Raises
    StoreChangedError as `read` does.
    """
    answer, subject = read(recorded)
    written = _written(recorded, answer, subject)
    stated = {name: getattr(recorded, name) for name in written}
    return [
        {"field": f"row.{name}", "recorded": stated[name], "replayed": value}
        for name, value in written.items()
        if stated[name] != value
    ]


def measured_differences(
    recorded: RiskAssessment, subject: Subject, evaluation: Evaluation
) -> list[dict[str, Any]]:
    """Where what was measured is another now: by part of the audit (`audit.signals`, ...), only the values
    that differ.
    """
    again = orjson.loads(orjson.dumps(audit_record(subject, evaluation, stored=True)))
    out = []
    for part in _MEASURED:
        then, now = recorded.audit[part], again[part]
        names = sorted(
            name for name in then.keys() | now.keys() if then.get(name, _ABSENT) != now.get(name, _ABSENT)
        )
        if names:
            stated = ({name: values[name] for name in names if name in values} for values in (then, now))
            out.append({"field": f"audit.{part}"} | dict(zip(("recorded", "replayed"), stated, strict=True)))
    return out


def _written(recorded: RiskAssessment, answer: Mapping[str, Any], subject: Subject) -> dict[str, Any]:
    """What the columns say by the answer and the audit part."""
    same = (
        "assessment_id",
        "request_id",
        "application_id",
        "stage",
        "decision",
        "score",
        "probability",
        "policy_version",
    )
    models, ring, as_of = answer["models"], answer["ring"], datetime.fromisoformat(answer["as_of"])
    return {name: answer[name] for name in same} | {
        "as_of": recorded.as_of if as_of == recorded.as_of else as_of,
        "level": answer["degraded"]["level"],
        "model_version": models[0]["version"] if models else None,
        "ring_id": ring["ring_id"] if ring else None,
        "applicant_id": subject.applicant_id,
        "application_id": subject.application.application_id
        if subject.application
        else answer["application_id"],
    }


def shown(audit: Mapping[str, Any]) -> dict[str, Any]:
    """The audit for people: identifiers in their masked forms only."""
    application = audit["application"]
    if application is None:
        return dict(audit)
    mentions = [
        {"kind": m["kind"], "role": m["role"], "masked": m["masked"]} for m in application["mentions"]
    ]
    return {**audit, "application": {**application, "mentions": mentions}}


def _application(application: Application) -> dict[str, Any]:
    values = {name: getattr(application, name) for name in _COLUMNS}
    mentions = [
        {
            "kind": i.kind,
            "token": i.token,
            "masked": i.masked,
            "linking": i.linking,
            "role": m.role,
        }
        for m in application.mentions
        for i in (m.identifier,)
    ]
    known = {name: value for name, value in values.items() if value is not None}
    return known | {
        "attributes": application.attributes,
        "applied_at": application.applied_at.isoformat(),
        "mentions": mentions,
    }


def _read_application(result: Mapping[str, Any]) -> Application:
    mentions = tuple(
        Mention(Identifier(IdentifierKind(m["kind"]), m["token"], m["masked"], m["linking"]), Role(m["role"]))
        for m in result["mentions"]
    )
    attributes = tuple((name, value) for name, value in result["attributes"])
    values = {
        **result,
        "applied_at": datetime.fromisoformat(result["applied_at"]),
        "mentions": mentions,
        "attributes": attributes,
    }
    return Application(**values)
