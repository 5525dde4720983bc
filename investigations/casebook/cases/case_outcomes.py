"""What cases came to: how each ring's latest case stands, and how often a verdict says that a flag was
wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

import sqlalchemy as sa

from graph.model.moments import micros, moment
from investigations.case_outcomes import CaseStanding, JudgedPerson, Tally, VerdictCounts
from investigations.casebook.cases.case_rows import in_parts
from investigations.casebook.engine import Engines
from investigations.casebook.tables.case_tables import CASE_TERMS, CASE_WORK, CASES, PERSON_VERDICTS, VERDICTS
from investigations.cases import CaseState, VerdictValue


class CaseOutcomes:
    """What people made of cases. Every method raises StoreUnavailableError when it cannot be read."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines

    def of_rings(self, ring_ids: Iterable[str], until: datetime) -> Mapping[str, CaseStanding]:
        """The latest case of each ring that was opened by then, with the verdict that stood then. Rings are
        taken in turn, and held where they have a case; one may come twice.
        """
        found: dict[str, CaseStanding] = {}
        for some in in_parts(ring_ids):
            with self._engines.reading() as connection:
                rows = connection.execute(_cases(until).where(CASES.c.ring_id.in_(some))).mappings().all()
                verdicts = _standing(connection, [row["case_id"] for row in rows], until)
            for row in rows:  # the oldest first: the latest stands
                given = verdicts.get(row["case_id"])
                found[row["ring_id"]] = CaseStanding(
                    case_id=row["case_id"],
                    state=CaseState(row["state"]),
                    assignee=row["assignee"],
                    verdict=given and given.value,
                )
        return found

    def counts(self, since: datetime, until: datetime) -> VerdictCounts:
        """Of the cases of which the verdict that stood at `until` was given from `since` on: what it was, by
        the kind that the case was taken for and by each reason code that spoke for it.
        """
        kinds: dict[str, Tally] = {}
        codes: dict[str, Tally] = {}
        with self._engines.reading() as connection:
            given = sa.select(VERDICTS.c.case_id).where(
                VERDICTS.c.at >= micros(since), VERDICTS.c.at <= micros(until)
            )
            rows = connection.execute(_cases(until).where(CASES.c.case_id.in_(given))).mappings().all()
            verdicts = _standing(connection, [row["case_id"] for row in rows], until)
        for row in rows:
            value, at = verdicts[row["case_id"]]
            if at < micros(since):
                continue
            kinds[row["kind"]] = kinds.get(row["kind"], Tally()).with_one(value)
            for code in row["reason_codes"].split():
                codes[code] = codes.get(code, Tally()).with_one(value)
        return VerdictCounts(kinds=kinds, codes=codes)

    def people(self, since: datetime, until: datetime, limit: int) -> tuple[JudgedPerson, ...]:
        """The people of whom the verdict that stood at `until` was given from `since` on; the latest
        `limit`.
        """
        query = (
            sa.select(PERSON_VERDICTS.c.applicant_id, PERSON_VERDICTS.c.value, VERDICTS.c.at)
            .join(VERDICTS, VERDICTS.c.position == PERSON_VERDICTS.c.verdict)
            .where(VERDICTS.c.at <= micros(until))
            .order_by(VERDICTS.c.at, PERSON_VERDICTS.c.position)
        )
        with self._engines.reading() as connection:
            rows = connection.execute(query).all()
        within = [
            JudgedPerson(who, value, moment(at))
            for who, (value, at) in _stands(rows).items()
            if at >= micros(since)
        ]
        return tuple(sorted(within, key=lambda one: (one.at, one.applicant_id))[-limit:])


def _cases(until: datetime) -> sa.Select[Any]:
    columns = (CASES.c.case_id, CASES.c.ring_id, CASES.c.state, CASES.c.reason_codes)
    return (
        sa.select(*columns, CASE_WORK.c.assignee, CASE_TERMS.c.kind)
        .join(CASE_WORK, CASE_WORK.c.case_id == CASES.c.case_id)
        .join(CASE_TERMS, CASE_TERMS.c.case_id == CASES.c.case_id)
        .where(CASES.c.opened_at <= micros(until))
        .order_by(CASES.c.opened_at, CASES.c.case_id)
    )


class _Given(NamedTuple):
    """A verdict, and when it was given (microseconds)."""

    value: VerdictValue
    at: int


def _standing(connection: sa.Connection, case_ids: Sequence[str], until: datetime) -> dict[str, _Given]:
    """The verdict of each case that stood then."""
    query = sa.select(VERDICTS.c.case_id, VERDICTS.c.value, VERDICTS.c.at).where(
        VERDICTS.c.at <= micros(until)
    )
    found: dict[str, _Given] = {}
    for some in in_parts(case_ids):
        rows = query.where(VERDICTS.c.case_id.in_(some)).order_by(VERDICTS.c.position)
        found.update(_stands(connection.execute(rows)))
    return found


def _stands(given: Iterable[Any]) -> dict[str, _Given]:
    """Of rows (about what, value, at), in their order: what stands about each, and when it was given."""
    found: dict[str, _Given] = {}
    for about, value, at in given:
        one, before = VerdictValue(value), found.get(about)
        if before is None or one.after(before.value) is one:
            found[about] = _Given(one, at)
    return found
