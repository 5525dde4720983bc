"""Whether a step may be done with cases, one or many at once, as of the versions that somebody saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa

from graph.model.errors import CaseChangedError, ConflictError, RingfenceError, UnknownCaseError
from graph.model.moments import moment
from investigations.casebook.cases.case_rows import LOOKED_AT, in_parts, versions_of
from investigations.casebook.tables.case_tables import CASE_EVENTS, CASES
from investigations.cases import CaseState

Step = tuple[str, str, str | None]  # by whom, of which kind, with which note


@dataclass(frozen=True, slots=True, kw_only=True)
class StepOutcome:
    """What became of a step with one of many cases: `error` says why nothing was done with it; else it was
    done, now or (`repeated`) by the same request before. `state` and `version` are those of the case.
    """

    state: CaseState | None = None
    version: int = 0
    repeated: bool = False
    error: RingfenceError | None = None

    @property
    def due(self) -> bool:
        """Whether the step is to be done now."""
        return self.error is None and not self.repeated


def with_many(connection: sa.Connection, cases: Mapping[str, int], step: Step) -> dict[str, StepOutcome]:
    """Lock those cases (by id, with the versions that were seen) until the transaction ends, and say of each
    whether the step is due, was done by the same request before, or may not be done.
    """
    states: dict[str, CaseState] = {}
    for some in in_parts(sorted(cases)):  # in one order, so that no two requests wait for each other
        known = sa.select(CASES.c.case_id).where(CASES.c.case_id.in_(some))
        connection.execute(known.order_by(CASES.c.case_id).with_for_update())
        # SQLite locks at the first write only: one that changes nothing
        connection.execute(sa.update(CASES).where(CASES.c.case_id.in_(some)).values(state=CASES.c.state))
        rows = connection.execute(sa.select(CASES.c.case_id, CASES.c.state).where(CASES.c.case_id.in_(some)))
        states.update({str(case_id): CaseState(state) for case_id, state in rows})
    after = steps_after(connection, {case_id: cases[case_id] for case_id in states})
    return {one: _outcome(one, states.get(one), after.get(one, ()), step) for one in cases}


def with_versions(connection: sa.Connection, outcomes: Mapping[str, StepOutcome]) -> dict[str, StepOutcome]:
    """The outcomes with the versions that the cases have now."""
    versions = versions_of(connection, [case_id for case_id, one in outcomes.items() if one.state])
    return {case_id: replace(one, version=versions.get(case_id, 0)) for case_id, one in outcomes.items()}


def steps_after(connection: sa.Connection, cases: Mapping[str, int]) -> dict[str, list[Any]]:
    """By case: what was done after that version, looks left out; one with which nothing was is left out."""
    result: dict[str, list[Any]] = {}
    events = sa.select(CASE_EVENTS).where(CASE_EVENTS.c.kind != LOOKED_AT).order_by(CASE_EVENTS.c.position)
    for some in in_parts(list(cases)):
        oldest = min(cases[case_id] for case_id in some)
        rows = connection.execute(
            events.where(CASE_EVENTS.c.case_id.in_(some), CASE_EVENTS.c.position > oldest)
        )
        for row in rows:
            if row.position > cases[row.case_id]:
                result.setdefault(row.case_id, []).append(row)
    return result


def was_done(after: Sequence[Any], step: Step) -> bool:
    """Whether that step is the first of these."""
    return bool(after) and (after[0].by, after[0].kind, after[0].note) == step


def what_forbids(case_id: str, state: CaseState, after: Sequence[Any]) -> RingfenceError | None:
    """Why nothing may be done with a case in that state, with which these things were done meanwhile."""
    if after:
        last = after[-1]
        return CaseChangedError(case_id, last.by, last.kind, moment(last.at))
    if state is CaseState.CLOSED:
        return ConflictError(f"case {case_id} is closed: new evidence opens a new one")
    return None


def _outcome(case_id: str, state: CaseState | None, after: Sequence[Any], step: Step) -> StepOutcome:
    if state is None:
        return StepOutcome(error=UnknownCaseError(f"no case {case_id}"))
    if was_done(after, step):
        return StepOutcome(state=state, repeated=True)
    return StepOutcome(state=state, error=what_forbids(case_id, state, after))
