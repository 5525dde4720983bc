"""The work of a batch: whom to assess, as of when and with what, and the row that comes of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
import pyarrow as pa

from graph.features.lending.grammar import beyond_standard, is_variable, nearest
from graph.model.errors import SettingError
from graph.model.moments import micros
from graph.store.evidence import Subject, subject_of
from graph.store.port import GraphStore, GraphView
from investigations.policy import Policy
from service.assessment.assess import assess_stored
from service.assessment.views import Views
from service.clock import system_clock
from service.opening import filled_frame, policy_for, refuse_empty
from service.registered_models import scorer_of
from service.settings import Settings

if TYPE_CHECKING:
    from gnn.scoring.scorer import Scorer

Rows = list[dict[str, Any]]
CHUNK = 250  # assessments a process takes at once
COLUMNS = pa.schema(
    [
        ("application_id", pa.string()),
        ("applicant_id", pa.string()),
        ("as_of", pa.timestamp("us", tz="UTC")),
        ("probability", pa.float64()),
        ("score", pa.int32()),
        ("decision", pa.string()),
        ("ring_id", pa.string()),
        ("ring_kind", pa.string()),
        ("reason_codes", pa.list_(pa.string())),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """since <= at < until, of applications, or of people's events. Raises SettingError for one that holds no
    moment.
    """

    since: datetime
    until: datetime

    def __post_init__(self) -> None:
        refuse_empty(self.since, self.until)


def columns_with(variables: Sequence[str]) -> pa.Schema:
    """COLUMNS, and one for each of these multi-lending variables. Raises SettingError for a name that is
    none.
    """
    for name in variables:
        if not is_variable(name):
            like = nearest(name)
            hint = f"; the nearest is {like}" if like else ""
            raise SettingError(f"no multi-lending variable is named {name[:64]}{hint} (docs/variables.md)")
    return pa.schema([*COLUMNS, *((name, pa.float64()) for name in dict.fromkeys(variables))])


class BatchSubject(NamedTuple):
    """Whom to assess, as of when."""

    subject: Subject
    as_of: datetime


class BatchViews(Protocol):
    """Where a batch looks: `service.assessment.views.Views`, or a copy of a frame on another machine."""

    def at(self, as_of: datetime, revision: int) -> GraphView: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class BatchWorker:
    """What one process assesses with; all processes read the store at the same `revision`."""

    views: BatchViews
    scorer: Scorer | None
    policy: Policy
    revision: int
    variables: tuple[str, ...] = ()

    def rows(self, subjects: Iterable[BatchSubject]) -> Rows:
        """A row for each, with the columns of `columns_with`, `asked` and `model_version`."""
        return [self._row(one) for one in subjects]

    def _row(self, request: BatchSubject) -> dict[str, Any]:
        subject = request.subject
        view = self.views.at(request.as_of, self.revision)
        wanted = beyond_standard(self.variables)
        evaluation, concluded = assess_stored(view, subject, self.scorer, self.policy, wanted)
        lending = evaluation.variables.variables if evaluation.variables and self.variables else {}
        membership = evaluation.findings.rule_inputs.membership
        return {
            "application_id": subject.application.application_id if subject.application else None,
            "applicant_id": subject.applicant_id,
            "as_of": request.as_of,
            "probability": concluded.probability,
            "score": concluded.score,
            "decision": concluded.decision.value,
            "ring_id": membership.ring.ring_id if membership else None,
            "ring_kind": membership.ring.kind.value if membership else None,
            "reason_codes": [reason.code.code for reason in concluded.reasons],
            "asked": self.policy.asked(evaluation.findings),
            "model_version": self.scorer.version if self.scorer else None,
            **{name: lending.get(name) for name in self.variables},
        }


@dataclass(frozen=True)
class BatchTask:
    """What the processes are given; without its scorer it can be sent to a process that was not forked, which
    then loads the model itself.
    """

    settings: Settings
    scorer: Scorer | None
    revision: int
    variables: tuple[str, ...] = ()

    def bare(self) -> BatchTask:
        """Without the scorer."""
        return replace(self, scorer=None)

    def bench(self, store: GraphStore) -> BatchWorker:
        """What a process assesses with: all of them look through one frame, which the first to come fills."""
        scorer = self.scorer or scorer_of(self.settings, store)
        frame = filled_frame(store, self.settings, self.revision)
        policy = policy_for(self.settings, scorer)
        return BatchWorker(Views(store, frame), scorer, policy, self.revision, self.variables)

    def subjects(self, store: GraphStore, period: Period) -> Iterator[BatchSubject]:
        """The applications of the period, by (applied_at, application_id); of a store without any, the
        people, which is refused as of a moment that has not come.
        """
        view = store.view(period.until, self.revision)
        if not store.counts()["applications"]:
            return _people(view, period)
        return (
            BatchSubject(subject_of(created), created.applied_at)
            for created in view.applications(period.since)
        )


def _people(view: GraphView, period: Period) -> Iterator[BatchSubject]:
    """Everybody with an event in the period, on either side, by applicant id."""
    if period.until > system_clock():
        raise SettingError(
            "this store holds no applications, so people are assessed as of --until, which has not come "
            "yet: give one that has passed"
        )
    tables = view.tables()
    active = tables.events["at"] >= micros(period.since)
    people = np.union1d(tables.events["applicant"][active], tables.events["counterparty"][active])
    return (
        BatchSubject(Subject(applicant_id=who), period.until)
        for who in tables.applicant_ids[people[people >= 0]].tolist()
    )


def chunks(subjects: Iterator[BatchSubject]) -> Iterator[list[BatchSubject]]:
    """The same, CHUNK at a time."""
    while chunk := list(islice(subjects, CHUNK)):
        yield chunk
