"""Assessments and idempotency keys in the casebook: written once, before the answer leaves, and read back to
the byte.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import orjson
import sqlalchemy as sa
from isal import isal_zlib

from graph.model.errors import (
    ErasedError,
    KeyReusedError,
    StoreChangedError,
    StoreUnavailableError,
    UnknownAssessmentError,
)
from graph.model.moments import micros, moment
from investigations.assessments import Decision, Level, RiskAssessment, Stage
from investigations.casebook.alert_files import AlertFiles
from investigations.casebook.answer_scores import AnswerScores
from investigations.casebook.audit_trail import AuditTrail
from investigations.casebook.cases.case_outcomes import CaseOutcomes
from investigations.casebook.engine import Engines, inserted, prepared
from investigations.casebook.erasure.erasing import ErasureFiles
from investigations.casebook.erasure.erasure_plans import ErasurePlans
from investigations.casebook.erasure.rewriting import ERASED_REQUEST
from investigations.casebook.message_files import MessageFiles
from investigations.casebook.monitor_files import MonitorFiles
from investigations.casebook.person_files import PersonFiles
from investigations.casebook.policy_uses import PolicyUses
from investigations.casebook.retention import Retention
from investigations.casebook.score_files import ScoreFiles
from investigations.casebook.seals import Seals
from investigations.casebook.shadow_files import ShadowFiles
from investigations.casebook.tables.answer_tables import ASSESSMENTS, CLAIMS, OWED
from investigations.casebook.tables.policy_tables import POLICY_TRIALS
from investigations.casebook.trial import write_and_take_back
from investigations.casebook.user_files import UserFiles
from investigations.casebook.view_files import ViewFiles

_PAGE = 500
_READABLE = ASSESSMENTS.c.request_id != ERASED_REQUEST  # those of erased people hold no answer any more
NO_SCORE = -1  # in the column, which is older than answers without a score and takes no null


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyClaim:
    """A client's idempotency key for one request; `fingerprint` tells whether a second request has the same
    body.
    """

    client: str
    key: str
    fingerprint: str
    at: datetime
    lasts: timedelta = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Recorded:
    """The stored assessment of a request, and whether an earlier request had written it already."""

    assessment: RiskAssessment
    replay: bool


class Casebook(AlertFiles):
    """One casebook. Safe for threads and for many processes on one database.

    Every method raises StoreUnavailableError when the database cannot be used.
    """

    def __init__(self, url: str, sync: str = "normal") -> None:
        """Open it, making what tables are missing; `sync` full makes a SQLite file wait for the disk at each
        row.

        Raises SettingError for a URL that no driver knows.
        """
        super().__init__(Engines(url, sync))
        self._refused = 0  # bytes of the last assessment, where it could not be written
        self.messages = MessageFiles(self._engines)
        self.scores = AnswerScores(self._engines)
        self.last_scores = ScoreFiles(self._engines)
        self.users = UserFiles(self._engines)
        self.audit = AuditTrail(self._engines)
        self.views = ViewFiles(self._engines)
        self.outcomes = CaseOutcomes(self._engines)
        self.seals = Seals(self._engines)
        self.monitoring = MonitorFiles(self._engines)
        self.people = PersonFiles(self._engines)
        self.retention = Retention(self._engines)
        self.erasing = ErasureFiles(self._engines)
        self.erasure_plans = ErasurePlans(self._engines)
        self.shadows = ShadowFiles(self._engines)
        self.policies = PolicyUses(self._engines)
        self.policies_in_shadow = PolicyUses(self._engines, POLICY_TRIALS)

    def record(
        self, assessment: RiskAssessment, claim: IdempotencyClaim | None = None, *, to_outbox: bool = False
    ) -> Recorded:
        """Write an assessment down, once for each claim: when the claim was taken meanwhile, the first one's
        assessment is given instead.

        `to_outbox`: its application has not reached the graph store yet. Raises KeyReusedError when the claim
        was taken with another body.
        """
        row = _row(assessment)  # packed before anybody waits for the transaction
        try:
            written = self._write(row, claim, to_outbox)
        except StoreUnavailableError:
            self._refused = len(row["answer"]) + len(row["audit"])
            raise
        self._refused = 0
        if written or claim is None:
            return Recorded(assessment, replay=False)
        earlier = self.claimed(claim)
        if earlier is None:  # it was there a moment ago and lives for hours
            raise StoreUnavailableError(
                f"the idempotency key {claim.key!r} changes hands just now: send the request again"
            )
        return Recorded(earlier, replay=True)

    def claimed(self, claim: IdempotencyClaim) -> RiskAssessment | None:
        """The assessment already written for that claim. Raises KeyReusedError when it was claimed with
        another body, and ErasedError where its subject was erased meanwhile.
        """
        cutoff = micros(claim.at - claim.lasts)
        row = self._engines.row(_CLAIMED, {"c": claim.client, "k": claim.key, "cutoff": cutoff})
        if row is None:
            return None
        *values, fingerprint = row
        if fingerprint != claim.fingerprint:
            raise KeyReusedError(f"the idempotency key {claim.key!r} was used with another body")
        return _readable(dict(zip(ASSESSMENTS.columns.keys(), values, strict=True)))

    def assessment(self, assessment_id: str) -> RiskAssessment:
        """One assessment. Raises UnknownAssessmentError, and ErasedError where its subject was erased."""
        with self._engines.reading() as connection:
            row = connection.execute(_BY_ID, {"id": assessment_id}).mappings().first()
        if row is None:
            raise UnknownAssessmentError(f"no assessment {assessment_id}")
        return _readable(row)

    def latest(
        self,
        *,
        applicant_id: str | None = None,
        application_id: str | None = None,
        stage: Stage | None = None,
        until: datetime | None = None,
    ) -> RiskAssessment | None:
        """The latest assessment of an applicant, or of an application, at that stage or any, with as_of <=
        `until`.
        """
        query = _newest(ASSESSMENTS).limit(1)
        for column, value in (
            (ASSESSMENTS.c.applicant_id, applicant_id),
            (ASSESSMENTS.c.application_id, application_id),
        ):
            if value is not None:
                query = query.where(column == value)
        if stage is not None:
            query = query.where(ASSESSMENTS.c.stage == stage.value)
        if until is not None:
            query = query.where(ASSESSMENTS.c.as_of <= micros(until))
        with self._engines.reading() as connection:
            row = connection.execute(query).mappings().first()
        return _assessment(row) if row is not None else None

    def between(self, since: datetime, until: datetime) -> Iterator[RiskAssessment]:
        """The assessments with since <= as_of < until, by (as_of, assessment_id), read page by page."""
        columns, after = ASSESSMENTS.c, (micros(since), "")
        while True:
            at, name = after
            query = sa.select(ASSESSMENTS).where(columns.as_of < micros(until), _READABLE)
            query = query.where(
                (columns.as_of > at) | ((columns.as_of == at) & (columns.assessment_id > name))
            )
            query = query.order_by(columns.as_of, columns.assessment_id).limit(_PAGE)
            with self._engines.reading() as connection:
                rows = connection.execute(query).mappings().all()
            yield from map(_assessment, rows)
            if len(rows) < _PAGE:
                return
            after = (rows[-1]["as_of"], rows[-1]["assessment_id"])

    def outbox_pending(self, limit: int) -> tuple[RiskAssessment, ...]:
        """Assessments whose applications are owed to the graph store, the oldest first."""
        query = sa.select(ASSESSMENTS).join(OWED, OWED.c.assessment_id == ASSESSMENTS.c.assessment_id)
        query = query.order_by(ASSESSMENTS.c.as_of, ASSESSMENTS.c.assessment_id).limit(limit)
        with self._engines.reading() as connection:
            return tuple(_assessment(row) for row in connection.execute(query).mappings())

    def outbox_delivered(self, assessment_ids: Sequence[str]) -> None:
        """Their applications are in the graph store now."""
        with self._engines.writing() as connection:
            connection.execute(sa.delete(OWED).where(OWED.c.assessment_id.in_(assessment_ids)))

    def latest_ids(self, limit: int) -> tuple[str, ...]:
        """The ids of the latest assessments, newest first."""
        with self._engines.reading() as connection:
            return tuple(connection.execute(_newest(ASSESSMENTS.c.assessment_id).limit(limit)).scalars())

    def newest(self, limit: int) -> tuple[RiskAssessment, ...]:
        """The latest assessments, newest first."""
        with self._engines.reading() as connection:
            rows = connection.execute(_newest(ASSESSMENTS).limit(limit)).mappings()
            return tuple(map(_assessment, rows))

    def backwards(self) -> Iterator[RiskAssessment]:
        """All assessments, newest first, read page by page."""
        columns, query = ASSESSMENTS.c, _newest(ASSESSMENTS).limit(_PAGE)
        page = query
        while True:
            with self._engines.reading() as connection:
                rows = connection.execute(page).mappings().all()
            yield from map(_assessment, rows)
            if len(rows) < _PAGE:
                return
            at, name = rows[-1]["as_of"], rows[-1]["assessment_id"]
            page = query.where(
                (columns.as_of < at) | ((columns.as_of == at) & (columns.assessment_id < name))
            )

    def count(self) -> int:
        """How many assessments there are."""
        with self._engines.reading() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(ASSESSMENTS)).scalar_one())

    def ping(self) -> None:
        """Raise StoreUnavailableError unless a row could be written now: a write that keeps nothing, of as
        much as the last assessment where that was refused.
        """
        if self._refused:
            write_and_take_back(self._engines, self._refused)
            self._refused = 0
        with self._engines.writing() as connection:
            connection.execute(sa.update(CLAIMS).where(CLAIMS.c.client == "").values(key=CLAIMS.c.key))

    def forget_claims(self, before: datetime) -> int:
        """Delete claims older than `before`; assessments stay. Returns how many."""
        with self._engines.writing() as connection:
            return connection.execute(sa.delete(CLAIMS).where(CLAIMS.c.claimed_at < micros(before))).rowcount

    def close(self) -> None:
        """Give the connections back."""
        self._engines.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, row: Mapping[str, Any], claim: IdempotencyClaim | None, to_outbox: bool) -> bool:
        """Whether the row was written: it is not where the claim is somebody else's."""
        with self._engines.running() as run:
            if claim is not None and run(_TAKE, _taken(claim, row["assessment_id"])).rowcount != 1:
                return False
            run(_INSERT, row)
            if to_outbox:
                run(_OWE, {"assessment_id": row["assessment_id"]})
        return True


def _newest(what: sa.Table | sa.Column[Any]) -> sa.Select[Any]:
    order = ASSESSMENTS.c.as_of.desc(), ASSESSMENTS.c.assessment_id.desc()
    return sa.select(what).where(_READABLE).order_by(*order)


def _taken(claim: IdempotencyClaim, assessment_id: str) -> dict[str, Any]:
    return {
        "client": claim.client,
        "key": claim.key,
        "fingerprint": claim.fingerprint,
        "assessment_id": assessment_id,
        "claimed_at": micros(claim.at),
        "cutoff": micros(claim.at - claim.lasts),
    }


def _take_statement(insert: Any) -> Any:
    """Take a claim that is free, or whose last holder's has lapsed: then a row is written."""
    statement = inserted(insert, CLAIMS)
    new = {name: statement.excluded[name] for name in ("fingerprint", "assessment_id", "claimed_at")}
    upsert = statement.on_conflict_do_update(
        index_elements=[CLAIMS.c.client, CLAIMS.c.key],
        set_=new,
        where=CLAIMS.c.claimed_at < sa.bindparam("cutoff"),
    )
    return upsert.execution_options(preserve_rowcount=True)


_TAKE = prepared(_take_statement)
_INSERT = prepared(lambda insert: inserted(insert, ASSESSMENTS))
_OWE = prepared(lambda insert: inserted(insert, OWED))
_BY_ID = sa.select(ASSESSMENTS).where(ASSESSMENTS.c.assessment_id == sa.bindparam("id"))
_CLAIMED_ROW = (
    sa.select(ASSESSMENTS, CLAIMS.c.fingerprint)
    .join(CLAIMS, CLAIMS.c.assessment_id == ASSESSMENTS.c.assessment_id)
    .where(
        CLAIMS.c.client == sa.bindparam("c"),
        CLAIMS.c.key == sa.bindparam("k"),
        CLAIMS.c.claimed_at >= sa.bindparam("cutoff"),
    )
)
_CLAIMED = prepared(lambda _: _CLAIMED_ROW)


def _row(assessment: RiskAssessment) -> dict[str, Any]:
    return {
        "assessment_id": assessment.assessment_id,
        "as_of": micros(assessment.as_of),
        "recorded_by": assessment.recorded_by,
        "stage": assessment.stage.value,
        "applicant_id": assessment.applicant_id,
        "application_id": assessment.application_id,
        "client": assessment.client,
        "request_id": assessment.request_id,
        "level": assessment.level.value,
        "decision": assessment.decision.value,
        "score": NO_SCORE if assessment.score is None else assessment.score,
        "probability": assessment.probability,
        "policy_version": assessment.policy_version,
        "model_version": assessment.model_version,
        "ring_id": assessment.ring_id,
        "answer": isal_zlib.compress(assessment.answer, 1),
        "audit": isal_zlib.compress(orjson.dumps(assessment.audit), 1),
    }


def _readable(row: Mapping[Any, Any]) -> RiskAssessment:
    """The assessment of a row. Raises ErasedError where its subject was erased."""
    if row["request_id"] == ERASED_REQUEST:
        raise ErasedError(f"the assessment {row['assessment_id']} is about somebody who was erased")
    return _assessment(row)


def _assessment(row: Mapping[Any, Any]) -> RiskAssessment:
    """Raises StoreChangedError for a row that cannot be what was written."""
    values = {c.name: row[c.name] for c in ASSESSMENTS.columns}
    try:
        values |= {
            "as_of": moment(row["as_of"]),
            "stage": Stage(row["stage"]),
            "level": Level(row["level"]),
            "decision": Decision(row["decision"]),
            "score": None if row["score"] == NO_SCORE else row["score"],
            "answer": zlib.decompress(row["answer"]),
            "audit": orjson.loads(zlib.decompress(row["audit"])),
        }
    except (ValueError, TypeError, OverflowError, zlib.error) as error:
        raise StoreChangedError(
            f"assessment {row['assessment_id']} is not as it was written: {error}"
        ) from error
    return RiskAssessment(**values)
