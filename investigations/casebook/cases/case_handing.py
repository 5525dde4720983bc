"""Cases handed out, one or many at once: who investigates them, and when they are to be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from investigations.casebook.cases.case_queue import CaseQueue
from investigations.casebook.cases.case_rows import in_parts, step
from investigations.casebook.cases.case_steps import StepOutcome, with_many, with_versions
from investigations.casebook.tables.case_tables import CASE_EVENTS, CASE_RANKS, CASE_WORK, CASES
from investigations.cases import Case, CasePriority, CaseState


class CaseHanding(CaseQueue):
    """Cases of a casebook as they are handed out. A step with many cases, by id with the versions that were
    seen, is one transaction: each case has its line in its history, and one that somebody has changed or
    closed meanwhile, or that is not there, stays as it is. What became of each is answered.
    """

    def assign(self, case_id: str, assignee: str | None, version: int, *, at: datetime, by: str) -> Case:
        """Give a case to somebody, who begins to investigate, or back to the queue.

        Raises UnknownCaseError, CaseChangedError and ConflictError, as `CaseWork` does.
        """
        return self._alone(case_id, self.assign_all({case_id: version}, assignee, at=at, by=by))

    def assign_all(
        self, cases: Mapping[str, int], assignee: str | None, *, at: datetime, by: str
    ) -> dict[str, StepOutcome]:
        """Give cases to somebody, or back to the queue."""
        state = CaseState.INVESTIGATING if assignee else CaseState.PENDING
        with self._engines.writing() as connection:
            outcomes = with_many(connection, cases, (by, "assigned", assignee))
            free = [case_id for case_id, one in outcomes.items() if one.due]
            for some in in_parts(free):
                connection.execute(
                    sa.update(CASES).where(CASES.c.case_id.in_(some)).values(state=state.value)
                )
                connection.execute(
                    sa.update(CASE_WORK).where(CASE_WORK.c.case_id.in_(some)).values(assignee=assignee)
                )
                steps = [step(one, at, by, "assigned", state, assignee) for one in some]
                connection.execute(sa.insert(CASE_EVENTS), steps)
            return with_versions(connection, outcomes)

    def rank_all(
        self, cases: Mapping[str, int], priority: CasePriority, *, at: datetime, by: str
    ) -> dict[str, StepOutcome]:
        """Say of cases when they are to be looked at."""
        with self._engines.writing() as connection:
            outcomes = with_many(connection, cases, (by, "priority", priority.value))
            free = {case_id: one.state for case_id, one in outcomes.items() if one.due and one.state}
            for some in in_parts(list(free)):
                ranks = sa.update(CASE_RANKS).where(CASE_RANKS.c.case_id.in_(some))
                connection.execute(ranks.values(priority=priority.rank))
                steps = [step(one, at, by, "priority", free[one], priority.value) for one in some]
                connection.execute(sa.insert(CASE_EVENTS), steps)
            return with_versions(connection, outcomes)

    def rank(self, case_id: str, priority: CasePriority, version: int, *, at: datetime, by: str) -> Case:
        """Say when a case is to be looked at. Raises as `assign` does."""
        return self._alone(case_id, self.rank_all({case_id: version}, priority, at=at, by=by))

    def _alone(self, case_id: str, outcomes: Mapping[str, StepOutcome]) -> Case:
        """The case with which a step was done. Raises what kept it from being done."""
        if (error := outcomes[case_id].error) is not None:
            raise error
        return self.case(case_id)
