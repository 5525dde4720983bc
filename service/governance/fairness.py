"""Assesses people of a period with and without their ties by place, to measure how fair decisions are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from graph.facts.groups import groups_of, history_of
from graph.facts.tables import Tables
from graph.model.types import Application, PlatformType
from graph.progress import bar
from graph.rings.applicants.labelled import MATURE_DAYS
from graph.rings.applicants.rows import HeldApplicants
from graph.store.evidence import subject_of
from graph.store.one_edition import of_one_edition
from graph.store.port import GraphStore
from investigations.estimates import Estimate
from investigations.fairness.lot import drawn
from investigations.fairness.measures import FairnessCase, fairness
from investigations.review.evaluation import TrueApplicant
from service.assessment.apart import assess_apart
from service.assessment.assess import assess_stored
from service.assessment.batches.work import BatchTask, BatchWorker, Period
from service.opening import open_existing
from service.registered_models import scorer_of
from service.settings import Settings

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

DAY_S = 86_400.0
MOST = 5_000  # people


def measured_fairness(
    settings: Settings,
    period: Period,
    now: datetime,
    *,
    scorer: Scorer | None = None,
    most: int = MOST,
    truth: Mapping[str, TrueApplicant] | None = None,
) -> dict[str, dict[str, Estimate]]:
    """Every measure for everybody and each group.

    Each person counts once, by the latest application of the period, assessed as of its own moment; of more
    than `most` people so many are drawn by lot. Without a `truth` somebody is bad who by `now` is known for
    fraud or was 30 days late, and honest who is neither, once the horizon of the application has passed.
    `scorer` spares the loading of the model that serves.
    Raises StoreError, RegistryError and BundleError.
    """
    with open_existing(settings.store, zone=settings.timezone) as store:
        scorer = scorer or scorer_of(settings, store)
        horizon = scorer.horizon_days if scorer is not None else MATURE_DAYS
        revision, edition = store.state()
        bench = BatchTask(settings, scorer, revision).bench(store)
        try:
            chosen = _people(store, period, revision, most)
            known_bad = (
                standing(store.view(now, revision).tables())
                if truth is None
                else {name: one.bad for name, one in truth.items()}
            )
            ripe = now.timestamp() - horizon * DAY_S
            platforms = store.view(now, revision).platforms()
            cases = []
            with of_one_edition(store, edition), bar("fairness", len(chosen), " people") as progress:
                for one in chosen:
                    bad = known_bad.get(one.applicant_id)
                    known = bad or truth is not None or one.applied_at.timestamp() <= ripe
                    lender = platforms.get(one.platform_id)
                    cases.append(
                        _case(
                            bench,
                            one,
                            (None if bad is None or not known else not bad),
                            lender.type if lender else PlatformType.OTHER,
                            truth[one.applicant_id].kind if truth and one.applicant_id in truth else None,
                        )
                    )
                    progress.update(1)
        finally:
            bench.views.close()
    return fairness(cases)


def _people(store: GraphStore, period: Period, revision: int, most: int) -> list[Application]:
    """The latest application of each person in the period; of too many people those whom a lot of their ids
    draws.
    """
    latest = {one.applicant_id: one for one in store.view(period.until, revision).applications(period.since)}
    return [latest[one] for one in drawn(latest, most)]


def standing(tables: Tables) -> dict[str, bool]:
    """Whether each person is known for fraud, or was late, by the tables' moment."""
    known = HeldApplicants(tables).columns
    bad = np.asarray(known["fraud"] | known["late"])
    return dict(zip(tables.applicant_ids.tolist(), bad.tolist(), strict=True))


def _case(
    bench: BatchWorker,
    application: Application,
    honest: bool | None,
    lender: PlatformType,
    kind: str | None,
) -> FairnessCase:
    subject = subject_of(application)
    view = bench.views.at(application.applied_at, bench.revision)
    evaluation, concluded = assess_stored(view, subject, bench.scorer, bench.policy)
    inputs = evaluation.findings.rule_inputs
    earlier = len(inputs.applied_at or ())
    apart = assess_apart(view, subject, bench.scorer, bench.policy)
    groups = groups_of(
        application, evaluation.findings.signals or {}, earlier, lender, application.applied_at
    )
    membership = inputs.membership
    return FairnessCase(
        groups=groups | ({f"truth_{kind}"} if kind else set()),
        history=history_of(inputs.steps or (), earlier),
        honest=honest,
        decision=concluded.decision,
        probability=concluded.probability,
        in_flagged_ring=membership is not None and membership.ring.kind.flagged,
        apart=None if apart is None else (apart.decision, apart.probability),
    )


def rows(measured: Mapping[str, Mapping[str, Estimate]]) -> Iterator[dict[str, object]]:
    """One row for each group and measure."""
    for group, figures in measured.items():
        for name, figure in figures.items():
            yield {"group": group, "measure": name, **figure._asdict()}
