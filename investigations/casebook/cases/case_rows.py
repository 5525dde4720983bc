"""Rows of cases, of their steps and of verdicts, as values and back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import orjson
import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.tables.case_tables import (
    ATTACHMENTS,
    CASE_EVENTS,
    CASE_LENDERS,
    CASE_RANKS,
    CASE_TERMS,
    CASE_WORK,
    CASES,
    PERSON_VERDICTS,
    PROPOSALS,
)
from investigations.cases import (
    Attachment,
    Case,
    CaseEvent,
    CaseKind,
    CasePriority,
    CaseState,
    NewCase,
    Verdict,
    VerdictValue,
)

LOOKED_AT = "looked_at"  # the kind of a step that changes nothing
_AT_ONCE = 500  # cases, or rings, of one query
WITH_WORK = (
    sa.select(
        CASES,
        CASE_WORK.c.assignee,
        CASE_WORK.c.exposure,
        CASE_WORK.c.probability,
        CASE_TERMS.c.kind,
        CASE_TERMS.c.due_at,
        CASE_RANKS.c.priority,
    )
    .join(CASE_WORK, CASE_WORK.c.case_id == CASES.c.case_id)
    .join(CASE_TERMS, CASE_TERMS.c.case_id == CASES.c.case_id)
    .join(CASE_RANKS, CASE_RANKS.c.case_id == CASES.c.case_id)
)


def step(
    case_id: str, at: datetime, by: str, kind: str, state: CaseState, note: str | None
) -> dict[str, Any]:
    """A row of the history of a case."""
    return {"case_id": case_id, "at": micros(at), "by": by, "kind": kind, "state": state.value, "note": note}


def verdicts_of(connection: sa.Connection, rows: Sequence[Any]) -> tuple[Verdict, ...]:
    """The verdicts in those rows, each with what it says of people."""
    query = sa.select(PERSON_VERDICTS).where(PERSON_VERDICTS.c.verdict.in_([row["position"] for row in rows]))
    people: dict[int, dict[str, VerdictValue]] = {}
    for one in connection.execute(query.order_by(PERSON_VERDICTS.c.position)).mappings() if rows else ():
        people.setdefault(one["verdict"], {})[one["applicant_id"]] = VerdictValue(one["value"])
    return tuple(
        Verdict(
            at=moment(row["at"]),
            by=row["by"],
            value=VerdictValue(row["value"]),
            note=row["note"],
            people=people.get(row["position"], {}),
        )
        for row in rows
    )


def proposal_of(connection: sa.Connection, case_id: str) -> Verdict | None:
    """The latest verdict on a case that waited for somebody else, whether or not they came to the same."""
    query = sa.select(PROPOSALS).where(PROPOSALS.c.case_id == case_id)
    row = connection.execute(query.order_by(PROPOSALS.c.position.desc()).limit(1)).mappings().first()
    if row is None:
        return None
    people = {person: VerdictValue(value) for person, value in orjson.loads(row["people"]).items()}
    value = VerdictValue(row["value"])
    return Verdict(at=moment(row["at"]), by=row["by"], value=value, note=row["note"], people=people)


def lenders_of(connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """By case: the types of lenders where its people had applied."""
    query = sa.select(CASE_LENDERS).where(CASE_LENDERS.c.case_id.in_(case_ids))
    result: dict[str, tuple[str, ...]] = {}
    for row in connection.execute(query.order_by(CASE_LENDERS.c.lender)) if case_ids else ():
        result[row.case_id] = (*result.get(row.case_id, ()), row.lender)
    return result


def versions_of(connection: sa.Connection, case_ids: Sequence[str]) -> dict[str, int]:
    """By case: the version that it has now."""
    query = (
        sa.select(CASE_EVENTS.c.case_id, sa.func.max(CASE_EVENTS.c.position))
        .where(CASE_EVENTS.c.kind != LOOKED_AT)
        .group_by(CASE_EVENTS.c.case_id)
    )
    result: dict[str, int] = {}
    for some in in_parts(case_ids):
        rows = connection.execute(query.where(CASE_EVENTS.c.case_id.in_(some)))
        result.update({str(case_id): int(position) for case_id, position in rows})
    return result


def in_parts(ids: Iterable[str]) -> Iterator[Sequence[str]]:
    """The ids, as many at once as one query may name; no more of them are held."""
    left = iter(ids)
    while some := tuple(islice(left, _AT_ONCE)):
        yield some


def attachments_of(connection: sa.Connection, case_id: str) -> tuple[Attachment, ...]:
    """What was put to a case, oldest first, without the contents."""
    size = sa.func.length(ATTACHMENTS.c.content).label("size")
    columns = [column for column in ATTACHMENTS.columns if column.name not in ("content", "case_id")]
    query = sa.select(*columns, size).where(ATTACHMENTS.c.case_id == case_id)
    return tuple(
        Attachment(
            attachment_id=row.position,
            at=moment(row.at),
            by=row.by,
            name=row.name,
            media_type=row.media_type,
            size=row.size,
            sha256=row.sha256,
        )
        for row in connection.execute(query.order_by(ATTACHMENTS.c.position))
    )


def event_of(row: Any) -> CaseEvent:
    """A step of a history."""
    return CaseEvent(
        at=moment(row["at"]),
        by=row["by"],
        kind=row["kind"],
        state=CaseState(row["state"]),
        note=row["note"],
        position=row["position"],
    )


def case_of(row: Any, lenders: tuple[str, ...] = (), events: tuple[CaseEvent, ...] = (), **more: Any) -> Case:
    """The case in a row of WITH_WORK; `more` are further fields of it."""
    about = NewCase(
        reason=row["reason"],
        ring_id=row["ring_id"],
        snapshot=row["snapshot"],
        applicant_id=row["applicant_id"],
        assessment_id=row["assessment_id"],
        reason_codes=tuple(row["reason_codes"].split()),
        exposure=row["exposure"],
        probability=row["probability"] or None,  # no score is 0: there a case has none
        kind=CaseKind(row["kind"]),
        lenders=lenders,
    )
    read = max((one.position for one in events if one.kind != LOOKED_AT), default=0)
    return Case(
        case_id=row["case_id"],
        about=about,
        opened_at=moment(row["opened_at"]),
        due_at=moment(row["due_at"]),
        state=CaseState(row["state"]),
        priority=CasePriority.of_rank(row["priority"]),
        assignee=row["assignee"],
        version=more.pop("version", read),
        events=events,
        **more,
    )
