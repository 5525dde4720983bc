"""What a casebook holds about people: their assessments, the cases about them, verdicts on them, alerts,
saved views, batch scores, and what the store is still owed.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.casebook.engine import Engines
from investigations.casebook.score_files import of_person
from investigations.casebook.tables.answer_tables import ASSESSMENTS, CLAIMS, OWED
from investigations.casebook.tables.case_tables import CASES, OWED_LABELS, PERSON_VERDICTS, VERDICTS
from investigations.casebook.tables.score_tables import BATCH_SCORES
from investigations.casebook.tables.user_tables import AUDIT_TRAIL
from investigations.casebook.tables.view_tables import SAVED_VIEWS
from investigations.casebook.tables.watch_tables import ALERTS, MESSAGES
from investigations.last_scores import RecordedScore

_AT_ONCE = 500  # names of one query
_TABLES = (ASSESSMENTS, CASES, PERSON_VERDICTS, ALERTS, BATCH_SCORES)
_OF_PEOPLE = tuple(table.c.applicant_id for table in _TABLES)
_OF_NODES = (SAVED_VIEWS.c.node, AUDIT_TRAIL.c.subject)


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


class Owed(NamedTuple):
    """How many applications, and verdicts whose labels, have not reached the store yet."""

    applications: int
    verdicts: int


class PersonFiles:
    """What a casebook holds about people. Raises StoreUnavailableError when it cannot be read."""

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

    def known(self, people: Collection[str]) -> frozenset[str]:
        """Those of them whom an assessment, a case, a verdict, an alert, a score of a batch, a saved view or
        a look names.
        """
        nodes = {f"applicant:{who}": who for who in people}
        found = (self._found(sa.select(column), column, people) for column in _OF_PEOPLE)
        named = (self._found(sa.select(column), column, nodes) for column in _OF_NODES)
        return frozenset(chain(*found, (nodes[node] for node in chain(*named))))

    def applications(self, people: Collection[str], until: datetime) -> frozenset[str]:
        """The ids of the applications with which they were assessed before `until`."""
        tables = (ASSESSMENTS, BATCH_SCORES)
        before = [sa.select(t.c.application_id).where(t.c.as_of < micros(until)) for t in tables]
        found = (self._found(q, t.c.applicant_id, people) for q, t in zip(before, tables, strict=True))
        return frozenset(chain(*found)) - {None}

    def assessed(
        self, people: Collection[str] | None = None, before: datetime | None = None
    ) -> frozenset[str]:
        """Whom an assessment of before that moment names, of these people (default: of all)."""
        query = sa.select(ASSESSMENTS.c.applicant_id).distinct()
        if before is not None:
            query = query.where(ASSESSMENTS.c.as_of < micros(before))
        if people is not None:
            return self._found(query, ASSESSMENTS.c.applicant_id, people)
        with self._engines.reading() as connection:
            return frozenset(connection.execute(query).scalars()) - {None}

    def owed(self, people: Collection[str]) -> Owed:
        """What about them is still to be brought to the store."""
        ids = sa.select(ASSESSMENTS.c.assessment_id)
        assessments = ids.join(OWED, OWED.c.assessment_id == ASSESSMENTS.c.assessment_id)
        of_people = sa.select(PERSON_VERDICTS.c.verdict)
        verdicts = of_people.join(OWED_LABELS, OWED_LABELS.c.verdict == PERSON_VERDICTS.c.verdict)
        return Owed(
            len(self._found(assessments, ASSESSMENTS.c.applicant_id, people)),
            len(self._found(verdicts, PERSON_VERDICTS.c.applicant_id, people)),
        )

    def _found(self, query: Any, column: sa.Column[Any], values: Collection[str]) -> frozenset[Any]:
        """What a query finds in the rows that have one of these values."""
        listed, found = sorted(values), set[Any]()
        with self._engines.reading() as connection:
            for first in range(0, len(listed), _AT_ONCE):
                some = query.where(column.in_(listed[first : first + _AT_ONCE]))
                found.update(connection.execute(some).scalars())
        return frozenset(found)


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
