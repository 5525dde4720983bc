"""How people lived when they were answered, by the record of the answer and the store."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from graph.facts.groups import groups_of, history_by
from graph.facts.tables import Column, Tables
from graph.model.moments import micros
from graph.model.types import Application, PlatformType
from graph.store.port import GraphView
from investigations.assessments import RiskAssessment
from investigations.dry_run import AnsweredLife
from service.governance.fairness import standing


class AnsweredLives:
    """Honest is whoever is neither known for fraud nor was 30 days late by the view's moment: frauds that
    nobody found yet count as honest.
    """

    def __init__(self, view: GraphView) -> None:
        tables = view.tables()
        self._bad = standing(tables)
        self._lenders = view.platforms()
        self._applied = _own_applications(tables)

    def of(self, one: RiskAssessment) -> AnsweredLife:
        """The life of whom a recorded first scan of an application is about."""
        application = _as_recorded(one)
        signals, earlier = one.audit.get("signals", {}), self._earlier(application)
        lender = self._lenders.get(application.platform_id)
        kind = lender.type if lender else PlatformType.OTHER
        return AnsweredLife(
            groups_of(application, signals, earlier, kind, one.as_of),
            history_by(signals, earlier),
            not self._bad.get(one.applicant_id, False),
        )

    def _earlier(self, application: Application) -> int:
        own = self._applied.get(application.applicant_id)
        return 0 if own is None else int(np.searchsorted(own, micros(application.applied_at)))


def _as_recorded(one: RiskAssessment) -> Application:
    """What groups look at of an application, as the audit keeps it."""
    kept = one.audit["application"]
    at = kept.get("applied_at")
    return Application(
        application_id=one.application_id or "",
        applied_at=datetime.fromisoformat(at) if at else one.as_of,
        applicant_id=one.applicant_id,
        platform_id=kept.get("platform_id", ""),
        **{name: kept.get(name) for name in ("birth_year", "new_citizen", "city")},
    )


def _own_applications(tables: Tables) -> dict[str, Column]:
    """By applicant the moments of the own applications, the earliest first."""
    who, at = tables.applications["applicant"], tables.applications["at"]
    order = np.argsort(who, kind="stable")  # they are sorted by moment already
    people, starts = np.unique(who[order], return_index=True)
    moments = np.split(at[order], starts[1:])
    return dict(zip(tables.applicant_ids[people].tolist(), moments, strict=bool(len(people))))
