"""What a casebook holds about one person: their assessments, the cases about them, verdicts on them, alerts,
saved views, batch scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from graph.model.moments import moment
from investigations.casebook.engine import Engines
from investigations.casebook.score_files import of_person
from investigations.casebook.tables import ASSESSMENTS, CASES, CLAIMS, PERSON_VERDICTS, VERDICTS
from investigations.casebook.view_tables import SAVED_VIEWS
from investigations.casebook.watch_tables import ALERTS, MESSAGES
from investigations.last_scores import RecordedScore


@dataclass(frozen=True, slots=True)
class HeldVerdict:
    """What a verdict said of the person, in which case and when."""

    case_id: str
    at: datetime
    value: str


@dataclass(frozen=True, slots=True)
class HeldAlert:
    """An alert that named the person, without the path, on which others stand."""

    alert_id: str
    at: datetime
    code: str
    platform_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldRecords:
    """What is held about a person, by id where another reader gives the rest; each list the oldest first.

    `cases` are about the person alone, `ring_cases` about one of the rings that were asked for. `messages`
    are those to webhooks about the person's applications and cases, `keys` the idempotency keys of requests
    about them.
    """

    assessments: tuple[str, ...]
    cases: tuple[str, ...]
    ring_cases: tuple[str, ...]
    verdicts: tuple[HeldVerdict, ...]
    alerts: tuple[HeldAlert, ...]
    batch_scores: tuple[RecordedScore, ...]
    messages: int
    keys: int
    saved_views: int


class PersonFiles:
    """What a casebook holds about one person. Raises StoreUnavailableError when it cannot be read."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def held(
        self, applicant_id: str, application_ids: Sequence[str] = (), ring_ids: Sequence[str] = ()
    ) -> HeldRecords:
        """All that names the person; the ids are of their applications and of the rings they belong to."""
        node = f"applicant:{applicant_id}"
        mine = ASSESSMENTS.c.applicant_id == applicant_id
        claimed = sa.select(ASSESSMENTS.c.assessment_id).where(mine)
        with self._engines.reading() as connection:
            order = (ASSESSMENTS.c.as_of, ASSESSMENTS.c.assessment_id)
            assessments = connection.execute(claimed.order_by(*order)).scalars()
            cases = _cases(connection, CASES.c.applicant_id == applicant_id)
            subjects = [*(f"application:{one}" for one in application_ids), *(f"case:{one}" for one in cases)]
            return HeldRecords(
                assessments=tuple(assessments),
                cases=cases,
                ring_cases=_cases(connection, CASES.c.ring_id.in_(ring_ids)),
                verdicts=_verdicts(connection, applicant_id),
                alerts=_alerts(connection, applicant_id),
                batch_scores=tuple(of_person(connection, applicant_id)),
                messages=_count(connection, MESSAGES, MESSAGES.c.subject.in_(subjects)),
                keys=_count(connection, CLAIMS, CLAIMS.c.assessment_id.in_(claimed)),
                saved_views=_count(connection, SAVED_VIEWS, SAVED_VIEWS.c.node == node),
            )


def _cases(connection: sa.Connection, which: Any) -> tuple[str, ...]:
    query = sa.select(CASES.c.case_id).where(which).order_by(CASES.c.opened_at, CASES.c.case_id)
    return tuple(connection.execute(query).scalars())


def _verdicts(connection: sa.Connection, applicant_id: str) -> tuple[HeldVerdict, ...]:
    query = (
        sa.select(PERSON_VERDICTS.c.case_id, VERDICTS.c.at, PERSON_VERDICTS.c.value)
        .join(VERDICTS, VERDICTS.c.position == PERSON_VERDICTS.c.verdict)
        .where(PERSON_VERDICTS.c.applicant_id == applicant_id)
        .order_by(PERSON_VERDICTS.c.position)
    )
    return tuple(HeldVerdict(case, moment(at), value) for case, at, value in connection.execute(query))


def _alerts(connection: sa.Connection, applicant_id: str) -> tuple[HeldAlert, ...]:
    columns = (ALERTS.c.alert_id, ALERTS.c.at, ALERTS.c.code, ALERTS.c.platform_id)
    query = sa.select(*columns).where(ALERTS.c.applicant_id == applicant_id).order_by(ALERTS.c.position)
    return tuple(
        HeldAlert(one, moment(at), code, lender) for one, at, code, lender in connection.execute(query)
    )


def _count(connection: sa.Connection, table: sa.Table, which: Any) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(which)).scalar_one())
