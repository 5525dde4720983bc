"""What an audit row keeps beside the answer: the subject with its pseudonyms, signals and parts, in plain JSON values and back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any

from graph.evidence import Subject
from graph.model import Application, Identifier, IdentifierKind, Mention, Role
from service.look import Seen

_COLUMNS = tuple(f.name for f in fields(Application) if f.name not in ("applied_at", "mentions", "attributes"))


def kept(subject: Subject, seen: Seen, stored: bool) -> dict[str, Any]:
    """The audit part of an assessment; multi-lending variables are in the answer already."""
    return {
        "applicant_id": subject.applicant_id,
        "application": _application(subject.application) if subject.application else None,
        "application_stored": stored,
        "signals": dict(seen.findings.signals),
        "contributions": {name: weight for name, weight in seen.findings.contributions.items() if weight},
        "parts": dict(seen.parts),
    }


def subject_in(audit: Mapping[str, Any]) -> Subject:
    """The subject, as it was when it was assessed."""
    found = audit["application"]
    return Subject(applicant_id=audit["applicant_id"], application=_read_application(found) if found else None)


def shown(audit: Mapping[str, Any]) -> dict[str, Any]:
    """The audit for people: identifiers in their masked forms only."""
    application = audit["application"]
    if application is None:
        return dict(audit)
    mentions = [{"kind": m["kind"], "role": m["role"], "masked": m["masked"]} for m in application["mentions"]]
    return {**audit, "application": {**application, "mentions": mentions}}


def _application(application: Application) -> dict[str, Any]:
    values = {name: getattr(application, name) for name in _COLUMNS}
    mentions = [
        {"kind": i.kind.value, "token": i.token, "masked": i.masked, "linking": i.linking, "role": m.role.value}
        for m in application.mentions
        for i in (m.identifier,)
    ]
    known = {name: value for name, value in values.items() if value is not None}
    return known | {"attributes": application.attributes, "applied_at": application.applied_at.isoformat(), "mentions": mentions}


def _read_application(found: Mapping[str, Any]) -> Application:
    mentions = tuple(
        Mention(Identifier(IdentifierKind(m["kind"]), m["token"], m["masked"], m["linking"]), Role(m["role"])) for m in found["mentions"]
    )
    attributes = tuple((name, value) for name, value in found["attributes"])
    values = {**found, "applied_at": datetime.fromisoformat(found["applied_at"]), "mentions": mentions, "attributes": attributes}
    return Application(**values)
